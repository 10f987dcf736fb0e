//! How good probabilities were. All take (the probability that was told, whether it happened).

use super::{Interval, mean, wilson};

/// How many equal bins the reliability table has.
pub const BINS: usize = 5;

/// Log loss takes no probability for nearer to 0 or 1 than this.
const CLIP: f64 = 1e-6;

/// The forecasts, if there are any and all are probabilities.
fn proper(forecasts: &[(f64, bool)]) -> Option<&[(f64, bool)]> {
    let fine = !forecasts.is_empty() && forecasts.iter().all(|(p, _)| (0.0..=1.0).contains(p));
    fine.then_some(forecasts)
}

/// Brier's score (1950): the mean squared distance from what happened; 0.25 for always saying 50 %.
pub fn brier(forecasts: &[(f64, bool)]) -> Option<f64> {
    mean(proper(forecasts)?.iter().map(|(p, happened)| (p - f64::from(*happened)).powi(2)))
}

/// What is gained over always telling the base rate: 1 is perfect, 0 nothing; none when all ended alike.
pub fn brier_skill(forecasts: &[(f64, bool)]) -> Option<f64> {
    let base = mean(forecasts.iter().map(|(_, happened)| f64::from(*happened)))?;
    let uncertainty = base * (1.0 - base);
    (uncertainty > 0.0).then_some(1.0 - brier(forecasts)? / uncertainty)
}

/// The mean negative logarithm of the probability told for what happened; ln 2 for always saying 50 %.
pub fn log_loss(forecasts: &[(f64, bool)]) -> Option<f64> {
    mean(proper(forecasts)?.iter().map(|(p, happened)| {
        let p = p.clamp(CLIP, 1.0 - CLIP);
        -if *happened { p } else { 1.0 - p }.ln()
    }))
}

/// The forecasts of one fifth of the probabilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// How many there are.
    pub count: usize,
    /// The mean of what was told; none for an empty bin, as the rest.
    pub mean_p: Option<f64>,
    /// The share that happened.
    pub observed: Option<f64>,
    /// Where that share may lie, for as many outcomes as the bin is worth.
    pub interval: Option<Interval>,
}

impl Bin {
    fn of(forecasts: &[(f64, bool)], worth: f64) -> Self {
        let count = forecasts.len();
        let happened = forecasts.iter().filter(|(_, happened)| *happened).count();
        Self {
            count,
            mean_p: mean(forecasts.iter().map(|(p, _)| *p)),
            observed: mean(forecasts.iter().map(|(_, happened)| f64::from(*happened))),
            interval: wilson(happened as f64 * worth, count as f64 * worth),
        }
    }
}

/// The bin of a probability; none for what is no probability. 1 belongs to the last bin.
fn bin_of(p: f64) -> Option<usize> {
    let edges = (1..BINS).map(|edge| edge as f64);
    (0.0..=1.0).contains(&p).then(|| edges.take_while(|edge| BINS as f64 * p >= *edge).count())
}

/// The reliability table. `worth` is how many independent outcomes each of them counts for: effective n / n, at most 1.
pub fn reliability(forecasts: &[(f64, bool)], worth: f64) -> [Bin; BINS] {
    let mut bins: [Vec<_>; BINS] = Default::default();
    for forecast in forecasts {
        if let Some(i) = bin_of(forecast.0) {
            bins[i].push(*forecast);
        }
    }
    bins.map(|bin| Bin::of(&bin, worth.clamp(0.0, 1.0)))
}

/// The expected calibration error: the mean distance between told and observed over the bins, by their counts.
pub fn calibration_error(forecasts: &[(f64, bool)]) -> Option<f64> {
    let n = proper(forecasts)?.len() as f64;
    let distance = |bin: Bin| Some(bin.count as f64 / n * (bin.observed? - bin.mean_p?).abs());
    Some(reliability(forecasts, 1.0).into_iter().filter_map(distance).sum())
}

/// What was called against what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Called, and it happened.
    pub true_positive: usize,
    /// Called, and it did not happen.
    pub false_positive: usize,
    /// Not called, but it happened.
    pub false_negative: usize,
    /// Not called, and it did not happen.
    pub true_negative: usize,
}

impl Confusion {
    /// Probabilities from `threshold` on call it.
    pub fn at(threshold: f64, forecasts: &[(f64, bool)]) -> Self {
        let mut counts = Self::default();
        for (p, happened) in forecasts {
            *match (*p >= threshold, happened) {
                (true, true) => &mut counts.true_positive,
                (true, false) => &mut counts.false_positive,
                (false, true) => &mut counts.false_negative,
                (false, false) => &mut counts.true_negative,
            } += 1;
        }
        counts
    }

