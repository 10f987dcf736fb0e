//! What is read of the candles, shared by the combinations that need the same: it grows with the candles, not with the
//! combinations.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::backtest::{Bar, Strengths, Tape, bars, unsaid_bars};
use crate::settings::Settings;
use crate::signal::{AnyAnalyst, Column, Rule};
use crate::unit::Timeframe;

/// The bars of each pair.
type Bars = Arc<Vec<Vec<Bar>>>;

/// Weights of a rule whose points are kept beside those that threads are at: draws by chance come back to few values.
const WEIGHTS: usize = 3;
/// Lengths that true ranges are taken of.
const LENGTHS: usize = 16;

/// Stored candles, and what was read of them.
pub(super) struct Shared<'a> {
    tapes: &'a [Tape],
    /// The analyst of the settings, whose bars are read straight away: mostly it is the only one.
    configured: &'a AnyAnalyst,
    /// How far back gaps are looked for.
    window: usize,
    bars: Shelf<(AnyAnalyst, Timeframe), Bars>,
    /// The bars of whoever says nothing, by the length of true ranges.
    unsaid: Shelf<Timeframe, Bars>,
    /// What the rules say, of each pair.
    strengths: OnceLock<Vec<Strengths>>,
    /// The points of each rule, by the pair and the bits of the weight.
    points: [Shelf<(usize, u64), Arc<Column>>; Rule::ALL.len()],
}

impl<'a> Shared<'a> {
    /// Nothing yet; so many threads will ask for it.
    pub(super) fn new(settings: &'a Settings, tapes: &'a [Tape], jobs: usize) -> Self {
        Self {
            tapes,
            configured: &settings.strategy.analyst,
            window: settings.strategy.policy.gap_window,
            bars: Shelf::new(jobs + 1),
            unsaid: Shelf::new(LENGTHS),
            strengths: OnceLock::new(),
            points: Rule::ALL.map(|_| Shelf::new((jobs + WEIGHTS) * tapes.len())),
        }
    }

    /// What could be known at the end of each candle by an analyst, where true ranges are taken of this length.
    pub(super) fn bars(&self, analyst: &AnyAnalyst, atr: Timeframe) -> Bars {
        self.bars.get(&(analyst.clone(), atr), || {
            let read = |tape: &Tape| bars(tape, analyst, atr, self.window);
            if analyst == self.configured {
                return Arc::new(self.tapes.iter().map(read).collect());
            }
            let unsaid = self.unsaid(atr);
            let weighed = |k: usize| self.weighed(analyst, k, &unsaid[k]).unwrap_or_else(|| read(&self.tapes[k]));
            Arc::new((0..self.tapes.len()).map(weighed).collect())
        })
    }

    fn unsaid(&self, atr: Timeframe) -> Bars {
        let read = |tape: &Tape| unsaid_bars(tape, self.configured, atr, self.window);
        self.unsaid.get(&atr, || Arc::new(self.tapes.iter().map(read).collect()))
    }

    /// The bars of a pair by an analyst with other weights than those of the settings.
    fn weighed(&self, analyst: &AnyAnalyst, k: usize, unsaid: &[Bar]) -> Option<Vec<Bar>> {
        let read = |tape: &Tape| Strengths::of(tape, self.configured);
        let strengths = self.strengths.get_or_init(|| self.tapes.iter().map(read).collect());
        strengths[k].bars(unsaid, analyst, |rule, weight, make| {
            self.points[rule as usize].get(&(k, weight.to_bits()), || Arc::new(make()))
        })
    }
}

/// A few things that are made once for all who need the same, the newest last.
struct Shelf<K, V> {
    places: usize,
    kept: Mutex<VecDeque<Place<K, V>>>,
}

/// What is made under a key, once.
type Place<K, V> = (K, Arc<OnceLock<V>>);

impl<K: PartialEq + Clone, V: Clone> Shelf<K, V> {
    const fn new(places: usize) -> Self {
        Self { places, kept: Mutex::new(VecDeque::new()) }
    }

    /// What is kept under a key; whoever comes first makes it, and others wait for it.
    fn get(&self, key: &K, make: impl FnOnce() -> V) -> V {
        self.place(key).get_or_init(make).clone()
    }

    fn place(&self, key: &K) -> Arc<OnceLock<V>> {
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
