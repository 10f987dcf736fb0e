//! Where combinations are tried: stored candles, what can be read of them, and the settings that are varied.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::backtest::{Attempt, Bar, Days, Replayed, Rules, Tape, bars, replay};
use crate::command::backtest::{History, rules_of};
use crate::ledger::Terms;
use crate::settings::{Settings, Strategy, Trading, Variations};
use crate::signal::AnyAnalyst;
use crate::statistics::PeriodsPerYear;
use crate::store::StoreError;
use crate::unit::{Timeframe, UtcMillis};

/// Blocks of days that overfitting is told from: each half of them is once in sample, 12,870 times in all.
pub(super) const BLOCKS: usize = 16;

/// Stored candles under settings that are varied.
pub(in crate::command) struct Field<'a> {
    settings: &'a Settings,
    history: &'a History,
    variations: Variations,
    /// How many times costs are charged.
    costs: u32,
    shelf: Shelf,
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
        let (variations, shelf) = (Variations::of(settings)?, Shelf::new(jobs + 1));
        Ok(Self { settings, history, variations, costs, shelf })
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
        let replayed = replay(&tapes, &self.bars(&variant), &self.rules(&variant), span, &mut days)
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

    /// What could be known at the end of each candle, by the analyst of a variant.
    fn bars(&self, variant: &Variant) -> Arc<Vec<Vec<Bar>>> {
        let Variant { strategy, trading } = variant;
        let window = strategy.policy.gap_window;
        let read = || {
            let of = |tape: &Tape| bars(tape, &strategy.analyst, trading.atr_timeframe, window);
            Arc::new(self.history.tapes.iter().map(of).collect())
        };
        self.shelf.get(&(strategy.analyst.clone(), trading.atr_timeframe), read)
    }

    /// How many bars a span has, and how many a year has.
    fn length(&self, (from, to): (UtcMillis, UtcMillis)) -> (usize, PeriodsPerYear) {
        let bar_ms = self.settings.strategy.timeframe.ms();
        let bars = usize::try_from(to.since_ms(from) / bar_ms + 1).unwrap_or_default();
        (bars, PeriodsPerYear::of_bars(bar_ms).unwrap_or(PeriodsPerYear::HOURLY))
    }
}

type Key = (AnyAnalyst, Timeframe);
type Bars = Arc<Vec<Vec<Bar>>>;

/// A few readings of all candles, the newest last: combinations that follow each other mostly share theirs.
struct Shelf {
    places: usize,
    kept: Mutex<VecDeque<(Key, Arc<OnceLock<Bars>>)>>,
}

impl Shelf {
    fn new(places: usize) -> Self {
        Self { places, kept: Mutex::new(VecDeque::new()) }
    }

    /// What is kept under a key; whoever comes first makes it, and others wait for it.
    fn get(&self, key: &Key, make: impl FnOnce() -> Bars) -> Bars {
        Arc::clone(self.place(key).get_or_init(make))
    }

    fn place(&self, key: &Key) -> Arc<OnceLock<Bars>> {
        // Nothing is left half done by whoever panicked.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = kept.iter().find(|(known, _)| known == key) {
            return Arc::clone(place);
        }
        if kept.len() >= self.places {
            kept.pop_front();
        }
        let place = Arc::new(OnceLock::new());
        kept.push_back((key.clone(), Arc::clone(&place)));
        place
    }
}
