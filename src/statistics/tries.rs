//! What is left of a result when it is the best of many tries.

use std::f64::consts::E;

use super::moments::{mean, spread, standard_deviation};
use super::{AnnualSharpe, PeriodSharpe, TrackRecord, finite, normal_quantile, ratio};

/// Euler's constant γ.
const EULER: f64 = 0.577_215_664_901_532_9;

/// The highest that `count` independent standard normal numbers are expected to reach, at least 0 (Bailey & López de Prado,
/// *Journal of Portfolio Management* 40, 2014): (1−γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N·e)), and 0 of one.
///
/// An approximation, slightly strict: 3.255 of a thousand, where 3.241 is exact. None of fewer than one; `count` may be
/// fractional, as effective counts are.
pub fn expected_maximum(count: f64) -> Option<f64> {
    if count > 1.0 { best_of_several(count) } else { (count >= 1.0).then_some(0.0) }
}

fn best_of_several(count: f64) -> Option<f64> {
    let quantile = |tries: f64| normal_quantile(1.0 - 1.0 / tries);
    Some(((1.0 - EULER) * quantile(count)? + EULER * quantile(count * E)?).max(0.0))
}

/// Everything that was tried, not only what was kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trials {
    /// How many independent ones there were, at least 1.
    pub count: f64,
    /// The variance of their Sharpe ratios per period, divisor n − 1.
    pub variance: f64,
}

impl Trials {
    /// Of the ratio of each; a single one has no variance, 0. None of none.
    pub fn of(sharpes: &[PeriodSharpe]) -> Option<Self> {
        let values: Vec<f64> = sharpes.iter().map(|sharpe| sharpe.value()).collect();
        let deviation = if values.len() == 1 { 0.0 } else { standard_deviation(&values)? };
        Some(Self { count: values.len() as f64, variance: deviation * deviation })
    }

    /// The same for trials whose returns have this mean correlation; none as for [`effective_trials`].
    pub fn correlated(self, correlation: f64) -> Option<Self> {
        Some(Self { count: effective_trials(self.count, correlation)?, ..self })
    }

    /// The Sharpe ratio that the best of them is expected to have without any skill, √V·M(N).
    ///
    /// None when there is less than one trial or the variance is negative.
    pub fn expected_best(&self) -> Option<PeriodSharpe> {
        PeriodSharpe::new(self.variance.sqrt() * expected_maximum(self.count)?)
    }

    /// The deflated Sharpe ratio: how sure the true ratio of the selected one is above what the best of as many would have
    /// without any skill, 0 to 1 (the same paper). None as for [`TrackRecord::probability_above`].
    pub fn deflated(&self, selected: &TrackRecord) -> Option<f64> {
        selected.probability_above(self.expected_best()?)
    }
}

/// What correlated trials count for: ρ + (1 − ρ)·N, with a negative ρ taken for 0.
///
/// None of fewer than one, and unless ρ is a correlation.
pub fn effective_trials(count: f64, correlation: f64) -> Option<f64> {
    let rho = correlation.max(0.0);
    let possible = count >= 1.0 && (-1.0..=1.0).contains(&correlation);
    finite(rho + (1.0 - rho) * count).filter(|_| possible)
}

/// The mean correlation between the returns of each two of the trials, −1 to 1.
///
/// None of fewer than two, of different lengths, and when one has no spread. It costs one pass: the correlations sum to
/// the variance of the sum of the standardised returns.
pub fn mean_correlation(trials: &[Vec<f64>]) -> Option<f64> {
    let (first, count) = (trials.first()?, trials.len() as f64);
    let mut sums = vec![0.0; first.len()];
    for returns in trials {
        let (centre, deviation) = (mean(returns)?, spread(returns)?);
        (returns.len() == sums.len()).then_some(())?;
        sums.iter_mut().zip(returns).for_each(|(sum, r)| *sum += (r - centre) / deviation);
    }
    let squares = sums.iter().map(|sum| sum * sum).sum::<f64>() / sums.len() as f64;
    ratio(squares - count, count * (count - 1.0)).map(|rho| rho.clamp(-1.0, 1.0))
}

