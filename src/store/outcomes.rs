//! Resolved forecasts, read for reports.

use std::collections::BTreeMap;

use rusqlite::{Row, params};

use super::ledger::parsed;
use super::{OutcomeKind, Store, StoreError, Taught};
use crate::outcome::Span;
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Which outcomes.
#[derive(Clone, Debug)]
pub struct OutcomeFilter {
    /// Of this horizon, of decisions on candles of this length.
    pub subject: Taught,
    /// Of this kind.
    pub kind: OutcomeKind,
    /// Of decisions from this instant on.
    pub since: Option<UtcMillis>,
    /// And before this one.
    pub until: Option<UtcMillis>,
    /// Of this pair.
    pub symbol: Option<Symbol>,
}

/// A resolved forecast, for reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The pair.
    pub symbol: Symbol,
    /// From the end of the candle that was decided on until the outcome was over; until the horizon ended where there is
    /// none.
    pub span: Span,
    /// The score that was decided by; none where there was no opinion.
    pub score: Option<f64>,
    /// The mean that was forecast.
    pub predicted: Option<f64>,
    /// Its 10 and 90 % quantiles.
    pub range: Option<(f64, f64)>,
    /// The probability that was forecast.
    pub p_gain: f64,
    /// The costs inside.
    pub cost: f64,
    /// The purchase was made: an order that met nobody bought nothing.
    pub was_bought: bool,
    /// The coin was held already.
    pub was_held: bool,
    /// The return without costs; none where there is none.
    pub gross: Option<f64>,
    /// The net return; none where there is none.
    pub net: Option<f64>,
    /// What it was in money, or would have been.
    pub money: Option<f64>,
    /// Why there is none.
    pub unresolvable: Option<String>,
}

/// The means over closed trades, and what is not in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeanMisses {
    /// Trades whose miss is told.
    pub trades: usize,
    /// Means of forecast, realised return and the six parts of the miss.
    pub means: [Option<f64>; 8],
    /// Closed trades whose horizon has not ended.
    pub waiting: usize,
    /// Closed trades whose miss cannot be told, by reason.
    pub untold: BTreeMap<String, usize>,
}

/// In each of these joins the queue or the fold comes first: few wait, and orders and forecasts are many.
const WAITING_FORECASTS: &str = "SELECT count(*) FROM forecasts_due q
      CROSS JOIN forecasts f ON f.decision_id = q.decision_id AND f.horizon_ms = q.horizon_ms
      WHERE q.horizon_ms = ?1 AND q.timeframe = ?2 AND f.data_cutoff >= ?3 AND f.data_cutoff < ?5 AND (?4 IS NULL OR q.symbol = ?4)";

const WAITING_TRADES: &str = "SELECT count(*) FROM positions p CROSS JOIN orders o ON o.order_id = p.position_id
      CROSS JOIN forecasts f ON f.decision_id = o.decision_id
        AND f.horizon_ms = (SELECT max(horizon_ms) FROM forecasts WHERE decision_id = o.decision_id)
      CROSS JOIN trading_decisions d ON d.id = o.decision_id
      WHERE f.horizon_ms = ?1 AND d.timeframe = ?2 AND f.data_cutoff >= ?3 AND f.data_cutoff < ?5 AND (?4 IS NULL OR d.symbol = ?4)";

const WAITING_MISSES: &str = "SELECT count(*) FROM misses_due m CROSS JOIN trades t ON t.position_id = m.position_id
      CROSS JOIN orders o ON o.order_id = t.position_id
      CROSS JOIN forecasts f ON f.decision_id = o.decision_id
        AND f.horizon_ms = (SELECT max(horizon_ms) FROM forecasts WHERE decision_id = o.decision_id)
      WHERE f.data_cutoff >= ?1 AND (?2 IS NULL OR t.symbol = ?2) AND (?3 IS NULL OR f.horizon_ms = ?3)";

fn whole(count: i64) -> usize {
    usize::try_from(count).unwrap_or_default()
}

