//! Forecasts, what became of them and what was learnt: `forecasts`, `forecasts_due`, `outcomes`, `calibrations`. Misses of
//! trades are next door.

use rusqlite::{OptionalExtension, Row, params};

use super::ledger::parsed;
use super::{Store, StoreError, Write};
use crate::execution::TriggerKind;
use crate::ledger::Costs;
use crate::market::SeriesKey;
use crate::outcome::{Answer, Calibration, Experience, Forecast, Question, RESOLVER, Sample};
use crate::unit::{Bps, Money, Price, Symbol, Timeframe, UtcMillis};

/// What the account did about the purchase that a forecast judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It ordered it; whether that was filled, the fills tell.
    Ordered,
    /// It held the coin, or was about to, and went on.
    Held,
    /// Neither.
    Out,
}

impl Stance {
    const fn word(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Held => "held",
            Self::Out => "out",
        }
    }
}

/// A forecast to be stored, with what it is about.
#[derive(Clone, Debug)]
pub struct ForecastRow<'a> {
    /// Of which decision.
    pub decision_id: i64,
    /// On which pair.
    pub symbol: &'a Symbol,
    /// The purchase it judges.
    pub question: Question,
    /// The ask at the run, where it was known.
    pub arrival: Option<Price>,
    /// The score, where there was an opinion.
    pub score: Option<f64>,
    /// What it says.
    pub forecast: &'a Forecast,
    /// What a purchase would cost.
    pub notional: Money,
    /// What the account did.
    pub stance: Stance,
}

/// A forecast whose horizon has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Of which decision.
    pub decision_id: i64,
    /// The pair.
    pub symbol: Symbol,
    /// The purchase it judges.
    pub question: Question,
}

/// What kind of outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// Close to close over the horizon.
    Horizon,
    /// Under the exit policy, until the horizon ends.
    Policy,
    /// Of the trade.
    Trade,
}

impl OutcomeKind {
    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Horizon => "horizon",
            Self::Policy => "policy",
            Self::Trade => "trade",
        }
    }
}

/// What something is learnt about: a horizon in milliseconds, of decisions on candles of one length.
pub type Taught = (i64, Timeframe);

impl Store {
    /// Forecasts whose horizon has ended at `now`, the oldest first, at most `limit`.
    pub fn forecasts_due(&self, now: UtcMillis, limit: u32) -> Result<Vec<Due>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT q.decision_id, q.symbol, q.timeframe, f.data_cutoff, f.reference, f.horizon_ms, f.stop, f.target, f.trail,
                    f.hold_ms, f.fee_bps, f.slippage_bps, f.half_spread_bps
               FROM forecasts_due q
               JOIN forecasts f ON f.decision_id = q.decision_id AND f.horizon_ms = q.horizon_ms
              WHERE q.due_at <= ?1 ORDER BY q.due_at, q.decision_id, q.horizon_ms LIMIT ?2",
        )?;
        let mut rows = statement.query(params![now.get(), limit])?;
        let mut due = Vec::new();
        while let Some(row) = rows.next()? {
            let question = Question {
                from: UtcMillis::new(row.get(3)?),
                timeframe: parsed(&row.get::<_, String>(2)?)?,
                reference: row.get(4)?,
                horizon_ms: row.get(5)?,
                stop: row.get(6)?,
                target: row.get(7)?,
                trail: row.get(8)?,
                hold_ms: row.get(9)?,
                costs: costs(row, 10)?,
            };
            let symbol = parsed(&row.get::<_, String>(1)?)?;
            due.push(Due { decision_id: row.get(0)?, symbol, question });
        }
        Ok(due)
    }

    /// The candles that forecasts wait for, of horizons that have ended and of those that have not.
    pub fn series_awaited(&self) -> Result<Vec<SeriesKey>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT DISTINCT symbol, timeframe FROM forecasts_due ORDER BY 1, 2")?;
        let rows = statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
        let mut awaited = Vec::new();
        for row in rows {
            let (symbol, timeframe) = row?;
            awaited.push(SeriesKey { symbol: parsed(&symbol)?, timeframe: parsed(&timeframe)? });
        }
        Ok(awaited)
    }

    /// What had been learnt at `now` about a horizon of decisions on candles of this length, and when; nothing yet is the
    /// prior. A run that goes back in time knows nothing of what was learnt after its moment.
    pub fn experience(
        &self,
        (horizon_ms, timeframe): Taught,
        now: UtcMillis,
    ) -> Result<(Experience, Option<UtcMillis>), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, slope, misses, parameters, fitted_at FROM calibrations
              WHERE horizon_ms = ?1 AND timeframe = ?2 AND fitted_at <= ?3 ORDER BY fitted_at DESC, id DESC LIMIT 1",
        )?;
        let row = statement.query_row(params![horizon_ms, timeframe.name(), now.get()], |r| {
            let texts: (Option<String>, String) = (r.get(2)?, r.get(3)?);
            Ok((r.get::<_, i64>(0)?, r.get::<_, f64>(1)?, texts, r.get::<_, i64>(4)?))
        });
        let Some((id, slope, (misses, parameters), at)) = row.optional()? else { return Ok((Experience::NONE, None)) };
        let bad = |e: serde_json::Error| StoreError::BadRow(format!("calibration {id}: {e}"));
        let misses = misses.map(|text| serde_json::from_str(&text)).transpose().map_err(bad)?;
        let calibration: Calibration = serde_json::from_str(&parameters).map_err(bad)?;
        Ok((Experience { id: Some(id), slope, misses, calibration }, Some(UtcMillis::new(at))))
    }

    /// Everything that is known of resolved forecasts of a horizon, of decisions on candles of this length: for learning.
    pub fn samples(&self, (horizon_ms, timeframe): Taught) -> Result<Vec<Sample>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.symbol, f.data_cutoff, coalesce(f.score, 0), f.z, f.sigma, f.roi_mean, f.cost, o.net
               FROM outcomes o
               JOIN forecasts f ON f.decision_id = o.decision_id AND f.horizon_ms = o.horizon_ms
               JOIN trading_decisions d ON d.id = o.decision_id
              WHERE o.kind = 'horizon' AND o.horizon_ms = ?1 AND d.timeframe = ?2
                AND o.net IS NOT NULL AND f.sigma IS NOT NULL
              ORDER BY f.data_cutoff, f.decision_id",
        )?;
        let mut rows = statement.query(params![horizon_ms, timeframe.name()])?;
        let mut samples = Vec::new();
        while let Some(row) = rows.next()? {
            samples.push(sample(row, horizon_ms)?);
        }
        Ok(samples)
    }
}

