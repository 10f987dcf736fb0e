//! Whole tables, row after row: whoever takes them in holds no more than one.

use rusqlite::types::{ToSql, ValueRef};
use rusqlite::{Statement, params_from_iter};

use super::{Store, StoreError, Topic};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// Of this pair.
    pub symbol: Option<Symbol>,
    /// Of candles of this length.
    pub timeframe: Option<Timeframe>,
    /// From this instant on.
    pub since: Option<UtcMillis>,
    /// Before this instant.
    pub until: Option<UtcMillis>,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words, and exact decimals.
    Text,
    /// Whole numbers.
    Whole,
    /// Other numbers.
    Real,
    /// Milliseconds since 1970, UTC.
    Instant,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values.
    pub kind: ColumnKind,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// Nothing known.
    Null,
    /// Words, and exact decimals.
    Text(String),
    /// A whole number, or milliseconds.
    Whole(i64),
    /// Another number.
    Real(f64),
}

/// Where rows come from, and in which order: one that needs no sorting.
struct Origin {
    /// What is read, with `t` for the table whose columns follow those of `first`.
    from: &'static str,
    table: &'static str,
    /// Columns of other tables, which come first.
    first: &'static [(&'static str, &'static str)],
    /// Columns of the table that mean nothing outside of it.
    without: &'static [&'static str],
    /// The instant of a row.
    time: &'static str,
    order: &'static str,
}

const OF_DECISION: &[(&str, &str)] = &[("symbol", "d.symbol"), ("timeframe", "d.timeframe")];
const PLAIN: Origin = Origin { from: "", table: "", first: &[], without: &[], time: "", order: "" };

impl Topic {
    const fn origin(self) -> Origin {
        match self {
            Self::Candles => Origin {
                from: "(SELECT id, symbol, timeframe FROM series ORDER BY symbol, timeframe) s
                       CROSS JOIN price_data t ON t.series_id = s.id CROSS JOIN ingests i ON i.id = t.ingest_id",
                table: "price_data",
                first: &[("symbol", "s.symbol"), ("timeframe", "s.timeframe"), ("source", "i.source")],
                without: &["series_id", "ingest_id"],
                time: "t.open_time",
                // The series in order, and the candles of each by their key: there is nothing to sort.
                order: "",
            },
            Self::Indicators => Origin {
                from: "technical_indicators t",
                table: "technical_indicators",
                time: "t.open_time",
                order: "ORDER BY t.symbol, t.timeframe, t.open_time",
                ..PLAIN
            },
            Self::Signals => Self::by_time("agent_signals", "agent_signals t", "t.time"),
            Self::Decisions => Self::by_time("trading_decisions", "trading_decisions t", "t.timestamp"),
            Self::Runs => Self::by_time("runs", "runs t", "t.started_at"),
            Self::Orders => Self::by_time("orders", "orders t", "t.placed_at"),
            Self::Fills => Self::by_time("fills", "fills t", "t.at"),
            Self::Trades => Self::by_time("trades", "trades t", "t.closed_at"),
            Self::Equity => Self::by_time("portfolio_state", "portfolio_state t", "t.time"),
            Self::Forecasts => Origin {
                from: "forecasts t CROSS JOIN trading_decisions d ON d.id = t.decision_id",
                table: "forecasts",
                first: OF_DECISION,
                time: "t.data_cutoff",
                order: "ORDER BY t.decision_id, t.horizon_ms",
                ..PLAIN
            },
            Self::Outcomes => Origin {
                from: "outcomes t CROSS JOIN trading_decisions d ON d.id = t.decision_id",
                table: "outcomes",
                first: OF_DECISION,
                time: "t.resolved_at",
                order: "ORDER BY t.kind, t.horizon_ms, t.decision_id",
                ..PLAIN
            },
        }
    }

    const fn by_time(table: &'static str, from: &'static str, time: &'static str) -> Origin {
        // Rows were written in the order of time, or nearly so; those of one instant stay as they were written.
        Origin { from, table, time, order: "ORDER BY 1", ..PLAIN }
    }
}

