//! The history of a pair: its candles of every length that fills are walked on, and the terms it was traded on.

use std::sync::Arc;

use super::columns::Columns;
use crate::execution::Rung;
use crate::ledger::Terms;
use crate::market::{Candle, Series};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// A length whose newest candle is older than this has ended, or never was; as in the cycle.
const ENDED_MS: i64 = 86_400_000;

/// What cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TapeError {
    /// There are no candles at all.
    #[error("there are no candles of {0}")]
    Empty(Symbol),
}

/// The history of a pair. A clone shares its candles.
#[derive(Clone, Debug)]
pub struct Tape {
    /// The pair.
    pub symbol: Symbol,
    /// On what terms it is traded.
    pub terms: Terms,
    candles: Arc<Candles>,
}

/// Candles of every length, shared by all that replay them.
#[derive(Debug)]
struct Candles {
    /// Shorter ones than those that are decided on, the finest first.
    finer: Vec<Series>,
    decided_on: Series,
    /// Of each candle that is decided on: all its finest candles are there.
    is_whole: Vec<bool>,
    /// Those without all their finest ones, in order.
    partial: Vec<usize>,
    /// Of what is decided on.
    columns: Columns,
}

impl Tape {
    /// The history of a pair from its candles of different lengths; decisions are made on the longest.
    pub fn new(symbol: Symbol, terms: Terms, mut lengths: Vec<Series>) -> Result<Self, TapeError> {
        lengths.retain(|series| series.newest().is_some());
        lengths.sort_by_key(Series::timeframe);
        let Some(decided_on) = lengths.pop() else { return Err(TapeError::Empty(symbol)) };
        let is_whole =
            lengths.first().map_or_else(|| vec![true; decided_on.candles().len()], |finest| whole(finest, &decided_on));
        let partial = (0..is_whole.len()).filter(|bar| !is_whole[*bar]).collect();
        let columns = Columns::of(&decided_on);
        let candles = Candles { finer: lengths, decided_on, is_whole, partial, columns };
        Ok(Self { symbol, terms, candles: Arc::new(candles) })
    }

    /// The same candles on other terms.
    #[must_use]
    pub fn on_terms(&self, terms: Terms) -> Self {
        Self { terms, ..self.clone() }
    }

    /// Its candles, from the finest to those that are decided on.
    pub fn lengths(&self) -> impl Iterator<Item = &Series> {
        self.candles.finer.iter().chain([&self.candles.decided_on])
    }

    /// The candles that are decided on.
    pub fn decided_on(&self) -> &Series {
        &self.candles.decided_on
    }

    /// The length of the finest candles.
    pub fn finest(&self) -> Timeframe {
        self.candles.finer.first().unwrap_or(&self.candles.decided_on).timeframe()
    }

    /// Whether a candle that is decided on has all its finest ones.
    pub(super) fn is_whole(&self, bar: usize) -> bool {
        self.candles.is_whole.get(bar).copied().unwrap_or_default()
    }

    /// The first candle from this one on that has not all its finest ones, or the end.
    pub(super) fn whole_until(&self, bar: usize) -> usize {
        let Candles { partial, is_whole, .. } = &*self.candles;
        partial.get(partial.partition_point(|partial| *partial < bar)).copied().unwrap_or(is_whole.len())
    }

    /// The prices of the candles that are decided on.
    pub(super) fn columns(&self) -> &Columns {
        &self.candles.columns
    }

    /// The candles from `cursor` on that were closed at `now`, of every length there was then.
    pub(super) fn rungs(&self, cursor: UtcMillis, now: UtcMillis) -> Vec<Rung> {
        self.lengths().filter_map(|series| rung(series, cursor, now)).collect()
    }
}

fn whole(finest: &Series, longest: &Series) -> Vec<bool> {
    let ratio = usize::try_from(longest.timeframe().ms() / finest.timeframe().ms()).unwrap_or(usize::MAX);
    let mut from = 0;
    let candles = finest.candles();
    let mut count = |bar: &Candle| {
        from += candles[from..].iter().take_while(|c| c.open_time() < bar.open_time()).count();
        let end = longest.timeframe().step(bar.open_time(), 1);
        let reach = (from + ratio).min(candles.len());
        candles[from..reach].partition_point(|c| c.open_time() < end) == ratio
    };
    longest.candles().iter().map(&mut count).collect()
}

fn rung(series: &Series, cursor: UtcMillis, now: UtcMillis) -> Option<Rung> {
    let (timeframe, candles) = (series.timeframe(), series.candles());
    let from = timeframe.floor(cursor);
    let closed = timeframe.newest_closed(now);
    let begin = series.first_from(from);
    let end = series.first_from(closed.plus_ms(1)).max(begin);
    let was_there = || begin > 0 && from.since_ms(candles[begin - 1].open_time()) < ENDED_MS;
    (end > begin || was_there()).then(|| Rung { series: series.part(begin..end) })
}
