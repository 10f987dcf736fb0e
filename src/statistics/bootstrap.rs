//! Resampling: what a statistic might as well have been. Rows are drawn in blocks, since neighbours depend on each other.
//!
//! `uniform` gives independent numbers from 0 on and below 1; a good generator and its seed are the caller's choice.

use std::ops::Range;

use super::whole;
use crate::outcome::Interval;

/// How long blocks should be: the cube root of the rows, rounded up, and at least the horizon of overlapping outcomes.
///
/// Report it with the interval.
pub fn block_length(n: usize, horizon: usize) -> usize {
    // The root of a cube is whole but for rounding.
    whole(((n as f64).cbrt() - 1e-9).ceil()).max(horizon).max(1)
}

/// A row below `n`.
fn draw(n: usize, uniform: &mut impl FnMut() -> f64) -> usize {
    whole(uniform() * n as f64).min(n - 1)
}

/// The rows of one resample of `n` in blocks of random length, `block` on average, that go on after the last row at the
/// first (the stationary bootstrap: Politis & Romano, *JASA* 89, 1994). Empty without rows.
///
/// Two numbers are drawn where a block begins, and one at every other row.
pub fn stationary(n: usize, block: usize, uniform: &mut impl FnMut() -> f64) -> Vec<usize> {
    let mut rows: Vec<usize> = Vec::with_capacity(n);
    while rows.len() < n {
        let row = match rows.last() {
            Some(last) if uniform() * block.max(1) as f64 >= 1.0 => (last + 1) % n,
            _ => draw(n, uniform),
        };
        rows.push(row);
    }
    rows
}

/// The rows of one resample of `n` in blocks of `block` rows that go on after the last row at the first; the last block is
/// cut (the circular block bootstrap: Politis & Romano, 1992). Empty without rows.
pub fn circular(n: usize, block: usize, uniform: &mut impl FnMut() -> f64) -> Vec<usize> {
    let mut rows = Vec::with_capacity(n + block);
    while rows.len() < n {
        let start = draw(n, uniform);
        rows.extend((start..start + block.clamp(1, n)).map(|row| row % n));
    }
    rows.truncate(n);
    rows
}

/// How likely each label is to be drawn next by the sequential bootstrap, given those already drawn: in proportion to its
/// average uniqueness among them (López de Prado, *Advances in Financial Machine Learning*, 2018, ch. 4).
///
/// A label is the bars in which it is alive. They sum to 1; a label that is never alive is never drawn, and when that is
/// all of them, none.
pub fn next_draw(labels: &[Range<usize>], drawn: &[usize]) -> Vec<f64> {
    next_by(labels, &alive(labels, drawn))
}

/// How many of the drawn labels are alive at each bar.
fn alive(labels: &[Range<usize>], drawn: &[usize]) -> Vec<usize> {
    let mut alive = vec![0; labels.iter().map(|label| label.end).max().unwrap_or(0)];
    drawn.iter().filter_map(|label| labels.get(*label)).for_each(|label| live(&mut alive, label));
    alive
}

fn live(alive: &mut [usize], label: &Range<usize>) {
    alive.iter_mut().take(label.end).skip(label.start).for_each(|count| *count += 1);
}

fn next_by(labels: &[Range<usize>], alive: &[usize]) -> Vec<f64> {
    let alone = |label: &Range<usize>| label.clone().map(|bar| 1.0 / (alive[bar] as f64 + 1.0)).sum::<f64>();
    let unique = |label: &Range<usize>| if label.is_empty() { 0.0 } else { alone(label) / label.len() as f64 };
    let uniqueness: Vec<f64> = labels.iter().map(unique).collect();
    let sum: f64 = uniqueness.iter().sum();
    uniqueness.into_iter().map(|one| if sum > 0.0 { one / sum } else { 0.0 }).collect()
}

