//! How bad the worst periods are. Losses are told as positive numbers.

use super::moments::{kurtosis, mean, sample_spread, skewness};
use super::{finite, normal_density, normal_quantile, whole};

/// So many periods must lie in a tail before it is told.
const FEWEST_IN_TAIL: f64 = 5.0;
/// A product of a share and a count that is whole but for rounding is whole.
const ROUNDING: f64 = 1e-9;

/// The loss at which a tail begins, and what is lost in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Value at risk: the loss that is exceeded in this share of the periods; negative when even that is a gain.
    pub var: f64,
    /// Expected shortfall: the mean loss of this share of the periods; at least `var`.
    pub cvar: f64,
}

/// The worst share of the returns as they were: the k = ⌈`share`·n⌉ lowest, the k-th of them and their mean.
///
/// None when fewer than five are expected in it, unless 0 < `share` < 1, and when a return is not finite.
pub fn historical_tail(returns: &[f64], share: f64) -> Option<Tail> {
    let expected = share * returns.len() as f64;
    (expected >= FEWEST_IN_TAIL - ROUNDING).then(|| worst(returns, share)).flatten()
}

/// The same however few there are.
fn worst(returns: &[f64], share: f64) -> Option<Tail> {
    let mut sorted = returns.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = whole((share * returns.len() as f64 - ROUNDING).ceil()).max(1);
    let tail = sorted.get(..count)?;
    let possible = 0.0 < share && share < 1.0 && returns.iter().all(|r| r.is_finite());
    Some(Tail { var: -*tail.last()?, cvar: -mean(tail)? }).filter(|_| possible)
}

/// The tail of a normal distribution with the mean and the standard deviation of these returns.
///
/// None unless 0 < `share` < 1, of fewer than two returns and without spread.
pub fn gaussian_tail(returns: &[f64], share: f64) -> Option<Tail> {
    let (centre, spread) = (mean(returns)?, sample_spread(returns)?);
    let z = normal_quantile(share)?;
    let cvar = finite(spread * normal_density(z) / share - centre)?;
    Some(Tail { var: -(centre + z * spread), cvar })
}

/// The value at risk with the quantile corrected for skewness and kurtosis (Cornish & Fisher, 1937).
///
/// Right for moderate skewness and kurtosis only. None as for [`gaussian_tail`].
pub fn cornish_fisher_var(returns: &[f64], share: f64) -> Option<f64> {
    let z = corrected(normal_quantile(share)?, skewness(returns)?, kurtosis(returns)?);
    finite(-(mean(returns)? + z * sample_spread(returns)?))
}

/// The quantile of a distribution that is not quite normal.
fn corrected(z: f64, skewness: f64, kurtosis: f64) -> f64 {
    let skewed = (z * z - 1.0) * skewness / 6.0;
    let heavy = (z.powi(3) - 3.0 * z) * (kurtosis - 3.0) / 24.0;
    z + skewed + heavy - (2.0 * z.powi(3) - 5.0 * z) * skewness.powi(2) / 36.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{A, assert_close};
    use super::*;

    #[test]
    fn the_worst_of_twelve_returns_are_those_computed_elsewhere() {
        for (share, var, cvar) in [(0.05, 0.02, 0.02), (0.10, 0.015, 0.0175), (0.25, 0.008, 0.014_333_333_33)] {
            let tail = worst(&A, share).unwrap();
            assert_close("value at risk", tail.var, var);
            assert_close("expected shortfall", tail.cvar, cvar);
        }
    }

    #[test]
    fn distributions_of_twelve_returns_have_the_tails_computed_elsewhere() {
        let tail = gaussian_tail(&A, 0.05).unwrap();
        let z = corrected(normal_quantile(0.05).unwrap(), skewness(&A).unwrap(), kurtosis(&A).unwrap());
        for (what, actual, expected) in [
            ("value at risk", Some(tail.var), 0.018_170_988_16),
            ("expected shortfall", Some(tail.cvar), 0.023_337_572_98),
            ("corrected quantile", Some(z), -1.772_948_709),
            ("corrected value at risk", cornish_fisher_var(&A, 0.05), 0.019_754_809_06),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn a_tail_of_fewer_than_five_periods_is_not_told() {
        for (n, share, told) in [
            (12, 0.05, false),
            (99, 0.05, false),
            (100, 0.05, true),
            (499, 0.01, false),
            (500, 0.01, true),
            (10, 0.5, true),
            (0, 0.05, false),
        ] {
            let returns: Vec<f64> = A.iter().copied().cycle().take(n).collect();
            assert_eq!(historical_tail(&returns, share).is_some(), told, "{share} of {n}");
        }
    }

    #[test]
    fn a_share_that_is_a_whole_number_of_periods_takes_no_one_more() {
        let losses: Vec<f64> = (1..=100).map(|k| -f64::from(k)).collect();
        // 0.07 × 100 is above 7 in floating point.
        for (share, var, cvar) in [(0.07, 94.0, 97.0), (0.05, 96.0, 98.0), (0.071, 93.0, 96.5), (0.29, 72.0, 86.0)] {
            assert_eq!(historical_tail(&losses, share), Some(Tail { var, cvar }), "{share}");
        }
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        let many = [0.01; 200];
        for share in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
            assert_eq!((historical_tail(&many, share), gaussian_tail(&A, share)), (None, None), "{share}");
            assert_eq!(cornish_fisher_var(&A, share), None, "{share}");
        }
        assert_eq!((gaussian_tail(&many, 0.05), cornish_fisher_var(&many, 0.05)), (None, None));
        let broken = [vec![0.01; 200], vec![f64::NAN]].concat();
        assert_eq!((historical_tail(&broken, 0.05), gaussian_tail(&broken, 0.05)), (None, None));
    }

    proptest! {
        #[test]
        fn what_is_lost_in_a_tail_is_at_least_where_it_begins(
            returns in prop::collection::vec(-0.1f64..0.1, 50..200), share in 0.1f64..0.5,
        ) {
            for tail in [historical_tail(&returns, share), gaussian_tail(&returns, share)].map(Option::unwrap) {
                prop_assert!(tail.cvar >= tail.var - 1e-15);
            }
        }

        #[test]
        fn a_normal_shape_needs_no_correction(z in -4.0f64..4.0) {
            prop_assert!((corrected(z, 0.0, 3.0) - z).abs() < 1e-15);
        }
    }
}
