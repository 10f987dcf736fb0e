//! How often the configuration that is best in one half of the time is among the worse half in the other.

mod halves;

use self::halves::splits;
use super::{finite, folds};
use crate::outcome::{Line, actual_on_predicted};

/// More blocks than this make more splits than anybody waits for.
const MOST_BLOCKS: usize = 16;
/// A sum of squares around the mean below this share of the plain one is rounding.
const NO_SPREAD: f64 = 1e-12;

/// By what configurations are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// The mean return.
    Mean,
    /// The Sharpe ratio per period, divisor n − 1. A configuration that did nothing in a half, with returns of exactly 0,
    /// has 0 there.
    Sharpe,
}

/// What choosing the best configuration is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Overfitting {
    /// For each split ln(w/(1−w)), w the rank out of sample, of those + 1, of the best in sample: 0 is the middle.
    pub logits: Vec<f64>,
    /// The probability of backtest overfitting: the share of the splits whose logit is not above 0; between 0 and 1.
    ///
    /// About one half for noise, with a standard deviation near 0.2: a single value is itself uncertain.
    pub probability: f64,
    /// The share of the splits in which the best in sample had a score below 0 out of sample.
    pub probability_of_loss: f64,
    /// The score out of sample as a line over the one in sample, of the best; none when all those in sample are equal.
    pub degradation: Option<Line>,
}

/// The probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, López de Prado
/// & Zhu, *Journal of Computational Finance* 20, 2017).
///
/// Each configuration is its returns over the same rows of time. These are cut into `blocks` parts, of which every half
/// is once in sample. None unless `blocks` is even, 2 to 16, when there are fewer than two configurations or two rows for
/// each block, when lengths differ or a return is not finite, and for [`Score::Sharpe`] when returns without spread are not 0.
///
/// The cost is that of the sums, one pass, and a few steps for each of N configurations in each split of S blocks: there are
/// at most 12,870, and a thousand configurations in 16 blocks take about a twentieth of a second.
pub fn overfitting(configurations: &[Vec<f64>], blocks: usize, score: Score) -> Option<Overfitting> {
    let rows = configurations.first()?.len();
    let even = blocks.is_multiple_of(2) && (2..=MOST_BLOCKS).contains(&blocks);
    let proper = even && configurations.len() > 1 && rows >= 2 * blocks;
    let sums = proper.then(|| Sums::of_blocks(configurations, rows, blocks)).flatten()?;
    of_sums(&sums, score)
}

/// The sums of the returns of a configuration over one block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BlockSum {
    /// How many there are.
    pub rows: usize,
    /// Σr.
    pub plain: f64,
    /// Σr².
    pub squared: f64,
}

/// The returns of a configuration in so many blocks; of none where there are not two rows for each.
pub fn block_sums(returns: &[f64], blocks: usize) -> Vec<BlockSum> {
    let sum = |span: std::ops::Range<usize>| BlockSum {
        rows: span.len(),
        plain: returns[span.clone()].iter().sum(),
        squared: returns[span].iter().map(|r| r * r).sum(),
    };
    if returns.len() < 2 * blocks { Vec::new() } else { folds(returns.len(), blocks).into_iter().map(sum).collect() }
}

/// [`overfitting`] of so many configurations of which no more is kept than the sums of so many blocks: `sum` tells that of a
/// configuration over a block.
///
/// None when blocks have not as many rows in all of them, and as there.
pub fn overfitting_of_blocks(
    (configurations, blocks): (usize, usize),
    sum: impl Fn(usize, usize) -> BlockSum,
    score: Score,
) -> Option<Overfitting> {
    let even = blocks.is_multiple_of(2) && (2..=MOST_BLOCKS).contains(&blocks);
    let proper = even && configurations > 1;
    let block = |block: usize| {
        let rows = sum(0, block).rows;
        let sums = || (0..configurations).map(|configuration| sum(configuration, block));
        let alike = sums().all(|sum| sum.rows == rows && sum.squared.is_finite());
        let sums = Sums {
            rows: rows as f64,
            plain: sums().map(|sum| sum.plain).collect(),
            squared: sums().map(|sum| sum.squared).collect(),
        };
        (alike && rows > 0).then_some(sums)
    };
    let sums = proper.then(|| (0..blocks).map(block).collect::<Option<Vec<Sums>>>()).flatten()?;
    of_sums(&sums, score)
}

fn of_sums(sums: &[Sums], score: Score) -> Option<Overfitting> {
    summary(&splits(sums, score)?)
}

