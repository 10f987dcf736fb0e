//! What a series of simple returns is worth.
//!
//! Returns are shares, one for each period, of the whole account after all costs, with the periods without a position (0).

use super::moments::{mean, sample_spread};
use super::{PeriodsPerYear, finite, ratio};
use crate::outcome::{Line, actual_on_predicted};

/// A growth rate per year says nothing of a shorter time than this, in days.
const TELLING_DAYS: f64 = 90.0;

/// What the periods make together: Π(1 + r) − 1, at least −1.
///
/// None of no returns, and when one loses more than everything.
pub fn total_return(returns: &[f64]) -> Option<f64> {
    let possible = !returns.is_empty() && returns.iter().all(|r| *r >= -1.0);
    finite(returns.iter().map(|r| 1.0 + r).product::<f64>() - 1.0).filter(|_| possible)
}

/// The growth of a year that makes this total return in so many periods: (1 + total)^(periods per year/n) − 1.
///
/// None of no periods, and below a total of −1. It is not worth showing before [`covers_a_quarter`].
pub fn cagr(total_return: f64, n: usize, periods: PeriodsPerYear) -> Option<f64> {
    let possible = n > 0 && total_return >= -1.0;
    finite((1.0 + total_return).powf(1.0 / periods.years(n)) - 1.0).filter(|_| possible)
}

/// Whether so many periods are 90 days or more, which a growth rate per year takes to mean something.
pub fn covers_a_quarter(n: usize, periods: PeriodsPerYear) -> bool {
    periods.years(n) * 365.0 >= TELLING_DAYS
}

/// Growth per year for each share of the largest drawdown (Young, *Futures*, 1991); none without a drawdown.
pub fn calmar(cagr: f64, max_drawdown: f64) -> Option<f64> {
    ratio(cagr, max_drawdown)
}

/// The root of the mean square of what falls short of the minimal acceptable return, over all periods, at least 0.
///
/// None of no returns.
pub fn downside_deviation(returns: &[f64], acceptable: f64) -> Option<f64> {
    let squares: Vec<f64> = returns.iter().map(|r| shortfall(*r, acceptable).powi(2)).collect();
    mean(&squares).map(f64::sqrt)
}

/// By how much a return falls short, 0 or less; NaN stays NaN.
fn shortfall(value: f64, acceptable: f64) -> f64 {
    let short = value - acceptable;
    if short > 0.0 { 0.0 } else { short }
}

/// The mean over the minimal acceptable return, in downside deviations, of one period (Sortino & Price, 1994).
///
/// None when no return falls short of it.
pub fn sortino_per_period(returns: &[f64], acceptable: f64) -> Option<f64> {
    ratio(mean(returns)? - acceptable, downside_deviation(returns, acceptable)?)
}

/// The same of a year of independent periods: times √(periods per year).
pub fn sortino_per_year(returns: &[f64], acceptable: f64, periods: PeriodsPerYear) -> Option<f64> {
    sortino_per_period(returns, acceptable).map(|sortino| sortino * periods.value().sqrt())
}

/// The sum of the gains for each share of the sum of the losses, at least 0 (Keating & Shadwick, 2002, at threshold 0).
///
/// None without a loss.
pub fn omega(returns: &[f64]) -> Option<f64> {
    let gains: f64 = returns.iter().filter(|r| **r > 0.0).sum();
    let losses: f64 = returns.iter().filter(|r| **r < 0.0).map(|r| -r).sum();
    ratio(gains, losses).filter(|_| returns.iter().all(|r| r.is_finite()))
}

/// The returns as a line over those of a benchmark by least squares: the slope is beta, the intercept alpha per period.
///
/// None when there are not as many of both, of fewer than two, and when the benchmark has no spread.
pub fn beta_and_alpha(returns: &[f64], benchmark: &[f64]) -> Option<Line> {
    let pairs: Vec<(f64, f64)> = benchmark.iter().copied().zip(returns.iter().copied()).collect();
    actual_on_predicted(&pairs).filter(|_| returns.len() == benchmark.len())
}

/// The standard deviation of the differences from a benchmark per period, divisor n − 1.
///
/// None when there are not as many of both, and when they do not differ: then there is nothing to track.
pub fn tracking_error(returns: &[f64], benchmark: &[f64]) -> Option<f64> {
    sample_spread(&differences(returns, benchmark)?)
}

/// The mean difference from a benchmark in tracking errors, of one period; none as for the tracking error.
pub fn information_ratio(returns: &[f64], benchmark: &[f64]) -> Option<f64> {
    let differences = differences(returns, benchmark)?;
    ratio(mean(&differences)?, sample_spread(&differences)?)
}

