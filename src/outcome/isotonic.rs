//! The rising staircase nearest to what was seen, by pooling adjacent violators.

/// Neighbouring scores that share one value.
#[derive(Clone, Copy)]
struct Step {
    low: f64,
    high: f64,
    sum: f64,
    weight: f64,
}

impl Step {
    const fn new((score, value, weight): (f64, f64, f64)) -> Self {
        Self { low: score, high: score, sum: value * weight, weight }
    }

    const fn value(self) -> f64 {
        self.sum / self.weight
    }

    const fn with(self, next: Self) -> Self {
        Self { low: self.low, high: next.high, sum: self.sum + next.sum, weight: self.weight + next.weight }
    }

    /// Where it begins and where it ends; one place when it has only one score.
    fn knots(self) -> impl Iterator<Item = (f64, f64)> {
        let end = (self.low < self.high).then_some((self.high, self.value()));
        std::iter::once((self.low, self.value())).chain(end)
    }
}

/// The rising function nearest to (score, value, weight), by weighted least squares (Ayer et al., 1955), as knots in
/// ascending order: both ends of each step.
///
/// A step lighter than `min_per_step` is joined with the next one, the last with the one before. What has no weight or
/// is not finite is not counted.
pub fn isotonic(points: &[(f64, f64, f64)], min_per_step: f64) -> Vec<(f64, f64)> {
    let alike = gather(ascending(points), |before, step| before.high >= step.low);
    let rising = gather(alike, |before, step| before.value() >= step.value());
    let heavy = gather(rising, |before, _| before.weight < min_per_step);
    // Only the last can still be too light.
    let all_heavy = gather(heavy, |_, step| step.weight < min_per_step);
    all_heavy.into_iter().flat_map(Step::knots).collect()
}

fn ascending(points: &[(f64, f64, f64)]) -> Vec<Step> {
    let counts = |(score, value, weight): &&(f64, f64, f64)| {
        score.is_finite() && value.is_finite() && weight.is_finite() && *weight > 0.0
    };
    let mut steps: Vec<_> = points.iter().filter(counts).copied().map(Step::new).collect();
    steps.sort_by(|a, b| a.low.total_cmp(&b.low));
    steps
}

/// Joins each step with those before it for as long as they belong together.
fn gather(steps: Vec<Step>, together: impl Fn(Step, Step) -> bool) -> Vec<Step> {
    let mut gathered: Vec<Step> = Vec::new();
    for mut step in steps {
        while let Some(before) = gathered.pop_if(|before| together(*before, step)) {
            step = before.with(step);
        }
        gathered.push(step);
    }
    gathered
}