fn summary(splits: &[Split]) -> Option<Overfitting> {
    let share =
        |holds: fn(&Split) -> bool| splits.iter().filter(|split| holds(split)).count() as f64 / splits.len() as f64;
    let scores: Vec<(f64, f64)> = splits.iter().map(|split| (split.inside, split.outside)).collect();
    (!splits.is_empty()).then(|| Overfitting {
        logits: splits.iter().map(Split::logit).collect(),
        probability: share(|split| split.logit() <= 0.0),
        probability_of_loss: share(|split| split.outside < 0.0),
        degradation: actual_on_predicted(&scores),
    })
}

/// What each configuration returned over some rows.
#[derive(Clone)]
struct Sums {
    rows: f64,
    /// Σr of each configuration.
    plain: Vec<f64>,
    /// Σr² of each configuration.
    squared: Vec<f64>,
}

impl Sums {
    /// One for each block; none when lengths differ or a sum is not finite.
    fn of_blocks(configurations: &[Vec<f64>], rows: usize, blocks: usize) -> Option<Vec<Self>> {
        let proper =
            |returns: &Vec<f64>| returns.len() == rows && returns.iter().map(|r| r * r).sum::<f64>().is_finite();
        let block = |span: std::ops::Range<usize>| Self {
            rows: span.len() as f64,
            plain: configurations.iter().map(|returns| returns[span.clone()].iter().sum()).collect(),
            squared: configurations.iter().map(|returns| returns[span.clone()].iter().map(|r| r * r).sum()).collect(),
        };
        configurations.iter().all(proper).then(|| folds(rows, blocks).into_iter().map(block).collect())
    }

    /// Of no rows.
    fn nothing(configurations: usize) -> Self {
        Self { rows: 0.0, plain: vec![0.0; configurations], squared: vec![0.0; configurations] }
    }

    /// Becomes these and those of another block.
    fn become_sum(&mut self, some: &Self, block: &Self) {
        self.rows = some.rows + block.rows;
        add(&mut self.plain, &some.plain, &block.plain);
        add(&mut self.squared, &some.squared, &block.squared);
    }

    /// Numbers that stand in the order of the scores, one for each configuration; not all finite where a score is undefined.
    fn keys(&self, score: Score, keys: &mut [f64]) {
        let (share, sums) = (1.0 / self.rows, self.plain.iter().zip(&self.squared));
        for (key, (plain, squared)) in keys.iter_mut().zip(sums) {
            let around = squared - plain * (plain * share);
            // The square of the Sharpe ratio with its sign, but for a factor that is the same for all.
            let ratio = if around <= NO_SPREAD * squared { f64::NAN } else { plain * plain.abs() / around };
            *key = match score {
                Score::Mean => *plain,
                Score::Sharpe => {
                    if *squared <= 0.0 {
                        0.0
                    } else {
                        ratio
                    }
                }
            };
        }
    }

    fn score(&self, plain: f64, squared: f64, score: Score) -> Option<f64> {
        let mean = plain / self.rows;
        let around = squared - plain * mean;
        match score {
            Score::Mean => Some(mean),
            Score::Sharpe if squared <= 0.0 => Some(0.0),
            Score::Sharpe if around <= NO_SPREAD * squared => None,
            Score::Sharpe => finite(mean / (around / (self.rows - 1.0)).sqrt()),
        }
    }
}

fn add(sums: &mut [f64], some: &[f64], more: &[f64]) {
    sums.iter_mut().zip(some.iter().zip(more)).for_each(|(sum, (some, more))| *sum = some + more);
}

/// How the best in sample fared out of sample.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Split {
    /// Which was the best, the first of equals.
    best: usize,
    /// Its score in sample.
    inside: f64,
    /// Its score out of sample.
    outside: f64,
    /// The rank of that among all, from 1 for the lowest; equal scores share the mean of theirs.
    rank: f64,
    /// How many there are.
    of: usize,
}

