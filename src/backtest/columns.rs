//! A series column by column, for what runs over many candles and looks at one price of each.

use crate::market::{Candle, Series};
use crate::unit::Price;

/// Prices lie between these, so that decimals and floats tell the same of them; others are looked at one by one.
const USUAL: std::ops::RangeInclusive<f64> = 1e-8..=1e9;

/// So many candles tell how many places prices have.
const LOOKED_AT: usize = 256;

/// The prices of a series.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// The highest price of each candle.
    pub(super) high: Vec<f64>,
    /// The lowest.
    pub(super) low: Vec<f64>,
    /// The close.
    pub(super) close: Vec<f64>,
    /// The candles that do not follow the one before them.
    breaks: Vec<usize>,
    /// No price is out of the usual.
    pub(super) is_usual: bool,
    /// Places behind the point that most prices do with.
    places: u32,
}

impl Columns {
    /// Those of a series.
    pub(super) fn of(series: &Series) -> Self {
        let (timeframe, candles) = (series.timeframe(), series.candles());
        let empty = || Vec::with_capacity(candles.len());
        let places = candles.iter().take(LOOKED_AT).filter_map(|c| Price::places(c.close())).max().unwrap_or_default();
        let (high, low, close) = (empty(), empty(), empty());
        let mut columns = Self { high, low, close, breaks: Vec::new(), is_usual: true, places };
        let mut follows = candles.first().map(Candle::open_time);
        // All at once: a long series does not fit into the caches of a machine.
        for (i, candle) in candles.iter().enumerate() {
            columns.high.push(candle.high());
            columns.low.push(candle.low());
            columns.close.push(candle.close());
            columns.is_usual &= USUAL.contains(&candle.low()) && USUAL.contains(&candle.high());
            if follows != Some(candle.open_time()) {
                columns.breaks.push(i);
            }
            follows = Some(timeframe.step(candle.open_time(), 1));
        }
        columns
    }

    /// The close of a candle, exact.
    pub(super) fn close_price(&self, candle: usize) -> Option<Price> {
        Price::from_candle_near(self.close[candle], self.places)
    }

    /// The first candle after this one that does not follow the one before it, or the end.
    pub(super) fn unbroken_until(&self, candle: usize) -> usize {
        let next = self.breaks.partition_point(|at| *at <= candle);
        self.breaks.get(next).copied().unwrap_or(self.close.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::{Timeframe, UtcMillis};

    fn columns(hours: &[i64], price: f64) -> Columns {
        let start = UtcMillis::new(1_710_288_000_000);
        let candle = |hour: &i64| Candle::from_parts(Timeframe::H1.step(start, *hour), [price; 4], 1.0, None).unwrap();
        Columns::of(&Series::new(Timeframe::H1, hours.iter().map(candle).collect()).unwrap())
    }

    #[test]
    fn candles_follow_each_other_until_one_is_missing() {
        let columns = columns(&[0, 1, 2, 5, 7, 8], 1.0);
        let until: Vec<usize> = (0..6).map(|candle| columns.unbroken_until(candle)).collect();
        assert_eq!(until, [3, 3, 3, 4, 6, 6]);
    }

    #[test]
    fn prices_that_floats_and_decimals_might_tell_differently_are_out_of_the_usual() {
        let is_usual = [1e-9, 1e-8, 73_072.41, 1e9, 1e10].map(|price| columns(&[0], price).is_usual);
        assert_eq!(is_usual, [false, true, true, true, false]);
    }
}