    /// How much of what was called happened.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positive, self.false_positive)
    }

    /// How much of what happened was called.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positive, self.false_negative)
    }

    /// How much of what did not happen was called.
    pub fn false_positive_rate(&self) -> Option<f64> {
        share(self.false_positive, self.true_negative)
    }

    /// How much of what happened was not called.
    pub fn false_negative_rate(&self) -> Option<f64> {
        share(self.false_negative, self.true_positive)
    }

    /// Matthews' correlation of called and happened, −1…+1; none when all were called alike or all ended alike.
    pub fn matthews(&self) -> Option<f64> {
        let counts = [self.true_positive, self.false_positive, self.false_negative, self.true_negative];
        let [tp, fp, fn_, tn] = counts.map(|count| count as f64);
        let margins = (tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_);
        (margins > 0.0).then(|| (tp * tn - fp * fn_) / margins.sqrt())
    }
}

fn share(part: usize, rest: usize) -> Option<f64> {
    let whole = part + rest;
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::super::assert_close;
    use super::*;

    const TOLD: [(f64, bool); 10] = [
        (0.10, false),
        (0.20, false),
        (0.30, true),
        (0.40, false),
        (0.50, true),
        (0.60, false),
        (0.70, true),
        (0.80, true),
        (0.90, true),
        (0.55, false),
    ];

    #[test]
    fn ten_probabilities_are_scored_as_computed_elsewhere() {
        let called = Confusion::at(0.5, &TOLD);
        let counts = (called.true_positive, called.false_positive, called.false_negative, called.true_negative);
        assert_eq!(counts, (4, 2, 1, 3));
        for (what, actual, expected) in [
            ("Brier", brier(&TOLD), 0.175_25),
            ("Brier skill", brier_skill(&TOLD), 0.299),
            ("log loss", log_loss(&TOLD), 0.513_642_711_5),
            ("calibration error", calibration_error(&TOLD), 0.165),
            ("precision", called.precision(), 0.666_666_666_7),
            ("recall", called.recall(), 0.8),
            ("false-positive rate", called.false_positive_rate(), 0.4),
            ("false-negative rate", called.false_negative_rate(), 0.2),
            ("Matthews", called.matthews(), 0.408_248_290_5),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn the_reliability_table_has_five_equal_bins() {
        let bins = reliability(&TOLD, 1.0);
        let expected = [(1, 0, 0.1), (2, 1, 0.25), (3, 1, 1.45 / 3.0), (2, 1, 0.65), (2, 2, 0.85)];
        for (bin, (count, happened, mean_p)) in bins.into_iter().zip(expected) {
            let happened = f64::from(happened);
            assert_close("told", bin.mean_p, mean_p);
            assert_close("observed", bin.observed, happened / f64::from(count));
            assert_eq!(bin.interval, wilson(happened, f64::from(count)));
        }
        assert_eq!(bins.map(|bin| bin.count), [1, 2, 3, 2, 2]);
    }

    #[test]
    fn a_probability_belongs_to_the_bin_it_begins() {
        for (p, bin) in [
            (0.0, Some(0)),
            (0.199_999, Some(0)),
            (0.2, Some(1)),
            (0.4, Some(2)),
            (0.6, Some(3)),
            (0.8, Some(4)),
            (1.0, Some(4)),
            (-0.1, None),
            (1.1, None),
            (f64::NAN, None),
        ] {
            assert_eq!(bin_of(p), bin, "{p}");
        }
    }

    #[test]
    fn an_interval_is_as_wide_as_what_its_outcomes_are_worth() {
        let told: Vec<_> = (0..1000).map(|i| (0.5, i < 540)).collect();
        for (worth, low, high) in [
            (1.0, 0.509_015_286_2, 0.570_678_573_1),
            (9.0, 0.509_015_286_2, 0.570_678_573_1),
            (1.0 / 24.0, 0.391_780_517_3, 0.681_466_475_4),
        ] {
            let interval = reliability(&told, worth)[2].interval.unwrap();
            assert_close("low", interval.low, low);
            assert_close("high", interval.high, high);
        }
        assert_eq!(reliability(&told, 0.0)[2].interval, None);
        assert_eq!(reliability(&told, f64::NAN)[2].interval, None);
        let empty = Bin { count: 0, mean_p: None, observed: None, interval: None };
        assert_eq!(reliability(&told, 1.0)[0], empty);
    }

    #[test]
    fn log_loss_forgives_certainty_a_little() {
        assert_close("wrong", log_loss(&[(1.0, false)]), -(1e-6_f64.ln()));
        assert_close("right", log_loss(&[(0.0, false)]), 1e-6);
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        for forecasts in [vec![], vec![(0.5, true), (f64::NAN, false)], vec![(0.5, true), (1.5, false)]] {
            let all = [brier, brier_skill, log_loss, calibration_error].map(|score| score(&forecasts));
            assert_eq!(all, [None; 4], "{forecasts:?}");
        }
        let alike = [(0.4, true), (0.6, true)];
        assert_eq!((brier_skill(&alike), Confusion::at(0.5, &alike).matthews()), (None, None));
        let none = Confusion::default();
        assert_eq!((none.precision(), none.recall(), none.matthews()), (None, None, None));
        assert_eq!((none.false_positive_rate(), none.false_negative_rate()), (None, None));
    }
}
