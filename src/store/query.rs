//! What `trader show` asks: the newest rows of a topic, filtered, the newest first.

use rusqlite::types::{ToSql, ValueRef};

use super::{Store, StoreError};
use crate::report::{Cell, Table};
use crate::unit::{Price, Symbol, Timeframe, UtcMillis};

/// What can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Candles.
    Candles,
    /// Readings.
    Indicators,
    /// Opinions.
    Signals,
    /// Decisions.
    Decisions,
    /// Runs.
    Runs,
    /// Orders of the account.
    Orders,
    /// Fills of the account.
    Fills,
    /// Closed round trips.
    Trades,
    /// The account over time.
    Equity,
    /// What decisions expected.
    Forecasts,
    /// What became of them.
    Outcomes,
}

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this pair.
    pub symbol: Option<Symbol>,
    /// Of this timeframe.
    pub timeframe: Option<Timeframe>,
    /// From this instant on.
    pub since: Option<UtcMillis>,
    /// At most so many.
    pub limit: u32,
}

/// What a column holds, beyond what SQLite says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Instant,
    Price,
    Json,
}

use Kind::{Instant, Json, Plain};

type Columns = &'static [(&'static str, Kind)];

/// The newest candles of each series, found by its primary key: the view alone would read and sort all there are.
const NEWEST_CANDLES: &str = "(
    SELECT s.symbol, s.timeframe, p.open_time, p.open, p.high, p.low, p.close, p.volume, p.quote_volume, p.trades,
           p.taker_buy_base, i.source, strftime('%Y-%m-%dT%H:%M:%SZ', i.fetched_at / 1000, 'unixepoch') AS fetched
      FROM series s
      JOIN price_data p ON p.series_id = s.id AND p.open_time >= coalesce(
               (SELECT q.open_time FROM price_data q WHERE q.series_id = s.id
                 ORDER BY q.open_time DESC LIMIT 1 OFFSET max(?2 - 1, 0)), ?1)
      JOIN ingests i ON i.id = p.ingest_id)";

const TRADES_WITH_PERCENT: &str = "(
    SELECT *, round((closed_at - opened_at) / 3600000.0, 2) AS held_h, round(r_multiple, 3) AS r,
           round(100.0 * roi, 4) AS roi_pct, round(100.0 * predicted_roi, 4) AS predicted_roi_pct FROM trades)";
const FORECASTS_OF_DECISIONS: &str = "(
    SELECT d.symbol, d.timeframe, d.decision, f.*, f.horizon_ms / 3600000 AS horizon_h
      FROM forecasts f JOIN trading_decisions d ON d.id = f.decision_id)";
const OUTCOMES_OF_DECISIONS: &str = "(
    SELECT d.symbol, d.timeframe, d.decision, o.*, o.horizon_ms / 3600000 AS horizon_h, f.data_cutoff, f.roi_mean AS predicted
      FROM outcomes o JOIN forecasts f ON f.decision_id = o.decision_id AND f.horizon_ms = o.horizon_ms
      JOIN trading_decisions d ON d.id = o.decision_id)";

impl Topic {
    /// The rows it selects from, and the column that orders them.
    const fn source(self) -> (&'static str, &'static str) {
        match self {
            Self::Candles => (NEWEST_CANDLES, "open_time"),
            Self::Indicators => ("technical_indicators", "open_time"),
            Self::Signals => ("agent_signals", "time"),
            Self::Decisions => ("trading_decisions", "timestamp"),
            Self::Runs => ("runs", "started_at"),
            Self::Orders => {
                ("(SELECT o.*, e.how FROM orders o LEFT JOIN order_ends e ON e.order_id = o.order_id)", "placed_at")
            }
            Self::Fills => ("fills", "at"),
            Self::Trades => (TRADES_WITH_PERCENT, "closed_at"),
            Self::Equity => ("portfolio_state", "time"),
            Self::Forecasts => (FORECASTS_OF_DECISIONS, "data_cutoff"),
            Self::Outcomes => (OUTCOMES_OF_DECISIONS, "data_cutoff"),
        }
    }

