//! Hindsight: forecasts, what became of them, and how good they were.
//!
//! Uses no other room: its statistics are functions of plain numbers. What the numbers do not define is `None`, and
//! overlapping outcomes count only for what they are worth. This room never asks what time it is, and never decides
//! anything.

mod accuracy;
mod calibration;
mod interval;
mod isotonic;
mod platt;
mod probability;
mod rank;

pub use accuracy::{
    Line, actual_on_predicted, bias, mae, median_ae, pearson, r_squared_against_zero, rmse, sign_hit_rate,
};
pub use calibration::{Calibration, prior};
pub use interval::{Interval, RHO, effective_n, wilson};
pub use isotonic::isotonic;
pub use platt::platt;
pub use probability::{BINS, Bin, Confusion, brier, brier_skill, calibration_error, log_loss, reliability};
pub use rank::{average_ranks, information_coefficient, t_statistic};

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
