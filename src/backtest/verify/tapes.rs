//! Tapes that are cut, and tapes whose later part is poisoned.

use crate::backtest::tape::Tape;
use crate::market::{Candle, Extras, Series};
use crate::unit::UtcMillis;

/// What later prices and volumes are multiplied by.
const POISON: f64 = 1000.0;

/// A stretch of time on tapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// Where the candles that are decided on begin.
    pub(super) begins: UtcMillis,
    /// Where the finer ones do, which only fills are walked on.
    pub(super) walked: UtcMillis,
    /// What has ended by then is on it.
    pub(super) ends: UtcMillis,
}

/// The pairs that have candles in a stretch, with these alone.
pub(super) fn cut(tapes: &[Tape], stretch: Stretch) -> Vec<Tape> {
    tapes.iter().filter_map(|tape| part(tape, stretch)).collect()
}

fn part(tape: &Tape, stretch: Stretch) -> Option<Tape> {
    let decided_on = tape.decided_on().timeframe();
    let one = |series: &Series| {
        let begins = if series.timeframe() == decided_on { stretch.begins } else { stretch.walked };
        let candles = series.candles();
        let from = candles.partition_point(|c| c.open_time() < begins);
        let to = candles.partition_point(|c| series.timeframe().step(c.open_time(), 1) <= stretch.ends);
        series.part(from..to.max(from))
    };
    let lengths: Vec<Series> = tape.lengths().map(one).collect();
    // Without a candle to decide on there is nothing, whatever there is of finer ones.
    lengths.last()?.newest()?;
    Tape::new(tape.symbol.clone(), tape.terms.clone(), lengths).ok()
}

/// The same tapes, all that opens from an instant on poisoned.
pub(super) fn poisoned(tapes: &[Tape], from: UtcMillis) -> Vec<Tape> {
    let one = |tape: &Tape| {
        let lengths = tape.lengths().map(|series| poisoned_series(series, from)).collect();
        Tape::new(tape.symbol.clone(), tape.terms.clone(), lengths).ok()
    };
    tapes.iter().filter_map(one).collect()
}

/// Its candles, those that open from an instant on poisoned.
pub(super) fn poisoned_series(series: &Series, from: UtcMillis) -> Series {
    let one = |candle: &Candle| if candle.open_time() < from { *candle } else { worse(candle) };
    let candles = series.candles().iter().map(one).collect();
    Series::new(series.timeframe(), candles).unwrap_or_else(|_| series.part(0..0))
}

fn worse(candle: &Candle) -> Candle {
    let prices = [candle.open(), candle.high(), candle.low(), candle.close()].map(|price| POISON * price);
    let extras = candle.extras().map(|extras| Extras {
        quote_volume: POISON * POISON * extras.quote_volume,
        trades: extras.trades,
        taker_buy_base: POISON * extras.taker_buy_base,
    });
    // A product that no candle can hold leaves it as it was.
    Candle::from_parts(candle.open_time(), prices, POISON * candle.volume(), extras).unwrap_or(*candle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples::{NOON, btc, candle, minute, terms};
    use crate::unit::Timeframe;

    /// Five-minute candles and their minutes from noon on.
    fn tape() -> Tape {
        let one = |at| candle(at, [100.0, 101.0, 99.0, 100.5], 1e6);
        let fine = Series::new(Timeframe::M1, (0..20).map(|n| one(minute(n))).collect()).unwrap();
        let long = Series::new(Timeframe::M5, (0..4).map(|n| one(minute(5 * n))).collect()).unwrap();
        Tape::new(btc(), terms(), vec![fine, long]).unwrap()
    }

    fn counts(tape: &Tape) -> Vec<usize> {
        tape.lengths().map(|series| series.candles().len()).collect()
    }

    #[test]
    fn what_has_not_ended_is_cut_off_and_finer_candles_begin_where_they_are_walked() {
        let stretch = Stretch { begins: NOON, walked: minute(7), ends: minute(14) };
        let tapes = [tape()];
        assert_eq!(counts(&cut(&tapes, stretch)[0]), [7, 2]);
        assert!(
            cut(&tapes, Stretch { ends: minute(4), ..stretch }).is_empty(),
            "minutes alone are nothing to decide on"
        );
    }

    #[test]
    fn poison_is_in_everything_that_opens_from_then_on_and_in_nothing_else() {
        let poisoned = poisoned(&[tape()], minute(10)).remove(0);
        for series in poisoned.lengths() {
            for candle in series.candles() {
                let factor = if candle.open_time() < minute(10) { 1.0 } else { POISON };
                assert_eq!((candle.open(), candle.low()), (100.0 * factor, 99.0 * factor));
                assert!((candle.volume() - 1e6 / 99.0 * factor).abs() < 1e-3, "{candle:?}");
            }
        }
    }
}
