//! Sharpe ratios: those of a period and those of a year are different types, so that one is never taken for the other.

use super::moments::{mean, sample_spread};
use super::{finite, ratio};

/// The days of a year; markets that never close have no others.
const DAYS: f64 = 365.0;
const DAY_MS: f64 = 86_400_000.0;

/// How many periods a year has: 8760 hours, 365 days; above 0.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct PeriodsPerYear(f64);

impl PeriodsPerYear {
    /// Hours.
    pub const HOURLY: Self = Self(8760.0);
    /// Four hours each.
    pub const FOUR_HOURLY: Self = Self(2190.0);
    /// Days.
    pub const DAILY: Self = Self(DAYS);
    /// Weeks.
    pub const WEEKLY: Self = Self(DAYS / 7.0);

    /// So many; none unless above 0.
    pub fn new(periods: f64) -> Option<Self> {
        finite(periods).filter(|periods| *periods > 0.0).map(Self)
    }

    /// Those of bars that last so many milliseconds; none unless they last.
    pub fn of_bars(length_ms: i64) -> Option<Self> {
        ratio(DAYS * DAY_MS, length_ms as f64).and_then(Self::new)
    }

    /// The number.
    pub const fn value(self) -> f64 {
        self.0
    }

    /// How many years `periods` are.
    pub fn years(self, periods: usize) -> f64 {
        periods as f64 / self.0
    }
}

/// The Sharpe ratio of one period: what a period earns on average, in standard deviations of a period.
///
/// The inference of this room (standard errors, PSR, DSR, track record lengths) takes these only.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct PeriodSharpe(f64);

impl PeriodSharpe {
    /// No skill.
    pub const ZERO: Self = Self(0.0);

    /// This value; none unless finite.
    pub fn new(value: f64) -> Option<Self> {
        finite(value).map(Self)
    }

    /// Of simple returns per period, periods without a position included: mean/s with divisor n − 1 (Sharpe, 1966).
    ///
    /// None of fewer than two returns or without spread.
    pub fn of(returns: &[f64]) -> Option<Self> {
        Self::over(returns, 0.0)
    }

    /// The same over a risk-free return per period.
    pub fn over(returns: &[f64], risk_free: f64) -> Option<Self> {
        Self::new((mean(returns)? - risk_free) / sample_spread(returns)?)
    }

    /// The number.
    pub const fn value(self) -> f64 {
        self.0
    }

    /// Of a year of independent periods: times √(periods per year).
    pub fn annualised(self, periods: PeriodsPerYear) -> AnnualSharpe {
        AnnualSharpe(self.0 * periods.0.sqrt())
    }

    /// Of a year of periods that depend on each other: times [`lo_factor`].
    pub fn annualised_by(self, factor: f64) -> Option<AnnualSharpe> {
        AnnualSharpe::new(self.0 * factor)
    }
}

/// The Sharpe ratio of a year, as people compare it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct AnnualSharpe(f64);

impl AnnualSharpe {
    /// This value; none unless finite.
    pub fn new(value: f64) -> Option<Self> {
        finite(value).map(Self)
    }

    /// The number.
    pub const fn value(self) -> f64 {
        self.0
    }

    /// What a period must have to make this of a year of independent periods.
    pub fn per_period(self, periods: PeriodsPerYear) -> PeriodSharpe {
        PeriodSharpe(self.0 / periods.0.sqrt())
    }
}

