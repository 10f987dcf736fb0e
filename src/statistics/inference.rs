//! How sure a Sharpe ratio is. Everything here is per period: one of a year would look many times too sure.

use super::dependence::standard_error_of_mean;
use super::moments::{kurtosis, mean, skewness, spread};
use super::{PeriodSharpe, finite, normal_cdf, normal_quantile, ratio};

/// What inference needs to know of a series of returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackRecord {
    /// How many periods.
    pub n: usize,
    /// Its Sharpe ratio.
    pub sharpe: PeriodSharpe,
    /// Its skewness.
    pub skewness: f64,
    /// Its raw kurtosis, 3 for a normal distribution.
    pub kurtosis: f64,
}

impl TrackRecord {
    /// Of simple returns per period; none of fewer than two or without spread.
    pub fn of(returns: &[f64]) -> Option<Self> {
        let sharpe = PeriodSharpe::of(returns)?;
        Some(Self { n: returns.len(), sharpe, skewness: skewness(returns)?, kurtosis: kurtosis(returns)? })
    }

    /// The variance of the estimated ratio times n, 1 − g₃·SR + (g₄ − 1)/4·SR² (Mertens, 2002); none unless positive.
    fn variance(&self) -> Option<f64> {
        let sharpe = self.sharpe.value();
        finite(1.0 - self.skewness * sharpe + (self.kurtosis - 1.0) / 4.0 * sharpe * sharpe).filter(|v| *v > 0.0)
    }

    /// The standard error of the ratio for independent returns of this shape; none of fewer than two periods.
    pub fn standard_error(&self) -> Option<f64> {
        ratio(self.variance()?, self.n as f64 - 1.0).map(f64::sqrt)
    }

    /// The standard error if the returns were normal, √((1 + SR²/2)/n) (Lo, 2002); none of no periods.
    pub fn standard_error_if_normal(&self) -> Option<f64> {
        ratio(1.0 + self.sharpe.value().powi(2) / 2.0, self.n as f64).map(f64::sqrt)
    }

    /// The probabilistic Sharpe ratio: how sure the true ratio is above `benchmark`, 0 to 1 (Bailey & López de Prado,
    /// *Journal of Risk* 15, 2012). None of fewer than two periods.
    pub fn probability_above(&self, benchmark: PeriodSharpe) -> Option<f64> {
        let distance = (self.sharpe.value() - benchmark.value()) / self.standard_error()?;
        finite(normal_cdf(distance))
    }

    /// The minimum track record length: how many periods with these figures show at the level `error`, 0.05 perhaps, that
    /// the true ratio is above `benchmark` (the same paper).
    ///
    /// None when the ratio is not above it, and unless 0 < `error` < 1.
    pub fn minimum_length(&self, benchmark: PeriodSharpe, error: f64) -> Option<f64> {
        let distance = ratio(normal_quantile(1.0 - error)?, self.sharpe.value() - benchmark.value())?;
        finite(1.0 + self.variance()? * distance.powi(2))
    }
}

/// The standard error of the ratio for returns that depend on the `lag` ones before them, from its influence function
/// zₜ − (SR/2)(zₜ² − 1) and the long-run variance of that (Lo, 2002; Newey & West, 1987).
///
/// None of fewer than two returns or without spread.
pub fn robust_standard_error(returns: &[f64], lag: usize) -> Option<f64> {
    standard_error_of_mean(&influence(returns)?, lag)
}

