//! A straight line in log-odds through what was seen (Platt 1999; Lin, Lin & Weng 2007).

use super::Line;

/// Newton's method needs about six steps.
const MOST_STEPS: usize = 100;
/// Halved this often, a step is smaller than rounding.
const MOST_HALVINGS: usize = 50;
/// A step that promises less than this, in the mean loss, is the last: the one after it would be its square.
const LAST_GAIN: f64 = 1e-12;
/// How much of the promised gain a step has to keep.
const KEPT_GAIN: f64 = 1e-4;
/// A determinant below this share of its first product is rounding.
const SINGULAR: f64 = 1e-12;

/// The probability of log-odds.
pub(super) fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The log-odds of having happened as a line over x, for samples of (x, happened).
///
/// Targets are smoothed, (N₁+1)/(N₁+2) and 1/(N₀+2), so that the line is finite even when x tells the outcomes apart
/// or all ended alike. None when x has no spread.
pub fn platt(samples: &[(f64, bool)]) -> Option<Line> {
    let happened = samples.iter().filter(|(_, happened)| *happened).count() as f64;
    let missed = samples.len() as f64 - happened;
    let target = |happens: bool| if happens { (happened + 1.0) / (happened + 2.0) } else { 1.0 / (missed + 2.0) };
    let points: Vec<_> = samples.iter().map(|(x, happens)| (*x, target(*happens))).collect();
    descend(&points, Line { intercept: ((happened + 1.0) / (missed + 1.0)).ln(), slope: 0.0 })
}

/// Newton's method, each step halved until it gains something.
fn descend(points: &[(f64, f64)], start: Line) -> Option<Line> {
    let mut line = start;
    for _ in 0..MOST_STEPS {
        let Newton { step, gain } = Newton::at(line, points)?;
        if gain < LAST_GAIN {
            return Some(moved(line, step, 1.0));
        }
        line = gaining(line, step, gain, points)?;
    }
    None
}

/// The longest of the step, its half, its quarter… that gains something.
fn gaining(line: Line, step: Line, gain: f64, points: &[(f64, f64)]) -> Option<Line> {
    let now = loss(line, points);
    let parts = std::iter::successors(Some(1.0), |part| Some(part / 2.0)).take(MOST_HALVINGS);
    let mut shorter = parts.map(|part| (part, moved(line, step, part)));
    shorter.find(|(part, there)| loss(*there, points) <= now - KEPT_GAIN * part * gain).map(|(_, there)| there)
}

const fn moved(line: Line, step: Line, part: f64) -> Line {
    Line { intercept: line.intercept + part * step.intercept, slope: line.slope + part * step.slope }
}

/// The mean cross entropy of the targets: ln(1 + e^z) − t·z, written so that nothing overflows.
fn loss(line: Line, points: &[(f64, f64)]) -> f64 {
    let one = |(x, target): &(f64, f64)| {
        let z = line.at(*x);
        z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z
    };
    points.iter().map(one).sum::<f64>() / points.len() as f64
}

/// Where to go next, and what the mean loss promises to gain by it (twice that, to be exact).
struct Newton {
    step: Line,
    gain: f64,
}