    /// Whether its rows are about a pair, and about candles of one length.
    pub const fn is_about(self) -> (bool, bool) {
        match self {
            Self::Candles | Self::Indicators | Self::Signals | Self::Decisions | Self::Forecasts | Self::Outcomes => {
                (true, true)
            }
            Self::Orders | Self::Fills | Self::Trades => (true, false),
            Self::Runs | Self::Equity => (false, false),
        }
    }

    const fn columns(self) -> Columns {
        match self {
            Self::Candles => CANDLES,
            Self::Indicators => INDICATORS,
            Self::Signals => SIGNALS,
            Self::Decisions => DECISIONS,
            Self::Runs => RUNS,
            Self::Orders => ORDERS,
            Self::Fills => FILLS,
            Self::Trades => TRADES,
            Self::Equity => EQUITY,
            Self::Forecasts => FORECASTS,
            Self::Outcomes => OUTCOMES,
        }
    }
}

const CANDLES: Columns = &[
    ("symbol", Plain),
    ("timeframe", Plain),
    ("open_time", Instant),
    ("open", Kind::Price),
    ("high", Kind::Price),
    ("low", Kind::Price),
    ("close", Kind::Price),
    ("volume", Plain),
    ("quote_volume", Plain),
    ("trades", Plain),
    ("taker_buy_base", Plain),
    ("source", Plain),
    ("fetched", Plain),
];
const INDICATORS: Columns = &[
    ("symbol", Plain),
    ("timeframe", Plain),
    ("open_time", Instant),
    ("candles", Plain),
    ("ema_9", Plain),
    ("ema_21", Plain),
    ("ema_50", Plain),
    ("ema_200", Plain),
    ("macd", Plain),
    ("macd_signal", Plain),
    ("macd_hist", Plain),
    ("rsi_14", Plain),
    ("stoch_k", Plain),
    ("stoch_d", Plain),
    ("bb_upper", Plain),
    ("bb_middle", Plain),
    ("bb_lower", Plain),
    ("atr_14", Plain),
    ("adx_14", Plain),
    ("obv", Plain),
    ("vwap", Plain),
];
const SIGNALS: Columns = &[
    ("time", Instant),
    ("symbol", Plain),
    ("timeframe", Plain),
    ("candle_open_time", Instant),
    ("agent_name", Plain),
    ("signal", Plain),
    ("score", Plain),
    ("confidence", Plain),
    ("reasoning", Plain),
    ("strategy_hash", Plain),
];
const DECISIONS: Columns = &[
    ("timestamp", Instant),
    ("symbol", Plain),
    ("timeframe", Plain),
    ("candle_open_time", Instant),
    ("decision", Plain),
    ("signal", Plain),
    ("score", Plain),
    ("confidence", Plain),
    ("current_price", Plain),
    ("blocked_by", Json),
    ("strategy_hash", Plain),
    ("run_id", Plain),
];
const RUNS: Columns = &[
    ("run_id", Plain),
    ("command", Plain),
    ("started_at", Instant),
    ("finished_at", Instant),
    ("duration_ms", Plain),
    ("exit_code", Plain),
    ("strategy_hash", Plain),
    ("version", Plain),
];

