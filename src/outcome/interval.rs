//! How sure a share is: Wilson's interval, and how many independent outcomes there really are.

use crate::unit::UtcMillis;

/// The 97.5 % quantile of the standard normal distribution: 95 % lie within ± this.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// The correlation assumed between pairs that are quoted in the same currency: five of them are worth 1.2.
pub const RHO: f64 = 0.8;

/// From where to where something lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Wilson's 95 % interval (1927) for `successes` of `n`; either may be fractional, as effective counts are.
///
/// None when there are no outcomes, or when the successes are not among them.
pub fn wilson(successes: f64, n: f64) -> Option<Interval> {
    let sane = n.is_finite() && n > 0.0 && (0.0..=n).contains(&successes);
    sane.then(|| around(successes / n, n))
}

fn around(p: f64, n: f64) -> Interval {
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let shrink = 1.0 + z2 / n;
    // Rounding must put neither end beyond the share itself.
    Interval { low: ((centre - half) / shrink).clamp(0.0, p), high: ((centre + half) / shrink).clamp(p, 1.0) }
}

/// How many independent outcomes there are among those of several pairs, each span from the instant it was forecast to the
/// end of its horizon. What two strategies said of one pair at one instant is one outcome.
///
/// The instants count by their average uniqueness, which for outcomes over h candles at every candle is about 1/h, and for
/// ones that are further apart as much more as is true. The k pairs of one instant move together and are worth
/// k/(1 + (k−1)ρ) (the design effect of Kish, *Survey Sampling*, 1965; for positions, the number of equal bets).
pub fn effective_n<P: Ord>(outcomes: impl IntoIterator<Item = (Span, P)>) -> f64 {
    let mut outcomes: Vec<(Span, P)> = outcomes.into_iter().collect();
    outcomes.sort_unstable_by(|(a, p), (b, q)| a.0.cmp(&b.0).then_with(|| p.cmp(q)));
    let together: Vec<&[(Span, P)]> = outcomes.chunk_by(|(a, _), (b, _)| a.0 == b.0).collect();
    let instants: Vec<Span> = together.iter().filter_map(|outcomes| longest(outcomes)).collect();
    let pairs = |outcomes: &[(Span, P)]| outcomes.chunk_by(|(_, p), (_, q)| p == q).count() as f64;
    let worth = |k: f64| k / (1.0 + (k - 1.0) * RHO);
    together
        .iter()
        .zip(uniqueness(&instants))
        .fold(0.0, |sum, (outcomes, unique)| sum + unique * worth(pairs(outcomes)))
}

/// The longest of spans that begin together.
fn longest<P>(outcomes: &[(Span, P)]) -> Option<Span> {
    outcomes.iter().map(|(span, _)| *span).max()
}

/// How many independent outcomes there are among spans of time that may overlap: the sum of their average uniqueness. Pairs
/// count as if they moved as one, so this is the cautious count where outcomes are few and irregular.
pub fn independent_spans(spans: &[Span]) -> f64 {
    uniqueness(spans).into_iter().fold(0.0, |sum, one| sum + one)
}

/// From the first instant of something to the one after its last.
pub type Span = (UtcMillis, UtcMillis);

/// How far each span is alone, between 0 and 1: at a moment with c spans under way each is unique to 1/c, and this is the
/// average over its life (López de Prado, *Advances in Financial Machine Learning*, 2018, ch. 4).
pub fn uniqueness(spans: &[Span]) -> Vec<f64> {
    let shared = shared_time(spans);
    let at = |instant: UtcMillis| {
        let place = shared.partition_point(|(t, _)| *t < instant);
        shared.get(place).map_or(0.0, |(_, sum)| *sum)
    };
    let of = |(from, to): &Span| {
        let length = to.since_ms(*from) as f64;
        if length > 0.0 { (at(*to) - at(*from)) / length } else { 1.0 }
    };
    spans.iter().map(of).collect()
}

