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
