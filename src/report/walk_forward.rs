//! A walk forward as it is written: the head and the rows of its file, and what is printed of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Drawn, Measure, Shard, YardstickReport};
use crate::backtest::Axis;
use crate::unit::UtcMillis;

/// The lengths of the stretches, in whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WalkReport {
    /// Trainings grow from the first day; else they move on.
    pub anchored: bool,
    /// What parameters are chosen on; at first, where trainings grow.
    pub train_days: usize,
    /// So long what is open at the end of a training may last.
    pub purge_days: usize,
    /// Left out after that.
    pub embargo_days: usize,
    /// What the choice is judged on.
    pub test_days: usize,
}

/// The first line of a file of rows: all that they follow from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalkHead {
    /// `trader.walk_forward.rows.v1`.
    pub schema: String,
    /// As that of a backtest, of the settings that are varied.
    pub manifest: serde_json::Value,
    /// The stretches.
    pub walk: WalkReport,
    /// What is varied, the slowest first.
    pub grid: Vec<Axis>,
    /// Which combinations; all of them where this is null.
    pub random: Option<Drawn>,
    /// How many combinations are tried in each window.
    pub tried: usize,
    /// How many windows there are.
    pub windows: usize,
    /// What anybody could have done from the first test to the end of the last, at the configured costs.
    pub baselines: Vec<YardstickReport>,
    /// The part of them that this file has.
    pub shard: Option<Shard>,
}

/// One window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRow {
    /// Which one, from 1.
    pub window: usize,
    /// The first and the last instant of the training.
    pub train: (UtcMillis, UtcMillis),
    /// Those of the test.
    pub test: (UtcMillis, UtcMillis),
    /// The number of the combination that was chosen.
    pub number: u64,
    /// Its values, by key.
    pub values: BTreeMap<String, String>,
    /// Its Sharpe ratio in the training.
    pub train_sharpe: Measure,
    /// And in the test.
    pub test_sharpe: Measure,
    /// Round trips that were closed in the test.
    pub trades: usize,
    /// The equity of the test's days, in multiples of what it began with.
    pub days: Vec<f64>,
    /// The same of the configured values.
    pub configured: Vec<f64>,
    /// The same of all pairs, held at equal parts.
    pub holding: Vec<f64>,
    /// The variance of the Sharpe ratios of a day among all that were tried in the training; null of fewer than two.
    pub train_variance: Option<f64>,
}

/// A window as it is printed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WindowReport {
    /// The first instant of the training.
    pub train_from: UtcMillis,
    /// The last one.
    pub train_to: UtcMillis,
    /// The first instant of the test.
    pub test_from: UtcMillis,
    /// The last one.
    pub test_to: UtcMillis,
    /// The values that were chosen, by key.
    pub values: BTreeMap<String, String>,
    /// Their Sharpe ratio in the training.
    pub train_sharpe: Measure,
    /// And in the test.
    pub test_sharpe: Measure,
    /// The return of the test.
    pub test_return_pct: Measure,
    /// Round trips that were closed in the test.
    pub trades: usize,
}

/// What the tests together were worth; what happens within a day is not seen.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CurveReport {
    /// How long, in days.
    pub days: usize,
    /// The return over all of it.
    pub total_return_pct: Measure,
    /// The return of a year.
    pub cagr_pct: Measure,
    /// Sharpe ratio of a year, from daily returns.
    pub sharpe_daily: Measure,
    /// The deepest drawdown of the equity that days begin with.
    pub max_drawdown_days_pct: Measure,
}

/// How the choice of one parameter moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DriftReport {
    /// Its key.
    pub key: String,
    /// From how many windows to the next another value was chosen.
    pub changes: usize,
    /// How often each value was chosen.
    pub chosen: BTreeMap<String, usize>,
}

/// What `trader walk-forward` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.walk_forward.v1")]
pub struct WalkDocument {
    /// Always `trader.walk_forward.v1`.
    pub schema: &'static str,
    /// As that of a backtest, of the settings that are varied.
    pub manifest: serde_json::Value,
    /// The stretches.
    pub walk: WalkReport,
    /// What is varied.
    #[schemars(with = "Vec<serde_json::Value>")]
    pub grid: Vec<Axis>,
    /// Which combinations; all of them where this is null.
    pub random: Option<Drawn>,
    /// How many combinations were tried in each window.
    pub tried: usize,
    /// One line: what it all comes down to.
    pub verdict: &'static str,
    /// Trials that the deflated Sharpe ratio counts: all that were ever run, this walk, and every combination that it tried.
    pub trials: usize,
    /// How sure the Sharpe ratio of the tests is above the best of all trials ever run, had none of them any skill.
    pub deflated: Measure,
    /// What the tests together were worth.
    pub out_of_sample: CurveReport,
    /// What the configured values would have been worth in the same tests.
    pub configured: CurveReport,
    /// What holding all pairs at equal parts would have been worth in the same tests.
    pub holding: CurveReport,
    /// What anybody could have done from the first test to the end of the last, without a break, at the configured costs.
    pub baselines: Vec<YardstickReport>,
    /// The mean Sharpe ratio of the chosen in their trainings.
    pub mean_train_sharpe: Measure,
    /// And in their tests.
    pub mean_test_sharpe: Measure,
    /// How the choices moved.
    pub drift: Vec<DriftReport>,
    /// The windows, in order.
    pub windows: Vec<WindowReport>,
    /// The equity of the tests' days, one after another, in multiples of what the first began with.
    pub curve: Vec<f64>,
}
