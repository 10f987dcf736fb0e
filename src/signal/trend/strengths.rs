//! What rules say of many candles before it is weighted: taken down once, and weighed as often as there are weights.
//!
//! Weights change neither readings nor what a rule makes of them, so that whoever tries many of them reads the candles once.
//! What is kept is exact: a score weighed from it is that of a pass with those weights, to the last bit.

use super::block::{LANES, Lane};
use super::{Shares, TrendRule, TrendWeights, Z};
use crate::signal::{Backing, Score};

/// What the rules of the trend analyst say, column by column, and the volatility: 48 bytes a candle.
#[derive(Clone, Debug, Default)]
pub struct TrendStrengths {
    columns: [Vec<f64>; TrendRule::ALL.len()],
    volatility: Vec<f64>,
    /// Where stretches begin, and what was said of the candle before.
    begins: Vec<(usize, Z)>,
}

impl TrendStrengths {
    pub(super) fn begin(&mut self, before: Z) {
        self.begins.push((self.volatility.len(), before));
    }

    pub(super) fn push(&mut self, z: Z, volatility: Option<f64>) {
        self.columns.iter_mut().zip(z).for_each(|(column, z)| column.push(z));
        self.volatility.push(volatility.unwrap_or(f64::NAN));
    }

    /// Tells what is said of each candle under these weights.
    pub fn weigh(&self, weights: &TrendWeights, mut take: impl FnMut(Option<(Score, Backing)>)) {
        let (mut scale, mut begins) = (Scale::new(weights), self.begins.iter().peekable());
        let (mut before, mut i) = (None, 0);
        for volatility in self.volatility.chunks(LANES) {
            let scores = scale.scores(&self.block(i), volatility.len());
            for (score, volatility) in scores.into_iter().zip(volatility) {
                while let Some((_, z)) = begins.next_if(|(begin, _)| *begin == i) {
                    before = scale.score(z);
                }
                let volatility = Some(*volatility).filter(|volatility| !volatility.is_nan());
                take(score.map(|score| (score, Backing { before, volatility })));
                (before, i) = (score, i + 1);
            }
        }
    }

    /// What the rules say of the candles from this one on; not a number beyond the last.
    fn block(&self, from: usize) -> [Lane; TrendRule::ALL.len()] {
        let mut block = [[f64::NAN; LANES]; TrendRule::ALL.len()];
        for (lane, column) in block.iter_mut().zip(&self.columns) {
            let end = column.len().min(from + LANES);
            lane[..end - from].copy_from_slice(&column[from..end]);
        }
        block
    }
}

/// Weights, and the shares of those that said something last: mostly all do.
struct Scale<'a> {
    weights: &'a TrendWeights,
    /// Where all of them say something.
    all: Option<Shares>,
    told: [bool; TrendRule::ALL.len()],
    shares: Option<Shares>,
}

impl<'a> Scale<'a> {
    fn new(weights: &'a TrendWeights) -> Self {
        let told = [true; TrendRule::ALL.len()];
        let all = Shares::of(weights, told);
        Self { weights, all, told, shares: all }
    }

    /// Of the first candles of a block.
    fn scores(&mut self, z: &[Lane; TrendRule::ALL.len()], count: usize) -> [Option<Score>; LANES] {
        let mut scores = self.all.map_or([None; LANES], |shares| shares.scores(z));
        for (i, score) in scores.iter_mut().enumerate().take(count).filter(|(_, score)| score.is_none()) {
            *score = self.score(&[0, 1, 2, 3, 4].map(|rule| z[rule][i]));
        }
        scores
    }

    fn score(&mut self, z: &Z) -> Option<Score> {
        let told = Shares::told(z);
        if told != self.told {
            (self.told, self.shares) = (told, Shares::of(self.weights, told));
        }
        self.shares.as_ref().map(|shares| shares.score(z))
    }
}
