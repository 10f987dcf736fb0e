//! Whether an answer hangs on where the data begin: the same candle, read with more and with fewer candles before it.

use std::collections::BTreeMap;

use super::bound::Scales;
use super::tapes::{Stretch, cut};
use super::trail::{same, told};
use super::{Break, Check, Finding, Gauge, Subject, Uniform, Verified, below};
use crate::backtest::bar::Bar;
use crate::backtest::tape::Tape;
use crate::indicator::{Indicator, Pass, Readings};
use crate::market::{Candle, View};
use crate::unit::{Symbol, UtcMillis};

/// Candles before the one that is read. They are odd since exchanges send a thousand with the one under way.
const STARTS: [usize; 5] = [199, 399, 499, 999, 1999];
/// Candles before it in the reading that the others are held against, where there are as many.
const REFERENCE: usize = 10_000;
/// The reference begins so much earlier at least.
const EARLIER: usize = 200;
/// From a view's worth of candles on a reading may differ by so much of its value (a thousandth),
const TOLERANCE: f64 = 1e-3;
/// and a score by so many tenths of a point.
const TENTHS: u32 = 10;
/// What rounding does to a reading, as a share of what it was computed from.
const ROUNDING: f64 = 1e-9;

/// Reads candles drawn by chance with shorter and longer histories before them.
pub(super) fn warm_up(subject: &Subject<'_>, cuts: usize, uniform: &mut Uniform<'_>) -> Verified {
    let mut tally = Tally::default();
    for tape in subject.tapes {
        let candles = tape.decided_on().candles().len();
        let shortest = STARTS[0] + EARLIER;
        let places = if candles > shortest { cuts.div_ceil(4) } else { 0 };
        for _ in 0..places {
            tally.place(subject, tape, shortest + below(candles - shortest, uniform));
        }
    }
    tally.verified()
}

#[derive(Debug, Default)]
struct Tally {
    comparisons: u64,
    /// Comparisons with a view's worth of candles, which are held to the tolerance.
    gated: u64,
    /// The largest difference by start and reading, as a share of the value, and as a share of its bound.
    readings: BTreeMap<(usize, Indicator), (f64, Option<f64>)>,
    /// By start, the largest difference in tenths of a point, how many scores were compared, and how many were too far off.
    scores: BTreeMap<usize, (u32, u64, u64)>,
    /// The largest difference with a view of the analyst or more, in tenths of a point.
    worst_score: u32,
    broken: Option<Break>,
}

impl Tally {
    /// Candle `i` of a tape, from every start there is room for.
    fn place(&mut self, subject: &Subject<'_>, tape: &Tape, i: usize) {
        let candles = tape.decided_on().candles();
        let depth = subject.depth();
        let longest = i.min(REFERENCE.max(3 * depth));
        let reference = Looked::at(subject, tape, &candles[i - longest..=i]);
        let view = Some(depth - 1).filter(|start| !STARTS.contains(start));
        for start in STARTS.into_iter().chain(view).filter(|start| start + EARLIER <= longest) {
            let looked = Looked::at(subject, tape, &candles[i - start..=i]);
            let place = Place { symbol: &tape.symbol, candle: &candles[i], start };
            self.bars(place, depth, &reference, &looked);
            self.readings(place, &candles[i - longest..=i], &reference, &looked);
        }
        self.view(subject, tape, (&reference, i));
    }

    /// What lies far before the beginning of a view changes nothing, to the last bit.
    fn view(&mut self, subject: &Subject<'_>, tape: &Tape, (reference, i): (&Looked, usize)) {
        let candles = tape.decided_on().candles();
        let first = subject.timeframe.step(candles[i].open_time(), -2 * subject.depth);
        let from = candles.partition_point(|c| c.open_time() < first);
        let (Some(expected), Some(came)) = (&reference.bar, read(subject, tape, &candles[from..=i])) else { return };
        self.comparisons += 1;
        if !same(expected, &came) {
            self.breaks(&tape.symbol, &candles[i], (told(expected), told(&came)));
        }
    }