fn differences(returns: &[f64], benchmark: &[f64]) -> Option<Vec<f64>> {
    let differences = returns.iter().zip(benchmark).map(|(r, b)| r - b);
    (returns.len() == benchmark.len()).then(|| differences.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{A, BENCHMARK, assert_close};
    use super::*;

    #[test]
    fn twelve_returns_are_worth_what_was_computed_elsewhere() {
        let total = total_return(&A).unwrap();
        let growth = cagr(total, A.len(), PeriodsPerYear::DAILY);
        let line = beta_and_alpha(&A, &BENCHMARK).unwrap();
        for (what, actual, expected) in [
            ("downside deviation", downside_deviation(&A, 0.0), 0.007_762_087_348),
            ("Sortino per period", sortino_per_period(&A, 0.0), 0.279_134_538_1),
            ("Sortino of a year", sortino_per_year(&A, 0.0, PeriodsPerYear::DAILY), 5.332_857_863),
            ("total return", Some(total), 0.025_450_42),
            ("growth per year", growth, 1.147_770_124),
            ("Calmar", calmar(growth.unwrap(), 0.02), 57.388_506_22),
            ("Omega", omega(&A), 1.509_803_922),
            ("beta", Some(line.slope), 0.954_903_505_3),
            ("alpha", Some(line.intercept), 0.000_893_461_992_9),
            ("tracking error", tracking_error(&A, &BENCHMARK), 0.003_588_702_813),
            ("information ratio", information_ratio(&A, &BENCHMARK), 0.232_210_182),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn a_growth_rate_per_year_needs_ninety_days() {
        for (n, periods, covered) in [
            (90, PeriodsPerYear::DAILY, true),
            (89, PeriodsPerYear::DAILY, false),
            (2160, PeriodsPerYear::HOURLY, true),
            (2159, PeriodsPerYear::HOURLY, false),
            (0, PeriodsPerYear::HOURLY, false),
        ] {
            assert_eq!(covers_a_quarter(n, periods), covered, "{n} of {periods:?}");
        }
    }

    #[test]
    fn a_lost_account_has_lost_everything_and_no_more() {
        assert_eq!(total_return(&[0.5, -1.0, 0.3]), Some(-1.0));
        assert_eq!(cagr(-1.0, 10, PeriodsPerYear::DAILY), Some(-1.0));
        assert_eq!((total_return(&[-1.1, -1.1]), cagr(-1.1, 10, PeriodsPerYear::DAILY)), (None, None));
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        let gains = [0.01, 0.02];
        assert_eq!((omega(&gains), sortino_per_period(&gains, 0.0), calmar(0.1, 0.0)), (None, None, None));
        assert_eq!((cagr(0.1, 0, PeriodsPerYear::DAILY), cagr(f64::NAN, 9, PeriodsPerYear::DAILY)), (None, None));
        assert_eq!(cagr(1e300, 1, PeriodsPerYear::HOURLY), None);
        assert_eq!((tracking_error(&A, &A), information_ratio(&A, &A)), (None, None));
        assert_eq!((tracking_error(&A, &A[1..]), beta_and_alpha(&A, &A[1..])), (None, None));
        assert_eq!(beta_and_alpha(&A, &[0.01; 12]), None);
        for returns in [vec![], vec![0.1, f64::NAN], vec![-0.1, f64::INFINITY]] {
            assert_eq!((total_return(&returns), omega(&returns)), (None, None), "{returns:?}");
            assert!(downside_deviation(&returns, 0.0).is_none_or(f64::is_finite), "{returns:?}");
            assert_eq!(sortino_per_period(&returns, 0.0), None, "{returns:?}");
        }
    }

    proptest! {
        #[test]
        fn omega_exceeds_one_just_when_the_mean_is_positive(returns in prop::collection::vec(-0.1f64..0.1, 2..40)) {
            let (Some(omega), Some(mean)) = (omega(&returns), mean(&returns)) else { return Ok(()) };
            prop_assume!(mean.abs() > 1e-9);
            prop_assert_eq!(omega > 1.0, mean > 0.0);
        }

        #[test]
        fn the_downside_is_no_larger_than_the_root_mean_square(returns in prop::collection::vec(-0.1f64..0.1, 1..40)) {
            let square = mean(&returns.iter().map(|r| r * r).collect::<Vec<_>>()).unwrap();
            prop_assert!(downside_deviation(&returns, 0.0).unwrap() <= square.sqrt() + 1e-15);
        }

        #[test]
        fn a_year_of_returns_grows_by_their_total(returns in prop::collection::vec(-0.1f64..0.1, 365)) {
            let total = total_return(&returns).unwrap();
            prop_assert!((cagr(total, 365, PeriodsPerYear::DAILY).unwrap() - total).abs() < 1e-12);
        }
    }
}
