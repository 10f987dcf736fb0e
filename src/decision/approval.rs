//! The only way to an order that may be carried out. Risk fails closed: what is not known is an objection.

use super::entry::EntryPolicy;
use super::objection::Objection;
use super::risk::{Limits, RiskState};
use super::sizing::{Allowance, size};
use crate::ledger::{Books, EntryPlan, ExitReason, Intent, Order, OrderId, Position, Slips, Terms};
use crate::market::Quote;
use crate::signal::{Backing, Score};
use crate::unit::{Bps, Decimal, Money, Price, Quantity, Symbol, UtcMillis};

/// Something that passed the risk rules. Only this file can make one, and only one of these is carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Approved<T>(T);

impl<T> Approved<T> {
    /// What was approved.
    pub const fn get(&self) -> &T {
        &self.0
    }
}

impl Approved<Order> {
    /// An order of the books: it was approved when it was written down.
    pub fn on_record(books: &Books) -> Vec<Self> {
        books.orders.iter().cloned().map(Self).collect()
    }

    /// The first order of the books that is like this.
    pub fn first_on_record(books: &Books, which: impl Fn(&Order) -> bool) -> Option<Self> {
        books.orders.iter().find(|order| which(order)).cloned().map(Self)
    }
}

/// How positions are meant to end; distances in average true ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExitPolicy {
    /// From the close that is decided on down to the stop.
    pub stop_atr: f64,
    /// From there up to the target, if there is to be one.
    pub target_atr: Option<f64>,
    /// From the highest price down to the stop that follows it, if it is to follow.
    pub trail_atr: Option<f64>,
    /// A position is sold after so long, if it is to be, in milliseconds.
    pub hold_ms: Option<i64>,
}

/// What trades have to show at their entry, and how they are meant to end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TradePolicy {
    /// What is asked of entries beside the score.
    pub entries: EntryPolicy,
    /// How positions are meant to end.
    pub exits: ExitPolicy,
}

/// An entry that somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The pair.
    pub symbol: &'a Symbol,
    /// The candle that was decided on.
    pub candle: UtcMillis,
    /// How strong the opinion on it is, and what it is weighed by beside that.
    pub opinion: Option<(Score, Backing)>,
    /// Its close, where that is a price at all.
    pub close: Option<Price>,
    /// By which strategy.
    pub strategy_hash: &'a str,
    /// When.
    pub now: UtcMillis,
    /// The market at this moment; a recording has none, its market is the next candle.
    pub quote: Option<Quote>,
    /// Whether there has to be a quote.
    pub needs_quote: bool,
    /// The average true range that distances are measured in.
    pub atr: Option<f64>,
    /// The terms of the pair, where they are known.
    pub terms: Option<&'a Terms>,
}

/// What an entry has to fit into.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds a question")]
pub struct Room<'a> {
    /// The books, orders under way included.
    pub books: &'a Books,
    /// Cash and coins at the newest close.
    pub equity: Money,
    /// What all stops of these books would lose together, entries under way included; asked for only when it matters.
    pub heat: &'a dyn Fn(&Books) -> Money,
    /// How the account stands.
    pub state: RiskState,
    /// The coin is left alone until then.
    pub cools_until: Option<UtcMillis>,
}

/// Approves an entry, or says what stands against it. The gravest objection counts: they are listed in that order.
pub fn approve_entry(
    wish: &Wish<'_>,
    room: &Room<'_>,
    policy: &TradePolicy,
    limits: &Limits,
) -> Result<Approved<Order>, Objection> {
    bars(wish, room, limits)?;
    let terms = wish.terms.ok_or(Objection::NoRules)?;
    is_worth_it(wish, terms, &policy.entries)?;
    let (plan, sell) = draft(wish, terms, &policy.exits)?;
    let cap = position_cap(wish, &policy.entries, limits);
    let allowance = allow(room, limits, cap)?;
    let quantity = size(terms, plan.price, sell, &allowance);
    can_be_left(terms, &plan, sell, quantity, room)?;
    let risk = terms.loss(quantity, plan.price, sell);
    let risk_budget = room.equity.share(limits.risk_per_trade.share());
    let id = OrderId::entry(wish.symbol, wish.candle, wish.strategy_hash);
    Ok(Approved(Order {
        position: id.clone(),
        id,
        symbol: wish.symbol.clone(),
        quantity,
        intent: Intent::Entry(EntryPlan { risk, risk_budget, ..plan }),
        placed_at: wish.now,
        quote: wish.quote,
    }))
}

/// What stands against any entry of this coin now.
fn bars(wish: &Wish<'_>, room: &Room<'_>, limits: &Limits) -> Result<(), Objection> {
    let books = room.books;
    let is_busy = books.position(wish.symbol).is_some() || books.orders.iter().any(|o| o.symbol == *wish.symbol);
    let open = books.positions.len() + books.entries().count();
    if !room.state.takes_entries() {
        Err(Objection::State(room.state))
    } else if is_busy {
        Err(Objection::Held)
    } else if let Some(until) = room.cools_until.filter(|until| wish.now < *until) {
        Err(Objection::CoolDown { until })
    } else if wish.symbol.quote() != books.asset {
        Err(Objection::OtherAsset { asset: wish.symbol.quote().to_owned() })
    } else if open >= limits.max_positions {
        Err(Objection::Positions { open, limit: limits.max_positions })
    } else if wish.needs_quote && wish.quote.is_none() {
        Err(Objection::NoQuote)
    } else {
        Ok(())
    }
}

