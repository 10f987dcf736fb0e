//! What values are worth that depend on the ones before them: long-run variances and effective counts.

use super::moments::{NO_SPREAD, mean};
use super::{finite, ratio, whole};

/// The values around their mean; none of fewer than two.
fn centred(values: &[f64]) -> Option<Vec<f64>> {
    let centre = mean(values)?;
    (values.len() > 1).then(|| values.iter().map(|value| value - centre).collect())
}

/// The autocovariance of values around their mean, divisor n.
fn autocovariance(centred: &[f64], lag: usize) -> f64 {
    let products: f64 = centred.iter().zip(centred.iter().skip(lag)).map(|(before, after)| before * after).sum();
    products / centred.len() as f64
}

/// The autocorrelations ρ₁, ρ₂, … of so many lags; those beyond the values are 0.
///
/// None of fewer than two values or without spread.
pub fn autocorrelations(values: &[f64], lags: usize) -> Option<Vec<f64>> {
    let centred = centred(values)?;
    let variance = autocovariance(&centred, 0);
    let rhos = (1..=lags).map(|lag| autocovariance(&centred, lag) / variance);
    (variance.is_finite() && variance.sqrt() >= NO_SPREAD).then(|| rhos.collect())
}

/// The lag to take when nothing is known of the dependence: ⌊4 (n/100)^(2/9)⌋ (Newey & West, 1994).
///
/// For outcomes over h bars told at every bar take at least h; twice that is a good choice.
pub fn default_lag(n: usize) -> usize {
    whole(4.0 * (n as f64 / 100.0).powf(2.0 / 9.0))
}

/// The variance of the mean times n, of values that depend on the `lag` ones before them, at least 0:
/// c₀ + 2 Σ (1 − k/(`lag`+1)) cₖ (Newey & West, *Econometrica* 55, 1987).
///
/// None of fewer than two values.
pub fn long_run_variance(values: &[f64], lag: usize) -> Option<f64> {
    let centred = centred(values)?;
    let weight = |k: usize| 1.0 - k as f64 / (lag as f64 + 1.0);
    let terms = (1..=lag.min(values.len() - 1)).map(|k| weight(k) * autocovariance(&centred, k));
    finite(autocovariance(&centred, 0) + 2.0 * terms.sum::<f64>()).map(|variance| variance.max(0.0))
}

/// The standard error of the mean of such values; none without spread.
pub fn standard_error_of_mean(values: &[f64], lag: usize) -> Option<f64> {
    let deviation = long_run_variance(values, lag)?.sqrt();
    (deviation >= NO_SPREAD).then(|| deviation / (values.len() as f64).sqrt())
}

/// How many independent values these are worth to the mean, above 0 and at most their count; none without spread.
pub fn effective_count(values: &[f64], lag: usize) -> Option<f64> {
    uncapped_count(values, lag).map(|count| count.min(values.len() as f64))
}

/// n · LRV₀/LRV: above n for values that undo each other.
fn uncapped_count(values: &[f64], lag: usize) -> Option<f64> {
    let independent = long_run_variance(values, 0)?;
    let dependent = long_run_variance(values, lag)?;
    let spread = dependent.sqrt() >= NO_SPREAD && independent.sqrt() >= NO_SPREAD;
    ratio(values.len() as f64 * independent, dependent).filter(|_| spread)
}

/// By how much dependence inflates the variance of a mean: 1 + 2 Σ ρₖ; none unless it is positive.
pub fn variance_inflation(autocorrelations: &[f64]) -> Option<f64> {
    finite(1.0 + 2.0 * autocorrelations.iter().sum::<f64>()).filter(|inflation| *inflation > 0.0)
}

/// What `n` outcomes over `horizon` bars are worth that were told at every bar: n/h, the cautious count.
///
/// None without a horizon. Spans of time that overlap otherwise are counted by `outcome::effective_n`.
pub fn overlapping_count(n: usize, horizon: usize) -> Option<f64> {
    ratio(n as f64, horizon as f64)
}

/// The variance of the mean times n as the stationary bootstrap sees it, at least 0: c₀ + 2 Σ κᵢ cᵢ with
/// κᵢ = ((n−i)/n)(1−q)^i + (i/n)(1−q)^(n−i) (Politis & Romano, *JASA* 89, 1994).
///
/// `q` is 1/(mean block length), above 0 and at most 1. None of fewer than two values. It costs two passes: with values that
/// go around, the sum is Σ (1−k/n)(1−q)^k xᵢ xᵢ₋ₖ, and what the values before weigh follows from step to step.
pub fn kernel_variance(values: &[f64], q: f64) -> Option<f64> {
    let centred = centred(values)?;
    let mut weighed = Before::first(&centred, 1.0 - q);
    let mut shared = 0.0;
    for (place, value) in centred.iter().enumerate() {
        shared += value * weighed.tapered();
        weighed.step(*value, centred[(place + 1) % centred.len()]);
    }
    let variance = finite(autocovariance(&centred, 0) + 2.0 * shared / centred.len() as f64)?;
    (0.0 < q && q <= 1.0).then_some(variance.max(0.0))
}

/// What the n − 1 values before a place weigh there, going around.
struct Before {
    n: f64,
    keep: f64,
    /// Σ keepᵏ xᵢ₋ₖ.
    plain: f64,
    /// Σ k·keepᵏ xᵢ₋ₖ.
    by_distance: f64,
    /// keepⁿ: what the place itself would weigh, once around.
    around: f64,
}

