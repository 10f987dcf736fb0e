//! The books: balances, positions and orders under way, folded from events.
//!
//! The fold does not depend on how events of different orders lie between each other, so that it can be repeated from
//! tables that are read one after another.

use std::collections::BTreeMap;

use super::event::{End, Ended, Event, Fill, Protection};
use super::order::{Intent, Order, OrderId};
use super::position::Position;
use super::posting::{Account, Posting};
use super::trade::Trade;
use crate::unit::{Decimal, Money, Price, Symbol, UtcMillis};

/// What a coin is worth now, and since when that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The price.
    pub price: Price,
    /// The end of the candle it is the close of.
    pub at: UtcMillis,
}

/// An event that does not fit the books it was applied to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    /// A fill, an end or a protection of something unknown.
    #[error("{0} is not in the books")]
    Unknown(OrderId),
    /// Something twice.
    #[error("{0} stands in the books already")]
    Twice(OrderId),
    /// More of an asset went out than there was.
    #[error("{asset} would fall to {balance}")]
    Overdrawn {
        /// Which asset.
        asset: String,
        /// To how much.
        balance: Decimal,
    },
}

/// What all events together amount to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Books {
    /// The asset the account is kept in; empty before the first deposit.
    pub asset: String,
    /// What the wallet holds of each asset.
    pub balances: BTreeMap<String, Decimal>,
    /// Open positions; one for a pair.
    pub positions: Vec<Position>,
    /// Orders that have not ended, in the order in which they were placed.
    pub orders: Vec<Order>,
    /// Round trips that these events closed.
    pub trades: Vec<Trade>,
}

