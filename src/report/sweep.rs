//! A sweep as it is written: the head and the rows of its file, and what is printed of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Measure, YardstickReport};
use crate::backtest::{Attempt, Axis};
use crate::statistics::{BlockSum, PeriodSharpe, TrackRecord};

/// Combinations drawn by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drawn {
    /// How many.
    pub count: u64,
    /// What chance began with.
    pub seed: u64,
}

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Which part, from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

impl Shard {
    /// All of the work.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Its part of so many things that stand in a row: parts follow each other, and differ by one at most.
    pub fn part(self, things: usize) -> std::ops::Range<usize> {
        let end = |shards: u64| {
            let share = u128::from(shards) * things as u128 / u128::from(self.of.max(1));
            usize::try_from(share).unwrap_or(things)
        };
        end(self.number.saturating_sub(1))..end(self.number)
    }
}

/// The first line of a file of rows: all that they follow from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepHead {
    /// `trader.sweep.rows.v1`.
    pub schema: String,
    /// As that of a backtest, of the settings that are varied.
    pub manifest: serde_json::Value,
    /// What is varied, the slowest first.
    pub grid: Vec<Axis>,
    /// Which combinations; all of them where this is null.
    pub random: Option<Drawn>,
    /// How many combinations the grid has.
    pub combinations: u64,
    /// What anybody could have done in that time, at the configured costs.
    pub baselines: Vec<YardstickReport>,
    /// The part of them that this file has.
    pub shard: Option<Shard>,
}

/// What came of one combination, as it is kept until the end. Its values follow from its number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SweepRow {
    /// Its number in the grid.
    pub number: u64,
    /// What was earned, and at what risk.
    #[serde(flatten)]
    pub figures: SweepFigures,
    /// What inference knows of its days; null where their returns have no spread.
    pub days: Option<DaysReport>,
    /// Of each block of days: how many, the sum of their returns, the sum of the squares.
    pub blocks: Vec<(usize, f64, f64)>,
}

/// The same as a line of the file, with its values.
#[derive(Clone, Debug, Serialize)]
pub struct SweepLine<'a> {
    number: u64,
    values: BTreeMap<&'a str, &'a str>,
    #[serde(flatten)]
    figures: &'a SweepFigures,
    days: Option<DaysReport>,
    blocks: &'a [(usize, f64, f64)],
}

/// The figures of one combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SweepFigures {
    /// The return over all of it.
    pub total_return_pct: Measure,
    /// The return of a year.
    pub cagr_pct: Measure,
    /// Sharpe ratio of a year, from daily returns.
    pub sharpe_daily: Measure,
    /// The deepest drawdown of the equity that days begin with.
    pub max_drawdown_days_pct: Measure,
    /// Days that began in a state of the risk rules which takes no entries: a drawdown, a lost day, a halt.
    pub days_without_entries_pct: Measure,
    /// Closed round trips.
    pub trades: usize,
    /// Won for each unit lost.
    pub profit_factor: Measure,
}

/// What inference knows of days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaysReport {
    /// How many.
    pub n: usize,
    /// The Sharpe ratio of a day.
    pub sharpe: f64,
    /// The skewness of their returns.
    pub skewness: f64,
    /// The raw kurtosis.
    pub kurtosis: f64,
}

impl SweepFigures {
    /// Of an attempt.
    pub fn of(attempt: &Attempt) -> Self {
        Self {
            total_return_pct: Measure::percent(attempt.total_return),
            cagr_pct: Measure::percent(attempt.cagr),
            sharpe_daily: Measure::plain(attempt.sharpe),
            max_drawdown_days_pct: Measure::percent(attempt.max_drawdown),
            days_without_entries_pct: Measure::percent(attempt.without_entries),
            trades: attempt.trades,
            profit_factor: Measure::plain(attempt.profit_factor),
        }
    }
}

impl SweepRow {
    /// Of an attempt.
    pub fn of(number: u64, attempt: &Attempt) -> Self {
        let days = |record: TrackRecord| DaysReport {
            n: record.n,
            sharpe: record.sharpe.value(),
            skewness: record.skewness,
            kurtosis: record.kurtosis,
        };
        Self {
            number,
            figures: SweepFigures::of(attempt),
            days: attempt.record.map(days),
            blocks: attempt.blocks.iter().map(|sum| (sum.rows, sum.plain, sum.squared)).collect(),
        }
    }

