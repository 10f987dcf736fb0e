//! Fills of single orders: at the book, at a candle's open, at a price within a candle.

use super::timeline::Step;
use crate::decision::{Allowance, Approved, size};
use crate::ledger::{Books, End, Ended, EntryPlan, Event, Fill, Order, Slips, Terms};
use crate::market::Candle;
use crate::unit::{Decimal, Money, Price, Quantity, UtcMillis};

/// Where a fill takes place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// When.
    pub(super) at: UtcMillis,
    /// The market's price, before costs.
    pub(super) reference: Price,
    /// The price, costs inside.
    pub(super) price: Price,
    /// The candle, where it is one.
    pub(super) step: Option<&'a Step>,
    /// That candle held stop and target both.
    pub(super) is_ambiguous: bool,
}

impl Place<'_> {
    /// What the candle lets one order have of what it wants; a known book is deep enough for what a retail account buys.
    fn of_wanted(&self, terms: &Terms, wanted: Quantity) -> Quantity {
        self.step.map_or(wanted, |step| terms.of_wanted(quote_volume(&step.candle), self.price, wanted))
    }

    fn fill(&self, order: &Order, part: u32, quantity: Quantity, notional: Money, fee: Decimal) -> Fill {
        Fill {
            order: order.id.clone(),
            position: order.position.clone(),
            part,
            symbol: order.symbol.clone(),
            side: order.side(),
            at: self.at,
            reference: self.reference,
            price: self.price,
            quantity,
            notional,
            fee,
            risk: Money::ZERO,
            candle: self.step.map(|step| (step.timeframe, step.candle.open_time())),
            is_ambiguous: self.is_ambiguous,
            is_coarse: self.step.is_some_and(|step| step.is_coarse),
        }
    }
}

/// What was traded in a candle, in money; at its low where the recording does not say.
fn quote_volume(candle: &Candle) -> f64 {
    candle.extras().map_or(candle.volume() * candle.low(), |extras| extras.quote_volume)
}

/// The end of an order.
pub(super) fn ended(order: &Order, at: UtcMillis, how: End) -> Event {
    Event::Ended(Ended { order: order.id.clone(), at, how })
}

/// Fills an entry once: what the market, the promised money and the planned risk allow at this price; the rest of it is
/// given up.
pub(super) fn enter(order: &Approved<Order>, plan: &EntryPlan, terms: &Terms, place: &Place<'_>) -> Vec<Event> {
    let order = order.get();
    if place.reference <= plan.stop {
        return vec![ended(order, place.at, End::Gapped)];
    }
    let Some(sell) = terms.sell_near(plan.stop, Slips::Twice) else {
        return vec![ended(order, place.at, End::TooSmall)];
    };
    let promised = Allowance { risk: plan.risk, cash: Money::cost(plan.price, order.quantity) };
    let wanted = size(terms, place.price, sell, &promised).min(order.quantity);
    let quantity = place.of_wanted(terms, wanted);
    if !terms.can_be_left(quantity, place.price, sell) {
        return vec![ended(order, place.at, End::TooSmall)];
    }
    let notional = Money::cost(place.price, quantity);
    let fill = place.fill(order, 1, quantity, notional, terms.fee_on_coins(quantity).get());
    let fill = Fill { risk: terms.loss(quantity, place.price, sell), ..fill };
    vec![Event::Filled(Box::new(fill)), ended(order, place.at, End::Filled)]
}

/// Sells what the market takes of a position; it is closed when no step that the exchange takes is left. Nothing happens
/// where the market takes nothing: the order goes on waiting.
pub(super) fn leave(order: &Approved<Order>, books: &Books, terms: &Terms, place: &Place<'_>) -> Vec<Event> {
    let order = order.get();
    let held = terms.sellable(Quantity::new(books.balance(order.symbol.base())).unwrap_or_default());
    let quantity = place.of_wanted(terms, held);
    if !terms.is_large_enough(place.price, quantity) {
        return Vec::new();
    }
    let notional = Money::proceeds(place.price, quantity);
    let position = books.positions.iter().find(|p| p.id == order.position);
    let part = position.map_or(1, |p| p.exits + 1);
    let fill = place.fill(order, part, quantity, notional, terms.fee_on_money(notional).get());
    // Crumbs of earlier trades go along with what is sold, but no position stays open for them.
    let own = position.map_or(held, |p| terms.sellable(Quantity::new(p.held - quantity.get()).unwrap_or_default()));
    let left = own.min(Quantity::new(held.get() - quantity.get()).unwrap_or_default());
    let mut events = vec![Event::Filled(Box::new(fill))];
    if !terms.is_large_enough(place.price, left) {
        events.push(ended(order, place.at, End::Filled));
    }
    events
}

/// Fills an order at the book that was seen when it was placed; nothing where none was seen.
pub fn fill_on_book(order: &Approved<Order>, books: &Books, terms: &Terms) -> Vec<Event> {
    let Some(quote) = &order.get().quote else { return Vec::new() };
    let at = order.get().placed_at;
    let place = |reference, price| Place { at, reference, price, step: None, is_ambiguous: false };
    match order.get().plan() {
        Some(plan) => {
            terms.buy_at(quote).map_or_else(Vec::new, |price| enter(order, plan, terms, &place(quote.ask, price)))
        }
        None => terms
            .sell_at(quote, Slips::Once)
            .map_or_else(Vec::new, |price| leave(order, books, terms, &place(quote.bid, price))),
    }
}

#[cfg(test)]
mod tests;
