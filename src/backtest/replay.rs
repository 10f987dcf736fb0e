//! One moment after another, in the order of the cycle: what happened to orders and positions since the last one, how the
//! account stands, what is decided, which orders follow.

mod quiet;
mod witness;

use std::collections::BTreeMap;

use self::quiet::Quiet;
pub use self::witness::{Attention, Moment, Silent, Witness};
use super::bar::Bar;
use super::tape::Tape;
use crate::decision::{
    Action, Call, Decision, Desk, Floors, Limits, Objection, Outlook, Policy, RiskState, Standings, TradePolicy, Wish,
    decide, follow,
};
use crate::execution::{Step, pass_over, settle, timeline};
use crate::ledger::{Books, Deposit, Event, Position, Trade, Unbalanced};
use crate::market::{Candle, Standing};
use crate::unit::{Money, Price, Symbol, Timeframe, UtcMillis};

/// What a run goes by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The asset the account is kept in.
    pub asset: String,
    /// What is put in when it is opened.
    pub start: Money,
    /// When to act on a score.
    pub policy: Policy,
    /// The risk rules.
    pub limits: Limits,
    /// What entries have to show, and how positions are meant to end.
    pub trades: TradePolicy,
    /// Names the strategy, and with it the orders.
    pub strategy_hash: String,
    /// From the end of a candle to the run that decides on it, shorter than the finest candle.
    pub delay_ms: i64,
}

/// What a run ended in.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// The books at the end; round trips are apart.
    pub books: Books,
    /// Closed round trips, in order.
    pub trades: Vec<Trade>,
    /// The account at the last moment.
    pub last: Option<Moment>,
}

/// Replays the moments at which candles end, from one to another, both included.
pub fn replay<W: Witness>(
    tapes: &[Tape],
    bars: &[Vec<Bar>],
    rules: &Rules,
    (from, to): (UtcMillis, UtcMillis),
    witness: &mut W,
) -> Result<Replayed, Unbalanced> {
    let Some(timeframe) = tapes.first().map(|tape| tape.decided_on().timeframe()) else {
        return Ok(Replayed { books: Books::default(), trades: Vec::new(), last: None });
    };
    let (mut run, mut quiet) = (Run::new(tapes, bars, rules, from), Quiet::new(rules));
    let mut as_of = timeframe.ceil(from);
    while as_of <= to {
        run.meet(as_of, witness)?;
        as_of = timeframe.step(as_of, 1 + run.pass_quietly(&mut quiet, (as_of, to), witness)?);
    }
    Ok(Replayed { books: run.books, trades: run.trades, last: run.last })
}

struct Run<'a> {
    tapes: &'a [Tape],
    bars: &'a [Vec<Bar>],
    rules: &'a Rules,
    /// The tapes in the order of their names.
    by_name: Vec<usize>,
    /// Of each tape, the first candle that has not ended yet.
    next: Vec<usize>,
    /// Those whose newest candle has just ended.
    is_fresh: Vec<bool>,
    books: Books,
    trades: Vec<Trade>,
    /// Coins that cool down, and since when.
    cooling: BTreeMap<Symbol, UtcMillis>,
    memory: Option<Memory>,
    is_halted: bool,
    last: Option<Moment>,
    /// What was decided at this moment; kept for its room.
    decided: Vec<(usize, Decision)>,
}

/// What is remembered from moment to moment.
#[derive(Clone, Copy)]
struct Memory {
    peak: Money,
    day: UtcMillis,
    day_start: Money,
    day_is_lost: bool,
    floors: Floors,
}

impl<'a> Run<'a> {
    fn new(tapes: &'a [Tape], bars: &'a [Vec<Bar>], rules: &'a Rules, from: UtcMillis) -> Self {
        let before = |tape: &Tape| {
            let series = tape.decided_on();
            series.candles().partition_point(|c| series.timeframe().step(c.open_time(), 1) < from)
        };
        let mut by_name: Vec<usize> = (0..tapes.len()).collect();
        by_name.sort_by_key(|k| &tapes[*k].symbol);
        Self {
            tapes,
            bars,
            rules,
            by_name,
            next: tapes.iter().map(before).collect(),
            is_fresh: vec![false; tapes.len()],
            books: Books::default(),
            trades: Vec::new(),
            cooling: BTreeMap::new(),
            memory: None,
            is_halted: false,
            last: None,
            decided: Vec::new(),
        }
    }

    fn meet(&mut self, as_of: UtcMillis, witness: &mut impl Witness) -> Result<(), Unbalanced> {
        let now = as_of.plus_ms(self.rules.delay_ms);
        self.advance(as_of);
        self.open(now, witness)?;
        self.settle(now, witness)?;
        let (equity, state) = self.assess(now);
        self.is_halted |= state == RiskState::Halted;
        self.decide(now, equity, state, witness)?;
        let moment = Moment { now, equity, cash: self.books.cash(), state, positions: self.books.positions.len() };
        witness.stood(&moment);
        self.last = Some(moment);
        Ok(())
    }

