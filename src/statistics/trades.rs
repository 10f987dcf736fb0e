//! What a list of closed trades is worth, and what holding positions costs.
//!
//! Trades are net of all costs, in multiples of the risk taken at entry or in money. One that ended at exactly 0 lost.

use super::moments::{mean, sample_spread};
use super::{PeriodsPerYear, finite, normal_quantile, ratio, whole};

/// More trades than this do not make a system better.
const MOST_TRADES_OF_SQN: f64 = 100.0;
/// How sure a hit rate above one half must be shown, one-sided, and how often that must succeed if it is true.
const SHOWN: (f64, f64) = (0.95, 0.80);

/// The trades that won and those that did not; none unless all are finite.
fn won_and_lost(trades: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    let all_finite = trades.iter().all(|trade| trade.is_finite());
    all_finite.then(|| trades.iter().partition(|trade| **trade > 0.0))
}

/// The share of the trades that won, 0 to 1; `outcome::wilson` tells how sure it is. None of no trades.
pub fn win_rate(trades: &[f64]) -> Option<f64> {
    ratio(won_and_lost(trades)?.0.len() as f64, trades.len() as f64)
}

/// What was won for each unit that was lost, at least 0; none when nothing was lost.
pub fn profit_factor(trades: &[f64]) -> Option<f64> {
    let (won, lost) = won_and_lost(trades)?;
    ratio(won.iter().sum(), lost.iter().fold(0.0, |sum, loss| sum - loss))
}

/// The mean win for each unit of the mean loss, above 0; none without a win or when nothing was lost.
pub fn payoff_ratio(trades: &[f64]) -> Option<f64> {
    let (won, lost) = won_and_lost(trades)?;
    ratio(mean(&won)?, -mean(&lost)?)
}

/// What a trade makes on average; none of no trades.
pub fn expectancy(trades: &[f64]) -> Option<f64> {
    mean(trades)
}

/// The system quality number, √min(n, 100) · mean/s with divisor n − 1 (Tharp, 2008).
///
/// None of fewer than two trades or without spread.
pub fn system_quality(trades: &[f64]) -> Option<f64> {
    let n = (trades.len() as f64).min(MOST_TRADES_OF_SQN);
    finite(n.sqrt() * mean(trades)? / sample_spread(trades)?)
}

/// The share of the account that would have grown it fastest, p − (1 − p)/payoff (Kelly, 1956); negative: do not trade.
///
/// Too much to be risked. None as for [`payoff_ratio`].
pub fn empirical_kelly(trades: &[f64]) -> Option<f64> {
    let p = win_rate(trades)?;
    finite(p - (1.0 - p) / payoff_ratio(trades)?)
}

/// The mean weight of positions in the account, one weight for each bar; none of no bars.
pub fn exposure(weights: &[f64]) -> Option<f64> {
    mean(weights)
}

/// The share of the bars with a position, 0 to 1; none of no bars.
pub fn time_in_market(weights: &[f64]) -> Option<f64> {
    let held = weights.iter().filter(|weight| **weight > 0.0).count();
    ratio(held as f64, weights.len() as f64).filter(|_| weights.iter().all(|weight| weight.is_finite()))
}

/// The sum of all changes of the weight, one way, from nothing before the first bar; none of no bars.
pub fn turnover(weights: &[f64]) -> Option<f64> {
    let before = std::iter::once(&0.0).chain(weights);
    let sum: f64 = weights.iter().zip(before).map(|(weight, before)| (weight - before).abs()).sum();
    finite(sum).filter(|_| !weights.is_empty())
}

/// The turnover of a year.
pub fn annual_turnover(weights: &[f64], periods: PeriodsPerYear) -> Option<f64> {
    ratio(turnover(weights)?, periods.years(weights.len()))
}

/// What a year costs, as a share of the account, about: the cost of one side, as a share of what is traded, times turnover.
pub fn cost_drag(cost_per_side: f64, annual_turnover: f64) -> Option<f64> {
    finite(cost_per_side * annual_turnover)
}

/// The cost of one side that uses up a gross return, about: the return over its turnover. Negative: lost without costs.
///
/// None without turnover.
pub fn break_even_cost(gross_return: f64, turnover: f64) -> Option<f64> {
    ratio(gross_return, turnover)
}

/// By how much a price must rise until a round trip has paid its fees and slippage, both per side and as shares.
///
/// (1+s)(1+c)/((1−s)(1−c)) − 1; none unless both are at least 0 and below 1.
pub fn break_even_rise(fee: f64, slippage: f64) -> Option<f64> {
    let shares = [fee, slippage].iter().all(|cost| (0.0..1.0).contains(cost));
    let (paid, got) = ((1.0 + slippage) * (1.0 + fee), (1.0 - slippage) * (1.0 - fee));
    shares.then(|| paid / got - 1.0)
}

