//! Candles of one symbol and timeframe, in order; what is missing between them is known.

use std::fmt;

use super::Candle;
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Which series: a symbol and a timeframe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// The pair.
    pub symbol: Symbol,
    /// The length of its candles.
    pub timeframe: Timeframe,
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.symbol, self.timeframe)
    }
}

/// Places on the grid from one open time to another, both included: what is missing, or what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// The first open time.
    pub from: UtcMillis,
    /// The last open time.
    pub to: UtcMillis,
}

impl Stretch {
    /// What is missing between two candles that follow each other in a source.
    pub fn between(before: UtcMillis, after: UtcMillis, timeframe: Timeframe) -> Option<Self> {
        let gap = Self { from: timeframe.step(before, 1), to: timeframe.step(after, -1) };
        (gap.from <= gap.to).then_some(gap)
    }

    /// What is left of it without others, which stand in order.
    pub fn without(self, others: &[Self], timeframe: Timeframe) -> Vec<Self> {
        let mut left = Vec::new();
        let mut from = self.from;
        for other in others.iter().filter(|o| o.from <= self.to && o.to >= self.from) {
            if other.from > from {
                left.push(Self { from, to: timeframe.step(other.from, -1) });
            }
            from = from.max(timeframe.step(other.to, 1));
        }
        if from <= self.to {
            left.push(Self { from, to: self.to });
        }
        left
    }

    /// How many candles it has room for.
    pub const fn candles(self, timeframe: Timeframe) -> i64 {
        self.to.since_ms(self.from) / timeframe.ms() + 1
    }
}

/// What taking candles in did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// They were not there before.
    pub added: u64,
    /// They are told differently now.
    pub revised: u64,
}

/// Candles that do not follow each other in time or stand off the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("candles out of order, twice, or off the grid at {0}")]
pub struct NotOrdered(pub UtcMillis);

/// Closed candles of one timeframe, ascending, none twice, all on the grid. There may be gaps between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    timeframe: Timeframe,
    candles: Vec<Candle>,
}

impl Series {
    /// A series from candles in order.
    pub fn new(timeframe: Timeframe, candles: Vec<Candle>) -> Result<Self, NotOrdered> {
        let off = candles.iter().find(|c| !timeframe.on_grid(c.open_time()));
        let disordered =
            candles.windows(2).find(|pair| pair[0].open_time() >= pair[1].open_time()).map(|pair| &pair[1]);
        match off.or(disordered) {
            Some(candle) => Err(NotOrdered(candle.open_time())),
            None => Ok(Self { timeframe, candles }),
        }
    }

    /// The length of its candles.
    pub const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// The candles, the oldest first.
    pub fn candles(&self) -> &[Candle] {
        &self.candles
    }

    /// A part of it, by place.
    #[must_use]
    pub fn part(&self, places: std::ops::Range<usize>) -> Self {
        Self { timeframe: self.timeframe, candles: self.candles[places].to_vec() }
    }

    /// The place of the first candle that opens at an instant or later, or the end. Where no candle is missing it is told at
    /// once, and near the missing ones soon.
    pub fn first_from(&self, instant: UtcMillis) -> usize {
        let Some(first) = self.candles.first() else { return 0 };
        let length = self.timeframe.ms();
        let on_the_grid = (instant.since_ms(first.open_time()).max(0) + length - 1) / length;
        // Candles lie in their place on the grid, or before it where some are missing: none lies after it.
        let mut end = usize::try_from(on_the_grid).unwrap_or(usize::MAX).min(self.candles.len());
        let (mut begin, mut step) = (end, 1);
        while begin > 0 && self.candles[begin - 1].open_time() >= instant {
            end = begin - 1;
            begin = end.saturating_sub(step);
            step *= 2;
        }
        begin + self.candles[begin..end].partition_point(|c| c.open_time() < instant)
    }

