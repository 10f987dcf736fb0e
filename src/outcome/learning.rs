//! What resolved forecasts of one horizon teach the next ones: the slope, the law of the misses, the calibration. Only
//! outcomes that were known at the time of learning count, so that nothing is learnt from the future.

use super::forecast::{Experience, PRIOR_SLOPE};
use super::{Calibration, Span, effective_n};
use crate::unit::Symbol;

/// The slope counts as if so many independent outcomes had told the prior one.
const PRIOR_WEIGHT: f64 = 200.0;
/// A larger slope, an information coefficient after all, is a mistake somewhere.
const LARGEST_SLOPE: f64 = 0.1;
/// Independent outcomes that it takes to speak of quantiles.
const NEEDED_FOR_QUANTILES: f64 = 100.0;
/// It is learnt anew after so long.
pub const LEARN_EVERY_MS: i64 = 7 * 86_400_000;

/// A resolved forecast. Returns are shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The pair.
    pub pair: Symbol,
    /// From the end of the candle that was decided on to the end of the horizon.
    pub span: Span,
    /// The score.
    pub score: f64,
    /// The score, standardised.
    pub z: f64,
    /// The standard deviation that was forecast.
    pub sigma: f64,
    /// The mean that was forecast.
    pub predicted: f64,
    /// The costs inside.
    pub cost: f64,
    /// The net return it became.
    pub net: f64,
}

/// What these samples teach, and how many independent ones they are worth.
pub fn learn(samples: &[Sample]) -> (Experience, f64) {
    let n_eff = effective_n(samples.iter().map(|sample| (sample.span, &sample.pair)));
    let scored: Vec<(f64, bool)> = samples.iter().map(|s| (s.score, s.net > 0.0)).collect();
    let calibration = Calibration::fit(&scored, n_eff);
    let misses = (n_eff >= NEEDED_FOR_QUANTILES).then(|| quantiles(samples)).flatten();
    (Experience { id: None, slope: slope(samples, n_eff), misses, calibration }, n_eff)
}

/// The regression of standardised gross returns on z through the origin, shrunk toward the prior and held at 0 to 0.1.
fn slope(samples: &[Sample], n_eff: f64) -> f64 {
    let (mut zy, mut zz) = (0.0, 0.0);
    for sample in samples.iter().filter(|s| s.sigma > 0.0) {
        zy += sample.z * (sample.net + sample.cost) / sample.sigma;
        zz += sample.z * sample.z;
    }
    let told = if zz > 0.0 { zy / zz } else { 0.0 };
    ((told * n_eff + PRIOR_SLOPE * PRIOR_WEIGHT) / (n_eff + PRIOR_WEIGHT)).clamp(0.0, LARGEST_SLOPE)
}

/// The 10, 50 and 90 % quantiles of standardised misses, interpolated between order statistics.
fn quantiles(samples: &[Sample]) -> Option<[f64; 3]> {
    let standardised = samples.iter().filter(|s| s.sigma > 0.0).map(|s| (s.net - s.predicted) / s.sigma);
    let mut misses: Vec<f64> = standardised.collect();
    misses.sort_by(f64::total_cmp);
    let last = misses.len().checked_sub(1)?;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index"
    )]
    let at = |share: f64| {
        let place = share * last as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(last);
        misses[below] + (misses[above] - misses[below]) * place.fract()
    };
    Some([at(0.1), at(0.5), at(0.9)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::UtcMillis;

    fn sample(hour: i64, z: f64, net: f64) -> Sample {
        let at = |hour: i64| UtcMillis::new(1_710_288_000_000 + hour * 3_600_000);
        let (pair, span) = ("BTC/USDT".parse().unwrap(), (at(hour), at(hour + 4)));
        Sample { pair, span, score: 0.0, z, sigma: 0.02, predicted: -0.0026, cost: 0.0026, net }
    }

    #[test]
    fn the_slope_is_shrunk_toward_the_prior_and_held() {
        // Gross returns of 0.02 and −0.02 at z of 1 and −1: the samples tell a slope of 1.
        let told = [sample(0, 1.0, 0.0174), sample(1, -1.0, -0.0226)];
        assert!((slope(&told, 0.0) - 0.03).abs() < 1e-12, "nothing independent: the prior");
        assert!((slope(&told, 2.0) - (2.0 + 6.0) / 202.0).abs() < 1e-12);
        assert!((slope(&told, 1e9) - 0.1).abs() < 1e-12, "held at the largest");
        let against = told.map(|s| Sample { z: -s.z, ..s });
        assert!(slope(&against, 1e9).abs() < 1e-12, "never negative");
    }

    #[test]
    fn quantiles_of_misses_lie_between_order_statistics() {
        // Misses of 0, 1, … 10 standard deviations.
        let samples: Vec<Sample> = (0..11).map(|k| sample(k, 0.0, -0.0026 + 0.02 * k as f64)).collect();
        let told = quantiles(&samples).unwrap();
        assert!(told.iter().zip([1.0, 5.0, 9.0]).all(|(a, b)| (a - b).abs() < 1e-9), "{told:?}");
        assert_eq!(quantiles(&[]), None);
    }

    #[test]
    fn little_is_learnt_from_little() {
        let samples: Vec<Sample> = (0..40).map(|hour| sample(hour, 1.0, 0.01)).collect();
        let (taught, n_eff) = learn(&samples);
        // 39 + 4 hours of four.
        assert!((n_eff - 43.0 / 4.0).abs() < 1e-9);
        assert_eq!((taught.misses, taught.calibration), (None, Calibration::Prior));
    }
}