fn sample(row: &Row<'_>, horizon_ms: i64) -> Result<Sample, StoreError> {
    let from = UtcMillis::new(row.get(1)?);
    Ok(Sample {
        pair: parsed(&row.get::<_, String>(0)?)?,
        span: (from, from.plus_ms(horizon_ms)),
        score: row.get(2)?,
        z: row.get(3)?,
        sigma: row.get(4)?,
        predicted: row.get(5)?,
        cost: row.get(6)?,
        net: row.get(7)?,
    })
}

impl Write<'_> {
    /// Stores a forecast and queues it for the end of its horizon.
    pub fn add_forecast(&self, row: &ForecastRow<'_>) -> Result<(), StoreError> {
        let (q, f) = (&row.question, row.forecast);
        let [p10, p50, p90] = f.quantiles.map_or([None; 3], |q| q.map(Some));
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO forecasts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
                 ?19, ?20, ?21, ?22, ?23, ?24)",
        )?;
        statement.execute(params![
            row.decision_id,
            q.horizon_ms,
            q.from.get(),
            q.reference,
            row.arrival.map(|p| crate::unit::real(p.get())),
            row.score,
            f.z,
            f.sigma,
            f.mean,
            p10,
            p50,
            p90,
            f.p_gain,
            f.experience,
            f.cost,
            q.costs.fee.points(),
            q.costs.slippage.points(),
            q.costs.half_spread.points(),
            q.stop,
            q.target,
            q.trail,
            q.hold_ms,
            row.notional.to_string(),
            row.stance.word()
        ])?;
        self.await_end(row)
    }

    fn await_end(&self, row: &ForecastRow<'_>) -> Result<(), StoreError> {
        let (due_at, timeframe) = (row.question.due().get(), row.question.timeframe.name());
        let mut statement = self.transaction.prepare_cached("INSERT INTO forecasts_due VALUES (?1, ?2, ?3, ?4, ?5)")?;
        statement.execute(params![due_at, row.decision_id, row.question.horizon_ms, row.symbol.as_str(), timeframe])?;
        Ok(())
    }

    /// Stores what became of a forecast.
    pub fn add_outcome(
        &self,
        (decision_id, horizon_ms): (i64, i64),
        kind: OutcomeKind,
        answer: &Answer,
        now: UtcMillis,
    ) -> Result<(), StoreError> {
        let outcome = answer.as_ref().ok();
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO NOTHING",
        )?;
        statement.execute(params![
            decision_id,
            horizon_ms,
            kind.word(),
            RESOLVER,
            now.get(),
            outcome.map(|o| o.gross),
            outcome.map(|o| o.net),
            outcome.map(|o| ended_by(o.by)),
            outcome.map(|o| o.at.get()),
            outcome.is_some_and(|o| o.is_ambiguous),
            answer.as_ref().err().map(|why| why.word())
        ])?;
        Ok(())
    }

    /// A forecast is resolved: nothing waits for it any more.
    pub fn settle_forecast(&self, due: &Due) -> Result<(), StoreError> {
        let mut statement = self
            .transaction
            .prepare_cached("DELETE FROM forecasts_due WHERE due_at = ?1 AND decision_id = ?2 AND horizon_ms = ?3")?;
        statement.execute(params![due.question.due().get(), due.decision_id, due.question.horizon_ms])?;
        Ok(())
    }

    /// Stores what was learnt; its name from now on.
    pub fn add_experience(
        &self,
        (horizon_ms, timeframe): Taught,
        experience: &Experience,
        (outcomes, n_eff): (usize, f64),
        now: UtcMillis,
        run_id: &str,
    ) -> Result<i64, StoreError> {
        self.transaction.execute(
            "INSERT INTO calibrations (horizon_ms, timeframe, fitted_at, outcomes, n_eff, slope, misses, method, parameters,
                 run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                horizon_ms,
                timeframe.name(),
                now.get(),
                i64::try_from(outcomes).unwrap_or(i64::MAX),
                n_eff,
                experience.slope,
                experience.misses.map(|m| crate::report::to_json(&m, false)),
                experience.calibration.name(),
                crate::report::to_json(&experience.calibration, false),
                run_id
            ],
        )?;
        Ok(self.transaction.last_insert_rowid())
    }
}

/// The costs that were assumed, from the column of the fee on.
pub(super) fn costs(row: &Row<'_>, fee: usize) -> rusqlite::Result<Costs> {
    let bps = |column: usize| Ok::<_, rusqlite::Error>(Bps::from_real(row.get(column)?));
    Ok(Costs { fee: bps(fee)?, slippage: bps(fee + 1)?, half_spread: bps(fee + 2)? })
}

/// The word for what ended a purchase.
const fn ended_by(kind: TriggerKind) -> &'static str {
    match kind {
        TriggerKind::Stop => "stop",
        TriggerKind::Target => "target",
        TriggerKind::Time => "time",
    }
}
