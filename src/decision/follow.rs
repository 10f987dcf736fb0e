//! What follows from decisions for the account: exits first, then entries, the strongest opinion first.

use std::collections::BTreeMap;

use super::approval::{Room, TradePolicy, Wish, approve_entry, approve_exit};
use super::objection::Objection;
use super::risk::{Limits, RiskState};
use super::{Action, Score};
use crate::ledger::{Books, Event, ExitReason, Order, Unbalanced};
use crate::market::Quote;
use crate::unit::{Money, Symbol, UtcMillis};

/// A decision, and the entry that is wanted if it is to buy.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What was decided.
    pub action: Action,
    /// How strong the opinion is.
    pub score: Option<Score>,
    /// The pair and everything an entry would be approved by.
    pub wish: Wish<'a>,
    /// The coin is left alone until then.
    pub cools_until: Option<UtcMillis>,
}

/// The account that decisions are followed for. Orders are placed in its books.
#[expect(missing_debug_implementations, reason = "it holds a question")]
pub struct Desk<'a> {
    /// The books.
    pub books: &'a mut Books,
    /// Cash and coins at the newest close.
    pub equity: Money,
    /// How it stands.
    pub state: RiskState,
    /// What all stops of these books would lose together, entries under way included; asked for only when it matters.
    pub heat: &'a dyn Fn(&Books) -> Money,
    /// The market at this moment, where it is known.
    pub quotes: &'a BTreeMap<Symbol, Quote>,
    /// When.
    pub now: UtcMillis,
}

/// What following decisions brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Followed {
    /// Orders that were placed, and entries that were taken back.
    pub events: Vec<Event>,
    /// For each call, what stood against its entry.
    pub objections: Vec<Option<Objection>>,
}

/// Places the orders that decisions call for; the emergency stop sells everything first.
pub fn follow(
    mut desk: Desk<'_>,
    calls: &[Call<'_>],
    policy: &TradePolicy,
    limits: &Limits,
) -> Result<Followed, Unbalanced> {
    let mut followed = Followed { events: Vec::new(), objections: vec![None; calls.len()] };
    if desk.state == RiskState::Halted {
        desk.sell_all(&mut followed.events)?;
    }
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by(|a, b| rank(&calls[*b], &calls[*a]));
    for call in order.iter().map(|i| &calls[*i]).filter(|call| call.action == Action::Sell) {
        desk.leave(call.wish.symbol, ExitReason::Signal, &mut followed.events)?;
    }
    for i in order.into_iter().filter(|i| calls[*i].action == Action::Buy) {
        followed.objections[i] = desk.enter(&calls[i], policy, limits, &mut followed.events)?;
    }
    Ok(followed)
}

/// The stronger opinion is the greater; of equal ones the pair that comes first.
fn rank(a: &Call<'_>, b: &Call<'_>) -> std::cmp::Ordering {
    a.score.cmp(&b.score).then_with(|| b.wish.symbol.cmp(a.wish.symbol))
}

impl Desk<'_> {
    fn sell_all(&mut self, events: &mut Vec<Event>) -> Result<(), Unbalanced> {
        for event in self.books.withdrawn_entries(self.now, |_| true) {
            self.books.apply(&event)?;
            events.push(event);
        }
        let pairs: Vec<Symbol> = self.books.positions.iter().map(|p| p.symbol.clone()).collect();
        pairs.iter().try_for_each(|pair| self.leave(pair, ExitReason::Emergency, events))
    }

    fn leave(&mut self, pair: &Symbol, reason: ExitReason, events: &mut Vec<Event>) -> Result<(), Unbalanced> {
        let Some(position) = self.books.position(pair) else { return Ok(()) };
        let quote = self.quotes.get(pair).copied();
        match approve_exit(position, reason, self.now, quote, self.books) {
            Some(order) => self.place(order.get(), events),
            None => Ok(()),
        }
    }

    fn enter(
        &mut self,
        call: &Call<'_>,
        policy: &TradePolicy,
        limits: &Limits,
        events: &mut Vec<Event>,
    ) -> Result<Option<Objection>, Unbalanced> {
        let Self { equity, state, heat, .. } = *self;
        let room = Room { books: self.books, equity, heat, state, cools_until: call.cools_until };
        match approve_entry(&call.wish, &room, policy, limits) {
            Ok(order) => self.place(order.get(), events).map(|()| None),
            Err(objection) => Ok(Some(objection)),
        }
    }

    fn place(&mut self, order: &Order, events: &mut Vec<Event>) -> Result<(), Unbalanced> {
        let event = Event::Placed(Box::new(order.clone()));
        self.books.apply(&event)?;
        events.push(event);
        Ok(())
    }
}
