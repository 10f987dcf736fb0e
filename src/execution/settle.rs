//! The walk: orders that wait for a market and positions that have a stop meet every candle since they were last looked
//! at, in order.

use super::broker::{Place, ended, enter, leave};
use super::timeline::Step;
use super::trigger::{Levels, Trigger, TriggerKind};
use crate::decision::{Approved, approve_exit};
use crate::ledger::{Books, End, Event, ExitReason, Order, Position, Protection, Slips, Terms, Unbalanced};
use crate::unit::{Price, Symbol, Timeframe, UtcMillis, real};

/// What a walk brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The books afterwards.
    pub books: Books,
}

/// An entry that meets no candle for so long is given up.
const ENTRY_LIFE_MS: i64 = 2 * 3_600_000;
/// When no later candle tells that it is over, it is given up after this much more: the longest candle that might have
/// filled it has ended by then.
const SILENCE_MS: i64 = 3 * Timeframe::D1.ms();

/// Walks one pair's candles, as far as they are known at `now`.
pub fn settle(
    symbol: &Symbol,
    books: Books,
    terms: &Terms,
    steps: &[Step],
    now: UtcMillis,
) -> Result<Settled, Unbalanced> {
    let mut walk = Walk { symbol, terms, settled: Settled { events: Vec::new(), books } };
    for step in steps {
        walk.meet(step)?;
    }
    walk.give_up(now)?;
    Ok(walk.settled)
}

/// What a candle leaves of a position's protection when nothing can happen within it, however its prices followed each other;
/// none where finer candles have to tell. A walk over all of those would end in the same.
pub fn pass_over(position: &Position, terms: &Terms, step: &Step) -> Option<Protection> {
    let candle = &step.candle;
    let is_new = candle.open_time() >= position.opened_at && candle.open_time() == position.walked_to;
    let levels = levels(position);
    let trail = position.plan.trail.map(|trail| real(trail.get()));
    let high = real(position.high.get()).max(candle.high());
    let trailed = trail.map_or(levels.stop, |trail| levels.stop.max(high - trail));
    let is_quiet = candle.low() > trailed
        && levels.target.is_none_or(|target| candle.high() <= target)
        && levels.until.is_none_or(|until| step.end() < until);
    (is_new && is_quiet).then(|| protection(position, terms, step))
}

/// What candles up to `end` leave of a position's protection, when the highest of their prices is `high` and nothing can happen
/// within any of them.
pub fn passed(position: &Position, terms: &Terms, high: f64, end: UtcMillis) -> Protection {
    let high = Price::from_candle(high).map_or(position.high, |seen| position.high.max(seen));
    let trail = |trail: Price| terms.instrument.floor_to_tick(high.get().saturating_sub(trail.get()));
    let trailed = position.plan.trail.and_then(trail);
    let stop = trailed.map_or(position.stop, |trailed| position.stop.max(trailed));
    Protection { position: position.id.clone(), at: end, stop, high }
}

struct Walk<'a> {
    symbol: &'a Symbol,
    terms: &'a Terms,
    settled: Settled,
}

