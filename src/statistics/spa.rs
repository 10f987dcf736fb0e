//! Whether the best of several models really beats the benchmark, or had to look so among as many.

use super::dependence::kernel_variance;
use super::moments::{NO_SPREAD, mean};

/// A statistic and how often chance exceeds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The statistic.
    pub statistic: f64,
    /// The share of the resamples in which it is exceeded when no model is better; between 0 and 1. It is 1 when no model
    /// did better than the benchmark: a statistic at its lowest would not be exceeded by chance that is there as well.
    pub p: f64,
}

/// What speaks for the best of the models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Superiority {
    /// White's reality check (*Econometrica* 68, 2000): the largest √n·mean difference.
    pub reality_check: Verdict,
    /// Hansen's test (*Journal of Business & Economic Statistics* 23, 2005), the one to use: the largest √n·mean/ω, at least
    /// 0; models that are clearly worse than the benchmark do not count.
    pub consistent: Verdict,
    /// The same with every model that is worse taken for equal: its p is the lowest.
    pub lower: Verdict,
    /// The same with every model taken for what it was: its p is the highest.
    pub upper: Verdict,
}

/// Whether the best of several models beats the benchmark.
///
/// A model is its performance less that of the benchmark in each of the same n rows; more is better. Each resample tells n
/// rows, drawn for all models together by the stationary bootstrap with mean block length 1/`q`. None of no models or
/// resamples and of fewer than three rows, when lengths differ, rows do not exist or numbers are not finite, unless 0 < `q`
/// ≤ 1, and when a model differs from the benchmark without spread.
///
/// A resample costs n steps for each model: a thousand models in a year of hours and 2,000 resamples take some 15 seconds.
pub fn superiority(
    models: &[Vec<f64>],
    q: f64,
    resamples: impl IntoIterator<Item = Vec<usize>>,
) -> Option<Superiority> {
    let n = models.first()?.len();
    let judged = models.iter().map(|differences| Model::of(differences, n, q)).collect::<Option<Vec<Model>>>()?;
    let each = resamples.into_iter().map(|rows| resampled(models, &judged, &drawn(&rows, n)?));
    let by_chance = each.collect::<Option<Vec<Best>>>().filter(|all| !all.is_empty())?;
    let best = Best::over(judged.iter().map(Model::observed));
    let verdict = |of: fn(&Best) -> f64| {
        let exceeded = by_chance.iter().filter(|chance| of(chance) > of(&best)).count();
        let p = if of(&best) > 0.0 { exceeded as f64 / by_chance.len() as f64 } else { 1.0 };
        Verdict { statistic: of(&best), p }
    };
    Some(Superiority {
        reality_check: verdict(|best| best.plain),
        consistent: verdict(|best| best.consistent),
        lower: verdict(|best| best.lower),
        upper: verdict(|best| best.upper),
    })
}

/// One model against the benchmark.
struct Model {
    /// √n.
    root: f64,
    /// The mean difference.
    mean: f64,
    /// The long-run standard deviation of the difference; none for one that is 0 in every row.
    omega: Option<f64>,
    /// Whether it is not clearly worse: √n·mean/ω ≥ −√(2 ln ln n).
    counts: bool,
}

impl Model {
    fn of(differences: &[f64], n: usize, q: f64) -> Option<Self> {
        let (root, mean, omega) = ((n as f64).sqrt(), mean(differences)?, kernel_variance(differences, q)?.sqrt());
        let spread = omega >= NO_SPREAD;
        let proper = n > 2 && differences.len() == n && (spread || mean.abs() < NO_SPREAD);
        let counts = !spread || root * mean / omega >= threshold(n);
        proper.then_some(Self { root, mean, omega: spread.then_some(omega), counts })
    }

    /// The statistics of it alone.
    fn observed(&self) -> Best {
        let studentised = self.studentised(self.mean);
        Best { plain: self.root * self.mean, consistent: studentised, lower: studentised, upper: studentised }
    }

    /// The statistics of it in a resample with this mean, each around what it would be if the model were no better.
    fn resampled(&self, mean: f64) -> Best {
        let clearly_worse_kept = if self.counts { self.mean } else { 0.0 };
        Best {
            plain: self.root * (mean - self.mean),
            consistent: self.studentised(mean - clearly_worse_kept),
            lower: self.studentised(mean - self.mean.max(0.0)),
            upper: self.studentised(mean - self.mean),
        }
    }