const ORDERS: Columns = &[
    ("placed_at", Instant),
    ("order_id", Plain),
    ("symbol", Plain),
    ("side", Plain),
    ("reason", Plain),
    ("quantity", Plain),
    ("reference", Plain),
    ("price", Plain),
    ("stop", Plain),
    ("target", Plain),
    ("risk", Plain),
    ("risk_budget", Plain),
    ("how", Plain),
    ("run_id", Plain),
];
const FILLS: Columns = &[
    ("at", Instant),
    ("order_id", Plain),
    ("part", Plain),
    ("symbol", Plain),
    ("side", Plain),
    ("reference", Plain),
    ("price", Plain),
    ("quantity", Plain),
    ("notional", Plain),
    ("fee", Plain),
    ("fee_asset", Plain),
    ("timeframe", Plain),
    ("is_ambiguous", Plain),
    ("is_coarse", Plain),
    ("run_id", Plain),
];
const TRADES: Columns = &[
    ("closed_at", Instant),
    ("opened_at", Instant),
    ("symbol", Plain),
    ("reason", Plain),
    ("quantity", Plain),
    ("entry_price", Plain),
    ("exit_price", Plain),
    ("cost", Plain),
    ("profit", Plain),
    ("fees", Plain),
    ("r", Plain),
    ("predicted_roi_pct", Plain),
    ("roi_pct", Plain),
    ("held_h", Plain),
    ("was_ambiguous", Plain),
    ("position_id", Plain),
];
const EQUITY: Columns = &[
    ("time", Instant),
    ("equity", Plain),
    ("cash", Plain),
    ("coins", Plain),
    ("peak_equity", Plain),
    ("drawdown_pct", Plain),
    ("day_pnl_pct", Plain),
    ("heat_pct", Plain),
    ("heat_correlated_pct", Plain),
    ("positions", Plain),
    ("state", Plain),
    ("run_id", Plain),
];
const FORECASTS: Columns = &[
    ("data_cutoff", Instant),
    ("symbol", Plain),
    ("decision", Plain),
    ("horizon_h", Plain),
    ("reference", Kind::Price),
    ("score", Plain),
    ("roi_mean", Plain),
    ("roi_p10", Plain),
    ("roi_p50", Plain),
    ("roi_p90", Plain),
    ("p_gain", Plain),
    ("calibration_id", Plain),
    ("stop", Plain),
    ("target", Plain),
    ("stance", Plain),
];
const OUTCOMES: Columns = &[
    ("data_cutoff", Instant),
    ("symbol", Plain),
    ("decision", Plain),
    ("horizon_h", Plain),
    ("kind", Plain),
    ("predicted", Plain),
    ("net", Plain),
    ("gross", Plain),
    ("ended_by", Plain),
    ("ended_at", Instant),
    ("unresolvable", Plain),
];

impl Store {
    /// The newest rows of a topic, the newest first.
    pub fn show(&self, topic: Topic, filter: &Filter) -> Result<Table, StoreError> {
        let columns = topic.columns();
        let (source, order) = topic.source();
        let names = columns.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let mut conditions = vec![format!("{order} >= ?1")];
        let (since, limit) = (filter.since.map_or(i64::MIN, UtcMillis::get), filter.limit);
        let (symbol, timeframe) = (filter.symbol.as_ref().map(Symbol::as_str), filter.timeframe.map(Timeframe::name));
        let mut values: Vec<&dyn ToSql> = vec![&since, &limit];
        let (of_pair, of_length) = topic.is_about();
        for (column, value, applies) in [("symbol", &symbol, of_pair), ("timeframe", &timeframe, of_length)] {
            if applies && value.is_some() {
                values.push(value);
                conditions.push(format!("{column} = ?{}", values.len()));
            }
        }
        let sql = format!(
            "SELECT {} FROM {source} WHERE {} ORDER BY {order} DESC LIMIT ?2",
            names.join(", "),
            conditions.join(" AND ")
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query(values.as_slice())?;
        let mut table = Table { columns: names, rows: Vec::new() };
        while let Some(row) = rows.next()? {
            let cell = |(i, (_, kind)): (usize, &(&str, Kind))| Ok(cell(row.get_ref(i)?, *kind));
            table.rows.push(columns.iter().enumerate().map(cell).collect::<Result<_, StoreError>>()?);
        }
        Ok(table)
    }
}

fn cell(value: ValueRef<'_>, kind: Kind) -> Cell {
    match (value, kind) {
        (ValueRef::Null | ValueRef::Blob(_), _) => Cell::Empty,
        (ValueRef::Integer(n), Instant) => Cell::Text(UtcMillis::new(n).to_string()),
        (ValueRef::Integer(n), _) => Cell::Whole(n),
        (ValueRef::Real(x), Kind::Price) => Price::from_candle(x).map(|p| p.to_string()).into(),
        (ValueRef::Real(x), _) => Cell::Real(x),
        (ValueRef::Text(text), Json) => serde_json::from_slice(text).map_or(Cell::Empty, Cell::Json),
        (ValueRef::Text(text), _) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Candle, SeriesKey, Source};
    use crate::store::{Access, Contents, Origin, RunRow};

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000); // 2024-03-13