    /// What inference knows of its days.
    pub fn record(&self) -> Option<TrackRecord> {
        let DaysReport { n, sharpe, skewness, kurtosis } = self.days?;
        Some(TrackRecord { n, sharpe: PeriodSharpe::new(sharpe)?, skewness, kurtosis })
    }

    /// The sum of one of its blocks.
    pub fn block_sum(&self, block: usize) -> Option<BlockSum> {
        self.blocks.get(block).map(|&(rows, plain, squared)| BlockSum { rows, plain, squared })
    }

    /// As a line, with these values.
    pub fn line<'a>(&'a self, values: Vec<(&'a str, &'a str)>) -> SweepLine<'a> {
        let Self { number, figures, days, blocks } = self;
        SweepLine { number: *number, values: values.into_iter().collect(), figures, days: *days, blocks }
    }

    /// How many days its blocks have; 0 where they are too few to be cut.
    pub fn day_count(&self) -> usize {
        self.blocks.iter().map(|(rows, ..)| rows).sum()
    }

    /// By what combinations are ranked; what is undefined comes last.
    pub fn score(&self) -> f64 {
        self.figures.sharpe_daily.value.unwrap_or(f64::NEG_INFINITY)
    }
}

/// One of the best combinations, and those around it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TopReport {
    /// Its number in the grid.
    pub number: u64,
    /// Its values, by key.
    pub values: BTreeMap<String, String>,
    /// What was earned, and at what risk.
    #[serde(flatten)]
    pub figures: SweepFigures,
    /// The combinations one step away in one parameter.
    pub neighbours: NeighboursReport,
}

/// The combinations one step away in one parameter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NeighboursReport {
    /// How many there are.
    pub count: usize,
    /// Of these, how many were tried.
    pub tried: usize,
    /// The median of their Sharpe ratios.
    pub median_sharpe: Measure,
    /// The lowest of them.
    pub worst_sharpe: Measure,
    /// The share of the ratio in their midst that the median keeps.
    pub kept: Measure,
}

/// What choosing the best is worth.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OverfittingReport {
    /// Blocks of days, of which every half was once in sample.
    pub blocks: usize,
    /// How often the best in one half is among the worse half in the other, 0 to 1.
    pub probability: Measure,
    /// How often it loses there, 0 to 1.
    pub probability_of_loss: Measure,
    /// The median of ln(w/(1−w)), w the rank in the other half: above 0 where the best is better than the middle there.
    pub median_logit: Measure,
    /// How much of a Sharpe ratio in one half is told by one unit of it in the other.
    pub degradation: Measure,
}

/// What `trader sweep` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.sweep.v1")]
pub struct SweepDocument {
    /// Always `trader.sweep.v1`.
    pub schema: &'static str,
    /// As that of a backtest, of the settings that are varied.
    pub manifest: serde_json::Value,
    /// What is varied.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub grid: Vec<Axis>,
    /// Which combinations; all of them where this is null.
    pub random: Option<Drawn>,
    /// How many combinations the grid has.
    pub combinations: u64,
    /// How many were tried.
    pub tried: usize,
    /// One line: what it all comes down to.
    pub verdict: &'static str,
    /// Trials that the deflated Sharpe ratio counts, these included.
    pub trials: usize,
    /// How sure the best one's Sharpe ratio is above the best of all trials ever run, had none of them any skill.
    pub deflated: Measure,
    /// What choosing the best is worth.
    pub overfitting: OverfittingReport,
    /// What anybody could have done in that time, at the configured costs.
    pub baselines: Vec<YardstickReport>,
    /// The best, by the Sharpe ratio of days.
    pub top: Vec<TopReport>,
}

/// What a shard prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.shard.v1")]
pub struct ShardDocument {
    /// Always `trader.shard.v1`.
    pub schema: &'static str,
    /// Which part of how many.
    pub shard: Shard,
    /// Where its rows are.
    pub file: String,
    /// How many they are.
    pub rows: usize,
    /// How many of them an earlier run had written.
    pub found: usize,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shards_follow_each_other_without_overlap_or_lack(things in 0usize..1000, of in 1u64..40) {
            let mut end = 0;
            for number in 1..=of {
                let part = Shard { number, of }.part(things);
                prop_assert_eq!(part.start, end);
                prop_assert!(part.len().abs_diff(things / usize::try_from(of).unwrap()) <= 1);
                end = part.end;
            }
            prop_assert_eq!(end, things);
        }
    }
}