    fn bars(&mut self, place: Place<'_>, depth: usize, reference: &Looked, looked: &Looked) {
        let (Some(expected), Some(came)) = (&reference.bar, &looked.bar) else { return };
        if let (Some(then), Some(now)) = (expected.score(), came.score()) {
            let apart = then.tenths().abs_diff(now.tenths());
            self.comparisons += 1;
            let (most, all, off) = self.scores.entry(place.start).or_default();
            (*most, *all, *off) = (apart.max(*most), *all + 1, *off + u64::from(apart > TENTHS));
            let is_deep = place.start + 1 >= depth;
            if is_deep {
                self.worst_score = self.worst_score.max(apart);
            }
            if is_deep && apart > TENTHS {
                self.breaks(place.symbol, place.candle, (told(expected), place.words(&told(came))));
            }
        }
    }

    fn readings(&mut self, place: Place<'_>, candles: &[Candle], reference: &Looked, looked: &Looked) {
        let scales = Scales::of(candles, place.start + 1);
        // What is counted from its beginning is another number by definition; rules ask for its changes only.
        for indicator in all().filter(|indicator| *indicator != Indicator::Obv) {
            let (Some(expected), Some(came)) = (reference.reading(indicator), looked.reading(indicator)) else {
                continue;
            };
            self.comparisons += 1;
            self.gated += u64::from(place.is_gated());
            self.reading(place, indicator, (expected, came), scales.bound(indicator, place.start + 1));
        }
    }

    fn reading(&mut self, place: Place<'_>, indicator: Indicator, (expected, came): (f64, f64), bound: Option<f64>) {
        let rounding = ROUNDING * place.candle.close().max(100.0);
        let apart = ((expected - came).abs() - rounding).max(0.0);
        let share = if apart > 0.0 { apart / expected.abs() } else { 0.0 };
        let of_bound = bound.map(|bound| apart / bound);
        let most = self.readings.entry((place.start, indicator)).or_insert((0.0, None));
        *most = (share.max(most.0), larger(most.1, of_bound));
        let is_beyond = of_bound.is_some_and(|share| share > 1.0) || (bound.is_none() && apart > 0.0);
        if is_beyond || (place.is_gated() && share > TOLERANCE) {
            let words = |value: f64| format!("{indicator} {value}");
            self.breaks(place.symbol, place.candle, (words(expected), place.words(&words(came))));
        }
    }

    fn breaks(&mut self, symbol: &Symbol, candle: &Candle, (expected, came): (String, String)) {
        let at: UtcMillis = candle.open_time();
        self.broken.get_or_insert_with(|| Break { symbol: Some(symbol.clone()), at: Some(at), expected, came });
    }

    fn verified(self) -> Verified {
        let check = Check::WarmUp;
        if self.comparisons == 0 {
            let why = format!("no pair has {} candles before one that is decided on", STARTS[0] + EARLIER);
            return Verified::skipped(check, why);
        }
        let text = match (&self.broken, self.gated) {
            (Some(_), _) => "an answer hangs on where the data begin".to_owned(),
            (None, 0) => format!(
                "every reading errs by less than its bound; there were not enough candles to read any after {}",
                View::CANDLES
            ),
            (None, _) => format!(
                "with {} candles before it or more a reading differs by at most {:.4} % and a score by {:.1} points; every \
                 reading errs by less than its bound",
                View::CANDLES - 1,
                100.0 * self.worst().0,
                self.worst().1
            ),
        };
        let (comparisons, gauges) = (self.comparisons, self.gauges());
        Verified { check, finding: self.broken.map_or(Finding::Passed, Finding::Failed), comparisons, text, gauges }
    }

    /// The largest differences of what is held to the tolerance: as a share, and in points.
    fn worst(&self) -> (f64, f64) {
        let readings = self.readings.iter().filter(|((start, _), _)| is_view(*start)).map(|(_, (share, _))| *share);
        (readings.fold(0.0, f64::max), f64::from(self.worst_score) / 10.0)
    }