/// What the entry has to show beside its score.
fn is_worth_it(wish: &Wish<'_>, terms: &Terms, policy: &EntryPolicy) -> Result<(), Objection> {
    let (score, backing) = wish.opinion.unwrap_or((Score::nearest(0.0), Backing::default()));
    let before = backing.before;
    if let Some(needed) = policy.confirmed_from.filter(|needed| before < Some(*needed)) {
        return Err(Objection::Unconfirmed { before, needed });
    }
    let edge = policy.edge.map(|gate| gate.edge(score, &backing, &terms.costs));
    match edge.filter(|edge| edge.expected < edge.needed) {
        Some(edge) => Err(Objection::SmallEdge(edge)),
        None => Ok(()),
    }
}

/// The largest share of the account that the position may cost.
fn position_cap(wish: &Wish<'_>, policy: &EntryPolicy, limits: &Limits) -> Decimal {
    let backing = wish.opinion.map(|(_, backing)| backing).unwrap_or_default();
    let cap = limits.position_cap.share();
    policy.volatility_target.map_or(cap, |target| target.share(&backing).min(cap))
}

/// The plan without its size, and what a coin brings at the stop.
fn draft(wish: &Wish<'_>, terms: &Terms, policy: &ExitPolicy) -> Result<(EntryPlan, Price), Objection> {
    let atr = wish.atr.filter(|atr| *atr > 0.0).ok_or(Objection::NoStop)?;
    let distance = |atrs: f64| Decimal::from_f64_retain(atrs * atr).map(|d| d.round_dp(8));
    let close = wish.close.ok_or(Objection::NoStop)?;
    let from_close = |by: Decimal| close.get().saturating_add(by);
    let below = distance(policy.stop_atr).and_then(|d| terms.instrument.floor_to_tick(from_close(-d)));
    let price = wish.quote.as_ref().map_or_else(|| terms.buy_near(close), |quote| terms.buy_at(quote));
    // A stop that the bid has reached would sell at once what is bought.
    let is_above = |stop: Price, price: Price| stop < price && wish.quote.is_none_or(|quote| stop < quote.bid);
    let (stop, price) = below.zip(price).filter(|(stop, price)| is_above(*stop, *price)).ok_or(Objection::NoStop)?;
    let sell = terms.sell_near(stop, Slips::Twice).ok_or(Objection::NoStop)?;
    let above = |atrs: f64| distance(atrs).and_then(|d| terms.instrument.ceil_to_tick(from_close(d)));
    let plan = EntryPlan {
        reference: close,
        price,
        stop,
        target: policy.target_atr.and_then(above),
        trail: policy.trail_atr.and_then(distance).and_then(Price::new),
        hold_ms: policy.hold_ms,
        risk: Money::ZERO,
        risk_budget: Money::ZERO,
    };
    Ok((plan, sell))
}

/// What the account leaves for one more entry. An entry that could have only half of what the rules mean it to have would
/// take a place and hardly matter: then there is none.
fn allow(room: &Room<'_>, limits: &Limits, position_cap: Decimal) -> Result<Allowance, Objection> {
    let share = |limit: Bps| room.equity.share(limit.share());
    let (risk, heat_limit) = (share(limits.risk_per_trade), share(limits.heat));
    let cap = room.equity.share(position_cap);
    let open = (room.heat)(room.books);
    let (heat_left, free) = (heat_limit - open, room.books.free_cash());
    let half = Decimal::new(5, 1);
    if !heat_left.is_positive() || heat_left < risk.share(half) {
        Err(Objection::Heat { open, limit: heat_limit })
    } else if !free.is_positive() || free < cap.share(half) {
        Err(Objection::Cash { free })
    } else {
        Ok(Allowance { risk: risk.min(heat_left), cash: cap.min(free) })
    }
}

/// Before an entry: can it be left again? The order has to be large enough now and at the stop, and the exchange has to
/// take a sale there.
fn can_be_left(
    terms: &Terms,
    plan: &EntryPlan,
    sell: Price,
    quantity: Quantity,
    room: &Room<'_>,
) -> Result<(), Objection> {
    if !terms.can_be_left(quantity, plan.price, sell) {
        let free = room.books.free_cash();
        let least = terms.instrument.min_notional;
        let poor = least.is_some_and(|least| free.get() < least);
        let at_stop = Money::proceeds(sell, terms.sellable_after_buying(quantity));
        let too_small = Objection::TooSmall { quantity: quantity.get(), at_stop, least };
        return Err(if poor { Objection::Cash { free } } else { too_small });
    }
    let lowest = terms.instrument.lowest_sale(plan.reference);
    match lowest.filter(|lowest| plan.stop < *lowest) {
        Some(lowest) => Err(Objection::StopOutOfRange { stop: plan.stop, lowest }),
        None => Ok(()),
    }
}

/// Approves leaving a position; nothing stands against that in any state. None when it is being left already.
pub fn approve_exit(
    position: &Position,
    reason: ExitReason,
    now: UtcMillis,
    quote: Option<Quote>,
    books: &Books,
) -> Option<Approved<Order>> {
    let is_leaving = position.leaving.is_some() || books.exit_of(&position.id).is_some();
    let order = Order {
        id: position.id.exit(),
        position: position.id.clone(),
        symbol: position.symbol.clone(),
        quantity: Quantity::new(books.balance(position.symbol.base())).unwrap_or_default(),
        intent: Intent::Exit(reason),
        placed_at: now,
        quote,
    };
    (!is_leaving).then_some(Approved(order))
}

#[cfg(test)]
mod tests;