/// At each beginning and end: the time until then in milliseconds, each moment divided by the spans under way in it.
fn shared_time(spans: &[Span]) -> Vec<(UtcMillis, f64)> {
    let mut changes: Vec<(UtcMillis, i32)> = spans.iter().flat_map(|(from, to)| [(*from, 1), (*to, -1)]).collect();
    changes.sort_unstable();
    let (mut sum, mut under_way, mut last) = (0.0, 0, None);
    let mut shared: Vec<(UtcMillis, f64)> = Vec::new();
    for (at, change) in changes {
        if let Some(last) = last.filter(|_| under_way > 0) {
            sum += at.since_ms(last) as f64 / f64::from(under_way);
        }
        under_way += change;
        last = Some(at);
        if shared.last().is_none_or(|(t, _)| *t < at) {
            shared.push((at, sum));
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::assert_close;
    use super::*;

    #[test]
    fn spans_count_as_far_as_they_are_alone() {
        let at = UtcMillis::new;
        // The published example: six bars, labels alive at {1,2,3}, {3,4} and {5,6}: 5/6, 3/4 and 1.
        let published = [(at(1), at(4)), (at(3), at(5)), (at(5), at(7))];
        assert_close("published", independent_spans(&published), 5.0 / 6.0 + 0.75 + 1.0);
        assert_close("one on the other", independent_spans(&[(at(1), at(4)); 3]), 1.0);
        assert_close("apart", independent_spans(&[(at(1), at(4)), (at(9), at(11))]), 2.0);
        assert_close("of no length", independent_spans(&[(at(1), at(1))]), 1.0);
        assert!(independent_spans(&[]).abs() < 1e-12);
    }

    #[test]
    fn wilson_agrees_with_published_intervals() {
        // The first four: Newcombe, Statistics in Medicine 17, 1998. The last: 1000 hourly outcomes over a day.
        for (successes, n, low, high) in [
            (81.0, 263.0, 0.255_288_519_9, 0.366_209_577),
            (15.0, 148.0, 0.062_386_399_53, 0.160_487_241_7),
            (0.0, 20.0, 0.0, 0.161_125_158_1),
            (1.0, 29.0, 0.006_113_214_293, 0.171_755_218_8),
            (55.0, 100.0, 0.452_446_03, 0.643_854_620_2),
            (5.0, 10.0, 0.236_593_090_5, 0.763_406_909_5),
            (540.0, 1000.0, 0.509_015_286_2, 0.570_678_573_1),
            (540.0 / 24.0, 1000.0 / 24.0, 0.391_780_517_3, 0.681_466_475_4),
        ] {
            let interval = wilson(successes, n).unwrap();
            assert_close(&format!("low of {successes}/{n}"), interval.low, low);
            assert_close(&format!("high of {successes}/{n}"), interval.high, high);
        }
    }

    #[test]
    fn none_and_all_of_any_number_reach_0_and_1_exactly() {
        for n in (1..2000).map(f64::from) {
            assert_eq!(wilson(0.0, n).map(|i| i.low), Some(0.0), "0 of {n}");
            assert_eq!(wilson(n, n).map(|i| i.high), Some(1.0), "{n} of {n}");
        }
    }

    #[test]
    fn there_is_no_interval_without_outcomes_or_with_impossible_ones() {
        for (successes, n) in
            [(0.0, 0.0), (0.0, -1.0), (1.1, 1.0), (-0.1, 1.0), (f64::NAN, 1.0), (0.0, f64::NAN), (1.0, f64::INFINITY)]
        {
            assert_eq!(wilson(successes, n), None, "{successes} of {n}");
        }
    }

    /// Outcomes of `pairs` over `horizon` candles, at each of `instants` that lie `every` candles apart.
    fn spans(instants: i64, every: i64, horizon: i64, pairs: usize) -> Vec<(Span, usize)> {
        let at = |n: i64| UtcMillis::new(3_600_000 * n);
        let one = |i: i64| (0..pairs).map(move |pair| ((at(i * every), at(i * every + horizon)), pair));
        (0..instants).flat_map(one).collect()
    }

    #[test]
    fn outcomes_that_overlap_or_move_together_count_for_less() {
        for (instants, every, horizon, pairs, worth) in [
            // The time that is covered, in horizons: 999 + 24 of 24, 47 + 4 of 4.
            (1000, 1, 24, 1, 1023.0 / 24.0),
            (48, 1, 4, 1, 51.0 / 4.0),
            // A decision every fourth candle is asked about as often as its horizon ends.
            (250, 4, 4, 1, 250.0),
            (250, 4, 24, 1, (249.0 * 4.0 + 24.0) / 24.0),
            (10, 100, 24, 1, 10.0),
            (1, 1, 1, 3, 1.153_846_154),
            (1, 1, 1, 5, 5.0 / 4.2),
            (100, 1, 24, 5, 123.0 / 24.0 * 5.0 / 4.2),
            (0, 1, 24, 5, 0.0),
        ] {
            let n = effective_n(spans(instants, every, horizon, pairs));
            assert_close(&format!("{instants} × {pairs} over {horizon}, every {every}"), n, worth);
        }
        // An hour of five pairs and one of a single pair, far apart.
        let alone = ((UtcMillis::new(1 << 40), UtcMillis::new((1 << 40) + 1)), 0);
        assert_close("mixed", effective_n([spans(1, 1, 4, 5), vec![alone]].concat()), 5.0 / 4.2 + 1.0);
    }

    #[test]
    fn what_two_strategies_say_of_one_pair_at_one_instant_is_one_outcome() {
        // 47 + 4 hours of four; and each instant of three pairs, said once or twice, is worth 3/2.6.
        let hourly = spans(48, 1, 4, 1);
        assert_close("one pair", effective_n([hourly.clone(), hourly].concat()), 51.0 / 4.0);
        let three = spans(48, 1, 4, 3);
        assert_close("three pairs", effective_n([three.clone(), three].concat()), 51.0 / 4.0 * 3.0 / 2.6);
        // One strategy left after two hours, the other stayed for four.
        let at = |hour: i64| UtcMillis::new(3_600_000 * hour);
        assert_close("of two lengths", effective_n([((at(0), at(2)), 0), ((at(0), at(4)), 0)]), 1.0);
    }

    proptest! {
        #[test]
        fn wilson_lies_within_0_and_1_around_the_share(n in 0.01f64..1e7, share in 0.0f64..=1.0) {
            let (successes, p) = (share * n, share * n / n);
            let Interval { low, high } = wilson(successes, n).unwrap();
            prop_assert!(0.0 <= low && low <= p && p <= high && high <= 1.0, "{low} {p} {high}");
        }

        #[test]
        fn more_outcomes_make_a_share_surer(n in 1.0f64..1e6, share in 0.0f64..=1.0) {
            let width = |n: f64| wilson(share * n, n).map(|i| i.high - i.low).unwrap();
            prop_assert!(width(2.0 * n) < width(n));
        }

        #[test]
        fn there_are_never_more_effective_outcomes_than_outcomes_nor_fewer_than_one(
            spans in prop::collection::vec((0i64..500, 0i64..50), 1..60), pairs in 1usize..60,
        ) {
            let at = UtcMillis::new;
            let spans: Vec<Span> = spans.into_iter().map(|(from, length)| (at(from), at(from + length))).collect();
            let of_pairs = spans.iter().copied().enumerate().map(|(i, span)| (span, i % pairs));
            for n in [effective_n(of_pairs), independent_spans(&spans)] {
                prop_assert!((1.0 - 1e-9..=spans.len() as f64 * (1.0 + 1e-12)).contains(&n), "{n}");
            }
        }
    }
}
