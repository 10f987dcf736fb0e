//! What became of closed trades: how they ended, and by how much and why they missed their forecast (`misses`,
//! `misses_due`). A trade is compared with the forecast of its longest horizon, so the miss waits until that has ended.

use rusqlite::{Row, params};

use super::forecasts::costs;
use super::{Store, StoreError, Write};
use crate::execution::TriggerKind;
use crate::ledger::ExitReason;
use crate::outcome::{Compared, Miss, Outcome, Untold};
use crate::unit::UtcMillis;

/// A closed trade whose miss is not told yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedTrade {
    position_id: String,
    /// The forecast it is compared with, by decision and horizon.
    pub forecast: (i64, i64),
    /// How it ended.
    pub outcome: Outcome,
    /// That is stored.
    pub is_stored: bool,
    /// What tells its miss, or why nothing will; none while the horizon has not ended.
    pub compared: Option<Result<Compared, Untold>>,
}

impl Store {
    /// Closed trades whose miss is not told yet, in order of their ends. The queue comes first in the join: left to itself,
    /// the planner begins with all trades there ever were, because they have an index by that order.
    pub fn untold_trades(&self) -> Result<Vec<ClosedTrade>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT t.position_id, o.decision_id, f.horizon_ms, x.kind IS NOT NULL, t.roi, t.closed_at, t.reason,
                    t.was_ambiguous, h.kind IS NOT NULL, h.gross, f.roi_mean, f.fee_bps, f.slippage_bps, f.half_spread_bps,
                    CAST(t.decided_price AS REAL), CAST(t.entry_reference AS REAL), CAST(t.exit_reference AS REAL),
                    CAST(t.entry_price AS REAL), CAST(t.exit_price AS REAL), CAST(t.cost AS REAL),
                    CAST(t.proceeds AS REAL), CAST(t.fees AS REAL), CAST(t.sold AS REAL)
               FROM misses_due q
              CROSS JOIN trades t ON t.position_id = q.position_id
              CROSS JOIN orders o ON o.order_id = t.position_id
              CROSS JOIN forecasts f ON f.decision_id = o.decision_id
                AND f.horizon_ms = (SELECT max(horizon_ms) FROM forecasts WHERE decision_id = o.decision_id)
               LEFT JOIN outcomes h ON h.kind = 'horizon' AND h.horizon_ms = f.horizon_ms AND h.decision_id = f.decision_id
               LEFT JOIN outcomes x ON x.kind = 'trade' AND x.horizon_ms = f.horizon_ms AND x.decision_id = f.decision_id
              ORDER BY t.closed_at, t.position_id",
        )?;
        let trades = statement.query_map([], closed_trade)?;
        Ok(trades.collect::<Result<_, _>>()?)
    }
}

fn closed_trade(row: &Row<'_>) -> rusqlite::Result<ClosedTrade> {
    let (entered, left): (f64, f64) = (row.get(15)?, row.get(16)?);
    let outcome = Outcome {
        gross: left / entered - 1.0,
        net: row.get(4)?,
        by: ended_by(&row.get::<_, String>(6)?),
        at: UtcMillis::new(row.get(5)?),
        is_ambiguous: row.get(7)?,
    };
    let has_ended: bool = row.get(8)?;
    Ok(ClosedTrade {
        position_id: row.get(0)?,
        forecast: (row.get(1)?, row.get(2)?),
        outcome,
        is_stored: row.get(3)?,
        compared: if has_ended { Some(compared(row)?) } else { None },
    })
}

fn compared(row: &Row<'_>) -> rusqlite::Result<Result<Compared, Untold>> {
    let (gross, mean): (Option<f64>, Option<f64>) = (row.get(9)?, row.get(10)?);
    let Some(horizon_gross) = gross else { return Ok(Err(Untold::Gap)) };
    let Some(predicted) = mean else { return Ok(Err(Untold::NoMean)) };
    let price: (f64, f64) = (row.get(17)?, row.get(18)?);
    let [cost, proceeds, fees, sold]: [f64; 4] = [row.get(19)?, row.get(20)?, row.get(21)?, row.get(22)?];
    let sale_fees = price.1 * sold - proceeds;
    Ok(Ok(Compared {
        predicted,
        assumed: costs(row, 11)?,
        horizon_gross,
        decided: row.get(14)?,
        reference: (row.get(15)?, row.get(16)?),
        price,
        fee: ((fees - sale_fees) / cost, sale_fees / (price.1 * sold)),
        realised: row.get(4)?,
    }))
}

/// What ended a trade, as outcomes tell it: whatever was no stop and no target was a moment.
fn ended_by(reason: &str) -> TriggerKind {
    match ExitReason::from_word(reason) {
        Some(reason) if reason.is_stop() => TriggerKind::Stop,
        Some(ExitReason::Target) => TriggerKind::Target,
        _ => TriggerKind::Time,
    }
}

impl Write<'_> {
    /// A trade was closed: its miss waits to be told.
    pub(super) fn await_miss(&self, position_id: &str) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO misses_due SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM misses WHERE position_id = ?1)
             ON CONFLICT DO NOTHING",
        )?;
        statement.execute([position_id])?;
        Ok(())
    }

    /// Stores the miss of a trade, or why it cannot be told; nothing waits for it any more.
    pub fn add_miss(&self, trade: &ClosedTrade, miss: Result<Miss, Untold>) -> Result<(), StoreError> {
        let part = |of: fn(&Miss) -> f64| miss.as_ref().ok().map(of);
        self.transaction.execute(
            "INSERT INTO misses VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                trade.position_id,
                trade.forecast.0,
                trade.forecast.1,
                part(|m| m.market),
                part(|m| m.policy),
                part(|m| m.delay),
                part(|m| m.slippage),
                part(|m| m.fees),
                part(|m| m.rounding),
                miss.as_ref().err().map(|why| why.word())
            ],
        )?;
        self.transaction.execute("DELETE FROM misses_due WHERE position_id = ?1", [&trade.position_id])?;
        Ok(())
    }
}
