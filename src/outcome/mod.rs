//! Hindsight: forecasts, what became of them, and how good they were.
//!
//! Uses the pure rooms before it. A forecast is told before anybody can know; the same question is answered afterwards from
//! closed candles, and the statistics are functions of plain numbers: what they do not define is `None`, and overlapping
//! outcomes count only for what they are worth. This room never asks what time it is, and never decides anything.

mod accuracy;
mod calibration;
mod forecast;
mod groups;
mod interval;
mod isotonic;
mod learning;
mod miss;
mod platt;
mod probability;
mod rank;
mod resolve;

pub use accuracy::{
    Line, actual_on_predicted, bias, mae, median_ae, pearson, r_squared_against_zero, rmse, sign_hit_rate,
};
pub use calibration::{Calibration, prior};
pub use forecast::{Experience, Forecast, PRIOR_SLOPE, forecast, standardised, volatility};
pub use groups::{BrierParts, brier_parts, like_groups};
pub use interval::{Interval, RHO, Span, effective_n, independent_spans, uniqueness, wilson};
pub use isotonic::isotonic;
pub use learning::{LEARN_EVERY_MS, Sample, learn};
pub use miss::{Compared, Miss, Untold};
pub use platt::platt;
pub use probability::{BINS, Bin, Confusion, brier, brier_skill, calibration_error, log_loss, reliability};
pub use rank::{average_ranks, information_coefficient, rank_interval, t_statistic};
pub use resolve::{Answer, GRACE_MS, Outcome, Question, Unresolvable, is_ripe, is_whole, over_horizon, under_policy};

/// The version of the rules by which outcomes are resolved; it stands with each of them.
pub const RESOLVER: u32 = 1;

/// The mean; none of no values, and none when a value is not finite.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.sum::<f64>() / n;
    mean.is_finite().then_some(mean)
}

/// Equal to nine digits: published values have ten.
#[cfg(test)]
fn assert_close(what: &str, actual: impl Into<Option<f64>>, expected: f64) {
    let actual = actual.into().unwrap();
    let tolerance = (expected.abs() * 1e-8).max(1e-12);
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual} is not {expected}");
}