    /// The newest candle.
    pub fn newest(&self) -> Option<&Candle> {
        self.candles.last()
    }

    /// The end of the newest candle: the first instant after it.
    pub fn end(&self) -> Option<UtcMillis> {
        self.newest().map(|c| self.timeframe.step(c.open_time(), 1))
    }

    /// Takes candles in: a newer word on a candle replaces the older one.
    pub fn merge(&mut self, newer: &[Candle]) -> Merged {
        let before = self.candles.len();
        let mut revised = 0;
        let last = self.newest().map(Candle::open_time);
        let fresh = newer.partition_point(|c| Some(c.open_time()) <= last);
        for candle in &newer[..fresh] {
            match self.candles.binary_search_by_key(&candle.open_time(), Candle::open_time) {
                Ok(i) => {
                    revised += u64::from(!self.candles[i].agrees_with(candle));
                    self.candles[i] = *candle;
                }
                Err(i) => self.candles.insert(i, *candle),
            }
        }
        self.candles.extend_from_slice(&newer[fresh..]);
        Merged { added: (self.candles.len() - before) as u64, revised }
    }

    /// Keeps the candles that opened before `end`.
    pub fn keep_before(&mut self, end: UtcMillis) {
        self.candles.truncate(self.candles.partition_point(|c| c.open_time() < end));
    }

    /// Keeps the candles that opened from `from` on.
    pub fn keep_from(&mut self, from: UtcMillis) {
        self.candles.drain(..self.candles.partition_point(|c| c.open_time() < from));
    }

    /// How many candles are missing among the newest `count` places of the grid that the series reaches back to.
    pub fn missing_in_last(&self, count: usize) -> usize {
        let Some(newest) = self.newest() else { return 0 };
        let reach = i64::try_from(count).unwrap_or(i64::MAX).saturating_sub(1);
        let oldest = self.candles[0].open_time().max(self.timeframe.step(newest.open_time(), -reach));
        let places = newest.open_time().since_ms(oldest) / self.timeframe.ms() + 1;
        let there = self.candles.len() - self.candles.partition_point(|c| c.open_time() < oldest);
        usize::try_from(places).unwrap_or(usize::MAX).saturating_sub(there)
    }

