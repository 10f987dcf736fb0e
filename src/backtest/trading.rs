//! What the closed round trips were worth, and what their costs were.

use std::collections::BTreeMap;

use super::figure::{Figure, Undefined};
use crate::ledger::{OrderId, Trade};
use crate::outcome::{Interval, wilson};
use crate::statistics::{break_even_cost, expectancy, profit_factor, system_quality, win_rate};
use crate::unit::{Money, Price, real};

/// What the closed round trips were worth, net of all costs; positions that are open at the end are in none of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trading {
    /// How many there were.
    pub count: usize,
    /// The share of them that won, 0 to 1; one that ended at exactly 0 lost.
    pub win_rate: Figure,
    /// Wilson's 95 % interval of it (1927), as if they were independent.
    pub win_interval: Figure<Interval>,
    /// What was won for each unit of money that was lost, at least 0; undefined when nothing was lost.
    pub profit_factor: Figure,
    /// What one makes on average, in multiples of what was at risk (Tharp's R).
    pub expectancy: Figure,
    /// The system quality number of these multiples, √min(n, 100) · mean/s (Tharp, 2008).
    pub system_quality: Figure,
    /// What one side could have cost until nothing was earned, as a share of what is traded; negative when it lost without
    /// any costs. Round trips of the same sizes are assumed.
    pub break_even_cost: Figure,
    /// What one side did cost on average, as a share of what is traded: fees, spread, slippage and crumbs.
    pub cost_per_side: Figure,
    /// All fees, in money.
    pub fees: Money,
    /// The share of them that rested on a candle which held stop and target both, 0 to 1: the stop was taken to be first.
    pub ambiguous_share: Figure,
    /// The total return if every one of these had met its target instead, as a share of what was put in.
    ///
    /// A bound, not a forecast: each brings its target for all its coins at the same share of fees and without slippage, as a
    /// resting order does, and the difference is added to the last equity; nothing is put to work again. It is the total
    /// return itself when there is none. A round trip does not hold its target: it is undefined when one is not told.
    pub other_way: Figure,
}

impl Trading {
    /// Of these round trips, on an account with this equity, whose targets are told by the names of their entries.
    pub fn of(trades: &[Trade], equity: &[f64], targets: &BTreeMap<OrderId, Price>) -> Self {
        let profits: Vec<f64> = trades.iter().map(|trade| trade.profit().real()).collect();
        let multiples = multiples(trades);
        let (gross, volume) = without_costs(trades);
        Self {
            count: trades.len(),
            win_rate: win_rate(&profits).ok_or(Undefined::NoTrades),
            win_interval: win_interval(&profits),
            profit_factor: of_any(&profits).and_then(|()| profit_factor(&profits).ok_or(Undefined::NoLosingTrade)),
            expectancy: multiples.as_ref().map_err(|why| *why).and_then(|r| expectancy(r).ok_or(Undefined::NotFinite)),
            system_quality: multiples.and_then(|r| quality(&r)),
            break_even_cost: break_even_cost(gross, volume).ok_or(Undefined::NoTrades),
            cost_per_side: break_even_cost(gross - profits.iter().sum::<f64>(), volume).ok_or(Undefined::NoTrades),
            fees: trades.iter().map(|trade| trade.fees).sum(),
            ambiguous_share: of_any(&profits).map(|()| ambiguous(trades).count() as f64 / trades.len() as f64),
            other_way: other_way(trades, equity, targets),
        }
    }
}

fn of_any(profits: &[f64]) -> Figure<()> {
    if profits.is_empty() { Err(Undefined::NoTrades) } else { Ok(()) }
}

fn win_interval(profits: &[f64]) -> Figure<Interval> {
    let wins = profits.iter().filter(|profit| **profit > 0.0).count();
    wilson(wins as f64, profits.len() as f64).ok_or(Undefined::NoTrades)
}

fn multiples(trades: &[Trade]) -> Figure<Vec<f64>> {
    let each = trades.iter().map(|trade| trade.r_multiple().ok_or(Undefined::NothingAtRisk));
    if trades.is_empty() { Err(Undefined::NoTrades) } else { each.collect() }
}

fn quality(multiples: &[f64]) -> Figure {
    let why = if multiples.len() < 2 { Undefined::TooFew } else { Undefined::TradesAlike };
    system_quality(multiples).ok_or(why)
}