/// So many labels drawn one after the other, each as [`next_draw`] says: they overlap less than labels drawn alike.
///
/// Empty when no label is ever alive. Each draw looks at every bar of every label.
pub fn sequential(labels: &[Range<usize>], draws: usize, uniform: &mut impl FnMut() -> f64) -> Vec<usize> {
    let mut alive = alive(labels, &[]);
    let mut picked = Vec::with_capacity(draws);
    for _ in 0..draws {
        let Some(label) = pick(&next_by(labels, &alive), uniform()) else { break };
        live(&mut alive, &labels[label]);
        picked.push(label);
    }
    picked
}

/// The first whose share and those before reach beyond `at`; at worst the last that has any.
fn pick(shares: &[f64], at: f64) -> Option<usize> {
    let mut sum = 0.0;
    let beyond = shares.iter().position(|share| {
        sum += share;
        *share > 0.0 && sum > at
    });
    beyond.or_else(|| shares.iter().rposition(|share| *share > 0.0))
}

/// What a statistic was in each of several resamples, from the lowest to the highest.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled(Vec<f64>);

impl Sampled {
    /// These values; none of none, and unless all are finite.
    pub fn new(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        (!values.is_empty() && values.iter().all(|value| value.is_finite())).then_some(Self(values))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Where the share `p` lies below, between the values beside the place (B−1)·`p`; none unless 0 ≤ `p` ≤ 1.
    pub fn percentile(&self, p: f64) -> Option<f64> {
        let last = self.0.len() - 1;
        let place = last as f64 * p;
        let below = whole(place).min(last);
        let (low, high) = (self.0[below], self.0[(below + 1).min(last)]);
        (0.0..=1.0).contains(&p).then(|| low + (high - low) * place.fract())
    }

    /// The middle `confidence` of them, 0.95 perhaps: the percentile interval (Efron, 1979); none unless it is 0 to 1.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let outside = (1.0 - confidence) / 2.0;
        let interval = Interval { low: self.percentile(outside)?, high: self.percentile(1.0 - outside)? };
        (0.0..=1.0).contains(&confidence).then_some(interval)
    }
}

