//! Readings of volumes: on which side candles closed, and what a day's trades cost on average.

use yata::core::Method;
use yata::methods::{Past, SMA};

use super::pass::Before;
use crate::market::Candle;
use crate::unit::{Timeframe, UtcMillis};

/// On-balance volume and the day's volume-weighted price.
#[derive(Debug, Default)]
pub(super) struct Volume {
    obv: f64,
    before: Option<(Past<f64>, SMA)>,
    day: Option<UtcMillis>,
    day_began: bool,
    paid: f64,
    traded: f64,
}

impl Volume {
    /// Counts a candle's volume to the side on which it closed.
    #[inline]
    pub(super) fn balance(&mut self, candle: &Candle, previous: Option<&Before>) -> f64 {
        let (volume, close) = (candle.volume(), candle.close());
        self.obv += match previous {
            None => volume,
            Some(previous) => only_if(close > previous.close, volume) - only_if(close < previous.close, volume),
        };
        self.obv
    }

    #[inline]
    pub(super) fn flow(&mut self, volume: f64) -> f64 {
        const FITS: &str = "14 is a valid period for yata's windows";
        let obv = self.obv;
        let (past, mean) =
            self.before.get_or_insert_with(|| (Past::new(14, &obv).expect(FITS), SMA::new(14, &volume).expect(FITS)));
        let (before, traded) = (past.next(&obv), mean.next(&volume) * 14.0);
        share(obv - before, traded, 0.0).clamp(-1.0, 1.0)
    }

    /// Sums up what was paid and traded since the day began; the candle is so many candles from the first one on.
    #[inline]
    pub(super) fn sum(&mut self, candle: &Candle, candles: usize) {
        let day = Timeframe::D1.floor(candle.open_time());
        if self.day != Some(day) {
            // A pass that begins in the middle of a day does not know what was traded before.
            self.day_began = candles > 1 || candle.open_time() == day;
            (self.day, self.paid, self.traded) = (Some(day), 0.0, 0.0);
        }
        self.paid += candle.typical() * candle.volume();
        self.traded += candle.volume();
    }

    #[inline]
    pub(super) fn vwap(&self, candle: &Candle) -> Option<f64> {
        self.day_began.then(|| share(self.paid, self.traded, candle.typical()))
    }
}

/// The value, or nothing; without a branch.
#[inline]
pub(super) fn only_if(condition: bool, value: f64) -> f64 {
    f64::from_bits(value.to_bits() & u64::from(condition).wrapping_neg())
}

/// `part / whole`, or what stands for it when there is no whole.
#[inline]
pub(super) fn share(part: f64, whole: f64, nothing: f64) -> f64 {
    if whole > 0.0 { part / whole } else { nothing }
}
