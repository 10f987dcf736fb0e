//! What is left of a start-up error at most, told from the candles that a reading was taken of.
//!
//! A recursive average of n values begins with their mean. That mean and the average of a pass that began long before both
//! lie among the values they were made of, so they differ by no more than the range of these; of which a share is left that
//! [`Indicator::start_up_error`] gives. A ratio of two averages, p/(p + m), moves by at most max(e, f)/(p + m) when they
//! move by e and f.

use crate::indicator::Indicator;
use crate::market::Candle;

/// What differences of averages are measured by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scales {
    /// Highest close less lowest close.
    closes: f64,
    /// The largest true range.
    range: f64,
    /// The largest change of the close over the smallest average change.
    change: f64,
    /// The largest directional movement over the smallest average one.
    movement: f64,
}

/// A Wilder average is looked at after so many candles.
const SETTLED: usize = 100;

impl Scales {
    /// Of the candles that the longer of two passes has seen, the shorter one's seed within the newest `shorter`.
    pub(super) fn of(candles: &[Candle], shorter: usize) -> Self {
        let closes = candles.iter().map(Candle::close);
        let (low, high) = closes.fold((f64::MAX, f64::MIN), |(low, high), close| (low.min(close), high.max(close)));
        let steps = || candles.windows(2).map(|pair| (&pair[0], &pair[1]));
        let range =
            |(before, candle): (&Candle, &Candle)| candle.high().max(before.close()) - candle.low().min(before.close());
        let newest = candles.len().saturating_sub(shorter).max(SETTLED);
        Self {
            closes: high - low,
            range: steps().map(range).fold(0.0, f64::max),
            change: unsteadiness(steps().map(|(before, candle)| (candle.close() - before.close()).abs()), newest),
            movement: unsteadiness(steps().map(movement), newest),
        }
    }

    /// The most by which a reading may differ that so many candles were there for; none where it has no memory beyond its
    /// window, and none for what is counted from its beginning.
    pub(super) fn bound(&self, indicator: Indicator, candles: usize) -> Option<f64> {
        let share = indicator.start_up_error(candles).filter(|share| *share > 0.0)?;
        let scale = match indicator {
            Indicator::Ema9 | Indicator::Ema21 | Indicator::Ema50 | Indicator::Ema200 => self.closes,
            // A difference of two averages, and an average of such differences.
            Indicator::Macd | Indicator::MacdSignal => 2.0 * self.closes,
            Indicator::MacdHist => 4.0 * self.closes,
            Indicator::Atr14 => self.range,
            Indicator::Rsi14 => 100.0 * self.change,
            // |p − m|/(p + m) is 1 − 2m/(p + m), or the same the other way.
            Indicator::Adx14 => 200.0 * self.movement,
            // Without a memory beyond their windows.
            Indicator::StochK
            | Indicator::StochD
            | Indicator::BbUpper
            | Indicator::BbMiddle
            | Indicator::BbLower
            | Indicator::Obv
            | Indicator::Vwap
            | Indicator::ObvFlow => return None,
        };
        Some(share * scale)
    }
}

/// +DM and −DM together: only one of them is not 0.
fn movement((before, candle): (&Candle, &Candle)) -> f64 {
    let (up, down) = (candle.high() - before.high(), before.low() - candle.low());
    if up > down { up.max(0.0) } else { down.max(0.0) }
}

/// The largest of some values over the smallest Wilder average of 14 that they had from a place on; at least 1.
fn unsteadiness(values: impl Iterator<Item = f64>, from: usize) -> f64 {
    let (mut largest, mut smallest, mut average) = (0.0_f64, f64::MAX, 0.0);
    for (i, value) in values.enumerate() {
        average += (value - average) / 14.0;
        largest = largest.max(value);
        if i >= from {
            smallest = smallest.min(average);
        }
    }
    (largest / smallest).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::samples::assert_close;
    use crate::unit::{Timeframe, UtcMillis};

    /// Candles that go up by one and down by one; the first of all lies far above.
    fn zigzag(count: i64) -> Vec<Candle> {
        let candle = |i: i64| {
            let (open, close) = if i % 2 == 0 { (100.0, 101.0) } else { (101.0, 100.0) };
            let high = if i == 0 { 150.0 } else { 101.0 };
            let close = if i == 0 { 150.0 } else { close };
            Candle::from_parts(Timeframe::H1.step(UtcMillis::new(0), i), [open, high, 100.0, close], 1.0, None).unwrap()
        };
        (0..count).map(candle).collect()
    }

    #[test]
    fn a_bound_is_the_share_that_is_left_of_the_range_of_what_was_averaged() {
        let scales = Scales::of(&zigzag(600), 400);
        // Closes lie between 100 and 150.
        let share = |indicator: Indicator| indicator.start_up_error(400).unwrap();
        for (indicator, scale) in [
            (Indicator::Ema200, 50.0),
            (Indicator::Macd, 100.0),
            (Indicator::MacdHist, 200.0),
            (Indicator::Atr14, 50.0),
        ] {
            assert_eq!(scales.bound(indicator, 400), Some(share(indicator) * scale), "{indicator}");
        }
        // The close moved by 50 once and by 1 on average.
        let rsi = scales.bound(Indicator::Rsi14, 400).unwrap() / share(Indicator::Rsi14);
        assert!((rsi - 5000.0).abs() < 25.0, "{rsi}");
        for none in [Indicator::BbUpper, Indicator::Obv, Indicator::Vwap] {
            assert_eq!(scales.bound(none, 400), None, "{none}");
        }
        assert_eq!(scales.bound(Indicator::Ema200, 199), None, "before the warm-up");
    }

    #[test]
    fn where_nothing_moves_there_is_nothing_to_hold_on_to() {
        assert_close("never moved", unsteadiness([0.0; 50].into_iter(), 20), 1.0);
        assert_close("too short", unsteadiness([1.0, 0.0].into_iter(), 9), 1.0);
    }
}
