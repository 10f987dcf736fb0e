//! Where combinations are tried: stored candles, what can be read of them, and the settings that are varied.

use super::shared::Shared;
use crate::backtest::{Attempt, Days, Replayed, Rules, Tape, replay};
use crate::command::backtest::{History, rules_of};
use crate::ledger::Terms;
use crate::settings::{Settings, Strategy, Trading, Variations};
use crate::statistics::PeriodsPerYear;
use crate::store::StoreError;
use crate::unit::UtcMillis;

/// Blocks of days that overfitting is told from: each half of them is once in sample, 12,870 times in all.
pub(super) const BLOCKS: usize = 16;

/// Stored candles under settings that are varied.
pub(in crate::command) struct Field<'a> {
    settings: &'a Settings,
    history: &'a History,
    variations: Variations,
    /// How many times costs are charged.
    costs: u32,
    shared: Shared<'a>,
}

/// A strategy and a way to handle money that are tried.
pub(in crate::command) struct Variant {
    pub(in crate::command) strategy: Strategy,
    pub(in crate::command) trading: Trading,
}

impl<'a> Field<'a> {
    /// The field of these settings; so many threads will ask it.
    pub(in crate::command) fn new(
        settings: &'a Settings,
        history: &'a History,
        costs: u32,
        jobs: usize,
    ) -> anyhow::Result<Self> {
        let (variations, shared) = (Variations::of(settings)?, Shared::new(settings, &history.tapes, jobs));
        Ok(Self { settings, history, variations, costs, shared })
    }

    /// Whether a key may be varied and the value is one that it may have, whatever the others are.
    pub(in crate::command) fn check(&self, key: &str, value: &str) -> anyhow::Result<()> {
        Ok(self.variations.check(key, value)?)
    }

    /// The settings with these values.
    pub(in crate::command) fn variant(&self, values: &[(&str, &str)]) -> anyhow::Result<Variant> {
        let (strategy, trading) = self.variations.with(values)?;
        Ok(Variant { strategy, trading: trading.at_costs(self.costs) })
    }

    /// Tries these values from one instant to another.
    pub(in crate::command) fn attempt(
        &self,
        values: &[(&str, &str)],
        span: (UtcMillis, UtcMillis),
    ) -> anyhow::Result<Attempt> {
        let (_, days, replayed) = self.replayed(values, span)?;
        Ok(Attempt::of(&days, &replayed, self.length(span), BLOCKS))
    }

    /// Replays these values from one instant to another: the candles on their terms, the days, and how it ended.
    pub(in crate::command) fn replayed(
        &self,
        values: &[(&str, &str)],
        span: (UtcMillis, UtcMillis),
    ) -> anyhow::Result<(Vec<Tape>, Days, Replayed)> {
        let variant = self.variant(values)?;
        let (tapes, mut days) = (self.tapes(&variant), Days::default());
        let bars = self.shared.bars(&variant.strategy.analyst, variant.trading.atr_timeframe);
        let replayed = replay(&tapes, &bars, &self.rules(&variant), span, &mut days)
            .map_err(|e| StoreError::BadRow(e.to_string()))?;
        Ok((tapes, days, replayed))
    }

    /// What a run of a variant goes by.
    fn rules(&self, variant: &Variant) -> Rules {
        rules_of(&variant.strategy, &variant.trading, self.history.delay_ms)
    }

    /// The candles on the terms of a variant.
    pub(in crate::command) fn tapes(&self, variant: &Variant) -> Vec<Tape> {
        let on_terms = |tape: &Tape| {
            tape.on_terms(Terms {
                costs: variant.trading.costs(&tape.symbol),
                participation: variant.trading.participation,
                instrument: tape.terms.instrument.clone(),
            })
        };
        self.history.tapes.iter().map(on_terms).collect()
    }

    /// How many bars a span has, and how many a year has.
    fn length(&self, (from, to): (UtcMillis, UtcMillis)) -> (usize, PeriodsPerYear) {
        let bar_ms = self.settings.strategy.timeframe.ms();
        let bars = usize::try_from(to.since_ms(from) / bar_ms + 1).unwrap_or_default();
        (bars, PeriodsPerYear::of_bars(bar_ms).unwrap_or(PeriodsPerYear::HOURLY))
    }
}
