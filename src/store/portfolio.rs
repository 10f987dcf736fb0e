//! The account over time (`portfolio_state`) and who stopped or let in entries (`risk_events`).

use rusqlite::{OptionalExtension, params};

use super::ledger_rows::{decimal, text};
use super::{Store, StoreError, Write};
use crate::decision::{RiskState, Standings};
use crate::unit::{Money, UtcMillis};

/// The account as a run left it.
#[derive(Clone, Debug, PartialEq)]
pub struct PortfolioRow {
    /// When.
    pub time: UtcMillis,
    /// What the state was judged by.
    pub standings: Standings,
    /// The state.
    pub state: RiskState,
    /// Money that is not in coins.
    pub cash: Money,
    /// What the coins are worth.
    pub coins: Money,
    /// 00:00 UTC of the day.
    pub day: UtcMillis,
    /// What all stops would lose together, as a share of equity.
    pub heat: f64,
    /// The same, as far as the coins move together.
    pub heat_correlated: f64,
    /// Open positions.
    pub positions: usize,
}

/// What the newest row remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Of which moment.
    pub time: UtcMillis,
    /// The equity then.
    pub equity: Money,
    /// The highest equity until then.
    pub peak: Money,
    /// 00:00 UTC of its day.
    pub day: UtcMillis,
    /// The equity of that midnight.
    pub day_start: Money,
    /// That day lost as much as it may.
    pub day_is_lost: bool,
}

/// What was done about entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiskEventKind {
    /// `pause`.
    Paused,
    /// The emergency stop.
    Halted,
    /// `resume`.
    Resumed,
}

impl RiskEventKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Halted => "halted",
            Self::Resumed => "resumed",
        }
    }
}

/// Something that was done about entries.
#[derive(Clone, Debug)]
pub struct RiskEvent<'a> {
    /// When.
    pub at: UtcMillis,
    /// What.
    pub kind: RiskEventKind,
    /// Why.
    pub reason: &'a str,
    /// The equity at that moment, where it is known.
    pub equity: Option<Money>,
    /// The peak begins anew here.
    pub peak: Option<Money>,
    /// By which run.
    pub run_id: &'a str,
}

/// What is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// The reason of the newest `pause` after the last `resume`.
    pub paused: Option<String>,
    /// The reason of the emergency stop after it.
    pub halted: Option<String>,
    /// The last peak that a `resume` set, and when.
    pub peak: Option<(UtcMillis, Money)>,
}

impl Store {
    /// The account as the newest run left it.
    pub fn remembered(&self) -> Result<Option<Remembered>, StoreError> {
        let sql = "SELECT time, equity, peak_equity, day, day_start_equity, day_is_lost FROM portfolio_state
                    WHERE id = (SELECT max(id) FROM portfolio_state)";
        let row = self.connection.query_row(sql, [], |r| {
            let amounts: [String; 3] = [r.get(1)?, r.get(2)?, r.get(4)?];
            Ok((r.get::<_, i64>(0)?, amounts, r.get::<_, i64>(3)?, r.get::<_, bool>(5)?))
        });
        let Some((time, [equity, peak, day_start], day, day_is_lost)) = row.optional()? else { return Ok(None) };
        let money = |text: &str| decimal(text).map(Money::new);
        Ok(Some(Remembered {
            time: UtcMillis::new(time),
            equity: money(&equity)?,
            peak: money(&peak)?,
            day: UtcMillis::new(day),
            day_start: money(&day_start)?,
            day_is_lost,
        }))
    }

    /// What was said about entries and is in force.
    pub fn in_force(&self) -> Result<InForce, StoreError> {
        let newest = |kind: &str| {
            let sql = "SELECT reason FROM risk_events
                        WHERE kind = ?1 AND id > (SELECT coalesce(max(id), 0) FROM risk_events WHERE kind = 'resumed')
                        ORDER BY id DESC LIMIT 1";
            self.connection.query_row(sql, [kind], |r| r.get::<_, String>(0)).optional()
        };
        let sql = "SELECT at, peak_equity FROM risk_events WHERE peak_equity IS NOT NULL ORDER BY id DESC LIMIT 1";
        let peak =
            self.connection.query_row(sql, [], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?))).optional()?;
        let peak = peak.map(|(at, text)| Ok::<_, StoreError>((UtcMillis::new(at), Money::new(decimal(&text)?))));
        Ok(InForce { paused: newest("paused")?, halted: newest("halted")?, peak: peak.transpose()? })
    }

    /// The moment of the newest run: the clock of a recording.
    pub fn newest_run_at(&self) -> Result<Option<UtcMillis>, StoreError> {
        let found: Option<i64> = self.connection.query_row("SELECT max(started_at) FROM runs", [], |r| r.get(0))?;
        Ok(found.map(UtcMillis::new))
    }
}

impl Write<'_> {
    /// Stores the account as a run leaves it. A second row of the same run changes nothing.
    pub fn add_portfolio(&self, row: &PortfolioRow, run_id: &str) -> Result<(), StoreError> {
        let Standings { equity, peak, day_start, day_is_lost, .. } = row.standings;
        self.transaction.execute(
            "INSERT INTO portfolio_state (time, run_id, equity, cash, coins, peak_equity, day, day_start_equity, day_is_lost,
                 state, drawdown_pct, day_pnl_pct, heat_pct, heat_correlated_pct, positions, ledger_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
                 (SELECT coalesce(max(id), 0) FROM ledger_entries)) ON CONFLICT DO NOTHING",
            params![
                row.time.get(),
                run_id,
                text(equity.get()),
                text(row.cash.get()),
                text(row.coins.get()),
                text(peak.get()),
                row.day.get(),
                text(day_start.get()),
                day_is_lost,
                row.state.word(),
                100.0 * row.standings.drawdown(),
                100.0 * row.standings.day_return(),
                100.0 * row.heat,
                100.0 * row.heat_correlated,
                i64::try_from(row.positions).unwrap_or(i64::MAX)
            ],
        )?;
        Ok(())
    }

    /// Stores what was done about entries.
    pub fn add_risk_event(&self, event: &RiskEvent<'_>) -> Result<(), StoreError> {
        let amount = |money: Option<Money>| money.map(|m| text(m.get()));
        self.transaction.execute(
            "INSERT INTO risk_events (at, kind, reason, equity, peak_equity, run_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                event.at.get(),
                event.kind.word(),
                event.reason,
                amount(event.equity),
                amount(event.peak),
                event.run_id
            ],
        )?;
        Ok(())
    }
}
