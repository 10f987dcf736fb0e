//! What one day held, read back for the digest. A day is half open: its midnight belongs to it, the next one does not.

use rusqlite::{Row, params};

use super::ledger::parsed;
use super::ledger_rows::{self as rows, decimal};
use super::{Store, StoreError, Taught};
use crate::decision::RiskState;
use crate::ledger::{Books, Event, Position};
use crate::report::DigestFill;
use crate::unit::{Money, Symbol, Timeframe, UtcMillis};

/// From when to when: the first instant belongs to it, the last does not.
pub type Period = (UtcMillis, UtcMillis);

/// How an account stood after a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Stood {
    /// When.
    pub time: UtcMillis,
    /// Cash and coins.
    pub equity: Money,
    /// The equity at 00:00 UTC of its day.
    pub day_start: Money,
    /// The state under the risk rules.
    pub state: RiskState,
    /// How far below its peak, in percent.
    pub drawdown_pct: f64,
    /// What all stops would lose together, in percent of equity.
    pub heat_pct: f64,
}

/// A run of `trader cycle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOfDay {
    /// When it began.
    pub started_at: UtcMillis,
    /// How it ended; none for one that was cut off or is under way.
    pub exit_code: Option<u8>,
    /// How long it took.
    pub duration_ms: Option<i64>,
}

/// How often something was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// BUY, SELL or HOLD.
    pub decision: String,
    /// The code of what stood in the way.
    pub blocked_by: Option<String>,
    /// So many times.
    pub count: u64,
}

/// A closed round trip.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeOfDay {
    /// The pair.
    pub symbol: Symbol,
    /// When it was opened.
    pub opened_at: UtcMillis,
    /// When it was closed.
    pub closed_at: UtcMillis,
    /// Why it was left.
    pub reason: String,
    /// What it earned.
    pub profit: Money,
    /// The same beside what it had at risk.
    pub r_multiple: Option<f64>,
    /// The net return, as a share.
    pub roi: f64,
    /// The one that was forecast for the longest horizon.
    pub predicted: Option<f64>,
}

/// A forecast whose horizon ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ripe {
    /// The pair.
    pub symbol: Symbol,
    /// The close that was decided on.
    pub from: UtcMillis,
    /// The mean that was forecast, as a share.
    pub predicted: Option<f64>,
    /// The net return; none where there is none, or none yet.
    pub net: Option<f64>,
    /// It is known that there is none.
    pub is_unresolvable: bool,
}

/// Candles that were found missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapOfDay {
    /// The pair.
    pub symbol: Symbol,
    /// The length of the candles.
    pub timeframe: Timeframe,
    /// Since when.
    pub from: UtcMillis,
    /// How many.
    pub missing: u64,
    /// open, repaired or unfillable.
    pub state: String,
}

/// Something that was done about entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRiskEvent {
    /// When.
    pub at: UtcMillis,
    /// paused, halted or resumed.
    pub kind: String,
    /// Why.
    pub reason: String,
}

/// No decision is made on a candle that ended longer ago: the most that `max_age_s` allows.
const OLDEST_MS: i64 = 604_800_000;

const ENDED: &str = "SELECT d.symbol, f.data_cutoff, f.roi_mean, o.net, o.unresolvable IS NOT NULL
      FROM trading_decisions d
      JOIN forecasts f ON f.decision_id = d.id AND f.horizon_ms = ?1
      LEFT JOIN outcomes o ON o.kind = 'horizon' AND o.horizon_ms = ?1 AND o.decision_id = d.id
     WHERE d.timestamp >= ?3 - ?1 AND d.timestamp < ?4 - ?1 + ?5 AND d.timeframe = ?2
       AND f.data_cutoff >= ?3 - ?1 AND f.data_cutoff < ?4 - ?1
     ORDER BY f.data_cutoff, d.id";

/// The orders of positions that were open just before an instant.
const OPEN_THEN: &str = "o.position_id IN (SELECT position_id FROM positions WHERE opened_at < ?1
      UNION ALL SELECT position_id FROM trades WHERE closed_at >= ?1 AND opened_at < ?1)";