    fn studentised(&self, mean: f64) -> f64 {
        self.omega.map_or(0.0, |omega| self.root * mean / omega)
    }
}

/// How far below 0 the studentised mean of a model must be to be clearly worse.
fn threshold(n: usize) -> f64 {
    -(2.0 * (n as f64).ln().ln()).sqrt()
}

/// The largest statistics over the models.
#[derive(Clone, Copy, Debug)]
struct Best {
    plain: f64,
    consistent: f64,
    lower: f64,
    upper: f64,
}

impl Best {
    /// The studentised ones are at least 0: nobody has to choose a model.
    fn over(each: impl Iterator<Item = Self>) -> Self {
        let none = Self { plain: f64::NEG_INFINITY, consistent: 0.0, lower: 0.0, upper: 0.0 };
        each.fold(none, |best, one| Self {
            plain: best.plain.max(one.plain),
            consistent: best.consistent.max(one.consistent),
            lower: best.lower.max(one.lower),
            upper: best.upper.max(one.upper),
        })
    }
}

/// How often each of `n` rows was drawn; none unless as many that exist were.
fn drawn(rows: &[usize], n: usize) -> Option<Vec<f64>> {
    let mut times = vec![0.0; n];
    for row in rows {
        *times.get_mut(*row)? += 1.0;
    }
    (rows.len() == n).then_some(times)
}

fn resampled(models: &[Vec<f64>], judged: &[Model], times: &[f64]) -> Option<Best> {
    let mean = |differences: &[f64]| {
        let sum: f64 = differences.iter().zip(times).map(|(difference, times)| difference * times).sum();
        sum / times.len() as f64
    };
    let each = models.iter().zip(judged).map(|(differences, model)| model.resampled(mean(differences)));
    let best = Best::over(each);
    best.plain.is_finite().then_some(best)
}

#[cfg(test)]
mod tests {
    use super::super::stationary;
    use super::super::vectors::{assert_close, columns, splitmix};
    use super::*;

    /// Two models in eight rows.
    fn two() -> Vec<Vec<f64>> {
        vec![vec![0.3, 0.1, -0.2, 0.5, 0.4, -0.1, 0.2, 0.3], vec![-0.2, 0.4, -0.5, 0.1, -0.3, 0.2, -0.4, -0.1]]
    }

    const RESAMPLES: [[usize; 8]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [3, 4, 5, 3, 4, 0, 1, 2],
        [7, 0, 1, 5, 6, 7, 2, 3],
        [4, 4, 5, 6, 0, 3, 4, 5],
        [1, 5, 1, 5, 3, 3, 2, 1],
        [1, 5, 1, 1, 5, 1, 3, 3],
        [3, 4, 3, 0, 3, 4, 7, 3],
        [3, 4, 4, 3, 4, 3, 4, 3],
    ];

    #[test]
    fn two_models_are_judged_as_computed_elsewhere() {
        let two = two();
        for (differences, mean, omega, t) in
            [(&two[0], 0.1875, 0.178_151_553_7, 2.976_847_942), (&two[1], -0.1, 0.198_628_107_3, -1.423_981_31)]
        {
            let model = Model::of(differences, 8, 0.5).unwrap();
            assert_close("mean", model.mean, mean);
            assert_close("omega", model.omega, omega);
            assert_close("t", model.studentised(model.mean), t);
        }
        assert_close("threshold", threshold(8), -1.210_040_799);
        let told = superiority(&two, 0.5, RESAMPLES.map(Vec::from)).unwrap();
        for (what, verdict, statistic, p) in [
            ("reality check", told.reality_check, 0.530_330_085_9, 0.5),
            ("consistent", told.consistent, 2.976_847_942, 0.375),
            ("lower", told.lower, 2.976_847_942, 0.375),
            ("upper", told.upper, 2.976_847_942, 0.5),
        ] {
            assert_close(what, verdict.statistic, statistic);
            assert_close(what, verdict.p, p);
        }
    }

