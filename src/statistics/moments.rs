//! Means, spreads and shapes of plain numbers.

use super::finite;

/// A standard deviation below this is rounding.
pub(super) const NO_SPREAD: f64 = 1e-15;

/// The mean; none of no values.
///
/// It is taken from the first value on, so that the mean of equal values is that value without rounding.
pub fn mean(values: &[f64]) -> Option<f64> {
    let first = *values.first()?;
    let above: f64 = values.iter().map(|value| value - first).sum();
    finite(first + above / values.len() as f64)
}

/// The standard deviation of a sample, divisor n − 1; 0 of equal values, none of fewer than two.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let variance = central_moment(values, 2)? * n / (n - 1.0);
    finite(variance.sqrt())
}

/// The standard deviation with divisor n; 0 of equal values, none of fewer than two.
pub fn population_deviation(values: &[f64]) -> Option<f64> {
    central_moment(values, 2).map(f64::sqrt)
}

/// The skewness m₃/m₂^1.5 from moments with divisor n: negative when losses are rarer but larger than gains.
///
/// None of fewer than two values or without spread.
pub fn skewness(values: &[f64]) -> Option<f64> {
    finite(central_moment(values, 3)? / spread(values)?.powi(3))
}

/// The raw kurtosis m₄/m₂² from moments with divisor n: at least 1, and 3 for a normal distribution.
///
/// None of fewer than two values or without spread.
pub fn kurtosis(values: &[f64]) -> Option<f64> {
    finite(central_moment(values, 4)? / spread(values)?.powi(4))
}

/// The standard deviation of a sample, if it is more than rounding.
pub(super) fn sample_spread(values: &[f64]) -> Option<f64> {
    standard_deviation(values).filter(|deviation| *deviation >= NO_SPREAD)
}

/// The standard deviation with divisor n, if it is more than rounding.
pub(super) fn spread(values: &[f64]) -> Option<f64> {
    population_deviation(values).filter(|deviation| *deviation >= NO_SPREAD)
}

/// The mean of a power of the distances from the mean; none of fewer than two values.
fn central_moment(values: &[f64], power: i32) -> Option<f64> {
    let centre = mean(values)?;
    let sum: f64 = values.iter().map(|value| (value - centre).powi(power)).sum();
    finite(sum / values.len() as f64).filter(|_| values.len() > 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{A, assert_close};
    use super::*;

    #[test]
    fn twelve_returns_have_the_moments_computed_elsewhere() {
        for (what, actual, expected) in [
            ("mean", mean(&A), 0.002_166_666_667),
            ("deviation of a sample", standard_deviation(&A), 0.012_364_416_2),
            ("deviation", population_deviation(&A), 0.011_838_027_24),
            ("skewness", skewness(&A), -0.394_466_568_3),
            ("kurtosis", kurtosis(&A), 2.064_069_991),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn equal_values_have_no_spread_whatever_their_size() {
        for value in [0.0, 0.1, -1e3 / 3.0, 1e9 / 7.0] {
            let values = [value; 1000];
            assert_eq!((mean(&values), standard_deviation(&values)), (Some(value), Some(0.0)), "{value}");
            assert_eq!((sample_spread(&values), spread(&values)), (None, None), "{value}");
            assert_eq!((skewness(&values), kurtosis(&values)), (None, None), "{value}");
        }
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        assert_eq!(mean(&[3.0]), Some(3.0));
        for values in [vec![], vec![1.0], vec![1.0, f64::NAN], vec![f64::INFINITY, 1.0, 2.0], vec![1e308, -1e308]] {
            let all = [standard_deviation, population_deviation, skewness, kurtosis].map(|moment| moment(&values));
            assert_eq!(all, [None; 4], "{values:?}");
        }
        assert_eq!((mean(&[]), mean(&[1.0, f64::NAN])), (None, None));
    }

    proptest! {
        #[test]
        fn shape_knows_neither_scale_nor_place(
            values in prop::collection::vec(-1.0f64..1.0, 3..50), scale in 0.1f64..10.0, place in -2.0f64..2.0,
        ) {
            prop_assume!(population_deviation(&values).unwrap() > 1e-3);
            let moved: Vec<f64> = values.iter().map(|value| value * scale + place).collect();
            prop_assert!((skewness(&values).unwrap() - skewness(&moved).unwrap()).abs() < 1e-6);
            prop_assert!((kurtosis(&values).unwrap() / kurtosis(&moved).unwrap() - 1.0).abs() < 1e-6);
        }

        /// Pearson, 1916.
        #[test]
        fn kurtosis_is_at_least_the_square_of_skewness_and_one(values in prop::collection::vec(-1.0f64..1.0, 3..50)) {
            prop_assume!(population_deviation(&values).unwrap() > 1e-3);
            let (g3, g4) = (skewness(&values).unwrap(), kurtosis(&values).unwrap());
            prop_assert!(g4 >= g3 * g3 + 1.0 - 1e-9, "{g3} {g4}");
        }
    }
}
