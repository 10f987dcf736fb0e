//! What could be known at the end of each candle: the score, how much there was to tell it from, and the range of prices.
//!
//! A decision of the cycle takes its readings from a pass over its view, which begins at an instant of the calendar. Views of
//! decisions that follow each other mostly begin at the same one, so here one pass goes on from candle to candle, and is begun
//! anew where the views are: the readings are the same to the last bit.

use std::ops::Range;

use super::tape::Tape;
use crate::decision::Opinion;
use crate::indicator::TrueRange;
use crate::market::{Candle, Depth};
use crate::signal::{AnyAnalyst, Backing, NotReady, Score, Watch};
use crate::unit::{Timeframe, UtcMillis};

/// What could be known at the end of a candle, in 24 bytes: there are millions of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Not a number where there is none.
    atr: f64,
    /// Not a number where there is none.
    volatility: f64,
    /// In tenths; below any score where there is none.
    score: i16,
    /// The same of the candle before.
    before: i16,
    candles: u16,
    missing: u16,
}

impl Bar {
    const NO_SCORE: i16 = i16::MIN;

    fn new(opinion: Option<(Score, Backing)>, candles: usize, missing: usize, atr: Option<f64>) -> Self {
        let small = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let tenths = |score: Score| i16::try_from(score.tenths()).unwrap_or(Self::NO_SCORE);
        let (score, backing) = opinion.unzip();
        let Backing { before, volatility } = backing.unwrap_or_default();
        Self {
            atr: atr.unwrap_or(f64::NAN),
            volatility: volatility.unwrap_or(f64::NAN),
            score: score.map_or(Self::NO_SCORE, tenths),
            before: before.map_or(Self::NO_SCORE, tenths),
            candles: small(candles),
            missing: small(missing),
        }
    }

    /// Whether the view is long enough for a score.
    pub(super) const fn is_told(&self) -> bool {
        self.score != Self::NO_SCORE
    }

    /// The same with another score, in tenths, where there is one.
    pub(super) fn scored(self, tenths: i16) -> Self {
        Self { score: if self.is_told() { tenths } else { Self::NO_SCORE }, ..self }
    }

    /// The same with another opinion, where there may be one.
    pub(super) fn told(self, opinion: Option<(Score, Backing)>) -> Self {
        let opinion = opinion.filter(|_| self.is_told());
        Self { atr: self.atr, candles: self.candles, missing: self.missing, ..Self::new(opinion, 0, 0, None) }
    }

    /// The analyst's score, or why there is none.
    pub fn opinion(&self, needed: usize) -> Opinion {
        self.score().ok_or(NotReady { candles: self.candles(), needed })
    }

    /// The analyst's score.
    pub fn score(&self) -> Option<Score> {
        score(self.score)
    }

    /// What an entry is weighed by beside it.
    pub fn backing(&self) -> Backing {
        Backing { before: score(self.before), volatility: known(self.volatility) }
    }

    /// Candles in the view.
    pub fn candles(&self) -> usize {
        usize::from(self.candles)
    }

    /// Candles that are missing among the newest, as far back as gaps are looked for.
    pub fn missing(&self) -> usize {
        usize::from(self.missing)
    }

    /// The average true range that stops are measured in.
    pub fn atr(&self) -> Option<f64> {
        known(self.atr)
    }
}

fn known(value: f64) -> Option<f64> {
    Some(value).filter(|value| !value.is_nan())
}

fn score(tenths: i16) -> Option<Score> {
    (tenths != Bar::NO_SCORE).then(|| Score::from_tenths(i32::from(tenths)))
}

/// What could be known at the end of each candle that is decided on; `window` is how far back gaps are looked for.
pub fn bars(tape: &Tape, analyst: &AnyAnalyst, atr: Timeframe, window: usize) -> Vec<Bar> {
    let lens = Lens::new(tape, analyst, atr, window);
    match analyst {
        AnyAnalyst::Technical(technical) => lens.bars(|first| technical.watch(lens.timeframe, first)),
        AnyAnalyst::Trend(trend) => lens.bars(|_| trend.watch(lens.timeframe)),
    }
}

/// How the candles are looked at.
pub(super) struct Lens<'a> {
    pub(super) candles: &'a [Candle],
    pub(super) timeframe: Timeframe,
    /// The length that true ranges are taken of.
    atr: Timeframe,
    depth: Depth,
    needed: usize,
    /// How long a candle is.
    bar_ms: i64,
    /// From the newest candle back to the oldest among which gaps are looked for.
    reach_ms: i64,
}

/// Candles whose views begin at the same one: from one place to another, where the views begin at a third.
pub(super) struct Stretch {
    /// The instant at which the views begin.
    pub(super) first: UtcMillis,
    /// The first candle of the views.
    from: usize,
    begin: usize,
    end: usize,
}

impl Stretch {
    /// Those of its views that lie before all of its candles.
    pub(super) fn before(&self) -> Range<usize> {
        self.from..self.begin
    }

    /// Its candles.
    pub(super) fn candles(&self) -> Range<usize> {
        self.begin..self.end
    }
}

impl<'a> Lens<'a> {
    pub(super) fn new(tape: &'a Tape, analyst: &AnyAnalyst, atr: Timeframe, window: usize) -> Self {
        let timeframe = tape.decided_on().timeframe();
        let bar_ms = timeframe.ms();
        Self {
            candles: tape.decided_on().candles(),
            timeframe,
            atr,
            depth: analyst.depth(timeframe),
            needed: analyst.needed(timeframe),
            bar_ms,
            reach_ms: i64::try_from(window).unwrap_or(i64::MAX).saturating_sub(1).saturating_mul(bar_ms),
        }
    }