    /// The same stretch of time in longer candles; a candle is only made when all its finer ones are there.
    #[must_use]
    pub fn aggregate(&self, longer: Timeframe) -> Self {
        let whole = usize::try_from(longer.ms() / self.timeframe.ms()).unwrap_or(usize::MAX);
        let candles = self
            .candles
            .chunk_by(|a, b| longer.floor(a.open_time()) == longer.floor(b.open_time()))
            .filter(|finer| finer.len() == whole)
            .filter_map(|finer| Candle::merged(longer.floor(finer[0].open_time()), finer))
            .collect();
        Self { timeframe: longer, candles }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

    fn candle(minute: i64, price: f64) -> Candle {
        Candle::from_parts(Timeframe::M1.step(START, minute), [price, price + 2.0, price - 1.0, price + 1.0], 1.0, None)
            .unwrap()
    }

    fn series(minutes: impl IntoIterator<Item = i64>) -> Series {
        Series::new(Timeframe::M1, minutes.into_iter().map(|m| candle(m, 100.0)).collect()).unwrap()
    }

    #[test]
    fn candles_out_of_order_are_no_series() {
        assert!(Series::new(Timeframe::M1, vec![candle(1, 9.0), candle(0, 9.0)]).is_err());
        assert!(Series::new(Timeframe::M1, vec![candle(1, 9.0), candle(1, 9.0)]).is_err());
        assert!(Series::new(Timeframe::H1, vec![candle(1, 9.0)]).is_err(), "off the hourly grid");
    }

    #[test]
    fn missing_candles_are_counted_only_as_far_as_the_series_reaches() {
        for (minutes, count, missing) in [
            (vec![0, 1, 2, 3], 4, 0),
            (vec![0, 1, 4], 5, 2),
            (vec![0, 1, 4], 3, 2),
            (vec![0, 1, 4], 1, 0),
            (vec![3, 4], 100, 0),
            (vec![], 9, 0),
        ] {
            assert_eq!(series(minutes.clone()).missing_in_last(count), missing, "{minutes:?} last {count}");
        }
    }

    #[test]
    fn the_first_candle_from_an_instant_on_is_found_whatever_is_missing() {
        let holed = (0..400).filter(|minute| minute % 7 != 3 && !(100..180).contains(minute));
        for series in [series([]), series(0..50), series([5]), series(holed), series([0, 90, 91, 300])] {
            for second in (-90..26_000).step_by(30) {
                let instant = START.plus_ms(second * 1000);
                let expected = series.candles().partition_point(|c| c.open_time() < instant);
                assert_eq!(series.first_from(instant), expected, "{second} s");
            }
        }
    }

    #[test]
    fn a_newer_word_replaces_an_older_one_and_holes_are_filled_in_order() {
        let mut held = series([0, 1, 4]);
        let merged = held.merge(&[candle(1, 50.0), candle(2, 51.0), candle(5, 52.0)]);
        assert_eq!(merged, Merged { added: 2, revised: 1 });
        let opens: Vec<f64> = held.candles().iter().map(Candle::open).collect();
        assert_eq!(opens, [100.0, 50.0, 51.0, 100.0, 52.0]);
        held.keep_before(Timeframe::M1.step(START, 5));
        held.keep_from(Timeframe::M1.step(START, 2));
        let opens: Vec<f64> = held.candles().iter().map(Candle::open).collect();
        assert_eq!(opens, [51.0, 100.0]);
    }

    #[test]
    fn a_longer_candle_needs_all_its_finer_ones() {
        let longer = series((0..5).chain(6..15)).aggregate(Timeframe::M5);
        assert_eq!(longer.candles().len(), 2, "the one with the hole is not made");
        let first = longer.candles()[0];
        assert_eq!(
            (first.open(), first.high(), first.low(), first.close(), first.volume()),
            (100.0, 102.0, 99.0, 101.0, 5.0)
        );
        assert_eq!(longer.candles()[1].open_time(), Timeframe::M5.step(START, 2));
    }

    #[test]
    fn a_gap_knows_its_size() {
        let at = |m| Timeframe::M1.step(START, m);
        assert_eq!(Stretch::between(at(0), at(1), Timeframe::M1), None);
        let gap = Stretch::between(at(0), at(4), Timeframe::M1).unwrap();
        assert_eq!((gap.from, gap.to, gap.candles(Timeframe::M1)), (at(1), at(3), 3));
    }

    fn stretches(minutes: &[(i64, i64)]) -> Vec<Stretch> {
        let at = |minute| Timeframe::M1.step(START, minute);
        minutes.iter().map(|&(from, to)| Stretch { from: at(from), to: at(to) }).collect()
    }

    #[test]
    fn a_stretch_without_others_is_what_lies_between_them() {
        let hole = stretches(&[(10, 20)])[0];
        for (empty, left) in [
            (vec![], vec![(10, 20)]),
            (vec![(0, 9), (21, 30)], vec![(10, 20)]),
            (vec![(5, 10)], vec![(11, 20)]),
            (vec![(20, 25)], vec![(10, 19)]),
            (vec![(10, 20)], vec![]),
            (vec![(0, 30)], vec![]),
            (vec![(12, 13), (16, 17)], vec![(10, 11), (14, 15), (18, 20)]),
            (vec![(12, 13), (14, 15)], vec![(10, 11), (16, 20)]),
            (vec![(12, 18), (14, 15)], vec![(10, 11), (19, 20)]),
        ] {
            assert_eq!(hole.without(&stretches(&empty), Timeframe::M1), stretches(&left), "{empty:?}");
        }
    }
}