    /// Takes in the candles that have ended.
    fn advance(&mut self, as_of: UtcMillis) {
        for (k, tape) in self.tapes.iter().enumerate() {
            let series = tape.decided_on();
            let (candles, before) = (series.candles(), self.next[k]);
            let mut next = before;
            while next < candles.len() && series.timeframe().step(candles[next].open_time(), 1) <= as_of {
                next += 1;
            }
            (self.next[k], self.is_fresh[k]) = (next, next > before);
        }
    }

    fn newest(&self, k: usize) -> Option<&'a Candle> {
        self.tapes[k].decided_on().candles().get(self.next[k].checked_sub(1)?)
    }

    /// Opens the account with the first moment.
    fn open(&mut self, now: UtcMillis, witness: &mut impl Witness) -> Result<(), Unbalanced> {
        if !self.books.asset.is_empty() {
            return Ok(());
        }
        let event = Event::Deposited(Deposit { at: now, asset: self.rules.asset.clone(), amount: self.rules.start });
        self.books.apply(&event)?;
        witness.happened(&event);
        Ok(())
    }

    /// Walks what was closed since the last moment through orders and positions.
    fn settle(&mut self, now: UtcMillis, witness: &mut impl Witness) -> Result<(), Unbalanced> {
        if self.books.positions.is_empty() && self.books.orders.is_empty() {
            return Ok(());
        }
        let mut events = Vec::new();
        for i in 0..self.by_name.len() {
            let k = self.by_name[i];
            if self.is_busy(k) && !self.pass_over(k)? {
                events.extend(self.walk(k, now)?);
            }
        }
        events.sort_by_key(Event::moment);
        for event in &events {
            witness.happened(event);
        }
        for trade in self.books.trades.drain(..) {
            if trade.reason.cools() {
                self.cooling.insert(trade.symbol.clone(), trade.closed_at);
            } else {
                self.cooling.remove(&trade.symbol);
            }
            self.trades.push(trade);
        }
        Ok(())
    }

    /// Whether there is a position or an order under way.
    fn is_busy(&self, k: usize) -> bool {
        let (symbol, books) = (&self.tapes[k].symbol, &self.books);
        books.position(symbol).is_some() || books.orders.iter().any(|order| order.symbol == *symbol)
    }

    /// Passes over a candle within which nothing can happen to a position.
    fn pass_over(&mut self, k: usize) -> Result<bool, Unbalanced> {
        let (tape, Some(candle)) = (&self.tapes[k], self.newest(k)) else { return Ok(false) };
        let is_alone = !self.books.orders.iter().any(|order| order.symbol == tape.symbol);
        let (true, true, true, Some(position)) =
            (self.is_fresh[k], is_alone, tape.is_whole(self.next[k] - 1), self.books.position(&tape.symbol))
        else {
            return Ok(false);
        };
        let step = Step { candle: *candle, timeframe: tape.decided_on().timeframe(), is_coarse: false };
        let Some(protection) = pass_over(position, &tape.terms, &step) else { return Ok(false) };
        self.books.apply(&Event::Protected(protection)).map(|()| true)
    }

    fn walk(&mut self, k: usize, now: UtcMillis) -> Result<Vec<Event>, Unbalanced> {
        let tape = &self.tapes[k];
        let walked = self.books.position(&tape.symbol).map(|position| position.walked_to);
        let placed = self.books.orders.iter().filter(|o| o.symbol == tape.symbol).map(|o| o.placed_at);
        let Some(cursor) = placed.chain(walked).min() else { return Ok(Vec::new()) };
        let steps = timeline(&tape.rungs(cursor, now), cursor, now);
        let settled = settle(&tape.symbol, std::mem::take(&mut self.books), &tape.terms, &steps, now)?;
        self.books = settled.books;
        Ok(settled.events)
    }

    /// What the account is worth, and its state.
    fn assess(&mut self, now: UtcMillis) -> (Money, RiskState) {
        let (coins, _) = self.books.worth_of_coins(|asset| self.mark(asset));
        let (equity, day) = (self.books.cash() + coins, Timeframe::D1.floor(now));
        let today = self.memory.filter(|memory| memory.day == day);
        // The first moment of a day sees the same coins at the same closes as midnight did.
        let new_day = if self.memory.is_some() { equity } else { self.rules.start };
        let peak = self.memory.map_or(self.rules.start, |memory| memory.peak).max(equity);
        let day_start = today.map_or(new_day, |memory| memory.day_start);
        let known = today.filter(|memory| memory.peak == peak).map(|memory| memory.floors);
        let floors = known.unwrap_or_else(|| Floors::of(peak, day_start, &self.rules.limits));
        let day_is_lost = today.is_some_and(|memory| memory.day_is_lost);
        let standings = Standings { equity, peak, day_start, day_is_lost, is_paused: false, is_halted: self.is_halted };
        let day_is_lost = standings.loses_the_day(&floors);
        self.memory = Some(Memory { peak, day, day_start, day_is_lost, floors });
        (equity, Standings { day_is_lost, ..standings }.state(&floors))
    }

    fn mark(&self, asset: &str) -> Option<Price> {
        let k = self.tapes.iter().position(|tape| tape.symbol.base() == asset)?;
        self.newest(k)?.close_price()
    }

    fn decide(
        &mut self,
        now: UtcMillis,
        equity: Money,
        state: RiskState,
        witness: &mut impl Witness,
    ) -> Result<(), Unbalanced> {
        let mut decided = std::mem::take(&mut self.decided);
        decided.clear();
        decided.extend((0..self.tapes.len()).filter_map(|k| Some((k, self.judge(k, now)?))));
        let objections = self.follow(&decided, now, equity, state, witness)?;
        for (i, (k, decision)) in decided.iter().enumerate() {
            let candle = self.newest(*k).map_or(now, Candle::open_time);
            let objection = objections.get(i).and_then(Option::as_ref);
            witness.decided(&self.tapes[*k].symbol, candle, decision, objection);
        }
        self.decided = decided;
        Ok(())
    }

    /// What is decided on a candle that has just ended.
    fn judge(&self, k: usize, now: UtcMillis) -> Option<Decision> {
        if !self.is_fresh[k] {
            return None;
        }
        let end = self.tapes[k].decided_on().timeframe().step(self.newest(k)?.open_time(), 1);
        self.judge_bar(k, self.next[k].checked_sub(1)?, now.since_ms(end))
    }

    fn judge_bar(&self, k: usize, bar: usize, age_ms: i64) -> Option<Decision> {
        let bar = self.bars[k].get(bar)?;
        let outlook = Outlook {
            standing: &Standing::Assumed,
            age_ms: Some(age_ms),
            candles: bar.candles(),
            missing: bar.missing(),
        };
        Some(decide(&outlook, &[bar.opinion(self.rules.policy.warm_up)], &self.rules.policy))
    }

    /// Places what the decisions call for; what stood against each, where anything was called for.
    fn follow(
        &mut self,
        decided: &[(usize, Decision)],
        now: UtcMillis,
        equity: Money,
        state: RiskState,
        witness: &mut impl Witness,
    ) -> Result<Vec<Option<Objection>>, Unbalanced> {
        let is_busy = !self.books.positions.is_empty() || !self.books.orders.is_empty();
        let is_wanted = |(_, decision): &(usize, Decision)| match decision.action {
            Action::Buy => true,
            Action::Sell => is_busy,
            Action::Hold => false,
        };
        let is_emergency = state == RiskState::Halted && is_busy;
        if !is_emergency && !decided.iter().any(is_wanted) {
            return Ok(Vec::new());
        }
        let calls: Vec<Call<'_>> = decided.iter().map(|(k, decision)| self.call(*k, decision, now)).collect();
        let marks: Vec<Option<Price>> = (0..self.tapes.len()).map(|k| self.newest(k)?.close_price()).collect();
        let (tapes, quotes) = (self.tapes, BTreeMap::new());
        let heat = |books: &Books| heat(books, tapes, &marks);
        let desk = Desk { books: &mut self.books, equity, state, heat: &heat, quotes: &quotes, now };
        let followed = follow(desk, &calls, &self.rules.trades, &self.rules.limits)?;
        for event in &followed.events {
            witness.happened(event);
        }
        Ok(followed.objections)
    }

    fn call<'c>(&self, k: usize, decision: &Decision, now: UtcMillis) -> Call<'c>
    where
        'a: 'c,
    {
        let (tape, newest) = (&self.tapes[k], self.newest(k));
        let bar = self.next[k].checked_sub(1).and_then(|bar| self.bars[k].get(bar));
        let wish = Wish {
            symbol: &tape.symbol,
            candle: newest.map_or(now, Candle::open_time),
            opinion: bar.and_then(|bar| Some((bar.score()?, bar.backing()))),
            close: newest.and_then(Candle::close_price),
            strategy_hash: &self.rules.strategy_hash,
            now,
            quote: None,
            needs_quote: false,
            atr: bar.and_then(Bar::atr),
            terms: Some(&tape.terms),
        };
        let cools_until = self.cooling.get(&tape.symbol).map(|at| at.plus_ms(self.rules.limits.cool_down_ms));
        Call { action: decision.action, score: decision.score, wish, cools_until }
    }
}

/// What all stops would lose together, entries under way included.
fn heat(books: &Books, tapes: &[Tape], marks: &[Option<Price>]) -> Money {
    let open_risk = |position: &Position| {
        let k = tapes.iter().position(|tape| tape.symbol == position.symbol);
        match k.and_then(|k| Some((&tapes[k].terms, marks[k]?))) {
            Some((terms, mark)) => terms.open_risk(position.quantity(), mark, position.stop),
            None => position.cost,
        }
    };
    let entries: Money = books.entries().map(|(_, plan)| plan.risk).sum();
    books.positions.iter().map(open_risk).sum::<Money>() + entries
}