/// How many years the best of `count` useless configurations needs to have an expected ratio no better than this target:
/// (M(N)/SR)² (Bailey, Borwein, López de Prado & Zhu, *Notices of the AMS* 61, 2014).
///
/// None of fewer than one, and unless the target is above 0.
pub fn min_backtest_years(count: f64, target: AnnualSharpe) -> Option<f64> {
    ratio(expected_maximum(count)?, target.value()).map(|years| years * years)
}

/// The p-values of several tests, each in its place, so that the chance of even one false finding keeps the level
/// (Holm, 1979). None unless all are 0 to 1.
pub fn holm(p_values: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p_values)?;
    let mut adjusted = vec![0.0; order.len()];
    let mut highest = 0.0_f64;
    for (below, place) in order.iter().enumerate() {
        highest = highest.max(p_values[*place] * (order.len() - below) as f64).min(1.0);
        adjusted[*place] = highest;
    }
    Some(adjusted)
}

/// The p-values of several tests, each in its place, so that the expected share of false findings keeps the level
/// (Benjamini & Hochberg, 1995). None unless all are 0 to 1.
pub fn benjamini_hochberg(p_values: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p_values)?;
    let mut adjusted = vec![0.0; order.len()];
    let mut lowest = 1.0_f64;
    for (below, place) in order.iter().enumerate().rev() {
        lowest = lowest.min(p_values[*place] * (order.len() as f64 / (below + 1) as f64));
        adjusted[*place] = lowest;
    }
    Some(adjusted)
}

/// The places of the values from the lowest to the highest.
fn ascending(p_values: &[f64]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    p_values.iter().all(|p| (0.0..=1.0).contains(p)).then_some(order)
}

