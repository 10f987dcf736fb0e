//! Numbers in, numbers out: what a series of returns, an equity curve or a list of trades is worth, and how far luck
//! explains it.
//!
//! Uses the statistics of `outcome`, and no other room; chance comes in as an argument, a function that gives the next
//! number from 0 on and below 1. This room never answers with a number where none is defined: too few values, no spread,
//! no loss to divide by and values that are not finite are `None`, never 0, infinity or NaN.

mod bootstrap;
mod dependence;
mod equity;
mod inference;
mod moments;
mod normal;
mod overfitting;
mod returns;
mod sharpe;
mod spa;
mod splits;
mod tail;
mod trades;
mod tries;
#[cfg(test)]
mod vectors;

pub use bootstrap::{Sampled, block_length, circular, next_draw, resampled, sequential, stationary};
pub use dependence::{
    autocorrelations, default_lag, effective_count, kernel_variance, long_run_variance, overlapping_count,
    standard_error_of_mean, variance_inflation,
};
pub use equity::{
    Underwater, drawdowns, equity_curve, intrabar_drawdown, longest_drawdown, max_drawdown, recovery_factor,
    returns_of_equity, ulcer_index,
};
pub use inference::{TrackRecord, robust_standard_error};
pub use moments::{kurtosis, mean, population_deviation, skewness, standard_deviation};
pub use normal::{normal_cdf, normal_density, normal_quantile};
pub use overfitting::{BlockSum, Overfitting, Score, block_sums, overfitting, overfitting_of_blocks};
pub use returns::{
    beta_and_alpha, cagr, calmar, covers_a_quarter, downside_deviation, information_ratio, omega, sortino_per_period,
    sortino_per_year, total_return, tracking_error,
};
pub use sharpe::{AnnualSharpe, PeriodSharpe, PeriodsPerYear, lo_factor};
pub use spa::{Superiority, Verdict, superiority};
pub use splits::{Training, Window, combinations, fixed_horizon, folds, path_count, paths, training, walk_forward};
pub use tail::{Tail, cornish_fisher_var, gaussian_tail, historical_tail};
pub use trades::{
    annual_turnover, break_even_cost, break_even_rise, cost_drag, empirical_kelly, expectancy, exposure, payoff_ratio,
    profit_factor, system_quality, time_in_market, trades_needed, turnover, win_rate,
};
pub use tries::{
    Trials, benjamini_hochberg, effective_trials, expected_maximum, holm, mean_correlation, min_backtest_years,
    random_strategy_p,
};

/// The number, if it is one.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// The quotient; none when the divisor is not positive, or nothing finite comes out.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    finite(part / whole).filter(|_| whole > 0.0)
}

/// The largest whole number that is not above; 0 for what is negative or no number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "meant: it holds at both ends")]
const fn whole(value: f64) -> usize {
    value as usize
}
