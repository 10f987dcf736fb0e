//! Looking back: forecasts whose horizon has ended are resolved, closed trades are accounted for, and what that teaches is
//! learnt once a week.

use std::collections::{BTreeMap, BTreeSet};

use super::settle::{ENDED_MS, finer_than};
use super::{Cycle, Stop};
use crate::execution::{Rung, Step, timeline};
use crate::market::{Candle, Series, SeriesKey};
use crate::outcome::{Answer, GRACE_MS, LEARN_EVERY_MS, Miss, is_ripe, is_whole, learn, over_horizon, under_policy};
use crate::store::{Due, OutcomeKind, Store, StoreError};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Forecasts that one run resolves at most; a year of sleep is made up for in a few runs.
const DUE_MAX: u32 = 5_000;

/// Why a question has no answer now.
enum NotYet {
    /// Finer candles are missing and may still come.
    Late,
    Store(StoreError),
}

impl From<StoreError> for NotYet {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn rung(timeframe: Timeframe, candles: Vec<Candle>) -> Result<Rung, StoreError> {
    let series = Series::new(timeframe, candles).map_err(|e| StoreError::BadRow(e.to_string()))?;
    Ok(Rung { series })
}

fn count(rung: &Rung) -> i64 {
    i64::try_from(rung.series.candles().len()).unwrap_or(i64::MAX)
}

/// A forecast and both answers.
struct Answered {
    due: Due,
    horizon: Answer,
    policy: Answer,
}

impl Cycle<'_> {
    /// Resolves what is due and learns from it. A run that goes back in time leaves that to those that go on: it must not
    /// tell of what was not over at its moment, nor learn from it.
    pub(super) fn look_back(&mut self, store: &mut Store) -> Result<(), Stop> {
        if self.options.dry_run || self.account_ahead(store)?.is_some() {
            return Ok(());
        }
        let answered = self.resolve(store)?;
        if !answered.is_empty() {
            let write = store.write()?;
            for Answered { due, horizon, policy } in &answered {
                let key = (due.decision_id, due.question.horizon_ms);
                write.add_outcome(key, OutcomeKind::Horizon, horizon, self.now)?;
                write.add_outcome(key, OutcomeKind::Policy, policy, self.now)?;
                write.settle_forecast(due)?;
            }
            write.commit()?;
        }
        self.account_for_trades(store)?;
        self.learn(store)
    }

    fn resolve(&self, store: &Store) -> Result<Vec<Answered>, StoreError> {
        let mut by_pair: BTreeMap<Symbol, Vec<Due>> = BTreeMap::new();
        for due in store.forecasts_due(self.now, DUE_MAX)? {
            by_pair.entry(due.symbol.clone()).or_default().push(due);
        }
        let mut answered = Vec::new();
        for (pair, dues) in by_pair {
            let from = dues.iter().map(|due| due.question.from).min().unwrap_or(self.now);
            let to = dues.iter().map(|due| due.question.due()).max().unwrap_or(self.now);
            // What an earlier strategy decided on may have been of another length.
            let lengths: BTreeSet<Timeframe> = dues.iter().map(|due| due.question.timeframe).collect();
            for timeframe in lengths {
                let candles = store.range(&SeriesKey { symbol: pair.clone(), timeframe }, from, to)?;
                for due in dues.iter().filter(|due| due.question.timeframe == timeframe) {
                    answered.extend(self.answer(store, due, &candles)?);
                }
            }
        }
        Ok(answered)
    }

    /// Both answers; none while something may still come that would change them.
    fn answer(&self, store: &Store, due: &Due, candles: &[Candle]) -> Result<Option<Answered>, StoreError> {
        let q = &due.question;
        let key = SeriesKey { symbol: due.symbol.clone(), timeframe: q.timeframe };
        if !is_ripe(q, candles, self.now) || (!is_whole(q, candles) && self.may_come(store, &key, q.from, q.due())?) {
            return Ok(None);
        }
        let horizon = over_horizon(q, candles);
        match under_policy(q, candles, |candle| self.steps_within(store, due, candle)) {
            Ok(policy) => Ok(Some(Answered { due: due.clone(), horizon, policy })),
            Err(NotYet::Late) => Ok(None),
            Err(NotYet::Store(error)) => Err(error),
        }
    }