    #[test]
    fn each_resample_of_two_models_is_as_computed_elsewhere() {
        let two = two();
        let judged: Vec<Model> = two.iter().map(|differences| Model::of(differences, 8, 0.5).unwrap()).collect();
        let consistent =
            [0.0, 0.793_826_117_9, 0.0, 0.992_282_647_3, 2.313_969_629, 3.915_948_604, 3.770_674_06, 4.167_587_119];
        let upper = [
            0.0,
            0.793_826_117_9,
            0.355_995_327_6,
            0.992_282_647_3,
            3.737_950_94,
            5.339_929_914,
            3.770_674_06,
            4.167_587_119,
        ];
        let plain = [
            0.0,
            0.141_421_356_2,
            0.070_710_678_12,
            0.176_776_695_3,
            0.742_462_120_2,
            1.060_660_172,
            0.671_751_442_1,
            0.742_462_120_2,
        ];
        for (place, rows) in RESAMPLES.iter().enumerate() {
            let best = resampled(&two, &judged, &drawn(rows, 8).unwrap()).unwrap();
            assert_close("consistent", best.consistent, consistent[place]);
            assert_close("lower", best.lower, consistent[place]);
            assert_close("upper", best.upper, upper[place]);
            assert_close("plain", best.plain, plain[place]);
        }
    }

    /// Five models of noise, of which the first is worse, and the third better by `edge`.
    fn five(edge: f64) -> Vec<Vec<f64>> {
        let mut models = columns(777, 500, 5);
        models[0].iter_mut().for_each(|d| *d -= 0.3);
        models[2].iter_mut().for_each(|d| *d += edge);
        models
    }

    #[test]
    fn an_edge_is_told_from_the_best_of_five_models_of_noise() {
        for (edge, statistic, [lower, consistent, upper, check]) in [
            (0.0, 1.220_576_51, [0.24, 0.40, 0.48, 0.47]),
            (0.12, 1.399_776_965, [0.24, 0.30, 0.36, 0.36]),
            (0.2, 3.426_047_916, [0.0015, 0.0015, 0.0015, 0.0025]),
        ] {
            let mut uniform = splitmix(20_260_101);
            let resamples = (0..2000).map(|_| stationary(500, 10, &mut uniform));
            let told = superiority(&five(edge), 0.1, resamples).unwrap();
            assert_close("statistic", told.consistent.statistic, statistic);
            for (what, verdict, p) in [
                ("lower", told.lower, lower),
                ("consistent", told.consistent, consistent),
                ("upper", told.upper, upper),
                ("reality check", told.reality_check, check),
            ] {
                assert!((verdict.p - p).abs() < 0.05, "{what} at {edge}: {} is not about {p}", verdict.p);
            }
            assert!(told.lower.p <= told.consistent.p && told.consistent.p <= told.upper.p);
        }
    }

    #[test]
    fn a_model_that_is_no_better_than_the_benchmark_has_nothing_to_show() {
        let nothing = Verdict { statistic: 0.0, p: 1.0 };
        let worse: Vec<f64> = two()[1].iter().map(|d| d - 9.0).collect();
        for (what, models) in [("equal", vec![vec![0.0; 8]]), ("worse", vec![worse])] {
            let told = superiority(&models, 0.5, RESAMPLES.map(Vec::from)).unwrap();
            assert_eq!([told.consistent, told.lower, told.upper], [nothing; 3], "{what}");
            assert_close(what, told.reality_check.p, 1.0);
        }
    }

    #[test]
    fn a_model_that_is_the_benchmark_changes_nothing() {
        let (two, three) = (two(), [two(), vec![vec![0.0; 8]]].concat());
        let of = |models: &[Vec<f64>]| superiority(models, 0.5, RESAMPLES.map(Vec::from));
        assert_eq!(of(&two), of(&three));
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        let of = |models: &[Vec<f64>], q: f64, rows: Vec<Vec<usize>>| superiority(models, q, rows);
        let fine = || vec![vec![0, 1, 2, 3, 4, 5, 6, 7]];
        assert!(of(&two(), 0.5, fine()).is_some());
        for rows in [vec![], vec![vec![0, 1]], vec![vec![0, 1, 2, 3, 4, 5, 6, 8]]] {
            assert_eq!(of(&two(), 0.5, rows), None);
        }
        for q in [0.0, 1.1, f64::NAN] {
            assert_eq!(of(&two(), q, fine()), None, "{q}");
        }
        let ragged = vec![vec![0.1; 8], vec![0.1; 7]];
        for models in [vec![], ragged, vec![vec![0.1; 8]], vec![vec![f64::NAN; 8]]] {
            assert_eq!(of(&models, 0.5, fine()), None, "{models:?}");
        }
        assert_eq!(of(&[vec![0.1, -0.1]], 0.5, vec![vec![0, 1]]), None, "ln ln 2 is negative");
    }
}
