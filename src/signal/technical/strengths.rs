//! What rules say of many candles before it is weighted: taken down once, and weighed as often as there are weights.
//!
//! Weights change neither readings nor what a rule makes of them, so that whoever tries many of them reads the candles once.
//! What is kept is exact: a score weighed from it is that of a pass with those weights, to the last bit.

use super::block::{Block, tenths_of};
use crate::signal::Rule;
use crate::signal::score::WHOLE;

/// The points of one rule under one weight, in tenths, of each candle.
pub type Column = Vec<i16>;

/// What the rules of the technical analyst say, column by column: 80 bytes a candle.
#[derive(Clone, Debug, Default)]
pub struct TechnicalStrengths {
    columns: [Vec<f64>; Rule::ALL.len()],
}

impl TechnicalStrengths {
    pub(super) fn push(&mut self, block: &Block) {
        for (column, strengths) in self.columns.iter_mut().zip(&block.strengths()) {
            column.extend_from_slice(&strengths[..block.len()]);
        }
    }

    /// What a rule gives under a weight between 0 and 100.
    pub fn points(&self, rule: Rule, weight: f64) -> Column {
        // The last bits of a number this large count its ones.
        #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most a thousand")]
        let whole = |tenths: f64| (tenths + WHOLE).to_bits() as i16;
        self.columns[rule as usize].iter().map(|strength| whole(tenths_of(weight, *strength))).collect()
    }

    /// The scores that these points of all rules add up to, in tenths.
    pub fn scores(columns: &[impl AsRef<Column>; Rule::ALL.len()]) -> Column {
        let mut scores = columns[0].as_ref().clone();
        for column in &columns[1..] {
            for (score, points) in scores.iter_mut().zip(column.as_ref()) {
                *score += points;
            }
        }
        for score in &mut scores {
            *score = (*score).clamp(-1000, 1000);
        }
        scores
    }
}