impl Store {
    /// The runs of a period, in order.
    pub fn cycles_within(&self, period: Period) -> Result<Vec<RunOfDay>, StoreError> {
        let sql = "SELECT started_at, exit_code, duration_ms FROM runs
                    WHERE started_at >= ?1 AND started_at < ?2 AND command = 'cycle' ORDER BY started_at";
        self.all_within(sql, period, |r| {
            let started_at = UtcMillis::new(r.get(0)?);
            Ok(RunOfDay { started_at, exit_code: r.get(1)?, duration_ms: r.get(2)? })
        })
    }

    /// How the account stood after each run of a period, in order.
    pub fn stood_within(&self, period: Period) -> Result<Vec<Stood>, StoreError> {
        let sql = "SELECT time, equity, day_start_equity, state, drawdown_pct, heat_pct FROM portfolio_state
                    WHERE time >= ?1 AND time < ?2 ORDER BY time, id";
        self.all_within(sql, period, |r| {
            Ok(Stood {
                time: UtcMillis::new(r.get(0)?),
                equity: money(r, 1)?,
                day_start: money(r, 2)?,
                state: state(&r.get::<_, String>(3)?)?,
                drawdown_pct: r.get(4)?,
                heat_pct: r.get(5)?,
            })
        })
    }

    /// Positions that were open just before an instant, as they stood then.
    pub fn positions_before(&self, at: UtcMillis) -> Result<Vec<Position>, StoreError> {
        let mut books = Books::default();
        for event in self.facts_before(at)? {
            books.track(&event).map_err(|e| StoreError::BadRow(e.to_string()))?;
        }
        Ok(books.positions)
    }

    fn facts_before(&self, at: UtcMillis) -> Result<Vec<Event>, StoreError> {
        let orders =
            format!("SELECT {} FROM orders o WHERE {OPEN_THEN} AND o.placed_at < ?1 ORDER BY o.id", rows::ORDER);
        let fills = format!(
            "SELECT {} FROM orders o CROSS JOIN fills t ON t.order_id = o.order_id
              WHERE {OPEN_THEN} AND t.at < ?1 ORDER BY t.id",
            rows::FILL
        );
        let protections = format!(
            "SELECT t.position_id, t.walked_to, t.stop, t.high FROM orders o
              CROSS JOIN protections t ON t.position_id = o.order_id
                AND t.walked_to = (SELECT max(p.walked_to) FROM protections p
                                    WHERE p.position_id = o.order_id AND p.walked_to <= ?1)
              WHERE {OPEN_THEN} ORDER BY o.id"
        );
        let mut events = self.events_before(&orders, at, rows::order)?;
        events.extend(self.events_before(&fills, at, rows::fill)?);
        events.extend(self.events_before(&protections, at, rows::protection)?);
        Ok(events)
    }

    fn events_before(
        &self,
        sql: &str,
        at: UtcMillis,
        read: impl Fn(&Row<'_>) -> Result<Event, StoreError>,
    ) -> Result<Vec<Event>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query([at.get()])?;
        let mut events = Vec::new();
        while let Some(row) = found.next()? {
            events.push(read(row)?);
        }
        Ok(events)
    }

    /// What was decided in a period, counted.
    pub fn decided_within(&self, period: Period) -> Result<Vec<Decided>, StoreError> {
        let sql = "SELECT decision, blocked_by ->> '$.code', count(*) FROM trading_decisions
                    WHERE timestamp >= ?1 AND timestamp < ?2 GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2";
        self.all_within(sql, period, |r| {
            Ok(Decided { decision: r.get(0)?, blocked_by: r.get(1)?, count: counted(r, 2)? })
        })
    }

    /// What was filled in a period, in order.
    pub fn fills_within(&self, period: Period) -> Result<Vec<DigestFill>, StoreError> {
        let sql = "SELECT f.at, f.symbol, f.side, f.quantity, f.price, f.notional, o.reason
                     FROM fills f JOIN orders o ON o.order_id = f.order_id
                    WHERE f.at >= ?1 AND f.at < ?2 ORDER BY f.at, f.id";
        self.all_within(sql, period, |r| {
            Ok(DigestFill {
                at: UtcMillis::new(r.get(0)?),
                symbol: parsed(&r.get::<_, String>(1)?)?,
                side: r.get(2)?,
                quantity: r.get(3)?,
                price: r.get(4)?,
                notional: money(r, 5)?,
                reason: r.get(6)?,
            })
        })
    }