    fn gauges(&self) -> Vec<Gauge> {
        let mut gauges = Vec::new();
        for (start, (tenths, all, off)) in &self.scores {
            let name = format!("score, {start} candles before: largest difference, points");
            gauges.push(Gauge::of(name, f64::from(*tenths) / 10.0));
            let name = format!("score, {start} candles before: off by over a point, % of candles");
            gauges.push(Gauge::of(name, 100.0 * *off as f64 / *all as f64));
        }
        for ((start, indicator), (share, of_bound)) in &self.readings {
            let name = format!("{indicator}, {start} candles before: largest difference, % of the value");
            let limit = is_view(*start).then_some(100.0 * TOLERANCE);
            gauges.push(Gauge { name, value: 100.0 * share, limit });
            let name = format!("{indicator}, {start} candles before: largest difference, % of its bound");
            gauges.extend(of_bound.map(|share| Gauge::limited(name, 100.0 * share, 100.0)));
        }
        gauges
    }
}

/// Whether so many candles before one make, with it, what views hold at least: then a reading is held to the tolerance.
const fn is_view(start: usize) -> bool {
    start + 1 >= View::CANDLES
}

#[derive(Clone, Copy)]
struct Place<'a> {
    symbol: &'a Symbol,
    candle: &'a Candle,
    /// Candles before it.
    start: usize,
}

impl Place<'_> {
    const fn is_gated(&self) -> bool {
        is_view(self.start)
    }

    fn words(&self, came: &str) -> String {
        format!("{came}, from {} candles before it", self.start)
    }
}

/// What is read of the newest of some candles.
struct Looked {
    bar: Option<Bar>,
    readings: Option<Readings>,
}

impl Looked {
    fn at(subject: &Subject<'_>, tape: &Tape, candles: &[Candle]) -> Self {
        let mut pass = Pass::new(tape.decided_on().timeframe());
        let readings = candles.split_last().map(|(newest, before)| {
            for candle in before {
                pass.skip(candle);
            }
            pass.next(newest)
        });
        Self { bar: read(subject, tape, candles), readings }
    }

    fn reading(&self, indicator: Indicator) -> Option<f64> {
        self.readings.as_ref()?.get(indicator)
    }
}

/// What the analyst reads of the newest of some candles when these are all there are.
fn read(subject: &Subject<'_>, tape: &Tape, candles: &[Candle]) -> Option<Bar> {
    let (first, last) = (candles.first()?.open_time(), candles.last()?.open_time());
    let ends = tape.decided_on().timeframe().step(last, 1);
    let tapes = cut(std::slice::from_ref(tape), Stretch { begins: first, walked: first, ends });
    (subject.read)(&tapes).pop()?.pop()
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.into_iter().chain(b).reduce(f64::max)
}

fn all() -> impl Iterator<Item = Indicator> {
    Indicator::SHOWN.into_iter().chain([Indicator::ObvFlow])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Timeframe;

    /// The average of 200 candles is read with so many before; how it differs, and whether that breaks anything.
    #[track_caller]
    fn check(start: usize, came: f64, bound: Option<f64>, is_broken: bool) {
        let candle = Candle::from_parts(Timeframe::H1.floor(UtcMillis::new(0)), [100.0; 4], 1.0, None).unwrap();
        let symbol = "BTC/USDT".parse().unwrap();
        let mut tally = Tally::default();
        tally.reading(Place { symbol: &symbol, candle: &candle, start }, Indicator::Ema200, (100.0, came), bound);
        assert_eq!(tally.broken.is_some(), is_broken, "{start} before, {came}, {bound:?}: {tally:?}");
    }

    #[test]
    fn a_reading_may_differ_by_its_bound_and_with_a_view_before_it_by_a_thousandth() {
        check(199, 107.0, Some(8.0), false);
        check(199, 107.0, Some(6.0), true);
        check(998, 100.2, Some(1.0), false);
        check(999, 100.2, Some(1.0), true);
        check(999, 100.09, Some(1.0), false);
        check(999, 100.09, Some(0.05), true);
        // Without a memory beyond its window there is nothing but rounding.
        check(199, 100.000_000_05, None, false);
        check(199, 100.001, None, true);
    }
}
