//! What a score was worth so far: from a score to the probability that prices rise.

use serde::{Deserialize, Serialize};

use super::isotonic::{between, isotonic};
use super::platt::{logistic, platt};

/// From this many effective outcomes on, a line is fitted.
const PLATT_FROM: f64 = 50.0;
/// From this many on, a staircase.
const ISOTONIC_FROM: f64 = 500.0;
/// A fitted line counts for n/(n + this), the prior for the rest.
const HALF_BELIEVED_AT: f64 = 100.0;
/// Effective outcomes that a step of the staircase rests on at least.
const MIN_PER_STEP: f64 = 50.0;
/// What scores are divided by before a line is fitted.
const FULL_SCORE: f64 = 100.0;

/// What a score is believed to be worth before anything has been seen: 45 % to 55 %.
pub fn prior(score: f64) -> f64 {
    0.5 + 0.05 * (score / 50.0).tanh()
}

/// From a score (−100…+100) to the probability of the outcome it leans to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase")]
pub enum Calibration {
    /// Too little has been seen: the prior alone.
    Prior,
    /// A line in log-odds over score/100, drawn to the prior.
    Platt {
        /// The log-odds at score 0.
        intercept: f64,
        /// Log-odds for each 100 points of score.
        slope: f64,
        /// How much the line counts, 0…1; the prior counts for the rest.
        shrink: f64,
    },
    /// A rising staircase: straight between its knots, level beyond them.
    Isotonic {
        /// (score, probability), both ends of each step, ascending.
        knots: Vec<(f64, f64)>,
    },
}

impl Calibration {
    /// As much as `n_eff` effective outcomes carry, of samples of (score, happened).
    ///
    /// Below 50 the prior, below 500 a line drawn to the prior, from there on a staircase.
    pub fn fit(samples: &[(f64, bool)], n_eff: f64) -> Self {
        let n_eff = n_eff.clamp(0.0, samples.len() as f64);
        if n_eff >= ISOTONIC_FROM {
            Self::staircase(samples, n_eff)
        } else if n_eff >= PLATT_FROM {
            Self::line(samples, n_eff)
        } else {
            Self::Prior
        }
    }

    fn line(samples: &[(f64, bool)], n_eff: f64) -> Self {
        let scaled: Vec<_> = samples.iter().map(|(score, happened)| (score / FULL_SCORE, *happened)).collect();
        let shrink = n_eff / (n_eff + HALF_BELIEVED_AT);
        platt(&scaled).map_or(Self::Prior, |line| Self::Platt { intercept: line.intercept, slope: line.slope, shrink })
    }

    /// No step is surer than its least number of outcomes allows: held between 1 and m+1 of m+2.
    fn staircase(samples: &[(f64, bool)], n_eff: f64) -> Self {
        let weight = n_eff / samples.len() as f64;
        let weighed: Vec<_> = samples.iter().map(|(score, happened)| (*score, f64::from(*happened), weight)).collect();
        let surest = (MIN_PER_STEP + 1.0) / (MIN_PER_STEP + 2.0);
        let held = |(score, p): (f64, f64)| (score, p.clamp(1.0 - surest, surest));
        Self::Isotonic { knots: isotonic(&weighed, MIN_PER_STEP).into_iter().map(held).collect() }
    }

    /// The probability that goes with a score; a score that is not a number says as much as 0.
    pub fn probability(&self, score: f64) -> f64 {
        let score = if score.is_nan() { 0.0 } else { score };
        match self {
            Self::Prior => prior(score),
            Self::Platt { intercept, slope, shrink } => {
                let fitted = logistic(intercept + slope * score / FULL_SCORE);
                shrink * fitted + (1.0 - shrink) * prior(score)
            }
            Self::Isotonic { knots } => between(knots, score).unwrap_or_else(|| prior(score)),
        }
    }

    /// Its word in JSON and in the database.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Prior => "prior",
            Self::Platt { .. } => "platt",
            Self::Isotonic { .. } => "isotonic",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::assert_close;
    use super::*;

    #[test]
    fn the_prior_believes_little() {
        // tanh 1 and tanh 2 from tables.
        for (score, p) in
            [(0.0, 0.5), (50.0, 0.538_079_707_8), (-50.0, 0.461_920_292_2), (100.0, 0.548_201_379), (1e9, 0.55)]
        {
            assert_close(&score.to_string(), prior(score), p);
            assert_close(&score.to_string(), Calibration::Prior.probability(score), p);
        }
    }

