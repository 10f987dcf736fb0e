//! The average true range alone: what stops are measured in, also on candles longer than those that are decided on.

use yata::methods::RMA;

use super::seeded::Seeded;
use crate::market::Candle;

/// Takes candles one after another and gives Wilder's average of their true ranges over 14 of them.
#[derive(Debug)]
pub struct TrueRange {
    average: Seeded<RMA>,
}

impl Default for TrueRange {
    fn default() -> Self {
        Self { average: Seeded::new(14) }
    }
}

impl TrueRange {
    /// The average of these candles, once there are 15 of them.
    pub fn over(candles: &[Candle]) -> Option<f64> {
        let mut range = Self::default();
        candles.windows(2).map(|pair| range.next(&pair[1], &pair[0])).last().flatten()
    }

    /// Takes the next candle and the one before it.
    #[inline]
    pub fn next(&mut self, candle: &Candle, previous: &Candle) -> Option<f64> {
        self.after(previous.close(), candle)
    }

    /// Takes the next candle and the close of the one before it.
    #[inline]
    pub(super) fn after(&mut self, close: f64, candle: &Candle) -> Option<f64> {
        let high = if close > candle.high() { close } else { candle.high() };
        let low = if close < candle.low() { close } else { candle.low() };
        self.average.push(high - low)
    }
}