    /// All candles, in order.
    pub(super) fn stretches(&self) -> impl Iterator<Item = Stretch> {
        let (timeframe, candles) = (self.timeframe, self.candles);
        let mut begin = 0;
        std::iter::from_fn(move || {
            let first_of = |c: &Candle| self.depth.first(timeframe, timeframe.step(c.open_time(), 1));
            let first = first_of(candles.get(begin)?);
            let from = candles.partition_point(|c| c.open_time() < first);
            let end = begin + candles[begin..].partition_point(|c| first_of(c) == first);
            Some(Stretch { first, from, begin: std::mem::replace(&mut begin, end), end })
        })
    }

    pub(super) fn bars<W: Watch>(&self, watch: impl Fn(UtcMillis) -> W) -> Vec<Bar> {
        let mut bars = Vec::with_capacity(self.candles.len());
        for stretch in self.stretches() {
            let view = &self.candles[stretch.from..];
            let (mut watch, mut place) =
                (watch(stretch.first), PlaceInView::new(self, &view[..stretch.before().len()]));
            self.candles[stretch.before()].iter().for_each(|candle| watch.skip(candle));
            let mut end = stretch.begin - stretch.from;
            watch.each(&self.candles[stretch.candles()], |opinion| {
                end += 1;
                bars.push(place.at(&view[..end], opinion));
            });
        }
        bars
    }
}

/// What there is of a bar whatever is said of it, on the way through the candles of views that begin at the same one.
struct PlaceInView<'a> {
    lens: &'a Lens<'a>,
    range: Longer,
    /// The first of the newest candles among which gaps are looked for.
    oldest: usize,
}

impl<'a> PlaceInView<'a> {
    /// Takes in what lies before the first candle that is decided on.
    fn new(lens: &'a Lens<'a>, before: &[Candle]) -> Self {
        let mut place = Self { lens, range: Longer::new(lens.timeframe, lens.atr), oldest: 0 };
        for i in 0..before.len() {
            place.range.next(&before[..=i]);
        }
        place
    }

    /// The newest of these candles, which are those of its view.
    fn at(&mut self, view: &[Candle], opinion: Option<(Score, Backing)>) -> Bar {
        let opinion = opinion.filter(|_| view.len() >= self.lens.needed);
        let atr = self.range.next(view);
        Bar::new(opinion, view.len(), self.missing(view), atr)
    }

    /// As `Series::missing_in_last`, from where the last candle left off.
    fn missing(&mut self, view: &[Candle]) -> usize {
        let (newest, bar_ms) = (view[view.len() - 1].open_time(), self.lens.bar_ms);
        let oldest = view[0].open_time().max(newest.plus_ms(-self.lens.reach_ms));
        while view[self.oldest].open_time() < oldest {
            self.oldest += 1;
        }
        let there = view.len() - self.oldest;
        let whole = i64::try_from(there).unwrap_or(i64::MAX).saturating_sub(1).saturating_mul(bar_ms);
        if newest.since_ms(oldest) == whole {
            // Mostly nothing is missing, and a division takes longer than all the rest of this.
            return 0;
        }
        let places = newest.since_ms(oldest) / bar_ms + 1;
        usize::try_from(places).unwrap_or(usize::MAX).saturating_sub(there)
    }
}

/// The true range of longer candles, each made when all its finer ones are there.
struct Longer {
    whole: usize,
    timeframe: Timeframe,
    shorter_ms: i64,
    is_same: bool,
    range: TrueRange,
    previous: Option<Candle>,
    /// The end of the longer candle that is under way.
    ends: UtcMillis,
    atr: Option<f64>,
}

impl Longer {
    fn new(shorter: Timeframe, timeframe: Timeframe) -> Self {
        let whole = usize::try_from(timeframe.ms() / shorter.ms()).unwrap_or(usize::MAX);
        let ends = UtcMillis::new(i64::MIN);
        let (shorter_ms, is_same) = (shorter.ms(), timeframe == shorter);
        Self { whole, timeframe, shorter_ms, is_same, range: TrueRange::default(), previous: None, ends, atr: None }
    }

    /// Takes in the newest of these candles.
    fn next(&mut self, view: &[Candle]) -> Option<f64> {
        if let Some(candle) = self.closed(view)
            && let Some(previous) = self.previous.replace(candle)
        {
            self.atr = self.range.next(&candle, &previous);
        }
        self.atr
    }

    /// The longer candle that ends with the newest one.
    fn closed(&mut self, view: &[Candle]) -> Option<Candle> {
        let newest = view.last()?;
        let end = newest.open_time().plus_ms(self.shorter_ms);
        if self.is_same {
            return Some(*newest);
        }
        if end < self.ends {
            return None;
        }
        let is_last = end == self.ends || self.timeframe.on_grid(end);
        self.ends = self.timeframe.ceil(end.plus_ms(1));
        let (begins, finer) = (self.timeframe.step(end, -1), view.get(view.len().checked_sub(self.whole)?..)?);
        let is_whole = is_last && finer[0].open_time() == begins;
        is_whole.then(|| Candle::merged(begins, finer)).flatten()
    }
}