    /// Scores −100…+100 in turn; the higher half happens three times of four, the lower once.
    fn samples(count: usize) -> Vec<(f64, bool)> {
        let one = |i: usize| {
            let score = (i % 201) as f64 - 100.0;
            (score, i.is_multiple_of(4) != (score > 0.0))
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn how_much_is_fitted_depends_on_the_effective_number_of_outcomes() {
        for (count, n_eff, name) in [
            (0, 0.0, "prior"),
            (9000, 49.9, "prior"),
            (9000, 50.0, "platt"),
            (9000, 499.9, "platt"),
            (9000, 500.0, "isotonic"),
            (49, 9000.0, "prior"),
            (499, 9000.0, "platt"),
            (0, 9000.0, "prior"),
            (9000, f64::NAN, "prior"),
            (9000, -1.0, "prior"),
        ] {
            assert_eq!(Calibration::fit(&samples(count), n_eff).name(), name, "{count} worth {n_eff}");
        }
        let level = vec![(40.0, true); 100];
        assert_eq!(Calibration::fit(&level, 100.0), Calibration::Prior, "one score says nothing about others");
    }

    #[test]
    fn a_line_is_drawn_to_the_prior_by_the_number_of_outcomes() {
        for (n_eff, expected) in [(50.0, 1.0 / 3.0), (100.0, 0.5), (400.0, 0.8)] {
            let Calibration::Platt { shrink, .. } = Calibration::fit(&samples(9000), n_eff) else { panic!("{n_eff}") };
            assert_close(&n_eff.to_string(), shrink, expected);
        }
        // The line of ten outcomes at score 40, and halfway from it to the prior.
        for (shrink, p) in [(1.0, 0.687_454_549_26), (0.5, 0.610_328_193_887), (0.0, 0.533_201_838_513)] {
            let line = Calibration::Platt { intercept: 0.0, slope: 1.970_614_540_552, shrink };
            assert_close(&shrink.to_string(), line.probability(40.0), p);
        }
    }

    #[test]
    fn a_step_rests_on_fifty_effective_outcomes() {
        // A thousand outcomes worth five hundred: groups of a hundred are just heavy enough, groups of fifty only in pairs.
        for (groups, each, joined) in [(10, 100, 1), (20, 50, 2)] {
            let group = |g: i32| (0..each).map(move |i| (f64::from(g), i < each / 5 + g));
            let samples: Vec<_> = (0..groups).flat_map(group).collect();
            let Calibration::Isotonic { knots } = Calibration::fit(&samples, 500.0) else { panic!("{groups}") };
            assert_eq!(knots.len(), usize::try_from(groups).unwrap());
            for (knot, g) in knots.iter().zip(0..) {
                let first = f64::from(g / joined * joined);
                let middle = first + f64::from(joined - 1) / 2.0;
                assert_close(&format!("group {g} of {groups}"), knot.1, 0.2 + middle / f64::from(each));
            }
        }
    }

    #[test]
    fn no_step_is_certain() {
        let apart: Vec<_> = (0..1000).map(|i| (f64::from(i) / 5.0 - 100.0, i >= 500)).collect();
        let fitted = Calibration::fit(&apart, 1000.0);
        assert_close("the lower half", fitted.probability(-60.0), 1.0 / 52.0);
        assert_close("the upper half", fitted.probability(60.0), 51.0 / 52.0);
    }

    #[test]
    fn a_calibration_is_stored_under_its_method_and_read_back() {
        for (calibration, json) in [
            (Calibration::Prior, r#"{"method":"prior"}"#),
            (
                Calibration::Platt { intercept: -0.1, slope: 2.5, shrink: 0.75 },
                r#"{"method":"platt","intercept":-0.1,"slope":2.5,"shrink":0.75}"#,
            ),
            (
                Calibration::Isotonic { knots: vec![(-100.0, 0.25), (12.5, 0.75)] },
                r#"{"method":"isotonic","knots":[[-100.0,0.25],[12.5,0.75]]}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&calibration).unwrap(), json);
            assert_eq!(serde_json::from_str::<Calibration>(json).unwrap(), calibration);
            assert!(json.contains(&format!(r#""method":"{}""#, calibration.name())), "{json}");
        }
    }

    #[test]
    fn a_score_that_is_not_a_number_and_a_staircase_without_steps_do_no_harm() {
        for calibration in [Calibration::Prior, Calibration::Isotonic { knots: vec![] }] {
            assert_close(calibration.name(), calibration.probability(f64::NAN), 0.5);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_probability_lies_strictly_between_0_and_1_and_survives_storage(
            outcomes in prop::collection::vec((-1000i16..=1000, any::<bool>()), 0..900),
            worth in 0.0f64..=1.0, alike in prop::option::of(any::<bool>()), score in -100.0f64..=100.0,
        ) {
            let sample = |(tenths, happened)| (f64::from(tenths) / 10.0, alike.unwrap_or(happened));
            let samples: Vec<_> = outcomes.into_iter().map(sample).collect();
            let fitted = Calibration::fit(&samples, worth * samples.len() as f64);
            let p = fitted.probability(score);
            prop_assert!(0.0 < p && p < 1.0, "{p} of {fitted:?}");
            let stored = serde_json::to_string(&fitted).unwrap();
            prop_assert_eq!(serde_json::from_str::<Calibration>(&stored).unwrap(), fitted);
        }

        #[test]
        fn a_staircase_never_falls(
            outcomes in prop::collection::vec((-1000i16..=1000, any::<bool>()), 500..900),
            lower in -100.0f64..=100.0, more in 0.0f64..=100.0,
        ) {
            let samples: Vec<_> = outcomes.iter().map(|(tenths, happened)| (f64::from(*tenths) / 10.0, *happened)).collect();
            let fitted = Calibration::fit(&samples, samples.len() as f64);
            prop_assert!(fitted.probability(lower) <= fitted.probability(lower + more));
        }
    }
}