/// A statistic of the values in each resample, whose rows tell which values.
///
/// None without resamples, when a row is beyond the values, and when the statistic is undefined in even one resample: then
/// its interval has no end.
pub fn resampled(
    values: &[f64],
    resamples: impl IntoIterator<Item = Vec<usize>>,
    statistic: impl Fn(&[f64]) -> Option<f64>,
) -> Option<Sampled> {
    let drawn = |rows: Vec<usize>| rows.into_iter().map(|row| values.get(row).copied()).collect::<Option<Vec<f64>>>();
    let each = resamples.into_iter().map(|rows| statistic(&drawn(rows)?));
    Sampled::new(each.collect::<Option<Vec<f64>>>()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::{A, Lcg, assert_close, splitmix};
    use super::super::{PeriodSharpe, effective_count, mean, standard_deviation, standard_error_of_mean};
    use super::*;
    use crate::outcome::uniqueness;
    use crate::unit::UtcMillis;

    #[test]
    fn ten_rows_are_drawn_as_computed_elsewhere() {
        for (seed, by_chance, by_three) in [
            (12345, [0, 5, 6, 7, 4, 5, 6, 7, 7, 8], [0, 1, 2, 0, 1, 2, 5, 6, 7, 6]),
            (2024, [0, 1, 2, 3, 9, 0, 1, 8, 7, 8], [0, 1, 2, 8, 9, 0, 6, 7, 8, 5]),
        ] {
            let (mut one, mut other) = (Lcg::new(seed), Lcg::new(seed));
            assert_eq!(stationary(10, 3, &mut || one.uniform()), by_chance, "{seed}");
            assert_eq!(circular(10, 3, &mut || other.uniform()), by_three, "{seed}");
        }
    }

    #[test]
    fn blocks_are_as_long_as_the_horizon_at_least() {
        for (n, horizon, length) in [(0, 0, 1), (1, 0, 1), (12, 1, 3), (1000, 1, 10), (1001, 1, 11), (1000, 24, 24)] {
            assert_eq!(block_length(n, horizon), length, "{n} over {horizon}");
        }
    }

    /// So many resamples of `n` rows by chance.
    fn by_chance(seed: u32, n: usize, block: usize, count: usize) -> impl Iterator<Item = Vec<usize>> {
        let mut lcg = Lcg::new(seed);
        (0..count).map(move |_| stationary(n, block, &mut || lcg.uniform()))
    }

    #[test]
    fn the_sharpe_ratio_of_twelve_returns_is_as_uncertain_as_computed_elsewhere() {
        let sharpe = |returns: &[f64]| PeriodSharpe::of(returns).map(PeriodSharpe::value);
        let sampled = resampled(&A, by_chance(99, 12, 3, 2000), sharpe).unwrap();
        let interval = sampled.interval(0.95).unwrap();
        for (what, actual, expected) in [
            ("low", Some(interval.low), -0.154_573_344_9),
            ("middle", sampled.percentile(0.5), 0.176_737_408_1),
            ("high", Some(interval.high), 0.574_319_179_4),
        ] {
            assert_close(what, actual, expected);
        }
        assert_eq!(sampled.count(), 2000);
    }

    /// A thousand values of which each keeps 0.3 of the one before.
    fn dependent() -> Vec<f64> {
        let (mut lcg, mut last) = (Lcg::new(4242), 0.0);
        let next = |_| {
            last = 0.3 * last + lcg.normal();
            last
        };
        (0..1000).map(next).collect()
    }

    #[test]
    fn the_mean_of_dependent_values_is_as_uncertain_as_computed_elsewhere() {
        let values = dependent();
        let interval = resampled(&values, by_chance(7, 1000, 10, 1000), mean).unwrap().interval(0.95).unwrap();
        let naive = standard_deviation(&values).map(|s| s / 1000.0_f64.sqrt());
        for (what, actual, expected) in [
            ("first", Some(values[0]), 0.643_681_765_1),
            ("second", Some(values[1]), 0.076_450_592_14),
            ("third", Some(values[2]), 0.983_358_908_4),
            ("mean", mean(&values), 0.074_850_666_22),
            ("low", Some(interval.low), -0.015_040_470_43),
            ("high", Some(interval.high), 0.174_218_494),
            ("standard error", standard_error_of_mean(&values, 10), 0.048_072_194_75),
            ("naive one", standard_error_of_mean(&values, 0), 0.034_410_988_04),
            ("worth", effective_count(&values, 10), 512.396_771_3),
        ] {
            assert_close(what, actual, expected);
        }
        assert!(naive > standard_error_of_mean(&values, 0));
    }

    #[test]
    fn circular_blocks_agree_with_those_of_random_length() {
        let (values, mut uniform) = (dependent(), splitmix(1));
        let resamples = (0..2000).map(|_| circular(1000, 10, &mut uniform));
        let interval = resampled(&values, resamples, mean).unwrap().interval(0.95).unwrap();
        // Given elsewhere by another generator.
        assert!((interval.low + 0.0183).abs() < 0.01 && (interval.high - 0.1659).abs() < 0.01, "{interval:?}");
    }

    #[test]
    fn the_published_probabilities_of_the_second_draw_are_met() {
        // Alive at bars {1,2,3}, {3,4} and {5,6}; the second label was drawn.
        let labels = [1..4, 3..5, 5..7];
        let published = [5.0 / 14.0, 3.0 / 14.0, 6.0 / 14.0];
        next_draw(&labels, &[1]).into_iter().zip(published).for_each(|(p, expected)| assert_close("p", p, expected));
        next_draw(&labels, &[])
            .into_iter()
            .zip([1.0 / 3.0; 3])
            .for_each(|(p, alike)| assert_close("at first", p, alike));
        // 0.4 lies with the second label at first; then 0.36 just after 5/14, with the second again; then 0.99, the last.
        let mut numbers = [0.4, 0.36, 0.99].into_iter();
        assert_eq!(sequential(&labels, 3, &mut || numbers.next().unwrap()), [1, 1, 2]);
        let never = vec![3..3, 4..4];
        assert_eq!((next_draw(&[], &[]), next_draw(&never, &[0])), (vec![], vec![0.0; 2]));
        assert_eq!(sequential(&never, 2, &mut || 0.5), [0; 0]);
    }

    #[test]
    fn the_published_labels_are_unique_as_published() {
        let uniqueness = |labels: &[Range<i64>]| {
            let at = UtcMillis::new;
            uniqueness(&labels.iter().map(|label| (at(label.start), at(label.end))).collect::<Vec<_>>())
        };
        let published = uniqueness(&[1..4, 3..5, 5..7]).into_iter().zip([5.0 / 6.0, 0.75, 1.0]);
        published.for_each(|(unique, expected)| assert_close("label", unique, expected));
        for h in [4_i64, 24] {
            let at_every_bar = uniqueness(&(0..100).map(|bar| bar..bar + h).collect::<Vec<_>>());
            assert_close("away from the edges", at_every_bar[50], 1.0 / h as f64);
        }
    }

    #[test]
    fn percentiles_lie_between_order_statistics() {
        let sampled = Sampled::new(vec![30.0, 10.0, 20.0]).unwrap();
        for (p, value) in [(0.0, 10.0), (0.25, 15.0), (0.5, 20.0), (0.9, 28.0), (1.0, 30.0)] {
            assert_close("percentile", sampled.percentile(p), value);
        }
        assert_eq!([-0.1, 1.1, f64::NAN].map(|p| sampled.percentile(p)), [None; 3]);
        assert_eq!([-0.1, 1.1, f64::NAN].map(|confidence| sampled.interval(confidence)), [None; 3]);
        assert_eq!((Sampled::new(vec![]), Sampled::new(vec![1.0, f64::NAN])), (None, None));
    }

    #[test]
    fn a_statistic_that_is_undefined_even_once_has_no_interval() {
        let resamples = || [vec![0, 1, 2], vec![1, 1, 1]];
        assert!(resampled(&A, resamples(), mean).is_some());
        assert_eq!(resampled(&A, resamples(), |v| PeriodSharpe::of(v).map(PeriodSharpe::value)), None);
        assert_eq!((resampled(&A, [vec![12]], mean), resampled(&A, [], mean)), (None, None));
    }

    #[test]
    fn a_generator_that_breaks_its_word_draws_rows_that_exist() {
        for number in [1.0, 2.0, -1.0, f64::NAN, f64::INFINITY] {
            for rows in [stationary(5, 2, &mut || number), circular(5, 2, &mut || number)] {
                assert!(rows.len() == 5 && rows.iter().all(|row| *row < 5), "{number}: {rows:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn resamples_have_as_many_rows_and_only_rows_that_exist(
            n in 0usize..60, block in 0usize..80, seed in any::<u64>(),
        ) {
            let mut uniform = splitmix(seed);
            for rows in [stationary(n, block, &mut uniform), circular(n, block, &mut uniform)] {
                prop_assert!(rows.len() == n && rows.iter().all(|row| *row < n));
            }
        }

        #[test]
        fn probabilities_of_the_next_draw_sum_to_1(
            labels in prop::collection::vec((0usize..30, 1usize..9), 1..12), drawn in prop::collection::vec(0usize..12, 0..9),
        ) {
            let labels: Vec<Range<usize>> = labels.into_iter().map(|(from, length)| from..from + length).collect();
            prop_assert!((next_draw(&labels, &drawn).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }

        #[test]
        fn percentiles_rise(values in prop::collection::vec(-9.0f64..9.0, 1..40), p in 0.0f64..1.0, more in 0.0f64..0.5) {
            let sampled = Sampled::new(values).unwrap();
            let (low, high) = (sampled.percentile(p).unwrap(), sampled.percentile((p + more).min(1.0)).unwrap());
            prop_assert!(low <= high + 1e-12);
        }
    }
}
