//! Stretches of time in which nothing can happen, passed over in one go.
//!
//! Most moments change nothing: no order waits, no candle touches a stop or a target, no score is acted on, and the account
//! stays as it is. After each moment that was met, this looks for how many such moments follow, in floats, and leaves the
//! run as if each had been met. Wherever a float lies so near to a limit that the decimal might lie on its other side, the
//! stretch ends and the moment is met. What stays of a stretch is exact: the peak, the equity each day began with, the
//! highest price of a position.

mod levels;
mod lines;

use self::levels::{Held, NEAR, highest, larger};
use self::lines::Lines;
use super::{Attention, Memory, Moment, Rules, Run, Witness};
use crate::backtest::Bar;
use crate::decision::{Action, Floors, RiskState};
use crate::execution::passed;
use crate::ledger::{Event, Position, Unbalanced};
use crate::market::Candle;
use crate::signal::Leaning;
use crate::unit::{Money, Quantity, Timeframe, UtcMillis, real};

/// Moments that are looked at together.
const CHUNK: usize = 64;

/// What a stretch is watched for. Moments are counted from its first one.
#[derive(Debug)]
pub(super) struct Quiet {
    /// The moment that was met before it.
    met: UtcMillis,
    /// So many moments it may have at most.
    most: usize,
    pairs: Vec<Watched>,
    lines: Lines,
    /// Cash, and coins whose price does not move in it.
    fixed: Money,
    /// The equity of each moment of a chunk, but for rounding.
    equity: Vec<f64>,
}

impl Quiet {
    /// Nothing yet, under these rules.
    pub(super) fn new(rules: &Rules) -> Self {
        let met = UtcMillis::new(0);
        Self {
            met,
            most: 0,
            pairs: Vec::new(),
            lines: Lines::of(&rules.limits),
            fixed: Money::ZERO,
            equity: Vec::new(),
        }
    }
}

/// A pair whose candles follow each other through the stretch.
#[derive(Debug)]
struct Watched {
    tape: usize,
    /// Its candle at the first moment.
    from: usize,
    /// Coins in the wallet, exact and not.
    coins: (Quantity, f64),
    held: Option<Held>,
    /// The moment from which on an entry might be made.
    buys_from: usize,
}