impl Books {
    /// The books of these events, which may be sorted by kind.
    pub fn fold<'e>(events: impl IntoIterator<Item = &'e Event>) -> Result<Self, Unbalanced> {
        let mut books = Self::default();
        for event in events {
            books.apply(event)?;
        }
        Ok(books)
    }

    /// Takes an event in.
    pub fn apply(&mut self, event: &Event) -> Result<(), Unbalanced> {
        for posting in Posting::of(event).filter(|posting| posting.account == Account::Wallet) {
            self.put(posting.asset, posting.amount)?;
        }
        self.track(event)
    }

    fn put(&mut self, asset: &str, amount: Decimal) -> Result<(), Unbalanced> {
        let balance = match self.balances.get_mut(asset) {
            Some(balance) => balance,
            None => self.balances.entry(asset.to_owned()).or_default(),
        };
        *balance += amount;
        if *balance < Decimal::ZERO {
            return Err(Unbalanced::Overdrawn { asset: asset.to_owned(), balance: *balance });
        }
        Ok(())
    }

    /// Takes an event in whose amounts the balances hold already.
    pub fn track(&mut self, event: &Event) -> Result<(), Unbalanced> {
        match event {
            Event::Deposited(deposit) => self.asset.clone_from(&deposit.asset),
            Event::Placed(order) => self.place(order)?,
            Event::Filled(fill) => self.fill(fill)?,
            Event::Ended(ended) => self.end(ended)?,
            Event::Protected(protection) => self.protect(protection),
        }
        Ok(())
    }

    fn place(&mut self, order: &Order) -> Result<(), Unbalanced> {
        if self.orders.iter().any(|o| o.id == order.id) {
            return Err(Unbalanced::Twice(order.id.clone()));
        }
        if let Some(reason) = order.exit_reason()
            && let Some(position) = self.positions.iter_mut().find(|p| p.id == order.position)
        {
            position.leaving = Some(reason);
        }
        self.orders.push(order.clone());
        Ok(())
    }

    fn fill(&mut self, fill: &Fill) -> Result<(), Unbalanced> {
        let unknown = || Unbalanced::Unknown(fill.order.clone());
        let order = self.orders.iter().find(|o| o.id == fill.order).ok_or_else(unknown)?;
        match &order.intent {
            Intent::Entry(_) if self.positions.iter().any(|p| p.id == order.position) => {
                return Err(Unbalanced::Twice(order.id.clone()));
            }
            Intent::Entry(plan) => {
                let mut position = Position::open(order, plan, fill);
                // Events that are sorted by kind tell of an exit before there is a position.
                position.leaving = self.exit_of(&position.id).and_then(Order::exit_reason);
                self.positions.push(position);
            }
            Intent::Exit(reason) => {
                let reason = *reason;
                let position = self.positions.iter_mut().find(|p| p.id == fill.position).ok_or_else(unknown)?;
                if fill.part <= position.exits {
                    return Err(Unbalanced::Twice(fill.order.clone()));
                }
                position.leaving = Some(reason);
                position.sell(fill);
            }
        }
        Ok(())
    }

    /// An exit that ends filled closes its position; whatever else ends leaves nothing behind.
    fn end(&mut self, ended: &Ended) -> Result<(), Unbalanced> {
        let unknown = || Unbalanced::Unknown(ended.order.clone());
        let at = self.orders.iter().position(|o| o.id == ended.order).ok_or_else(unknown)?;
        let order = self.orders.remove(at);
        if let (Intent::Exit(reason), End::Filled) = (order.intent, ended.how) {
            let at = self.positions.iter().position(|p| p.id == order.position).ok_or_else(unknown)?;
            let position = self.positions.remove(at);
            self.trades.push(Trade::close(&position, reason, ended.at));
        }
        Ok(())
    }

    /// A position that is closed in the meantime needs none.
    fn protect(&mut self, protection: &Protection) {
        if let Some(position) = self.positions.iter_mut().find(|p| p.id == protection.position) {
            position.protect(protection);
        }
    }

    /// What the wallet holds of an asset.
    pub fn balance(&self, asset: &str) -> Decimal {
        self.balances.get(asset).copied().unwrap_or_default()
    }

    /// Money that is not in coins.
    pub fn cash(&self) -> Money {
        Money::new(self.balance(&self.asset))
    }

    /// Money that is neither in coins nor promised to an entry under way.
    pub fn free_cash(&self) -> Money {
        self.cash() - self.entries().map(|(order, plan)| Money::cost(plan.price, order.quantity)).sum()
    }

    /// Entries under way.
    pub fn entries(&self) -> impl Iterator<Item = (&Order, &super::EntryPlan)> {
        self.orders.iter().filter_map(|order| Some((order, order.plan()?)))
    }

    /// The events that take back entries under way.
    pub fn withdrawn_entries(&self, at: UtcMillis, which: impl Fn(&Symbol) -> bool) -> Vec<Event> {
        let chosen = self.entries().filter(|(order, _)| which(&order.symbol));
        chosen.map(|(o, _)| Event::Ended(Ended { order: o.id.clone(), at, how: End::Withdrawn })).collect()
    }

    /// The open position of a pair.
    pub fn position(&self, symbol: &Symbol) -> Option<&Position> {
        self.positions.iter().find(|p| p.symbol == *symbol)
    }

    /// The exit under way of a position.
    pub fn exit_of(&self, position: &OrderId) -> Option<&Order> {
        self.orders.iter().find(|o| o.position == *position && matches!(o.intent, Intent::Exit(_)))
    }

    /// Pairs with a position or an order under way, none twice.
    pub fn busy_pairs(&self) -> Vec<Symbol> {
        let held = self.positions.iter().map(|p| &p.symbol);
        let mut pairs: Vec<Symbol> = held.chain(self.orders.iter().map(|o| &o.symbol)).cloned().collect();
        pairs.sort();
        pairs.dedup();
        pairs
    }

    /// What all coins in the wallet are worth at these prices, crumbs included; coins without a price are named.
    pub fn worth_of_coins(&self, price: impl Fn(&str) -> Option<Price>) -> (Money, Vec<String>) {
        let (mut worth, mut unpriced) = (Money::ZERO, Vec::new());
        for (asset, coins) in self.balances.iter().filter(|(asset, coins)| **asset != self.asset && !coins.is_zero()) {
            let coins = crate::unit::Quantity::new(*coins).unwrap_or_default();
            match price(asset) {
                Some(price) => worth += Money::proceeds(price, coins),
                None => unpriced.push(asset.clone()),
            }
        }
        (worth, unpriced)
    }
}