impl Walk<'_> {
    fn happen(&mut self, events: Vec<Event>) -> Result<(), Unbalanced> {
        for event in events {
            self.settled.books.apply(&event)?;
            self.settled.events.push(event);
        }
        Ok(())
    }

    fn meet(&mut self, step: &Step) -> Result<(), Unbalanced> {
        if let Some(order) = self.waiting(|order| order.plan().is_some()) {
            let events = self.try_to_enter(&order, step);
            self.happen(events)?;
        }
        let Some(position) = self.settled.books.position(self.symbol) else { return Ok(()) };
        // What was walked before the entry, or before a later stop was set, is not walked again.
        if step.end() <= position.walked_to {
            return Ok(());
        }
        let events = self.try_to_leave(position, step);
        self.happen(events)?;
        self.follow(step)
    }

    fn waiting(&self, which: impl Fn(&Order) -> bool) -> Option<Approved<Order>> {
        let ours = |order: &Order| order.symbol == *self.symbol && which(order);
        Approved::first_on_record(&self.settled.books, ours)
    }

    /// An entry that has met no candle will not meet one.
    fn give_up(&mut self, now: UtcMillis) -> Result<(), Unbalanced> {
        let Some(order) = self.waiting(|order| order.plan().is_some()) else { return Ok(()) };
        let over = order.get().placed_at.plus_ms(ENTRY_LIFE_MS);
        if now < over.plus_ms(SILENCE_MS) {
            return Ok(());
        }
        self.happen(vec![ended(order.get(), over, End::Expired)])
    }

    fn try_to_enter(&self, order: &Approved<Order>, step: &Step) -> Vec<Event> {
        let (Some(plan), placed_at) = (order.get().plan(), order.get().placed_at) else { return Vec::new() };
        let opens = step.candle.open_time();
        if opens < placed_at {
            return Vec::new();
        }
        // Where the finest candles are long, the next one opens later.
        let life = ENTRY_LIFE_MS.max(2 * step.timeframe.ms());
        if opens.since_ms(placed_at) >= life {
            return vec![ended(order.get(), placed_at.plus_ms(life), End::Expired)];
        }
        if !was_traded(step) {
            return Vec::new();
        }
        let Some(reference) = Price::from_candle(step.candle.open()) else { return Vec::new() };
        let Some(price) = self.terms.buy_near(reference) else { return Vec::new() };
        let place = Place { at: opens, reference, price, step: Some(step), is_ambiguous: false };
        enter(order, plan, self.terms, &place)
    }

    /// An exit that is under way meets the candle's open; before it was placed, and without one, the stop and the target
    /// stand.
    fn try_to_leave(&self, position: &Position, step: &Step) -> Vec<Event> {
        let exit = self.waiting(|order| order.plan().is_none());
        let opens = step.candle.open_time();
        if let Some(order) = exit.as_ref().filter(|order| opens >= order.get().placed_at) {
            let place = self.place(step, step.candle.open(), opens, slips_of(position.leaving));
            return place.map_or_else(Vec::new, |place| leave(order, &self.settled.books, self.terms, &place));
        }
        let Some(trigger) = levels(position).met_by(&step.candle, step.end()) else { return Vec::new() };
        self.pull(position, exit, step, &trigger)
    }

    /// Leaves a position because of the candle's prices.
    fn pull(&self, position: &Position, exit: Option<Approved<Order>>, step: &Step, trigger: &Trigger) -> Vec<Event> {
        // A longer candle may have opened before what was walked already, and any before the exit was ordered.
        let moment = if trigger.at_open { step.candle.open_time() } else { step.end().plus_ms(-1) };
        let ordered = exit.as_ref().map_or(moment, |order| order.get().placed_at);
        let at = moment.max(position.walked_to).max(ordered);
        let books = &self.settled.books;
        let mut events = Vec::new();
        // The order that rested at the stop, the target or the clock all the time is written down now.
        let rested = || approve_exit(position, reason(position, trigger.kind), at, None, books);
        let Some(order) = exit.or_else(|| {
            let order = rested()?;
            events.push(Event::Placed(Box::new(order.get().clone())));
            Some(order)
        }) else {
            return events;
        };
        if let Some(place) = self.place(step, trigger.price, at, trigger.kind.slips()) {
            let place = Place { is_ambiguous: trigger.is_ambiguous, ..place };
            events.extend(leave(&order, &self.settled.books, self.terms, &place));
        }
        events
    }

    fn place<'s>(&self, step: &'s Step, price: f64, at: UtcMillis, slips: Slips) -> Option<Place<'s>> {
        let reference = Price::from_candle(price)?;
        // A resting order at its own price pays neither spread nor slippage.
        let price = match slips {
            Slips::None => reference,
            Slips::Once | Slips::Twice => self.terms.sell_near(reference, slips)?,
        };
        Some(Place { at, reference, price, step: Some(step), is_ambiguous: false })
    }

    /// The stop follows the highest price, as far as it was known before the next candle.
    fn follow(&mut self, step: &Step) -> Result<(), Unbalanced> {
        let Some(position) = self.settled.books.position(self.symbol) else { return Ok(()) };
        self.protect(protection(position, self.terms, step))
    }

    /// One protection at the end of a walk says it all.
    fn protect(&mut self, protection: Protection) -> Result<(), Unbalanced> {
        let event = Event::Protected(protection);
        self.settled.books.apply(&event)?;
        if let Some(Event::Protected(last)) = self.settled.events.last_mut() {
            let Event::Protected(new) = event else { return Ok(()) };
            *last = new;
        } else {
            self.settled.events.push(event);
        }
        Ok(())
    }
}

/// Where a position's stop stands after a candle.
fn protection(position: &Position, terms: &Terms, step: &Step) -> Protection {
    // Of a candle that opened before the position, only the close is surely from after its entry.
    let is_ours = step.candle.open_time() >= position.opened_at;
    let seen = if is_ours { step.candle.high() } else { step.candle.close() };
    passed(position, terms, seen, step.end())
}

/// Without a trade there was nobody to trade with.
fn was_traded(step: &Step) -> bool {
    step.candle.volume() > 0.0
}

fn levels(position: &Position) -> Levels {
    Levels {
        stop: real(position.stop.get()),
        target: position.plan.target.map(|target| real(target.get())),
        until: position.plan.hold_ms.map(|hold| position.opened_at.plus_ms(hold)),
        opened_at: position.opened_at,
    }
}

/// How hard a sale at the market presses that is made for this reason.
pub(super) fn slips_of(reason: Option<ExitReason>) -> Slips {
    if reason.is_some_and(ExitReason::is_stop) { Slips::Twice } else { Slips::Once }
}

fn reason(position: &Position, kind: TriggerKind) -> ExitReason {
    match kind {
        TriggerKind::Stop if position.has_trailed() => ExitReason::TrailingStop,
        TriggerKind::Stop => ExitReason::Stop,
        TriggerKind::Target => ExitReason::Target,
        TriggerKind::Time => ExitReason::Time,
    }
}

#[cfg(test)]
mod tests;