impl Split {
    /// ln(w/(1−w)) with w = rank/(N+1), written so that the middle is exactly 0.
    fn logit(&self) -> f64 {
        (self.rank / ((self.of + 1) as f64 - self.rank)).ln()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::combinations;
    use super::super::vectors::{assert_close, assert_near, columns};
    use super::*;
    use crate::outcome::average_ranks;

    /// Eight rows of three configurations, in percent.
    const M: [[f64; 3]; 8] = [
        [1.0, 2.1, -1.3],
        [0.2, 1.1, 2.3],
        [2.0, -1.2, 1.4],
        [1.1, 0.3, -2.2],
        [-1.4, 2.2, 1.0],
        [1.3, -1.1, 0.4],
        [0.1, 1.2, 0.9],
        [2.4, 0.5, -1.6],
    ];

    /// The same as columns of shares.
    fn published() -> Vec<Vec<f64>> {
        (0..3).map(|column| M.iter().map(|row| row[column] / 100.0).collect()).collect()
    }

    /// The blocks in sample, the means in and out of sample in percent, the best (from 1), its rank and logit.
    type Row = ([usize; 2], [f64; 3], [f64; 3], usize, f64, f64);
    const MEANS: [Row; 6] = [
        ([0, 1], [1.075, 0.575, 0.050], [0.600, 0.700, 0.175], 1, 2.0, 0.0),
        ([0, 2], [0.275, 1.075, 0.600], [1.400, 0.200, -0.375], 2, 2.0, 0.0),
        ([0, 3], [0.925, 1.225, 0.075], [0.750, 0.050, 0.150], 2, 1.0, -1.098_612_288_7),
        ([1, 2], [0.750, 0.050, 0.150], [0.925, 1.225, 0.075], 1, 2.0, 0.0),
        ([1, 3], [1.400, 0.200, -0.375], [0.275, 1.075, 0.600], 1, 1.0, -1.098_612_288_7),
        ([2, 3], [0.600, 0.700, 0.175], [1.075, 0.575, 0.050], 2, 2.0, 0.0),
    ];

    #[test]
    fn each_split_of_the_worked_example_is_as_computed_elsewhere() {
        let sums = Sums::of_blocks(&published(), 8, 4).unwrap();
        assert_eq!(combinations(4, 2), MEANS.map(|row| row.0));
        for score in [Score::Mean, Score::Sharpe] {
            let splits = splits(&sums, score).unwrap();
            assert_eq!(splits.len(), MEANS.len());
            for ((chosen, inside, outside, best, rank, logit), split) in MEANS.into_iter().zip(splits) {
                assert_eq!((split.best, split.rank), (best - 1, rank), "{chosen:?} by {score:?}");
                assert_close("logit", split.logit(), logit);
                if score == Score::Mean {
                    assert_close("in sample", split.inside, inside[best - 1] / 100.0);
                    assert_close("out of sample", split.outside, outside[best - 1] / 100.0);
                }
            }
        }
    }

    #[test]
    fn the_worked_example_is_overfitted_for_certain() {
        for (score, slope) in [(Score::Mean, -0.877_028_181), (Score::Sharpe, -0.338_794_853_8)] {
            let told = overfitting(&published(), 4, score).unwrap();
            assert_eq!((told.probability, told.logits.len()), (1.0, 6), "{score:?}");
            assert_close("loss", told.probability_of_loss, 0.0);
            assert_close("degradation", told.degradation.map(|line| line.slope), slope);
        }
        let by_mean = overfitting(&published(), 4, Score::Mean).unwrap();
        assert_close("intercept", by_mean.degradation.map(|line| line.intercept), 0.013_474_167_38);
        let sums = Sums::of_blocks(&published(), 8, 4).unwrap();
        let mut inside = Sums::nothing(3);
        inside.become_sum(&sums[0], &sums[1]);
        for (k, expected) in [1.459_515, 0.412_560, 0.023_338].into_iter().enumerate() {
            let sharpe = inside.score(inside.plain[k], inside.squared[k], Score::Sharpe);
            assert_near("Sharpe ratio in sample", sharpe, expected, 3e-5);
        }
    }

    #[test]
    fn a_real_edge_is_told_from_noise() {
        let noise = columns(12345, 240, 10);
        let told = overfitting(&noise, 8, Score::Sharpe).unwrap();
        assert_eq!(told.logits.len(), 70);
        assert_close("noise", told.probability, 0.428_571_428_6);
        let mut edge = noise;
        edge[3].iter_mut().for_each(|r| *r += 0.30);
        assert_close("an edge", overfitting(&edge, 8, Score::Sharpe).map(|told| told.probability), 0.085_714_285_71);
    }

    #[test]
    fn the_sums_of_blocks_are_enough() {
        let noise = columns(7, 240, 12);
        let sums: Vec<Vec<BlockSum>> = noise.iter().map(|returns| block_sums(returns, 8)).collect();
        let told = overfitting_of_blocks((12, 8), |k, block| sums[k][block], Score::Sharpe);
        assert_eq!(told, overfitting(&noise, 8, Score::Sharpe));
        let ragged = |k: usize, block: usize| BlockSum { rows: 30 + k, ..sums[k][block] };
        assert_eq!(overfitting_of_blocks((12, 8), ragged, Score::Sharpe), None);
        assert_eq!(overfitting_of_blocks((1, 8), |k, block| sums[k][block], Score::Sharpe), None);
        assert_eq!(overfitting_of_blocks((0, 8), |_, _| BlockSum::default(), Score::Sharpe), None);
    }

    #[test]
    fn noise_is_overfitted_every_second_time() {
        let of = |seed| overfitting(&columns(seed, 240, 20), 8, Score::Sharpe).unwrap().probability;
        let mean = (1..=60).map(of).sum::<f64>() / 60.0;
        assert!((mean - 0.5).abs() < 0.1, "{mean}");
    }

    #[test]
    fn a_configuration_that_did_nothing_scores_0() {
        let idle = vec![vec![0.0; 8], vec![-0.02, -0.01, -0.02, -0.03, -0.01, -0.02, -0.01, -0.03]];
        let told = overfitting(&idle, 4, Score::Sharpe).unwrap();
        assert_eq!((told.probability, told.probability_of_loss, told.degradation), (0.0, 0.0, None));
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        let of = |configurations: &[Vec<f64>], blocks| overfitting(configurations, blocks, Score::Sharpe);
        let noise = columns(1, 40, 3);
        for blocks in [0, 1, 3, 18, 22, usize::MAX] {
            assert_eq!(of(&noise, blocks), None, "{blocks}");
        }
        assert!(of(&noise, 2).is_some());
        let rows = |count: usize| noise.iter().map(|c| c[..count].to_vec()).collect::<Vec<_>>();
        assert!(of(&rows(16), 8).is_some() && of(&rows(15), 8).is_none());
        let ragged = vec![noise[0].clone(), noise[1][1..].to_vec()];
        let broken = vec![noise[0].clone(), vec![f64::NAN; 40]];
        let flat = vec![noise[0].clone(), vec![0.001; 40]];
        for configurations in [vec![], noise[..1].to_vec(), ragged, broken, flat] {
            assert_eq!(of(&configurations, 4), None, "{configurations:?}");
        }
    }

    /// Straight from the definition: rows put together, statistics of them, ranks of all.
    fn by_definition(configurations: &[Vec<f64>], blocks: usize) -> Vec<f64> {
        let spans = folds(configurations[0].len(), blocks);
        let halves = |chosen: &[usize], returns: &[f64]| {
            let half = |inside: bool| {
                let kept = (0..blocks).filter(|block| chosen.contains(block) == inside);
                let rows: Vec<f64> = kept.flat_map(|block| returns[spans[block].clone()].to_vec()).collect();
                super::super::PeriodSharpe::of(&rows).unwrap().value()
            };
            (half(true), half(false))
        };
        let logit = |chosen: Vec<usize>| {
            let (inside, outside): (Vec<f64>, Vec<f64>) = configurations.iter().map(|c| halves(&chosen, c)).unzip();
            let highest = inside.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let best = inside.iter().position(|score| *score >= highest).unwrap();
            let w = average_ranks(&outside)[best] / (configurations.len() as f64 + 1.0);
            (w / (1.0 - w)).ln()
        };
        combinations(blocks, blocks / 2).into_iter().map(logit).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn sums_of_blocks_tell_what_their_rows_tell(seed in 1u32..10_000, rows in 16usize..60, count in 2usize..8) {
            let configurations = columns(seed, rows, count);
            let told = overfitting(&configurations, 6, Score::Sharpe).unwrap();
            for (logit, expected) in told.logits.iter().zip(by_definition(&configurations, 6)) {
                prop_assert!((logit - expected).abs() < 1e-12);
            }
        }

        #[test]
        fn the_size_of_returns_does_not_matter(seed in 1u32..10_000, scale in 1e-4f64..10.0) {
            let configurations = columns(seed, 40, 5);
            let scaled: Vec<Vec<f64>> =
                configurations.iter().map(|c| c.iter().map(|r| r * scale).collect()).collect();
            for score in [Score::Mean, Score::Sharpe] {
                let of = |c: &[Vec<f64>]| overfitting(c, 4, score).map(|told| told.probability);
                prop_assert_eq!(of(&configurations), of(&scaled));
            }
        }
    }
}
