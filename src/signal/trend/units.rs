//! What each rule of the trend analyst says of a candle, in standard deviations.

use super::TrendRule;
use crate::indicator::{AVERAGE_DAYS, CROSSES, DIRECTIONS, RETURN_DAYS, SlowReadings};
use crate::unit::Timeframe;

/// What the readings of candles of a length are measured by, in volatilities of a candle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    timeframe: Timeframe,
    returns: [f64; RETURN_DAYS.len()],
    averages: [f64; AVERAGE_DAYS.len()],
    /// The volatility of four hours.
    four_hours: f64,
    /// In volatilities of four hours.
    crosses: [f64; CROSSES.len()],
}

impl Units {
    pub(super) fn of(timeframe: Timeframe) -> Self {
        let candles = |days: u16| f64::from(days) * Timeframe::D1.ms() as f64 / timeframe.ms() as f64;
        Self {
            timeframe,
            returns: RETURN_DAYS.map(|days| candles(days).sqrt()),
            averages: AVERAGE_DAYS.map(|days| (candles(days) / 3.0).sqrt()),
            four_hours: (Timeframe::H4.ms() as f64 / timeframe.ms() as f64).sqrt(),
            crosses: CROSSES.map(spread_of),
        }
    }

    /// What a rule says where a candle has this volatility.
    pub(super) fn strength(&self, rule: TrendRule, readings: &SlowReadings, sigma: f64) -> Option<f64> {
        match rule {
            TrendRule::Tsmom => {
                let z = |(unit, r): (f64, Option<f64>)| Some(r? / (sigma * unit));
                mean(self.returns.into_iter().zip(readings.returns).map(z))
            }
            TrendRule::Averages => {
                let away = |average: f64| (readings.close / average).ln();
                let z = |(unit, average): (f64, Option<f64>)| Some(away(average?) / (sigma * unit));
                mean(self.averages.into_iter().zip(readings.averages).map(z))
            }
            TrendRule::Channels => {
                let share = mean(readings.breakouts.into_iter().map(|is_out| Some(f64::from(u8::from(is_out?)))))?;
                Some(3.0 * share - 1.0)
            }
            TrendRule::Crosses => {
                let four_hours = sigma * self.four_hours;
                let z = |(unit, cross): (f64, Option<f64>)| Some(cross? / (four_hours * unit));
                mean(self.crosses.into_iter().zip(readings.crosses).map(z))
            }
            TrendRule::Agreement => {
                let known =
                    DIRECTIONS.into_iter().zip(readings.directions).filter(|(length, _)| *length >= self.timeframe);
                mean(known.map(|(_, direction)| direction)).map(|mean| 1.5 * mean)
            }
        }
    }
}

/// The mean of all of them; none where one is missing.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value?;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// The standard deviation that EMA-f less EMA-s of a random walk with steps of 1 has in the long run.
///
/// With φ = 1 − 2/(n+1), an average lies `Σ φ^(j+1) ε` behind the walk, so that the two of them lie
/// `Σ (φs^(j+1) − φf^(j+1)) ε` apart, of variance `φs²/(1−φs²) + φf²/(1−φf²) − 2 φs φf/(1−φs φf)`.
pub(super) fn spread_of((fast, slow): (u16, u16)) -> f64 {
    let phi = |n: u16| 1.0 - 2.0 / (f64::from(n) + 1.0);
    let (f, s) = (phi(fast), phi(slow));
    let series = |product: f64| product / (1.0 - product);
    (series(s * s) + series(f * f) - 2.0 * series(s * f)).sqrt()
}