impl Store {
    /// The horizons that were ever forecast, by the length of the candles that were decided on; the shortest first.
    pub fn horizons(&self) -> Result<Vec<Taught>, StoreError> {
        // One step in the primary key for each horizon, not one for each row.
        let mut statement = self.connection.prepare(
            "WITH RECURSIVE resolved (horizon_ms) AS (
                 SELECT min(horizon_ms) FROM outcomes WHERE kind = 'horizon'
                 UNION ALL
                 SELECT (SELECT min(o.horizon_ms) FROM outcomes o WHERE o.kind = 'horizon' AND o.horizon_ms > r.horizon_ms)
                   FROM resolved r WHERE r.horizon_ms IS NOT NULL)
             SELECT h.horizon_ms, s.timeframe
               FROM (SELECT horizon_ms FROM resolved WHERE horizon_ms IS NOT NULL
                     UNION SELECT horizon_ms FROM forecasts_due) h
              CROSS JOIN (SELECT DISTINCT timeframe FROM config_versions) s",
        )?;
        let rows = statement.query_map([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))?;
        let mut subjects = Vec::new();
        for row in rows {
            let (horizon_ms, timeframe) = row?;
            subjects.push((horizon_ms, parsed::<Timeframe>(&timeframe)?));
        }
        subjects.sort_unstable();
        Ok(subjects)
    }

    /// Resolved forecasts, in order of the candle that was decided on.
    pub fn resolved(&self, filter: &OutcomeFilter) -> Result<Vec<Resolved>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT d.symbol, f.data_cutoff, coalesce(o.ended_at, f.data_cutoff + f.horizon_ms), f.roi_mean, f.roi_p10,
                    f.roi_p90, f.p_gain, f.cost, b.quantity IS NOT NULL, f.stance = 'held', o.net,
                    CASE o.kind WHEN 'trade' THEN CAST(t.profit AS REAL)
                                ELSE o.net * CAST(coalesce(b.notional, f.notional) AS REAL) END,
                    o.unresolvable, f.score, o.gross
               FROM outcomes o
               JOIN forecasts f ON f.decision_id = o.decision_id AND f.horizon_ms = o.horizon_ms
               JOIN trading_decisions d ON d.id = o.decision_id
               LEFT JOIN orders e ON f.stance = 'ordered' AND e.decision_id = o.decision_id
               LEFT JOIN fills b ON b.order_id = e.order_id AND b.part = 1
               LEFT JOIN trades t ON o.kind = 'trade' AND t.position_id = e.order_id
              WHERE o.kind = ?1 AND o.horizon_ms = ?2 AND d.timeframe = ?3 AND f.data_cutoff >= ?4
                AND f.data_cutoff < ?6 AND (?5 IS NULL OR d.symbol = ?5)
              ORDER BY f.data_cutoff, o.decision_id",
        )?;
        let (horizon_ms, timeframe) = filter.subject;
        let (since, until, symbol) = filter.conditions();
        let mut rows =
            statement.query(params![filter.kind.word(), horizon_ms, timeframe.name(), since, symbol, until])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(resolved(row)?);
        }
        Ok(all)
    }

    /// What still waits for its end: forecasts for that of their horizon, trades for being closed.
    pub fn waiting(&self, filter: &OutcomeFilter) -> Result<usize, StoreError> {
        let sql = match filter.kind {
            OutcomeKind::Horizon | OutcomeKind::Policy => WAITING_FORECASTS,
            OutcomeKind::Trade => WAITING_TRADES,
        };
        let (horizon_ms, timeframe) = filter.subject;
        let (since, until, symbol) = filter.conditions();
        let count =
            self.connection.query_row(sql, params![horizon_ms, timeframe.name(), since, symbol, until], |r| r.get(0));
        Ok(whole(count?))
    }

    /// By how much closed trades missed their forecast, on average, and why; where a horizon is named, those that were
    /// compared with it.
    pub fn mean_misses(
        &self,
        since: Option<UtcMillis>,
        symbol: Option<&Symbol>,
        horizon_ms: Option<i64>,
    ) -> Result<MeanMisses, StoreError> {
        const WHICH: &str =
            "f.data_cutoff >= ?1 AND (?2 IS NULL OR t.symbol = ?2) AND (?3 IS NULL OR f.horizon_ms = ?3)";
        const TOLD: &str = "misses m JOIN trades t ON t.position_id = m.position_id
              JOIN forecasts f ON f.decision_id = m.decision_id AND f.horizon_ms = m.horizon_ms";
        let which = params![since.map_or(i64::MIN, UtcMillis::get), symbol.map(Symbol::as_str), horizon_ms];
        let means = format!(
            "SELECT count(*), avg(f.roi_mean), avg(t.roi), avg(m.market), avg(m.policy), avg(m.delay), avg(m.slippage),
                    avg(m.fees), avg(m.rounding)
               FROM {TOLD} WHERE m.unknown IS NULL AND {WHICH}"
        );
        let mut told = self.connection.query_row(&means, which, |r| {
            let mut told = MeanMisses { trades: whole(r.get(0)?), ..MeanMisses::default() };
            for (i, mean) in told.means.iter_mut().enumerate() {
                *mean = r.get(i + 1)?;
            }
            Ok(told)
        })?;
        told.waiting = whole(self.connection.query_row(WAITING_MISSES, which, |r| r.get(0))?);
        let untold = format!(
            "SELECT m.unknown, count(*) FROM {TOLD} WHERE m.unknown IS NOT NULL AND {WHICH} GROUP BY m.unknown"
        );
        let mut statement = self.connection.prepare(&untold)?;
        let rows = statement.query_map(which, |r| Ok((r.get(0)?, whole(r.get(1)?))))?;
        told.untold = rows.collect::<Result<_, _>>()?;
        Ok(told)
    }
}

impl OutcomeFilter {
    fn conditions(&self) -> (i64, i64, Option<&str>) {
        let until = self.until.map_or(i64::MAX, UtcMillis::get);
        (self.since.map_or(i64::MIN, UtcMillis::get), until, self.symbol.as_ref().map(Symbol::as_str))
    }
}

fn resolved(row: &Row<'_>) -> Result<Resolved, StoreError> {
    let range: (Option<f64>, Option<f64>) = (row.get(4)?, row.get(5)?);
    Ok(Resolved {
        symbol: parsed(&row.get::<_, String>(0)?)?,
        span: (UtcMillis::new(row.get(1)?), UtcMillis::new(row.get(2)?)),
        score: row.get(13)?,
        predicted: row.get(3)?,
        range: range.0.zip(range.1),
        p_gain: row.get(6)?,
        cost: row.get(7)?,
        was_bought: row.get(8)?,
        was_held: row.get(9)?,
        gross: row.get(14)?,
        net: row.get(10)?,
        money: row.get(11)?,
        unresolvable: row.get(12)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::plans::looked_through;
    use crate::store::{Access, Contents};

    #[test]
    fn what_waits_is_counted_from_what_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        for (sql, begins_with) in
            [(WAITING_FORECASTS, "forecasts_due"), (WAITING_TRADES, "positions"), (WAITING_MISSES, "misses_due")]
        {
            assert_eq!(looked_through(&store, sql, &[]), [begins_with], "{sql}");
        }
    }
}
