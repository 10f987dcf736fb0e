//! How hot the book is when coins fall together: `sqrt(h' C h)` of the open risks `h` and the correlations `C` of daily
//! returns. Correlations are held at 0.5 or more, since in a crash they go to 1; where they cannot be told they are 1.

use std::collections::BTreeMap;

use crate::unit::UtcMillis;

/// The returns of a coin, by the day.
pub type DailyReturns = BTreeMap<UtcMillis, f64>;

/// The lowest correlation that is believed between two coins paid in the same asset.
const FLOOR: f64 = 0.5;
/// Daily returns that it takes to tell a correlation.
const NEEDED: usize = 30;

/// The heat of positions with these open risks and daily returns, in the same order.
pub fn correlated(risks: &[f64], returns: &[DailyReturns]) -> f64 {
    let mut sum = 0.0;
    for (i, a) in risks.iter().enumerate() {
        for (j, b) in risks.iter().enumerate() {
            let together = if i == j { 1.0 } else { correlation(&returns[i], &returns[j]) };
            sum += a * b * together;
        }
    }
    sum.max(0.0).sqrt()
}

/// Told from the days that are known of both: what one coin did on Monday says nothing beside what another did on Tuesday.
fn correlation(a: &DailyReturns, b: &DailyReturns) -> f64 {
    let (a, b): (Vec<f64>, Vec<f64>) = a.iter().filter_map(|(day, x)| Some((*x, *b.get(day)?))).unzip();
    let n = a.len();
    if n < NEEDED {
        return 1.0;
    }
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n as f64;
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let covariance =
        |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 { x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum() };
    let spread = (covariance(&a, mean_a, &a, mean_a) * covariance(&b, mean_b, &b, mean_b)).sqrt();
    if spread > 0.0 { (covariance(&a, mean_a, &b, mean_b) / spread).clamp(FLOOR, 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    /// The returns of so many days.
    fn wave_of(days: i32, phase: f64) -> DailyReturns {
        let turn = |i: i32| std::f64::consts::TAU * (f64::from(i) / 40.0 + phase);
        (0..days).map(|i| (UtcMillis::new(i64::from(i) * DAY_MS), turn(i).sin())).collect()
    }

    fn wave(phase: f64) -> DailyReturns {
        wave_of(40, phase)
    }

    #[test]
    fn risks_add_up_as_far_as_coins_move_together() {
        // Published vectors: three positions of 2 %, correlations of 0.5 and 1.
        for (returns, expected) in [
            ([wave(0.0), wave(0.0), wave(0.0)], 0.06),
            ([wave(0.0), wave(1.0 / 3.0), wave(2.0 / 3.0)], 0.048_989_794_86),
            ([wave_of(20, 0.0), wave(0.3), wave_of(10, 0.6)], 0.06),
        ] {
            let heat = correlated(&[0.02; 3], &returns);
            assert!((heat - expected).abs() < 1e-9, "{heat} instead of {expected}");
        }
        // Waves a tenth of a turn apart correlate as cos 36°.
        let rho = (std::f64::consts::TAU / 10.0).cos();
        let heat = correlated(&[0.02, 0.01], &[wave(0.0), wave(0.1)]);
        assert!((heat - (0.0005 + 2.0 * 0.0002 * rho).sqrt()).abs() < 1e-12);
        assert!(correlated(&[], &[]).abs() < 1e-12);
    }
    #[test]
    fn a_day_that_one_coin_lacks_is_left_out_and_the_others_stay_beside_each_other() {
        let (a, b) = (wave(0.0), wave(0.1));
        for day in [0, 17, 39] {
            let without = |returns: &DailyReturns| -> DailyReturns {
                returns.iter().filter(|(at, _)| at.get() != day * DAY_MS).map(|(at, x)| (*at, *x)).collect()
            };
            let both = correlation(&without(&a), &without(&b));
            assert!((correlation(&without(&a), &b) - both).abs() < 1e-12, "day {day}");
            assert!((correlation(&a, &without(&b)) - both).abs() < 1e-12, "day {day}");
            assert!((both - correlation(&a, &b)).abs() < 0.02, "day {day}: one of forty");
        }
        let later = a.iter().map(|(at, x)| (at.plus_ms(11 * DAY_MS), *x)).collect();
        assert!((correlation(&a, &later) - 1.0).abs() < 1e-12, "29 days in common tell nothing");
    }
}