impl Run<'_> {
    /// Passes over the moments after `met` at which nothing can happen, before the last one; how many there were.
    pub(super) fn pass_quietly<W: Witness>(
        &mut self,
        quiet: &mut Quiet,
        (met, to): (UtcMillis, UtcMillis),
        witness: &mut W,
    ) -> Result<i64, Unbalanced> {
        let (Attention::Days, Some(last), Some(memory)) = (W::ATTENDS, self.last, self.memory) else { return Ok(0) };
        let is_emergency = last.state == RiskState::Halted && !self.books.positions.is_empty();
        if is_emergency || !self.books.orders.is_empty() {
            return Ok(0);
        }
        self.watch(quiet, (met, to), (&last, &memory));
        let (passed, memory) = self.find(quiet, memory, &last, witness);
        self.pass(quiet, passed, memory)?;
        Ok(i64::try_from(passed).unwrap_or(i64::MAX))
    }

    fn length(&self) -> Timeframe {
        self.tapes[0].decided_on().timeframe()
    }

    /// A moment of the stretch.
    fn moment(&self, met: UtcMillis, moment: usize) -> UtcMillis {
        self.length().step(met, i64::try_from(moment + 1).unwrap_or(i64::MAX))
    }

    /// Moments from the first of the stretch to the first that is not before this instant.
    fn moments_before(&self, met: UtcMillis, instant: UtcMillis) -> usize {
        let length = self.length().ms();
        let first = met.plus_ms(length);
        usize::try_from((instant.since_ms(first) + length - 1).div_euclid(length)).unwrap_or_default()
    }

    /// Takes down what has to be watched.
    fn watch(&mut self, quiet: &mut Quiet, (met, to): (UtcMillis, UtcMillis), (last, memory): (&Moment, &Memory)) {
        quiet.met = met;
        quiet.most = self.moments_before(met, self.length().floor(to));
        quiet.pairs.clear();
        quiet.fixed = last.cash;
        let (peak, day_start) = (memory.peak.real(), memory.day_start.real());
        let lines = &mut quiet.lines;
        (lines.state, lines.peak, lines.day_start) = (last.state, peak, day_start);
        lines.grain = 1e-8 * (self.tapes.len() + 3) as f64;
        for k in 0..self.tapes.len() {
            self.watch_pair(quiet, k, last);
        }
    }

    fn watch_pair(&mut self, quiet: &mut Quiet, k: usize, last: &Moment) {
        let (tape, next) = (&self.tapes[k], self.next[k]);
        let (columns, coins, position) = (tape.columns(), self.coins(k), self.books.position(&tape.symbol));
        let candle = tape.decided_on().candles().get(next);
        let waits = candle.map_or(usize::MAX, |candle| self.moments_before(quiet.met, self.ends(candle)));
        let is_needed = !coins.get().is_zero() || position.is_some();
        self.is_fresh[k] = waits == 0;
        if is_needed && !columns.is_usual {
            quiet.most = 0;
        }
        if waits > 0 {
            let mark = next.checked_sub(1).and_then(|newest| columns.close_price(newest));
            quiet.fixed += mark.map_or(Money::ZERO, |mark| Money::proceeds(mark, coins));
            quiet.most = quiet.most.min(if position.is_some() { 0 } else { waits });
            return;
        }
        quiet.most = quiet.most.min(columns.unbroken_until(next) - next);
        if let Some(position) = position {
            quiet.most = quiet.most.min(self.walkable(quiet.met, k, position));
        }
        let buys_from = if position.is_some() { usize::MAX } else { self.buys_from(quiet.met, k, last) };
        let coins = (coins, real(coins.get()));
        quiet.pairs.push(Watched { tape: k, from: next, coins, held: position.map(Held::of), buys_from });
    }

    fn ends(&self, candle: &Candle) -> UtcMillis {
        self.length().step(candle.open_time(), 1)
    }

    /// The coins of a pair in the wallet; where two pairs trade the same coin, the first one marks it.
    fn coins(&self, k: usize) -> Quantity {
        let base = self.tapes[k].symbol.base();
        let is_first = self.books.asset != base && self.tapes[..k].iter().all(|tape| tape.symbol.base() != base);
        if is_first { Quantity::new(self.books.balance(base)).unwrap_or_default() } else { Quantity::default() }
    }

    /// So many candles a position may pass over, if their prices leave it alone.
    fn walkable(&self, met: UtcMillis, k: usize, position: &Position) -> usize {
        let (tape, next) = (&self.tapes[k], self.next[k]);
        let opens = tape.decided_on().candles()[next].open_time();
        if opens != position.walked_to || opens < position.opened_at {
            return 0;
        }
        let whole = tape.whole_until(next) - next;
        let until = position.plan.hold_ms.map(|hold| position.opened_at.plus_ms(hold));
        until.map_or(whole, |until| whole.min(self.moments_before(met, until)))
    }

    /// The moment from which on a decision to buy might bring an order.
    fn buys_from(&self, met: UtcMillis, k: usize, last: &Moment) -> usize {
        let tape = &self.tapes[k];
        let is_full = self.books.positions.len() >= self.rules.limits.max_positions;
        if !last.state.takes_entries() || is_full || tape.symbol.quote() != self.books.asset {
            return usize::MAX;
        }
        let until = self.cooling.get(&tape.symbol).map(|at| at.plus_ms(self.rules.limits.cool_down_ms));
        until.map_or(0, |until| self.moments_before(met.plus_ms(self.rules.delay_ms), until))
    }

    /// How many moments are quiet, and what is remembered after them.
    fn find<W: Witness>(&self, quiet: &mut Quiet, memory: Memory, last: &Moment, witness: &mut W) -> (usize, Memory) {
        let (mut memory, mut passed, mut tomorrow) = (memory, 0, 0);
        while passed < quiet.most {
            let now = self.moment(quiet.met, passed).plus_ms(self.rules.delay_ms);
            let day = Timeframe::D1.floor(now);
            if passed >= tomorrow {
                tomorrow = self.moments_before(quiet.met.plus_ms(self.rules.delay_ms), Timeframe::D1.step(day, 1));
            }
            let end = quiet.most.min(passed + CHUNK).min(tomorrow);
            let begins = day != memory.day;
            if begins && memory.day_is_lost && last.state != RiskState::Halted {
                break;
            }
            let calm = self.calm(quiet, (passed, end), begins);
            if calm == 0 {
                break;
            }
            if begins {
                let equity = self.worth(quiet, passed);
                memory = Memory { day, day_start: equity, day_is_lost: false, ..memory };
                witness.stood(&Moment { now, equity, ..*last });
            }
            memory.peak = self.peak(quiet, passed, memory.peak);
            passed += calm;
            if passed < end {
                break;
            }
        }
        (passed, memory)
    }

    /// How many moments of a chunk are quiet. Their equity is left in its place.
    fn calm(&self, quiet: &mut Quiet, (from, end): (usize, usize), begins: bool) -> usize {
        let mut calm = end - from;
        for pair in &quiet.pairs {
            calm = self.untouched(pair, from, calm);
        }
        self.value(quiet, from, calm);
        if begins {
            quiet.lines.day_start = quiet.equity.first().copied().unwrap_or_default();
        }
        let calm = quiet.lines.quiet(&quiet.equity);
        quiet.equity.truncate(calm);
        for pair in &mut quiet.pairs {
            if let Some(held) = &mut pair.held {
                let high = &self.tapes[pair.tape].columns().high[pair.from + from..][..calm];
                held.high = larger(held.high, highest(high));
            }
        }
        calm
    }

    /// The first of so many moments at which a pair's prices or its decision might bring something.
    fn untouched(&self, pair: &Watched, from: usize, count: usize) -> usize {
        let first = pair.from + from;
        let Some(held) = pair.held else {
            let idle = pair.buys_from.saturating_sub(from).min(count);
            return idle + self.undecided(pair.tape, first + idle, count - idle, Action::Buy);
        };
        let columns = self.tapes[pair.tape].columns();
        let calm = held.quiet(&columns.high[first..first + count], &columns.low[first..first + count]);
        self.undecided(pair.tape, first, calm, Action::Sell)
    }

    /// The first of so many candles on which this is decided, or how many there are.
    fn undecided(&self, k: usize, first: usize, count: usize, action: Action) -> usize {
        let bars = &self.bars[k];
        let end = bars.len().min(first + count);
        let leaning = if action == Action::Buy { Leaning::Bullish } else { Leaning::Bearish };
        let thresholds = &self.rules.policy.thresholds;
        // Without a range of prices there is no stop, and without a stop no entry.
        let has_stop = |bar: &Bar| action == Action::Sell || bar.atr().is_some_and(|atr| atr > 0.0);
        let acts = |i: &usize| {
            has_stop(&bars[*i])
                && bars[*i].score().is_some_and(|score| thresholds.leaning(score) == leaning)
                && self.judge_bar(k, *i, self.rules.delay_ms).is_some_and(|decision| decision.action == action)
        };
        (first.min(end)..end).find(acts).map_or(count, |i| i - first)
    }

    /// Values the account at so many moments.
    fn value(&self, quiet: &mut Quiet, from: usize, count: usize) {
        quiet.equity.clear();
        quiet.equity.resize(count, quiet.fixed.real());
        for pair in quiet.pairs.iter().filter(|pair| pair.coins.1 > 0.0) {
            let closes = &self.tapes[pair.tape].columns().close[pair.from + from..][..count];
            for (equity, close) in quiet.equity.iter_mut().zip(closes) {
                *equity += pair.coins.1 * close;
            }
        }
    }

    /// The peak after the quiet moments of a chunk: those that may be the highest are valued exactly.
    fn peak(&self, quiet: &mut Quiet, from: usize, peak: Money) -> Money {
        let (top, lines) = (highest(&quiet.equity), &quiet.lines);
        let near = |top: f64| top - top * NEAR - lines.grain;
        if top < near(lines.peak) || quiet.pairs.iter().all(|pair| pair.coins.1 <= 0.0) {
            return peak;
        }
        let top = larger(top, lines.peak);
        let candidates = quiet.equity.iter().enumerate().filter(|(_, equity)| **equity >= near(top));
        let peak = candidates.map(|(i, _)| self.worth(quiet, from + i)).fold(peak, Money::max);
        quiet.lines.peak = top;
        peak
    }

    /// The equity at a moment of the stretch, exact.
    fn worth(&self, quiet: &Quiet, moment: usize) -> Money {
        let coins = quiet.pairs.iter().filter(|pair| pair.coins.1 > 0.0).filter_map(|pair| {
            let close = self.tapes[pair.tape].columns().close_price(pair.from + moment)?;
            Some(Money::proceeds(close, pair.coins.0))
        });
        quiet.fixed + coins.sum()
    }

    /// Leaves the run as meeting each of so many moments would have.
    fn pass(&mut self, quiet: &Quiet, moments: usize, memory: Memory) -> Result<(), Unbalanced> {
        if moments == 0 {
            return Ok(());
        }
        let is_known = self.memory.is_some_and(|was| (was.peak, was.day_start) == (memory.peak, memory.day_start));
        let floors =
            if is_known { memory.floors } else { Floors::of(memory.peak, memory.day_start, &self.rules.limits) };
        self.memory = Some(Memory { floors, ..memory });
        for pair in &quiet.pairs {
            self.next[pair.tape] += moments;
            let Some(held) = pair.held else { continue };
            let tape = &self.tapes[pair.tape];
            let Some(position) = self.books.position(&tape.symbol) else { continue };
            let end = self.moment(quiet.met, moments - 1);
            let protection = passed(position, &tape.terms, held.high, end);
            self.books.apply(&Event::Protected(protection))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