impl Store {
    /// The columns of what is topic.
    pub fn columns_of(&self, topic: Topic) -> Result<Vec<Column>, StoreError> {
        let origin = topic.origin();
        let of_others =
            origin.first.iter().map(|(name, _)| Column { name: (*name).to_owned(), kind: ColumnKind::Text });
        let mut columns: Vec<Column> = of_others.collect();
        let mut statement = self.connection.prepare("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid")?;
        let rows = statement.query_map([origin.table], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
        for row in rows {
            let (name, declared) = row?;
            let is_left_out = origin.without.contains(&name.as_str()) || columns.iter().any(|c| c.name == name);
            if !is_left_out {
                columns.push(Column { kind: kind(&name, &declared), name });
            }
        }
        Ok(columns)
    }

    /// How many rows there are.
    pub fn count_of(&self, topic: Topic, extent: &Extent) -> Result<u64, StoreError> {
        let origin = topic.origin();
        let (conditions, values) = conditions(&origin, extent);
        let sql = format!("SELECT count(*) FROM {} {conditions}", origin.from);
        let count: i64 = self.connection.query_row(&sql, params_from_iter(values), |r| r.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Gives every row to `take`, one after the other, all as they are at this moment.
    pub fn export<E: From<StoreError>>(
        &self,
        topic: Topic,
        extent: &Extent,
        mut take: impl FnMut(Vec<Field>) -> Result<(), E>,
    ) -> Result<(), E> {
        let columns = self.columns_of(topic)?;
        let (mut statement, values) = self.selected(topic, extent, &columns)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let field = |n: usize| Ok(field(row.get_ref(n)?));
            // The first one is the time that rows are ordered by.
            let fields = (1..=columns.len()).map(field).collect::<Result<_, rusqlite::Error>>();
            take(fields.map_err(StoreError::from)?)?;
        }
        Ok(())
    }

    fn selected(
        &self,
        topic: Topic,
        extent: &Extent,
        columns: &[Column],
    ) -> Result<(Statement<'_>, Vec<Box<dyn ToSql>>), StoreError> {
        let origin = topic.origin();
        let of_others = origin.first.iter().map(|(_, expression)| (*expression).to_owned());
        let own = columns.iter().skip(origin.first.len()).map(|column| format!("t.{}", column.name));
        let selected: Vec<String> = [origin.time.to_owned()].into_iter().chain(of_others).chain(own).collect();
        let (conditions, values) = conditions(&origin, extent);
        let sql = format!("SELECT {} FROM {} {conditions} {}", selected.join(", "), origin.from, origin.order);
        Ok((self.connection.prepare(&sql)?, values))
    }
}

fn conditions(origin: &Origin, extent: &Extent) -> (String, Vec<Box<dyn ToSql>>) {
    let column = |name: &str| {
        let of_other = origin.first.iter().find(|(column, _)| *column == name);
        of_other.map_or_else(|| format!("t.{name}"), |(_, expression)| (*expression).to_owned())
    };
    let (mut conditions, mut values): (Vec<String>, Vec<Box<dyn ToSql>>) = (Vec::new(), Vec::new());
    let mut add = |condition: String, value: Box<dyn ToSql>| {
        values.push(value);
        conditions.push(format!("{condition} ?{}", values.len()));
    };
    if let Some(symbol) = &extent.symbol {
        add(format!("{} =", column("symbol")), Box::new(symbol.as_str().to_owned()));
    }
    if let Some(timeframe) = extent.timeframe {
        add(format!("{} =", column("timeframe")), Box::new(timeframe.name()));
    }
    if let Some(since) = extent.since {
        add(format!("{} >=", origin.time), Box::new(since.get()));
    }
    if let Some(until) = extent.until {
        add(format!("{} <", origin.time), Box::new(until.get()));
    }
    let all = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    (all, values)
}

/// What a column holds, by how it was declared; instants are known by their names.
fn kind(name: &str, declared: &str) -> ColumnKind {
    let is_instant = ["time", "timestamp", "day", "walked_to", "data_cutoff", "at"].contains(&name)
        || ["_at", "_time"].iter().any(|end| name.ends_with(end));
    match declared {
        "INTEGER" if is_instant => ColumnKind::Instant,
        "INTEGER" => ColumnKind::Whole,
        "REAL" => ColumnKind::Real,
        _ => ColumnKind::Text,
    }
}

fn field(value: ValueRef<'_>) -> Field {
    match value {
        ValueRef::Null => Field::Null,
        ValueRef::Integer(n) => Field::Whole(n),
        ValueRef::Real(x) => Field::Real(x),
        ValueRef::Text(text) | ValueRef::Blob(text) => Field::Text(String::from_utf8_lossy(text).into_owned()),
    }
}
