//! Whether the higher forecasts came with the higher outcomes, whatever their size.

use super::Interval;
use super::accuracy::{all_finite, pearson};
use super::interval::Z;

/// The rank of each value from 1 on; equal values share the mean of their ranks.
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    // In ascending order, not below the next one is equal to it.
    for ties in order.chunk_by(|&a, &b| values[a] >= values[b]) {
        let rank = below as f64 + (ties.len() + 1) as f64 / 2.0;
        for &i in ties {
            ranks[i] = rank;
        }
        below += ties.len();
    }
    ranks
}

/// Spearman's rank correlation of (predicted, actual), with average ranks on ties: the information coefficient.
pub fn information_coefficient(pairs: &[(f64, f64)]) -> Option<f64> {
    let (predicted, actual): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let ranks: Vec<_> = average_ranks(&predicted).into_iter().zip(average_ranks(&actual)).collect();
    pearson(&ranks).filter(|_| all_finite(pairs))
}

/// The t of a correlation of `n` outcomes; `n` may be an effective count.
///
/// None for two outcomes or fewer, and for a perfect correlation.
pub fn t_statistic(correlation: f64, n: f64) -> Option<f64> {
    let unexplained = 1.0 - correlation * correlation;
    (n > 2.0 && unexplained > 1e-15).then(|| correlation * ((n - 2.0) / unexplained).sqrt())
}

/// Where a rank correlation of `n` outcomes may lie, with 95 %: Fisher's z with the variance (1 + r²/2)/(n − 3) of Bonett and
/// Wright (2000); `n` may be an effective count. None for three outcomes or fewer, and for a perfect correlation.
pub fn rank_interval(correlation: f64, n: f64) -> Option<Interval> {
    let (z, spread) = (correlation.atanh(), (1.0 + correlation * correlation / 2.0) / (n - 3.0));
    let half = Z * spread.sqrt();
    let sane = n > 3.0 && z.is_finite() && half.is_finite();
    sane.then(|| Interval { low: (z - half).tanh(), high: (z + half).tanh() })
}

#[cfg(test)]
mod tests {
    use super::super::assert_close;
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        for (values, ranks) in [
            (vec![10.0, 30.0, 20.0, 20.0, 50.0], vec![1.0, 4.0, 2.5, 2.5, 5.0]),
            (vec![7.0, 7.0, 7.0], vec![2.0, 2.0, 2.0]),
            (vec![0.0, -0.0, -1.0], vec![2.5, 2.5, 1.0]),
            (vec![], vec![]),
        ] {
            assert_eq!(average_ranks(&values), ranks, "{values:?}");
        }
    }

    #[test]
    fn the_information_coefficient_is_spearmans() {
        let tied = [(1.0, 10.0), (2.0, 30.0), (2.0, 20.0), (3.0, 20.0), (4.0, 50.0)];
        assert_close("with ties", information_coefficient(&tied), 0.763_157_894_7);
        let cubed: Vec<_> = (-3..4).map(f64::from).map(|x| (x, -x.powi(3))).collect();
        assert_close("the other way round", information_coefficient(&cubed), -1.0);
    }

    #[test]
    fn without_two_different_values_there_is_no_rank_correlation() {
        for pairs in
            [vec![], vec![(1.0, 1.0)], vec![(1.0, 1.0), (1.0, 2.0)], vec![(1.0, 1.0), (2.0, 3.0), (f64::NAN, 2.0)]]
        {
            assert_eq!(information_coefficient(&pairs), None, "{pairs:?}");
        }
    }

    #[test]
    fn the_interval_of_a_rank_correlation_is_fishers() {
        // r 0.5 of 28: z 0.549306, half 1.959964 × √(1.125/25) = 0.415771: tanh of 0.133535 and of 0.965077.
        let interval = rank_interval(0.5, 28.0).unwrap();
        assert!((interval.low - 0.132_747).abs() < 1e-5 && (interval.high - 0.746_533).abs() < 1e-5, "{interval:?}");
        let around = rank_interval(0.0, 103.0).unwrap();
        assert!((around.high - 0.193_525).abs() < 1e-5 && (around.low + around.high).abs() < 1e-12);
        for (correlation, n) in [(0.5, 3.0), (1.0, 9.0), (f64::NAN, 9.0), (0.5, f64::NAN)] {
            assert_eq!(rank_interval(correlation, n), None, "{correlation} of {n}");
        }
    }

    #[test]
    fn the_t_of_a_correlation_counts_outcomes() {
        assert_close("eight", t_statistic(0.595_238_095_238, 8.0), 1.814_486_627);
        assert_close("a fraction of them", t_statistic(0.6, 4.25), 0.6 * 1.5 / 0.8);
        for (correlation, n) in [(0.5, 2.0), (1.0, 8.0), (-1.0, 8.0), (f64::NAN, 8.0), (0.5, f64::NAN)] {
            assert_eq!(t_statistic(correlation, n), None, "{correlation} of {n}");
        }
    }
}
