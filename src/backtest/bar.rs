//! What could be known at the end of each candle: the score, how much there was to tell it from, and the range of prices.
//!
//! A decision of the cycle takes its readings from a pass over its view, which begins at an instant of the calendar. Views of
//! decisions that follow each other mostly begin at the same one, so here one pass goes on from candle to candle, and is begun
//! anew where the views are: the readings are the same to the last bit.

use super::tape::Tape;
use crate::decision::Opinion;
use crate::indicator::{Pass, TrueRange};
use crate::market::{Candle, View};
use crate::signal::{NotReady, Score, Technical};
use crate::unit::{Timeframe, UtcMillis};

/// What could be known at the end of a candle, in sixteen bytes: there are millions of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Not a number where there is none.
    atr: f64,
    /// In tenths; below any score where there is none.
    score: i16,
    candles: u16,
    missing: u16,
}

impl Bar {
    const NO_SCORE: i16 = i16::MIN;

    fn new(opinion: Opinion, candles: usize, missing: usize, atr: Option<f64>) -> Self {
        let small = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let tenths = |score: Score| i16::try_from(score.tenths()).unwrap_or(Self::NO_SCORE);
        Self {
            atr: atr.unwrap_or(f64::NAN),
            score: opinion.map_or(Self::NO_SCORE, tenths),
            candles: small(candles),
            missing: small(missing),
        }
    }

    /// The analyst's score, or why there is none.
    pub fn opinion(&self) -> Opinion {
        match self.score {
            Self::NO_SCORE => Err(NotReady { candles: self.candles(), needed: Technical::NEEDED }),
            tenths => Ok(Score::from_tenths(i32::from(tenths))),
        }
    }

    /// Candles in the view.
    pub fn candles(&self) -> usize {
        usize::from(self.candles)
    }

    /// Candles that are missing among the newest that the analyst needs.
    pub fn missing(&self) -> usize {
        usize::from(self.missing)
    }

    /// The average true range that stops are measured in.
    pub fn atr(&self) -> Option<f64> {
        Some(self.atr).filter(|atr| !atr.is_nan())
    }
}

/// What could be known at the end of each candle that is decided on.
pub fn bars(tape: &Tape, analyst: &Technical, atr: Timeframe, warm_up: usize) -> Vec<Bar> {
    let series = tape.decided_on();
    let (timeframe, candles) = (series.timeframe(), series.candles());
    let mut bars = Vec::with_capacity(candles.len());
    let mut begin = 0;
    while begin < candles.len() {
        let first = View::first(timeframe, timeframe.step(candles[begin].open_time(), 1));
        let from = candles.partition_point(|c| c.open_time() < first);
        let of_same_view = |c: &Candle| View::first(timeframe, timeframe.step(c.open_time(), 1)) == first;
        let end = begin + candles[begin..].partition_point(of_same_view);
        let mut look = Look::new((timeframe, atr), first, &candles[from..begin]);
        for i in begin..end {
            bars.push(look.at(&candles[from..=i], analyst, warm_up));
        }
        begin = end;
    }
    bars
}

/// A pass on its way through the candles of views that begin at the same one.
struct Look {
    timeframe: Timeframe,
    pass: Pass,
    range: Longer,
    /// The first of the newest candles that the analyst needs.
    needed: usize,
}

impl Look {
    /// Takes in what lies before the first candle that is decided on.
    fn new((timeframe, atr): (Timeframe, Timeframe), first: UtcMillis, before: &[Candle]) -> Self {
        let mut look =
            Self { timeframe, pass: Pass::of_view(timeframe, first), range: Longer::new(timeframe, atr), needed: 0 };
        for (i, candle) in before.iter().enumerate() {
            look.pass.skip(candle);
            look.range.next(&before[..=i]);
        }
        look
    }

    /// The newest of these candles, which are those of its view.
    fn at(&mut self, view: &[Candle], analyst: &Technical, warm_up: usize) -> Bar {
        let newest = &view[view.len() - 1];
        let readings = self.pass.next(newest);
        let atr = self.range.next(view);
        let opinion = if view.len() < Technical::NEEDED {
            Err(NotReady { candles: view.len(), needed: Technical::NEEDED })
        } else {
            Ok(analyst.score(newest, &readings))
        };
        Bar::new(opinion, view.len(), self.missing(view, warm_up), atr)
    }

    /// As `Series::missing_in_last`, from where the last candle left off.
    fn missing(&mut self, view: &[Candle], warm_up: usize) -> usize {
        let newest = view[view.len() - 1].open_time();
        let reach = i64::try_from(warm_up).unwrap_or(i64::MAX).saturating_sub(1);
        let oldest = view[0].open_time().max(self.timeframe.step(newest, -reach));
        while view[self.needed].open_time() < oldest {
            self.needed += 1;
        }
        let places = newest.since_ms(oldest) / self.timeframe.ms() + 1;
        usize::try_from(places).unwrap_or(usize::MAX).saturating_sub(view.len() - self.needed)
    }
}

/// The true range of longer candles, each made when all its finer ones are there.
struct Longer {
    whole: usize,
    timeframe: Timeframe,
    shorter: Timeframe,
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
        Self { whole, timeframe, shorter, range: TrueRange::default(), previous: None, ends, atr: None }
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
        let end = self.shorter.step(newest.open_time(), 1);
        if self.timeframe == self.shorter {
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