impl Newton {
    /// From the first and second derivatives of the mean loss; none when the second say nothing.
    fn at(line: Line, points: &[(f64, f64)]) -> Option<Self> {
        let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
        for &(x, target) in points {
            let p = logistic(line.at(x));
            let (off, bend) = (p - target, p * (1.0 - p));
            g = [g[0] + off, g[1] + off * x];
            h = [h[0] + bend, h[1] + bend * x, h[2] + bend * x * x];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        let intercept = (h[1] * g[1] - h[2] * g[0]) / determinant;
        let slope = (h[1] * g[0] - h[0] * g[1]) / determinant;
        let gain = -(g[0] * intercept + g[1] * slope) / points.len() as f64;
        (determinant > SINGULAR * h[0] * h[2]).then_some(Self { step: Line { intercept, slope }, gain })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::assert_close;
    use super::*;

    #[test]
    fn ten_outcomes_give_the_line_computed_elsewhere() {
        // The root of both derivatives in thirty digits.
        let xs = [-0.8, -0.6, -0.4, -0.2, -0.05, 0.05, 0.2, 0.4, 0.6, 0.8];
        let happened = [false, false, true, false, false, true, false, true, true, true];
        let line = platt(&xs.into_iter().zip(happened).collect::<Vec<_>>()).unwrap();
        assert!(line.intercept.abs() < 1e-9, "{line:?}");
        assert_close("slope", line.slope, 1.970_614_540_552);
        assert_close("p at 0.4", logistic(line.at(0.4)), 0.687_454_549_26);
    }

    /// A line has two freedoms, so it meets the mean target of both groups.
    #[test]
    fn two_groups_are_met_exactly() {
        let group = |(x, hits, misses): (f64, usize, usize)| [vec![(x, true); hits], vec![(x, false); misses]].concat();
        for (left, right, log_odds) in [
            // Targets 5/6 and 1/6: means of 1/3 and 2/3.
            ((0.0, 1, 3), (1.0, 3, 1), [1.0 / 2.0, 2.0 / 1.0]),
            // Targets 2/3 and 1/63: means of 43/126 and 1/63. Whole steps would run away here.
            ((0.16, 1, 1), (0.52, 0, 60), [43.0 / 83.0, 1.0 / 62.0]),
            // Its mirror: targets 62/63 and 1/3.
            ((-0.52, 60, 0), (-0.16, 1, 1), [62.0 / 1.0, 83.0 / 43.0]),
        ]
        .map(|(left, right, odds)| (left, right, odds.map(f64::ln)))
        {
            let line = platt(&[group(left), group(right)].concat()).unwrap();
            assert_close(&format!("{left:?}"), line.at(left.0), log_odds[0]);
            assert_close(&format!("{right:?}"), line.at(right.0), log_odds[1]);
        }
    }

    #[test]
    fn outcomes_all_alike_give_a_level_line_at_their_target() {
        for (happened, level) in [(true, 9.0_f64.ln()), (false, -(9.0_f64.ln()))] {
            let samples: Vec<_> = (0..8).map(|x| (f64::from(x), happened)).collect();
            let line = platt(&samples).unwrap();
            assert_close("intercept", line.intercept, level);
            assert_close("slope", line.slope, 0.0);
        }
    }

    #[test]
    fn without_spread_there_is_no_line() {
        for samples in [
            vec![],
            vec![(0.3, true)],
            vec![(0.3, true), (0.3, false), (0.3, true)],
            vec![(0.3, true), (f64::NAN, false), (0.4, true)],
            vec![(0.3, true), (f64::INFINITY, false)],
        ] {
            assert_eq!(platt(&samples), None, "{samples:?}");
        }
    }

    #[test]
    fn outcomes_told_apart_perfectly_still_give_a_finite_line() {
        for nearest in [0.5, 1e-2, 1e-3] {
            let samples: Vec<_> = (0..50).flat_map(|_| [(-nearest, false), (nearest, true)]).collect();
            let line = platt(&samples).unwrap();
            assert!(line.intercept.abs() < 1e-6, "{line:?}");
            assert_close("log-odds of 51/52", line.at(nearest), 51.0_f64.ln());
        }
    }

    proptest! {
        /// At the best line the mean probability is the mean target, and neither leans on x.
        #[test]
        fn no_direction_is_downhill_from_the_line(
            samples in prop::collection::vec((-1000i16..=1000, any::<bool>()), 2..200),
        ) {
            let samples: Vec<_> = samples.into_iter().map(|(x, happened)| (f64::from(x) / 1000.0, happened)).collect();
            prop_assume!(samples.iter().any(|(x, _)| (x - samples[0].0).abs() > 1e-9));
            let line = platt(&samples).unwrap();
            let happened = samples.iter().filter(|(_, happened)| *happened).count() as f64;
            let missed = samples.len() as f64 - happened;
            let off = |(x, happens): &(f64, bool)| {
                let target = if *happens { (happened + 1.0) / (happened + 2.0) } else { 1.0 / (missed + 2.0) };
                1.0 / (1.0 + (-line.intercept - line.slope * x).exp()) - target
            };
            let (level, lean) = samples.iter().fold((0.0, 0.0), |sum, s| (sum.0 + off(s), sum.1 + off(s) * s.0));
            prop_assert!(level.abs() < 1e-7 && lean.abs() < 1e-7, "{level} {lean}");
        }
    }
}