/// How many independent outcomes it takes to show a hit rate above one half: one-sided at 5 %, with a power of 80 %.
///
/// n = ((z₀.₉₅/2 + z₀.₈₀√(p(1−p)))/(p − ½))², rounded up; none unless ½ < `hit_rate` ≤ 1.
pub fn trades_needed(hit_rate: f64) -> Option<usize> {
    let (sure, power) = (normal_quantile(SHOWN.0)?, normal_quantile(SHOWN.1)?);
    let spread = sure / 2.0 + power * (hit_rate * (1.0 - hit_rate)).sqrt();
    let n = ratio(spread, hit_rate - 0.5)?.powi(2);
    finite(n.ceil()).map(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors::assert_close;
    use super::*;
    use crate::outcome::wilson;

    /// Ten trades in multiples of their risk.
    const R: [f64; 10] = [1.8, -1.0, 0.5, -1.0, 2.4, -0.6, -1.0, 3.1, 0.2, -1.0];
    const WEIGHTS: [f64; 8] = [0.0, 0.5, 0.5, 0.2, 0.0, 0.0, 1.0, 1.0];

    #[test]
    fn ten_trades_are_worth_what_was_computed_elsewhere() {
        for (what, actual, expected) in [
            ("win rate", win_rate(&R), 0.5),
            ("profit factor", profit_factor(&R), 1.739_130_435),
            ("payoff ratio", payoff_ratio(&R), 1.739_130_435),
            ("expectancy", expectancy(&R), 0.34),
            ("spread", sample_spread(&R), 1.567_163_042),
            ("system quality", system_quality(&R), 0.686_064_165_4),
            ("Kelly", empirical_kelly(&R), 0.2125),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn the_win_rate_of_few_trades_is_anything() {
        let interval = wilson(win_rate(&R).unwrap() * 10.0, 10.0).unwrap();
        assert_close("low", interval.low, 0.236_593_090_5);
        assert_close("high", interval.high, 0.763_406_909_5);
    }

    #[test]
    fn more_than_a_hundred_trades_do_not_make_a_system_better() {
        let (hundred, thousand) = (R.repeat(10), R.repeat(100));
        let per_trade = |trades: &[f64]| expectancy(trades).unwrap() / sample_spread(trades).unwrap();
        for trades in [hundred, thousand] {
            assert_close("times ten", system_quality(&trades), 10.0 * per_trade(&trades));
        }
    }

    #[test]
    fn a_trade_that_made_nothing_lost() {
        let trades = [0.0, 1.0, -0.5, -1.0];
        assert_eq!((win_rate(&trades), profit_factor(&trades)), (Some(0.25), Some(1.0 / 1.5)));
        assert_eq!(payoff_ratio(&trades), Some(2.0));
    }

    #[test]
    fn eight_weights_are_held_and_turned_over_as_computed_elsewhere() {
        for (what, actual, expected) in [
            ("exposure", exposure(&WEIGHTS), 0.4),
            ("time in market", time_in_market(&WEIGHTS), 0.625),
            ("turnover", turnover(&WEIGHTS), 2.0),
            ("of a year", annual_turnover(&WEIGHTS, PeriodsPerYear::DAILY), 2.0 * 365.0 / 8.0),
            ("costs of a year", cost_drag(0.001, 91.25), 0.091_25),
            ("cost that is borne", break_even_cost(0.01, 2.0), 0.005),
        ] {
            assert_close(what, actual, expected);
        }
    }

    #[test]
    fn a_round_trip_has_to_earn_its_costs() {
        for (fee, slippage, rise) in [(0.001, 0.0, 0.002_002_002_002), (0.001, 0.0005, 0.003_004_505_256)] {
            assert_close("rise", break_even_rise(fee, slippage), rise);
        }
        for (fee, slippage) in [(-0.1, 0.0), (0.0, 1.0), (f64::NAN, 0.0)] {
            assert_eq!(break_even_rise(fee, slippage), None);
        }
    }

    #[test]
    fn the_smaller_an_edge_the_more_trades_show_it() {
        for (hit_rate, n) in [(0.52, 3863), (0.53, 1716), (0.55, 617), (0.60, 153)] {
            assert_eq!(trades_needed(hit_rate), Some(n), "{hit_rate}");
        }
        for hit_rate in [0.5, 0.4, 1.1, f64::NAN] {
            assert_eq!(trades_needed(hit_rate), None, "{hit_rate}");
        }
    }

    #[test]
    fn what_the_numbers_do_not_define_is_none() {
        assert_eq!(
            (profit_factor(&[1.0, 2.0]), payoff_ratio(&[1.0, 2.0]), empirical_kelly(&[1.0])),
            (None, None, None)
        );
        assert_eq!((profit_factor(&[1.0, 0.0]), payoff_ratio(&[1.0, 0.0])), (None, None));
        assert_eq!((profit_factor(&[-1.0]), payoff_ratio(&[-1.0]), empirical_kelly(&[-1.0])), (Some(0.0), None, None));
        assert_eq!((system_quality(&[1.0]), system_quality(&[0.3; 9])), (None, None));
        for trades in [vec![], vec![1.0, f64::NAN, -1.0]] {
            let all = [win_rate, profit_factor, payoff_ratio, expectancy, system_quality, empirical_kelly];
            assert_eq!(all.map(|of| of(&trades)), [None; 6], "{trades:?}");
            assert_eq!([exposure, time_in_market, turnover].map(|of| of(&trades)), [None; 3], "{trades:?}");
        }
        assert_eq!((break_even_cost(0.1, 0.0), annual_turnover(&[], PeriodsPerYear::DAILY)), (None, None));
    }

    proptest! {
        #[test]
        fn a_profit_factor_above_one_is_a_positive_expectancy(trades in prop::collection::vec(-3.0f64..3.0, 1..40)) {
            let (Some(factor), Some(mean)) = (profit_factor(&trades), expectancy(&trades)) else { return Ok(()) };
            prop_assume!(mean.abs() > 1e-9);
            prop_assert_eq!(factor > 1.0, mean > 0.0);
        }

        /// Kelly's share times the mean win is the expectancy.
        #[test]
        fn kelly_has_the_sign_of_the_expectancy(trades in prop::collection::vec(-3.0f64..3.0, 2..40)) {
            let Some(kelly) = empirical_kelly(&trades) else { return Ok(()) };
            let wins: Vec<f64> = trades.iter().copied().filter(|trade| *trade > 0.0).collect();
            prop_assert!((kelly * mean(&wins).unwrap() - expectancy(&trades).unwrap()).abs() < 1e-9);
        }
    }
}