    fn at(minute: i64) -> UtcMillis {
        Timeframe::M1.step(START, minute)
    }

    /// One-minute candles of two pairs in turn, and one of five minutes.
    fn filled(folder: &tempfile::TempDir) -> Store {
        let mut store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        let write = store.write().unwrap();
        let (run_id, origin) = ("r".to_owned(), "o".to_owned());
        let origin = Origin { run_id, source: Source::Rest, origin, sha256: None, fetched_at: START };
        let ingest = write.add_ingest(&origin).unwrap();
        for (symbol, timeframe, minutes) in [
            ("BTC/USDT", Timeframe::M1, vec![0, 2, 4]),
            ("ETH/USDT", Timeframe::M1, vec![1, 3]),
            ("BTC/USDT", Timeframe::M5, vec![5]),
        ] {
            let candle = |m| Candle::from_parts(at(m), [0.1; 4], 1.5, None).unwrap();
            let key = SeriesKey { symbol: symbol.parse().unwrap(), timeframe };
            write.add_candles(&key, ingest, &minutes.into_iter().map(candle).collect::<Vec<_>>()).unwrap();
        }
        for (run_id, started_at) in [("first", at(0)), ("second", at(1))] {
            write.add_run(&RunRow { run_id, command: "cycle", started_at, strategy_hash: None }).unwrap();
        }
        write.commit().unwrap();
        store
    }

    #[test]
    fn the_newest_rows_are_shown_first_across_series_and_filtered() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder);
        for (symbol, timeframe, since, limit, minutes) in [
            ("", None, None, 9, vec![5, 4, 3, 2, 1, 0]),
            ("", None, None, 4, vec![5, 4, 3, 2]),
            ("", None, None, 1, vec![5]),
            ("", None, None, 0, vec![]),
            ("ETH/USDT", None, None, 9, vec![3, 1]),
            ("ETH/USDT", None, None, 1, vec![3]),
            ("BTC/USDT", None, None, 2, vec![5, 4]),
            ("BTC/USDT", Some(Timeframe::M1), None, 2, vec![4, 2]),
            ("", Some(Timeframe::M1), None, 3, vec![4, 3, 2]),
            ("", None, Some(3), 9, vec![5, 4, 3]),
            ("", None, Some(3), 2, vec![5, 4]),
            ("ETH/USDT", Some(Timeframe::M1), Some(2), 9, vec![3]),
            ("ETH/USDT", Some(Timeframe::M5), None, 9, vec![]),
            ("SOL/USDT", None, None, 9, vec![]),
        ] {
            let filter = Filter { symbol: symbol.parse().ok(), timeframe, since: since.map(at), limit };
            let table = store.show(Topic::Candles, &filter).unwrap();
            let told: Vec<String> = table.rows.iter().map(|row| row[2].text()).collect();
            let wanted: Vec<String> = minutes.into_iter().map(|m| at(m).to_string()).collect();
            assert_eq!(told, wanted, "{filter:?}");
        }
    }

    #[test]
    fn runs_belong_to_no_series() {
        let folder = tempfile::tempdir().unwrap();
        let filter = Filter { symbol: "SOL/USDT".parse().ok(), timeframe: Some(Timeframe::D1), since: None, limit: 9 };
        let table = filled(&folder).show(Topic::Runs, &filter).unwrap();
        assert_eq!(table.rows.iter().map(|row| row[0].text()).collect::<Vec<_>>(), ["second", "first"]);
    }

    #[test]
    fn instants_and_prices_are_shown_as_people_write_them() {
        let folder = tempfile::tempdir().unwrap();
        let filter = Filter { symbol: "ETH/USDT".parse().ok(), limit: 1, ..Filter::default() };
        let table = filled(&folder).show(Topic::Candles, &filter).unwrap();
        let text = |text: &str| Cell::Text(text.to_owned());
        let price = || text("0.1");
        let wanted = [
            text("ETH/USDT"),
            text("1m"),
            text("2024-03-13T00:03:00Z"),
            price(),
            price(),
            price(),
            price(),
            Cell::Real(1.5),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            text("rest"),
            text("2024-03-13T00:00:00Z"),
        ];
        assert_eq!(table.rows, [wanted]);
    }
}