/// The value of knots at a score: straight between them, level beyond the first and the last; none without knots.
pub(super) fn between(knots: &[(f64, f64)], score: f64) -> Option<f64> {
    let (below, above) = knots.split_at(knots.partition_point(|knot| knot.0 <= score));
    match (below.last(), above.first()) {
        (Some(left), Some(right)) => Some(left.1 + (right.1 - left.1) * (score - left.0) / (right.0 - left.0)),
        (Some(end), None) | (None, Some(end)) => Some(end.1),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::assert_close;
    use super::*;

    /// Points at the scores 0, 1, 2…
    fn in_order(values: &[f64], weights: &[f64]) -> Vec<(f64, f64, f64)> {
        (0..).map(f64::from).zip(values).zip(weights).map(|((score, value), weight)| (score, *value, *weight)).collect()
    }

    #[test]
    fn adjacent_violators_are_pooled_by_their_weights() {
        const THIRD: f64 = 1.0 / 3.0;
        for (values, weights, fitted) in [
            (vec![0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0], vec![1.0; 7], vec![0.0, THIRD, THIRD, THIRD, 1.0, 1.0, 1.0]),
            (vec![0.2, 0.5, 0.3, 0.9], vec![1.0, 3.0, 1.0, 1.0], vec![0.2, 0.45, 0.45, 0.9]),
            (vec![3.0, 2.0, 1.0], vec![1.0; 3], vec![2.0; 3]),
        ] {
            let knots = isotonic(&in_order(&values, &weights), 0.0);
            for (score, expected) in (0..).map(f64::from).zip(fitted) {
                assert_close(&format!("{values:?} at {score}"), between(&knots, score), expected);
            }
        }
    }

    #[test]
    fn a_step_that_is_too_light_joins_its_neighbour() {
        let values = [0.1, 0.2, 0.3, 0.4, 0.5];
        for (weights, least, knots) in [
            ([4.0; 5], 4.0, vec![(0.0, 0.1), (1.0, 0.2), (2.0, 0.3), (3.0, 0.4), (4.0, 0.5)]),
            ([4.0; 5], 5.0, vec![(0.0, 0.15), (1.0, 0.15), (2.0, 0.4), (4.0, 0.4)]),
            ([4.0; 5], 20.1, vec![(0.0, 0.3), (4.0, 0.3)]),
            ([9.0, 1.0, 9.0, 9.0, 1.0], 5.0, vec![(0.0, 0.1), (1.0, 0.29), (2.0, 0.29), (3.0, 0.41), (4.0, 0.41)]),
        ] {
            let found = isotonic(&in_order(&values, &weights), least);
            let scores = |knots: &[(f64, f64)]| knots.iter().map(|knot| knot.0).collect::<Vec<_>>();
            assert_eq!(scores(&found), scores(&knots), "{weights:?} {least}");
            for (knot, (_, value)) in found.iter().zip(&knots) {
                assert_close(&format!("{weights:?} {least} at {}", knot.0), knot.1, *value);
            }
        }
    }

    #[test]
    fn equal_scores_share_one_value_whatever_their_order() {
        let knots = isotonic(&[(5.0, 0.0, 1.0), (1.0, 0.0, 1.0), (5.0, 1.0, 3.0)], 0.0);
        assert_eq!(knots, [(1.0, 0.0), (5.0, 0.75)]);
    }

    #[test]
    fn points_that_are_no_numbers_or_weigh_nothing_are_not_counted() {
        let junk = [(f64::NAN, 1.0, 1.0), (0.0, f64::NAN, 1.0), (0.0, 1.0, 0.0), (0.0, 1.0, f64::INFINITY)];
        assert_eq!(isotonic(&junk, 0.0), []);
        assert_eq!(between(&[], 0.0), None);
    }

    #[test]
    fn knots_are_level_at_their_ends_and_straight_between() {
        let knots = [(0.0, 0.2), (10.0, 0.4), (20.0, 0.4)];
        for (score, value) in [(-50.0, 0.2), (0.0, 0.2), (2.5, 0.25), (10.0, 0.4), (15.0, 0.4), (99.0, 0.4)] {
            assert_close(&score.to_string(), between(&knots, score), value);
        }
    }

    /// The largest over beginnings, of the smallest over ends, of the means of the stretches that hold `i`: what
    /// isotonic regression is, by another road (Robertson, Wright & Dykstra, 1988).
    fn by_definition(points: &[(f64, f64, f64)], i: usize) -> f64 {
        let mean = |part: &[(f64, f64, f64)]| {
            part.iter().map(|p| p.1 * p.2).sum::<f64>() / part.iter().map(|p| p.2).sum::<f64>()
        };
        let least = |from: usize| (i..points.len()).map(|to| mean(&points[from..=to])).fold(f64::INFINITY, f64::min);
        (0..=i).map(least).fold(f64::NEG_INFINITY, f64::max)
    }

    fn points() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((0.0f64..1.0, 0.1f64..5.0), 1..40)
    }

    proptest! {
        #[test]
        fn pooling_finds_what_the_definition_says(points in points()) {
            let (values, weights): (Vec<_>, Vec<_>) = points.into_iter().unzip();
            let points = in_order(&values, &weights);
            let knots = isotonic(&points, 0.0);
            for (i, point) in points.iter().enumerate() {
                prop_assert!((between(&knots, point.0).unwrap() - by_definition(&points, i)).abs() < 1e-9);
            }
        }

        #[test]
        fn the_staircase_rises_and_keeps_the_mean(points in points(), least in 0.0f64..20.0) {
            let (values, weights): (Vec<_>, Vec<_>) = points.into_iter().unzip();
            let points = in_order(&values, &weights);
            let knots = isotonic(&points, least);
            prop_assert!(knots.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{knots:?}");
            let fitted: f64 = points.iter().map(|p| between(&knots, p.0).unwrap() * p.2).sum();
            let seen: f64 = points.iter().map(|p| p.1 * p.2).sum();
            prop_assert!((fitted - seen).abs() < 1e-9 * seen.max(1.0));
        }
    }
}