impl Before {
    /// At the first place.
    fn first(values: &[f64], keep: f64) -> Self {
        let n = values.len() as f64;
        let (mut weight, mut plain, mut by_distance) = (1.0, 0.0, 0.0);
        for (back, value) in values.iter().skip(1).rev().enumerate() {
            weight *= keep;
            plain += weight * value;
            by_distance += (back + 1) as f64 * weight * value;
        }
        Self { n, keep, plain, by_distance, around: weight * keep }
    }

    /// Σ (1 − k/n) keepᵏ xᵢ₋ₖ.
    fn tapered(&self) -> f64 {
        self.plain - self.by_distance / self.n
    }

    /// From the place of `value` to the next.
    fn step(&mut self, value: f64, next: f64) {
        let before = self.plain + value;
        self.by_distance = self.keep * (self.by_distance + before) - self.n * self.around * next;
        self.plain = self.keep * before - self.around * next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::assert_close;
    use super::*;

    const X: [f64; 12] = [0.3, 0.5, 0.2, -0.1, -0.4, 0.1, 0.6, 0.4, 0.2, -0.3, -0.5, 0.1];

    #[test]
    fn twelve_values_have_the_long_run_variances_computed_elsewhere() {
        assert_close("mean", mean(&X), 0.091_666_666_67);
        for (lag, variance, error) in [
            (0, 0.114_097_222_2, 0.097_509_496_21),
            (1, 0.162_216_435_2, 0.116_267_090_2),
            (3, 0.109_172_453_7, 0.095_381_887_56),
        ] {
            assert_close("variance", long_run_variance(&X, lag), variance);
            assert_close("standard error", standard_error_of_mean(&X, lag), error);
        }
        assert_close("worth", uncapped_count(&X, 3), 12.541_319_9);
        assert_close("reported", effective_count(&X, 3), 12.0);
        assert_close("less", effective_count(&X, 1), 12.0 * 0.114_097_222_2 / 0.162_216_435_2);
    }

    #[test]
    fn the_default_lag_grows_slowly() {
        for (n, lag) in [(0, 0), (100, 4), (1000, 6), (8760, 10)] {
            assert_eq!(default_lag(n), lag, "{n}");
        }
    }

    #[test]
    fn overlapping_sums_of_independent_returns_are_worth_one_in_their_length() {
        for (h, inflation) in [(1, 1.0), (4, 4.0), (24, 24.0)] {
            let rhos: Vec<f64> = (1..h).map(|k| 1.0 - k as f64 / h as f64).collect();
            assert_close("inflation", variance_inflation(&rhos), inflation);
            assert_close("worth", overlapping_count(1000, h), 1000.0 / inflation);
        }
        assert_eq!(
            (overlapping_count(9, 0), variance_inflation(&[-0.5]), variance_inflation(&[f64::NAN])),
            (None, None, None)
        );
    }

    #[test]
    fn the_correlation_with_the_values_before_is_told_by_lags() {
        // Around a mean of 0: products of −1 between neighbours, of +1 between the next but one.
        let rhos = autocorrelations(&[1.0, -1.0, 1.0, -1.0], 5).unwrap();
        for (rho, expected) in rhos.into_iter().zip([-0.75, 0.5, -0.25, 0.0, 0.0]) {
            assert_close("ρ", rho, expected);
        }
    }

    #[test]
    fn a_block_of_one_knows_no_dependence() {
        assert_close("q = 1", kernel_variance(&X, 1.0), 0.114_097_222_2);
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        for values in [vec![], vec![1.0], vec![1.0, f64::NAN], vec![f64::INFINITY, 1.0]] {
            assert_eq!((long_run_variance(&values, 1), kernel_variance(&values, 0.5)), (None, None), "{values:?}");
            assert_eq!((effective_count(&values, 1), standard_error_of_mean(&values, 1)), (None, None), "{values:?}");
            assert_eq!(autocorrelations(&values, 2), None, "{values:?}");
        }
        let flat = [0.1; 9];
        assert_eq!((standard_error_of_mean(&flat, 2), effective_count(&flat, 2)), (None, None));
        assert_eq!(autocorrelations(&flat, 2), None);
        assert_eq!([0.0, -0.1, 1.1, f64::NAN].map(|q| kernel_variance(&X, q)), [None; 4]);
    }

    proptest! {
        #[test]
        fn variances_are_never_negative(
            values in prop::collection::vec(-1.0f64..1.0, 2..60), lag in 0usize..80, q in 0.01f64..1.0,
        ) {
            prop_assert!(long_run_variance(&values, lag).unwrap() >= 0.0);
            prop_assert!(kernel_variance(&values, q).unwrap() >= 0.0);
        }

        /// The variance of the mean of a stationary resample, times n, by its definition: rows k apart are drawn together
        /// with probability (1−q)^k, going around the end.
        #[test]
        fn the_kernel_is_that_of_blocks_that_go_around(
            values in prop::collection::vec(-1.0f64..1.0, 2..80), q in 0.001f64..1.0,
        ) {
            let n = values.len();
            let centred = centred(&values).unwrap();
            let around = |k: usize| (0..n).map(|i| centred[i] * centred[(i + k) % n]).sum::<f64>() / n as f64;
            let far = (1..n).map(|k| (1.0 - k as f64 / n as f64) * (1.0 - q).powf(k as f64) * around(k)).sum::<f64>();
            prop_assert!((kernel_variance(&values, q).unwrap() - (around(0) + 2.0 * far).max(0.0)).abs() < 1e-12);
        }
    }
}