    /// The trades that were closed in a period, in order.
    pub fn trades_within(&self, period: Period) -> Result<Vec<TradeOfDay>, StoreError> {
        let sql = "SELECT symbol, opened_at, closed_at, reason, profit, r_multiple, roi, predicted_roi
                     FROM trades WHERE closed_at >= ?1 AND closed_at < ?2 ORDER BY closed_at, position_id";
        self.all_within(sql, period, trade)
    }

    /// Forecasts of one horizon that ended in a period, in the order in which they were made.
    pub fn ended_within(&self, (horizon_ms, timeframe): Taught, (from, to): Period) -> Result<Vec<Ripe>, StoreError> {
        let mut statement = self.connection.prepare_cached(ENDED)?;
        let mut found = statement.query(params![horizon_ms, timeframe.name(), from.get(), to.get(), OLDEST_MS])?;
        let mut all = Vec::new();
        while let Some(r) = found.next()? {
            all.push(Ripe {
                symbol: parsed(&r.get::<_, String>(0)?)?,
                from: UtcMillis::new(r.get(1)?),
                predicted: r.get(2)?,
                net: r.get(3)?,
                is_unresolvable: r.get(4)?,
            });
        }
        Ok(all)
    }

    /// Gaps that were found in a period.
    pub fn gaps_within(&self, period: Period) -> Result<Vec<GapOfDay>, StoreError> {
        let sql = "SELECT s.symbol, s.timeframe, g.from_open, g.missing, g.state
                     FROM data_gaps g JOIN series s ON s.id = g.series_id
                    WHERE g.found_at >= ?1 AND g.found_at < ?2 ORDER BY s.symbol, s.timeframe, g.from_open";
        self.all_within(sql, period, |r| {
            Ok(GapOfDay {
                symbol: parsed(&r.get::<_, String>(0)?)?,
                timeframe: parsed(&r.get::<_, String>(1)?)?,
                from: UtcMillis::new(r.get(2)?),
                missing: counted(r, 3)?,
                state: r.get(4)?,
            })
        })
    }

    /// Gaps that were known at an instant and not settled by then.
    pub fn gaps_open_at(&self, at: UtcMillis) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM data_gaps
                    WHERE found_at < ?1 AND (settled_at IS NULL OR settled_at >= ?1)";
        let open = self.connection.prepare_cached(sql)?.query_row([at.get()], |r| r.get::<_, i64>(0))?;
        Ok(u64::try_from(open).unwrap_or_default())
    }

    /// What was done about entries in a period, in order.
    pub fn risk_events_within(&self, period: Period) -> Result<Vec<StoredRiskEvent>, StoreError> {
        let sql = "SELECT at, kind, reason FROM risk_events WHERE at >= ?1 AND at < ?2 ORDER BY id";
        self.all_within(sql, period, |r| {
            Ok(StoredRiskEvent { at: UtcMillis::new(r.get(0)?), kind: r.get(1)?, reason: r.get(2)? })
        })
    }

    fn all_within<T>(
        &self,
        sql: &str,
        (from, to): Period,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query([from.get(), to.get()])?;
        let mut all = Vec::new();
        while let Some(row) = found.next()? {
            all.push(read(row)?);
        }
        Ok(all)
    }
}

/// A closed round trip, from its first eight columns: pair, opened, closed, reason, profit, R-multiple, return, forecast.
pub(super) fn trade(r: &Row<'_>) -> Result<TradeOfDay, StoreError> {
    Ok(TradeOfDay {
        symbol: parsed(&r.get::<_, String>(0)?)?,
        opened_at: UtcMillis::new(r.get(1)?),
        closed_at: UtcMillis::new(r.get(2)?),
        reason: r.get(3)?,
        profit: money(r, 4)?,
        r_multiple: r.get(5)?,
        roi: r.get(6)?,
        predicted: r.get(7)?,
    })
}

pub(super) fn money(row: &Row<'_>, i: usize) -> Result<Money, StoreError> {
    decimal(&row.get::<_, String>(i)?).map(Money::new)
}

pub(super) fn counted(row: &Row<'_>, i: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.get::<_, i64>(i)?).unwrap_or_default())
}

fn state(word: &str) -> Result<RiskState, StoreError> {
    let found = RiskState::ALL.into_iter().find(|state| state.word() == word);
    found.ok_or_else(|| StoreError::BadRow(format!("`{word}` is no state of the account")))
}