/// What all round trips would have earned without any costs, and what was traded for it, both sides, in money.
fn without_costs(trades: &[Trade]) -> (f64, f64) {
    let one = |trade: &Trade| {
        let (coins, paid, got) = (real(trade.bought), real(trade.reference.0), real(trade.reference.1));
        (coins * (got - paid), coins * (got + paid))
    };
    trades.iter().map(one).fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn ambiguous(trades: &[Trade]) -> impl Iterator<Item = &Trade> {
    trades.iter().filter(|trade| trade.was_ambiguous)
}

fn other_way(trades: &[Trade], equity: &[f64], targets: &BTreeMap<OrderId, Price>) -> Figure {
    let (Some(first), Some(last)) = (equity.first(), equity.last()) else { return Err(Undefined::TooFew) };
    let more = |trade: &Trade| Ok(more_at(trade, *targets.get(&trade.id).ok_or(Undefined::UnknownTarget)?));
    let gained: f64 = ambiguous(trades).map(more).sum::<Figure>()?;
    let total = (last + gained) / first - 1.0;
    if total.is_finite() { Ok(total) } else { Err(Undefined::NotFinite) }
}

/// What a round trip would have brought more had it been left at its target: proceeds grow as the price does.
fn more_at(trade: &Trade, target: Price) -> f64 {
    trade.proceeds.real() * (real(target.get()) / real(trade.price.1) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{assert_close, round_trip, sold_at};
    use super::*;
    use crate::ledger::samples::price;

    fn of(trades: &[Trade]) -> Trading {
        Trading::of(trades, &[1000.0, 1100.0], &BTreeMap::new())
    }

    #[test]
    fn without_a_trade_nothing_is_known_of_them() {
        let none = of(&[]);
        for figure in [
            none.win_rate,
            none.profit_factor,
            none.expectancy,
            none.system_quality,
            none.break_even_cost,
            none.cost_per_side,
            none.ambiguous_share,
        ] {
            assert_eq!(figure, Err(Undefined::NoTrades));
        }
        assert_eq!((none.count, none.win_interval, none.fees), (0, Err(Undefined::NoTrades), Money::ZERO));
        assert_close("nothing goes another way", none.other_way.unwrap(), 0.1);
    }

    #[test]
    fn three_trades_are_worth_what_can_be_counted_by_hand() {
        // Profits of 20, −10 and 5 at a risk of 10 each.
        let three = of(&[round_trip(20.0, 10.0), round_trip(-10.0, 10.0), round_trip(5.0, 10.0)]);
        assert_eq!(three.count, 3);
        for (what, figure, expected) in [
            ("win rate", three.win_rate, 2.0 / 3.0),
            ("profit factor", three.profit_factor, 2.5),
            ("expectancy", three.expectancy, 0.5),
            // Multiples of 2, −1 and 0.5: s = 1.5.
            ("quality", three.system_quality, 3.0_f64.sqrt() * 0.5 / 1.5),
            ("ambiguous", three.ambiguous_share, 0.0),
        ] {
            assert_close(what, figure.unwrap(), expected);
        }
        let interval = three.win_interval.unwrap();
        assert!(interval.low < 2.0 / 3.0 && interval.high > 2.0 / 3.0);
    }

    #[test]
    fn what_trades_do_not_define_has_its_reason() {
        let won = of(&[round_trip(20.0, 10.0)]);
        assert_eq!((won.profit_factor, won.system_quality), (Err(Undefined::NoLosingTrade), Err(Undefined::TooFew)));
        let alike = of(&[round_trip(20.0, 10.0), round_trip(20.0, 10.0)]);
        assert_eq!(alike.system_quality, Err(Undefined::TradesAlike));
        let riskless = of(&[round_trip(20.0, 0.0)]);
        assert_eq!(riskless.expectancy, Err(Undefined::NothingAtRisk));
    }

    #[test]
    fn at_the_break_even_cost_nothing_is_earned() {
        // One coin for 100, sold at 110 by the market's prices: 10 of 210 that were traded.
        let trade = sold_at("100", "110", 4.0);
        let trading = of(&[trade]);
        let cost = trading.break_even_cost.unwrap();
        assert_close("break even", cost, 10.0 / 210.0);
        assert_close("nothing is left", 110.0 * (1.0 - cost), 100.0 * (1.0 + cost));
        assert_close("6 of the 10 went to costs", trading.cost_per_side.unwrap(), 6.0 / 210.0);
        let lost = of(&[sold_at("100", "90", -12.0)]);
        assert_close("lost without costs", lost.break_even_cost.unwrap(), -10.0 / 190.0);
    }

    #[test]
    fn an_ambiguous_trade_that_went_the_other_way_brings_its_target() {
        let clear = sold_at("100", "110", 4.0);
        let ambiguous = Trade { was_ambiguous: true, ..sold_at("100", "96", -5.0) };
        let trades = [clear, ambiguous.clone()];
        let unknown = of(&trades);
        assert_eq!(unknown.other_way, Err(Undefined::UnknownTarget));
        assert_close("half", unknown.ambiguous_share.unwrap(), 0.5);
        let targets = BTreeMap::from([(ambiguous.id.clone(), price("106"))]);
        let told = Trading::of(&trades, &[1000.0, 1100.0], &targets).other_way.unwrap();
        // Proceeds of 95 at 96 become 95 · 106/96 at 106.
        assert_close("more", told, 0.1 + 95.0 * (106.0 / 96.0 - 1.0) / 1000.0);
    }
}