/// What each return does to the Sharpe ratio with divisor n.
fn influence(returns: &[f64]) -> Option<Vec<f64>> {
    let (centre, deviation) = (mean(returns)?, spread(returns)?);
    let sharpe = centre / deviation;
    let one = |r: &f64| {
        let z = (r - centre) / deviation;
        z - sharpe / 2.0 * (z * z - 1.0)
    };
    Some(returns.iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::dependence::long_run_variance;
    use super::super::vectors::{A, assert_close, assert_near};
    use super::super::{AnnualSharpe, PeriodsPerYear};
    use super::*;

    fn record(n: usize, sharpe: f64, skewness: f64, kurtosis: f64) -> TrackRecord {
        TrackRecord { n, sharpe: PeriodSharpe::new(sharpe).unwrap(), skewness, kurtosis }
    }

    /// The record of a year's ratio, told in so many periods a year.
    fn annual(n: usize, sharpe: f64, periods: f64, (skewness, kurtosis): (f64, f64)) -> TrackRecord {
        let sharpe = AnnualSharpe::new(sharpe).unwrap().per_period(PeriodsPerYear::new(periods).unwrap());
        TrackRecord { n, sharpe, skewness, kurtosis }
    }

    #[test]
    fn twelve_returns_are_as_sure_as_computed_elsewhere() {
        let record = TrackRecord::of(&A).unwrap();
        for (what, actual, expected) in [
            ("standard error", record.standard_error(), 0.312_946_780_8),
            ("if normal", record.standard_error_if_normal(), 0.290_882_777_8),
            ("above 0", record.probability_above(PeriodSharpe::ZERO), 0.712_242_678_6),
            ("length", record.minimum_length(PeriodSharpe::ZERO, 0.05), 95.918_573_46),
            ("ratio with divisor n", ratio(mean(&A).unwrap(), spread(&A).unwrap()), 0.183_025_991),
            ("influence", long_run_variance(&influence(&A).unwrap(), 0), 1.081_108_825),
            ("of independent returns", robust_standard_error(&A, 0), 0.300_153_964),
            ("of dependent ones", robust_standard_error(&A, 2), 0.148_374_400_5),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn the_published_records_of_two_years_are_met() {
        for (skewness, kurtosis, probability) in [(-2.448, 10.164, 0.913_361_083_860_933), (0.0, 3.0, 0.981_674_919)] {
            let actual = record(24, 0.458, skewness, kurtosis).probability_above(PeriodSharpe::ZERO);
            assert_close("above 0", actual, probability);
        }
        // What a kurtosis over that of the normal distribution, and the ratio of a year, would wrongly give.
        for (wrong, probability) in [
            (record(24, 0.458, -2.448, 7.164), 0.919_972_159_7),
            (record(24, 0.458 * 12.0_f64.sqrt(), -2.448, 10.164), 0.990_135_783_7),
        ] {
            assert_close("wrong", wrong.probability_above(PeriodSharpe::ZERO), probability);
        }
    }

    #[test]
    fn the_published_lengths_of_records_are_met() {
        const NORMAL: (f64, f64) = (0.0, 3.0);
        // A ratio of 2 a year against 1, at 5 %; years have four published decimals.
        for (periods, shape, years, tolerance) in [
            (250.0, NORMAL, 682.796_950_432 / 250.0, 1e-8),
            (250.0, NORMAL, 2.7312, 2e-5),
            (52.0, NORMAL, 2.8288, 2e-5),
            (12.0, NORMAL, 3.2398, 2e-5),
            (12.0, (-0.72, 5.78), 4.9913, 2e-5),
        ] {
            let benchmark = annual(2, 1.0, periods, NORMAL).sharpe;
            let length = annual(2, 2.0, periods, shape).minimum_length(benchmark, 0.05);
            assert_near("years", length.map(|n| n / periods), years, tolerance);
        }
    }

    #[test]
    fn hours_of_heavy_tails_need_long_records() {
        for (sharpe, hours, year, fortnight) in [
            (1.0, 23_837.64, 0.840_638_259_2, 0.577_302_209_3),
            (1.5, 10_628.46, 0.932_317_383_1, 0.614_870_071_1),
            (2.0, 5_998.92, 0.976_578_446_7, 0.651_262_526_1),
        ] {
            let record = |n| annual(n, sharpe, 8760.0, (-0.5, 15.0));
            assert_near("length", record(2).minimum_length(PeriodSharpe::ZERO, 0.05), hours, 1e-6);
            assert_close("after a year", record(8760).probability_above(PeriodSharpe::ZERO), year);
            assert_close("after two weeks", record(336).probability_above(PeriodSharpe::ZERO), fortnight);
        }
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        for returns in [vec![], vec![0.1], vec![0.1; 9], vec![0.1, f64::NAN]] {
            assert_eq!((TrackRecord::of(&returns), robust_standard_error(&returns, 1)), (None, None), "{returns:?}");
        }
        let one = record(1, 0.1, 0.0, 3.0);
        assert_eq!((one.standard_error(), one.probability_above(PeriodSharpe::ZERO)), (None, None));
        let two = record(2, 0.1, 0.0, 3.0);
        assert_eq!(two.minimum_length(PeriodSharpe::new(0.1).unwrap(), 0.05), None);
        assert_eq!([0.0, 1.0, f64::NAN].map(|error| two.minimum_length(PeriodSharpe::ZERO, error)), [None; 3]);
        assert_eq!(record(9, 2.0, 5.0, 1.0).standard_error(), None, "no distribution has such a shape");
    }

    proptest! {
        #[test]
        fn without_lags_the_robust_error_is_that_of_independent_returns(
            returns in prop::collection::vec(-0.1f64..0.1, 3..60),
        ) {
            prop_assume!(spread(&returns).is_some_and(|s| s > 1e-4));
            let sharpe = PeriodSharpe::new(mean(&returns).unwrap() / spread(&returns).unwrap()).unwrap();
            let record = TrackRecord { n: returns.len() + 1, sharpe, ..TrackRecord::of(&returns).unwrap() };
            let (Some(robust), Some(plain)) = (robust_standard_error(&returns, 0), record.standard_error()) else {
                return Ok(());
            };
            prop_assert!((robust - plain).abs() < 1e-6 * plain + 1e-9, "{} {}", robust, plain);
        }

        #[test]
        fn after_its_minimum_length_a_record_is_just_sure_enough(
            sharpe in 0.05f64..0.5, skewness in -1.0f64..1.0, kurtosis in 3.0f64..12.0,
        ) {
            let needed = record(2, sharpe, skewness, kurtosis).minimum_length(PeriodSharpe::ZERO, 0.05).unwrap();
            let n = super::super::whole(needed.ceil());
            let sure = |n| record(n, sharpe, skewness, kurtosis).probability_above(PeriodSharpe::ZERO).unwrap();
            prop_assert!(sure(n) >= 0.95 - 1e-9 && (n < 3 || sure(n - 1) < 0.95 + 1e-9));
        }
    }
}