    /// Whether candles that are missing in a stretch may still come, however long ago it was: the request for them failed
    /// this time, or the gap is being filled, page by page after a long sleep.
    fn may_come(&self, store: &Store, key: &SeriesKey, from: UtcMillis, end: UtcMillis) -> Result<bool, StoreError> {
        let is_behind = self.prospects.is_behind(key) && store.newest(key)?.is_some_and(|newest| newest < end);
        Ok(is_behind || (self.prospects.fills_gaps_of(key) && store.has_open_gap(key, from, end)?))
    }

    /// The candles that decide within one that is decided on: the finest there are, and itself where they are missing for
    /// good.
    fn steps_within(&self, store: &Store, due: &Due, candle: &Candle) -> Result<Vec<Step>, NotYet> {
        let whole = due.question.timeframe;
        let (from, end) = (candle.open_time(), whole.step(candle.open_time(), 1));
        let mut rungs = Vec::new();
        let mut is_full = false;
        for timeframe in finer_than(&Timeframe::ALL, whole) {
            let key = SeriesKey { symbol: due.symbol.clone(), timeframe };
            let Some(rung) = self.rung_within(store, &key, from, end)? else { continue };
            is_full |= timeframe.ms() * count(&rung) >= whole.ms();
            // What is longer than one that is whole decides nothing.
            if !is_full && (self.is_early(due) || self.may_come(store, &key, from, end)?) {
                return Err(NotYet::Late);
            }
            rungs.push(rung);
        }
        rungs.push(rung(whole, vec![*candle])?);
        Ok(timeline(&rungs, from, end.plus_ms(GRACE_MS)))
    }

    /// Whether so little time has passed that whatever is missing may come.
    fn is_early(&self, due: &Due) -> bool {
        self.now < due.question.due().plus_ms(GRACE_MS)
    }

    /// The candles of one length, where the pair has it: whatever is stored counts, whatever is configured by now.
    fn rung_within(
        &self,
        store: &Store,
        key: &SeriesKey,
        from: UtcMillis,
        end: UtcMillis,
    ) -> Result<Option<Rung>, StoreError> {
        let candles = store.range(key, from, end)?;
        let goes_on = |newest: UtcMillis| from.since_ms(newest) < ENDED_MS || self.prospects.is_behind(key);
        let is_there = !candles.is_empty() || store.newest(key)?.is_some_and(goes_on);
        is_there.then(|| rung(key.timeframe, candles)).transpose()
    }

    /// How closed trades ended, and why they did not earn what was forecast, once that can be told.
    fn account_for_trades(&self, store: &mut Store) -> Result<(), Stop> {
        let mut trades = store.untold_trades()?;
        trades.retain(|trade| !trade.is_stored || trade.compared.is_some());
        if trades.is_empty() {
            return Ok(());
        }
        let write = store.write()?;
        for trade in &trades {
            write.add_outcome(trade.forecast, OutcomeKind::Trade, &Ok(trade.outcome), self.now)?;
            if let Some(compared) = trade.compared {
                write.add_miss(trade, compared.map(|compared| Miss::of(&compared)))?;
            }
        }
        Ok(write.commit()?)
    }

    /// Learns what is to be learnt of each horizon, when a week has passed.
    fn learn(&self, store: &mut Store) -> Result<(), Stop> {
        for &horizon_ms in &self.trading.horizons_ms {
            let subject = (horizon_ms, self.timeframe());
            let last = store.experience(subject, self.now)?.1;
            let is_time = |at: UtcMillis| self.now.since_ms(at) >= LEARN_EVERY_MS;
            if !last.is_none_or(is_time) {
                continue;
            }
            let samples = store.samples(subject)?;
            if samples.is_empty() {
                continue;
            }
            let (experience, n_eff) = learn(&samples);
            let write = store.write()?;
            write.add_experience(subject, &experience, (samples.len(), n_eff), self.now, &self.begun.run_id)?;
            write.commit()?;
        }
        Ok(())
    }
}