/// By how much the Sharpe ratio of `periods` together is larger than that of one, when returns depend on each other:
/// η(q) = q/√(q + 2 Σ (q−k) ρₖ) (Lo, *Financial Analysts Journal* 58, 2002); √q only without autocorrelation.
///
/// `autocorrelations` are ρ₁, ρ₂, …, cut where the data say no more, at [`default_lag`](super::default_lag) perhaps: those
/// that are not given count as 0. None for no periods, and when they make the variance of the sum vanish.
pub fn lo_factor(periods: usize, autocorrelations: &[f64]) -> Option<f64> {
    let q = periods as f64;
    let pairs = (1..periods).zip(autocorrelations);
    let shared: f64 = pairs.map(|(lag, rho)| (periods - lag) as f64 * rho).sum();
    let variance = q + 2.0 * shared;
    finite(q / variance.sqrt()).filter(|_| variance > 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{A, assert_close};
    use super::*;

    #[test]
    fn a_year_has_as_many_periods_as_a_market_that_never_closes() {
        for (length_ms, periods, count) in [
            (3_600_000, PeriodsPerYear::HOURLY, 8760.0),
            (4 * 3_600_000, PeriodsPerYear::FOUR_HOURLY, 2190.0),
            (86_400_000, PeriodsPerYear::DAILY, 365.0),
            (7 * 86_400_000, PeriodsPerYear::WEEKLY, 365.0 / 7.0),
        ] {
            assert_close("of bars", PeriodsPerYear::of_bars(length_ms).map(PeriodsPerYear::value), count);
            assert_close("named", periods.value(), count);
        }
        assert_eq!([0, -1].map(PeriodsPerYear::of_bars), [None; 2]);
        assert_eq!([0.0, -365.0, f64::NAN, f64::INFINITY].map(PeriodsPerYear::new), [None; 4]);
        assert_close("years", PeriodsPerYear::DAILY.years(730), 2.0);
    }

    #[test]
    fn twelve_returns_have_the_sharpe_ratios_computed_elsewhere() {
        let sharpe = PeriodSharpe::of(&A).unwrap();
        assert_close("per period", sharpe.value(), 0.175_234_045_2);
        assert_close("of days", sharpe.annualised(PeriodsPerYear::DAILY).value(), 3.347_841_733);
        assert_close("of hours", sharpe.annualised(PeriodsPerYear::HOURLY).value(), 16.401_007_97);
        let back = sharpe.annualised(PeriodsPerYear::HOURLY).per_period(PeriodsPerYear::HOURLY);
        assert_close("there and back", back.value(), sharpe.value());
        let over = PeriodSharpe::over(&A, 0.002_166_666_666_666_667).unwrap();
        assert!(over.value().abs() < 1e-12, "nothing is left over its own mean: {over:?}");
    }

    #[test]
    fn without_spread_there_is_no_sharpe_ratio() {
        for returns in [vec![], vec![0.01], vec![0.1; 50], vec![0.0; 50], vec![0.01, f64::NAN]] {
            assert_eq!(PeriodSharpe::of(&returns), None, "{returns:?}");
        }
        assert_eq!((PeriodSharpe::new(f64::NAN), AnnualSharpe::new(f64::INFINITY)), (None, None));
        assert_eq!(PeriodSharpe::over(&A, f64::NAN), None);
    }

    /// ρₖ = pᵏ.
    fn autoregressive(p: f64, lags: i32) -> Vec<f64> {
        (1..=lags).map(|lag| p.powi(lag)).collect()
    }

    #[test]
    fn dependent_periods_annualise_as_lo_says() {
        for (q, p, factor) in [
            (12, -0.2, 4.170_848_014),
            (12, -0.1, 3.797_873_228),
            (12, 0.0, 3.464_101_615),
            (12, 0.1, 3.160_110_974),
            (12, 0.2, 2.878_848_691),
            (8760, -0.05, 98.397_126_28),
            (8760, 0.0, 93.594_871_65),
            (8760, 0.05, 89.026_990_23),
            (8760, 0.1, 84.660_723_01),
        ] {
            assert_close(&format!("{q} at {p}"), lo_factor(q, &autoregressive(p, 8759)), factor);
        }
        let year = PeriodSharpe(0.1).annualised_by(lo_factor(12, &[]).unwrap()).unwrap();
        assert_close("as independent ones", year.value(), PeriodSharpe(0.1).annualised(PeriodsPerYear(12.0)).value());
    }

    #[test]
    fn periods_that_undo_each_other_have_no_factor() {
        assert_eq!(lo_factor(0, &[]), None);
        assert_eq!(lo_factor(2, &[-1.0]), None);
        assert_eq!(lo_factor(12, &[f64::NAN]), None);
        assert_eq!(lo_factor(1, &[0.9]), Some(1.0));
    }

    proptest! {
        #[test]
        fn a_sharpe_ratio_knows_no_scale(
            returns in prop::collection::vec(-0.1f64..0.1, 3..40), scale in 0.01f64..100.0,
        ) {
            prop_assume!(sample_spread(&returns).is_some_and(|s| s > 1e-6));
            let scaled: Vec<f64> = returns.iter().map(|r| r * scale).collect();
            let (one, other) = (PeriodSharpe::of(&returns).unwrap().0, PeriodSharpe::of(&scaled).unwrap().0);
            prop_assert!((one - other).abs() < 1e-9 * one.abs().max(1.0));
        }

        #[test]
        fn positive_dependence_makes_a_year_worse(q in 2usize..400, p in 0.01f64..0.9) {
            let dependent = lo_factor(q, &autoregressive(p, 400)).unwrap();
            prop_assert!(dependent < (q as f64).sqrt() && dependent >= 1.0);
        }
    }
}
