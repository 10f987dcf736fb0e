//! How much to buy: the fixed-fractional rule. What is lost at the stop, costs inside, is a fixed share of equity; cash,
//! heat and the cap on one position may make it less, and nothing makes it more.
//!
//! `quantity = budget / (entry − stop × (1 − fee)²)`, rounded down to the step: the fee of the buy is taken in coins and
//! the fee of the sale in money, so both weigh on what the stop brings. Source: Van Tharp, "Definitive Guide to Position
//! Sizing", 2008, with the costs inside.

use crate::ledger::Terms;
use crate::unit::{Decimal, Money, Price, Quantity, counted_down, quotient_counted_down};

/// What an entry may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// May be lost at the stop.
    pub risk: Money,
    /// May be spent.
    pub cash: Money,
}

/// The most that may be bought at `buy` when the stop brings `sell`.
pub fn size(terms: &Terms, buy: Price, sell: Price, allowance: &Allowance) -> Quantity {
    let loss = terms.loss_per_coin(buy, sell);
    let for_risk = if loss > Decimal::ZERO { quotient(allowance.risk, loss) } else { Decimal::ZERO };
    let for_cash = quotient(allowance.cash, buy.get());
    let most = terms.instrument.max_quantity.unwrap_or(Decimal::MAX);
    let coins = for_risk.min(for_cash).min(counted_down(most));
    within(terms, buy, sell, allowance, terms.sellable(Quantity::new(coins).unwrap_or_default()))
}

/// Rounded down to what the exchange counts.
fn quotient(money: Money, each: Decimal) -> Decimal {
    quotient_counted_down(money.get().max(Decimal::ZERO), each)
}

/// Coins that remain below a step after the fee cannot be sold at the stop, and amounts are rounded against us: where
/// that makes the loss a little larger than allowed, fewer are bought.
fn within(terms: &Terms, buy: Price, sell: Price, allowance: &Allowance, quantity: Quantity) -> Quantity {
    let mut quantity = quantity;
    // Each round takes off what is too much; a few suffice, and nothing is bought when they do not.
    for _ in 0..8 {
        let (loss, cost) = (terms.loss(quantity, buy, sell), Money::cost(buy, quantity));
        if loss <= allowance.risk && cost <= allowance.cash {
            return quantity;
        }
        let excess = (loss - allowance.risk).get().max((cost - allowance.cash).get());
        let fewer = quantity.get() - excess.checked_div(terms.loss_per_coin(buy, sell)).unwrap_or(quantity.get());
        let step = terms.instrument.step_size.unwrap_or(Decimal::new(1, 8));
        let fewer = counted_down(fewer.min(quantity.get() - step)).max(Decimal::ZERO);
        quantity = terms.sellable(Quantity::new(fewer).unwrap_or_default());
    }
    Quantity::default()
}

#[cfg(test)]
mod tests;