/// How likely a strategy of chance does at least as well: (1 + as good ones)/(1 + all), above 0 and at most 1.
///
/// None unless all are finite; without a single random one it is 1.
pub fn random_strategy_p(score: f64, random: &[f64]) -> Option<f64> {
    let as_good = random.iter().filter(|other| **other >= score).count();
    let comparable = score.is_finite() && random.iter().all(|other| other.is_finite());
    comparable.then(|| (1.0 + as_good as f64) / (1.0 + random.len() as f64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::PeriodsPerYear;
    use super::super::vectors::{assert_close, columns};
    use super::*;

    #[test]
    fn the_best_of_many_is_expected_where_the_papers_say() {
        for (count, expected) in [
            (1.0, 0.0),
            (2.0, 0.519_755_344_3),
            (5.0, 1.192_594_001),
            (10.0, 1.574_598_301),
            (45.0, 2.235_640_178),
            (100.0, 2.530_602_893),
            (1000.0, 3.255_121_514),
        ] {
            assert_close(&format!("of {count}"), expected_maximum(count), expected);
        }
        for (count, exact) in [(10.0, 1.538_752_731), (100.0, 2.507_593_636), (1000.0, 3.241_435_769)] {
            let strict = expected_maximum(count).unwrap() - exact;
            assert!(strict > 0.0 && strict < 0.04, "{count}: {strict}");
        }
        assert_eq!([0.0, 0.9, -3.0, f64::NAN, f64::INFINITY].map(expected_maximum), [None; 5]);
    }

    /// A ratio of 2.5 a year over five years of 250 days.
    fn published(skewness: f64, kurtosis: f64) -> TrackRecord {
        let sharpe = AnnualSharpe::new(2.5).unwrap().per_period(PeriodsPerYear::new(250.0).unwrap());
        TrackRecord { n: 1250, sharpe, skewness, kurtosis }
    }

    #[test]
    fn published_records_are_deflated_as_published() {
        for (count, skewness, kurtosis, best, deflated) in [
            (100.0, -3.0, 10.0, 0.113_172_002, 0.900_396_834_4),
            (46.0, -3.0, 10.0, 0.100_362_370_6, 0.950_501_706_9),
            (88.0, 0.0, 3.0, 0.111_145_761_8, 0.950_490_816_7),
            (100.0, 0.0, 3.0, 0.113_172_002, 0.942_770_586_0),
        ] {
            let trials = Trials { count, variance: 0.5 / 250.0 };
            assert_close("expected best", trials.expected_best().map(PeriodSharpe::value), best);
            assert_close("deflated", trials.deflated(&published(skewness, kurtosis)), deflated);
        }
        // What the ratio and the variance of a year would wrongly give: certainty.
        let wrong = TrackRecord { sharpe: PeriodSharpe::new(2.5).unwrap(), ..published(-3.0, 10.0) };
        let certain = Trials { count: 100.0, variance: 0.5 }.deflated(&wrong);
        assert!(certain > Some(0.999_999_9), "{certain:?}");
    }

    #[test]
    fn the_best_of_ten_columns_of_noise_is_noise_again() {
        let columns = columns(12345, 240, 10);
        let sharpes: Vec<PeriodSharpe> = columns.iter().map(|column| PeriodSharpe::of(column).unwrap()).collect();
        for (sharpe, expected) in sharpes.iter().zip([
            0.006_418_421_641,
            -0.011_404_705_17,
            -0.088_180_655_57,
            -0.111_932_090_9,
            -0.098_919_780_32,
            0.071_386_955_82,
            0.010_986_607_09,
            -0.128_467_754_2,
            0.044_050_226_56,
            -0.058_511_677_81,
        ]) {
            assert_close("of a column", sharpe.value(), expected);
        }
        let (trials, best) = (Trials::of(&sharpes).unwrap(), TrackRecord::of(&columns[5]).unwrap());
        for (what, actual, expected) in [
            ("variance", Some(trials.variance), 0.004_894_928_884),
            ("skewness", Some(best.skewness), -0.023_538_340_18),
            ("kurtosis", Some(best.kurtosis), 2.428_796_681),
            ("expected best", trials.expected_best().map(PeriodSharpe::value), 0.110_164_830_8),
            ("above 0", best.probability_above(PeriodSharpe::ZERO), 0.864_701_533_2),
            ("deflated", trials.deflated(&best), 0.274_771_576_7),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn correlated_trials_count_for_fewer() {
        for (count, correlation, effective) in
            [(100.0, 0.5, 50.5), (100.0, 0.0, 100.0), (100.0, 1.0, 1.0), (100.0, -0.2, 100.0), (1.0, 0.3, 1.0)]
        {
            assert_close("count", effective_trials(count, correlation), effective);
        }
        for (count, correlation) in [(0.0, 0.5), (9.0, 1.1), (9.0, f64::NAN), (f64::NAN, 0.5)] {
            assert_eq!(effective_trials(count, correlation), None);
        }
        let trials = Trials { count: 100.0, variance: 2.0 }.correlated(0.5);
        assert_eq!(trials, Some(Trials { count: 50.5, variance: 2.0 }));
    }

    #[test]
    fn a_single_trial_is_not_deflated() {
        let one = Trials::of(&[PeriodSharpe::new(0.3).unwrap()]).unwrap();
        assert_eq!((one, one.expected_best()), (Trials { count: 1.0, variance: 0.0 }, Some(PeriodSharpe::ZERO)));
        assert_eq!(Trials::of(&[]), None);
        assert_eq!(Trials { count: 3.0, variance: -1.0 }.expected_best(), None);
    }

    #[test]
    fn five_years_allow_forty_five_configurations() {
        let target = AnnualSharpe::new(1.0).unwrap();
        for (count, years) in [(45.0, 4.998_087_004), (7.0, 1.923_143_407), (1.0, 0.0)] {
            assert_close("years", min_backtest_years(count, target), years);
        }
        for target in [0.0, -1.0].map(|target| AnnualSharpe::new(target).unwrap()) {
            assert_eq!(min_backtest_years(45.0, target), None);
        }
    }

    #[test]
    fn eight_p_values_are_adjusted_as_computed_elsewhere() {
        let p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205];
        let by_holm = [0.008, 0.056, 0.234, 0.234, 0.234, 0.234, 0.234, 0.234];
        let by_bh = [0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.084_571_428_57, 0.205];
        // In any order, each keeps its place.
        for turned in 0..p.len() {
            let turn = |values: [f64; 8]| [&values[turned..], &values[..turned]].concat();
            let (holm, bh) = (holm(&turn(p)).unwrap(), benjamini_hochberg(&turn(p)).unwrap());
            holm.into_iter().zip(turn(by_holm)).for_each(|(actual, expected)| assert_close("Holm", actual, expected));
            bh.into_iter().zip(turn(by_bh)).for_each(|(actual, expected)| assert_close("BH", actual, expected));
        }
        assert_eq!(holm(&[0.9, 0.8]), Some(vec![1.0, 1.0]));
        assert_eq!((holm(&[]), benjamini_hochberg(&[])), (Some(vec![]), Some(vec![])));
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert_eq!((holm(&[0.5, wrong]), benjamini_hochberg(&[0.5, wrong])), (None, None));
        }
    }

    #[test]
    fn a_strategy_is_one_of_the_random_ones() {
        let random: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_close("37 of 1000 are as good", random_strategy_p(963.0, &random), 0.037_962_037_96);
        assert_eq!(random_strategy_p(1.0, &[]), Some(1.0));
        assert_eq!((random_strategy_p(f64::NAN, &random), random_strategy_p(1.0, &[f64::NAN])), (None, None));
    }

    #[test]
    fn there_is_no_mean_correlation_of_one_or_of_different_lengths_or_without_spread() {
        let ramp = vec![1.0, 2.0, 3.0];
        for trials in [vec![], vec![ramp.clone()], vec![ramp.clone(), vec![1.0, 2.0]], vec![ramp.clone(), vec![0.1; 3]]]
        {
            assert_eq!(mean_correlation(&trials), None, "{trials:?}");
        }
        let back = vec![3.0, 2.0, 1.0];
        assert_close("the other way", mean_correlation(&[ramp.clone(), back]), -1.0);
        assert_close("the same", mean_correlation(&[ramp.clone(), ramp]), 1.0);
    }

    proptest! {
        #[test]
        fn the_mean_correlation_is_the_mean_of_correlations(seed in 1u32..1000, count in 2usize..7) {
            let trials = columns(seed, 30, count);
            let pair = |a: &[f64], b: &[f64]| {
                let pairs: Vec<_> = a.iter().copied().zip(b.iter().copied()).collect();
                crate::outcome::pearson(&pairs).unwrap()
            };
            let each = (0..count).flat_map(|a| (0..a).map(move |b| (a, b))).map(|(a, b)| pair(&trials[a], &trials[b]));
            let all: Vec<f64> = each.collect();
            prop_assert!((mean_correlation(&trials).unwrap() - mean(&all).unwrap()).abs() < 1e-9);
        }

        #[test]
        fn more_tries_reach_higher(count in 1.0f64..1e6, more in 0.01f64..1e3) {
            prop_assert!(expected_maximum(count + more) >= expected_maximum(count));
        }

        #[test]
        fn adjusted_p_values_are_never_lower_and_holms_the_highest(
            p in prop::collection::vec(0.0f64..=1.0, 1..20),
        ) {
            let (holm, bh) = (holm(&p).unwrap(), benjamini_hochberg(&p).unwrap());
            for ((p, bh), holm) in p.iter().zip(bh).zip(holm) {
                prop_assert!(*p <= bh && bh <= holm + 1e-15 && holm <= 1.0);
            }
        }
    }
}
