//! How sure a share is: Wilson's interval, and how many independent outcomes there really are.

use crate::unit::UtcMillis;

/// The 97.5 % quantile of the standard normal distribution: 95 % lie within ± this.
const Z: f64 = 1.959_963_984_540_054;

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

/// How many independent outcomes there are among `instants` × `pairs_per_instant`, never more than that.
///
/// Outcomes over h bars that begin at every bar overlap, and each is unique to 1/h (López de Prado, *Advances in
/// Financial Machine Learning*, 2018, ch. 4). The k pairs of one instant move together and are worth k/(1 + (k−1)ρ)
/// (the design effect of Kish, *Survey Sampling*, 1965; for positions, the number of equal bets).
pub fn effective_n(instants: usize, horizon_bars: f64, pairs_per_instant: f64) -> f64 {
    let apart = instants as f64 / horizon_bars.max(1.0);
    let pairs = pairs_per_instant.max(0.0);
    // Below one pair an instant, on average, there is nobody to move together with.
    apart * pairs / (1.0 + (pairs - 1.0).max(0.0) * RHO)
}

/// How many independent outcomes there are among spans of time that may overlap, each from its first instant to the one
/// after its last: the sum of their average uniqueness. At a moment with c spans under way each is unique to 1/c (López de
/// Prado, 2018, ch. 4). Pairs count as if they moved as one, so this is the cautious count where outcomes are few and
/// irregular.
pub fn independent_spans(spans: &[(UtcMillis, UtcMillis)]) -> f64 {
    let shared = shared_time(spans);
    let at = |instant: UtcMillis| {
        let place = shared.partition_point(|(t, _)| *t < instant);
        shared.get(place).map_or(0.0, |(_, sum)| *sum)
    };
    let uniqueness = |(from, to): &(UtcMillis, UtcMillis)| {
        let length = to.since_ms(*from) as f64;
        if length > 0.0 { (at(*to) - at(*from)) / length } else { 1.0 }
    };
    spans.iter().map(uniqueness).fold(0.0, |sum, one| sum + one)
}

/// At each beginning and end: the time until then in milliseconds, each moment divided by the spans under way in it.
fn shared_time(spans: &[(UtcMillis, UtcMillis)]) -> Vec<(UtcMillis, f64)> {
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

    #[test]
    fn outcomes_that_overlap_or_move_together_count_for_less() {
        for (instants, horizon, pairs, worth) in [
            (1000, 24.0, 1.0, 1000.0 / 24.0),
            (1, 1.0, 3.0, 1.153_846_154),
            (1, 1.0, 5.0, 5.0 / 4.2),
            (100, 24.0, 5.0, 4.960_317_460),
            (100, 0.25, 1.0, 100.0),
            (10, 1.0, 0.5, 5.0),
            (10, 1.0, 0.0, 0.0),
            (10, 1.0, -1.0, 0.0),
            (0, 24.0, 5.0, 0.0),
        ] {
            assert_close(&format!("{instants} × {pairs} over {horizon}"), effective_n(instants, horizon, pairs), worth);
        }
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
        fn there_are_never_more_effective_outcomes_than_outcomes(
            instants in 0usize..100_000, horizon in 0.0f64..500.0, pairs in 0.0f64..50.0,
        ) {
            let n = effective_n(instants, horizon, pairs);
            prop_assert!(n >= 0.0 && n <= instants as f64 * pairs * (1.0 + 1e-12), "{n}");
        }
    }
}
