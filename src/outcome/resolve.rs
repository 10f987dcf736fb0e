//! What became of a decision: the return over the horizon, and the return under the exit policy. Asked early or late, the
//! answer is the same: only candles within the horizon count, and what is missing is waited for until it will not come.

use crate::execution::{Levels, Step, TriggerKind};
use crate::ledger::Costs;
use crate::market::Candle;
use crate::unit::{Timeframe, UtcMillis};

/// Missing candles are waited for until so long after the horizon: gaps are asked for again for seven hours.
pub const GRACE_MS: i64 = 86_400_000;
/// More missing candles in a row than this, and there is no outcome.
const MISSING_MAX: i64 = 2;

/// The purchase that is judged: at the close that was decided on, under the exit policy and at the costs of then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// The end of the candle that was decided on.
    pub from: UtcMillis,
    /// The length of that candle.
    pub timeframe: Timeframe,
    /// Its close.
    pub reference: f64,
    /// How long it is looked at, in milliseconds.
    pub horizon_ms: i64,
    /// Sold at or below this; none where no stop could be told.
    pub stop: Option<f64>,
    /// Sold above this.
    pub target: Option<f64>,
    /// The stop follows the highest price at this distance.
    pub trail: Option<f64>,
    /// Sold after so long, in milliseconds, when that comes before the horizon.
    pub hold_ms: Option<i64>,
    /// What buying and selling was taken to cost when it was asked: the answer is not another one when costs change later.
    pub costs: Costs,
}

impl Question {
    /// When the time to hold is over, where that comes before the horizon; it may be in the middle of a candle.
    fn held_until(&self) -> Option<UtcMillis> {
        self.hold_ms.map(|hold| self.from.plus_ms(hold)).filter(|until| *until < self.due())
    }

    /// The end of the horizon, on the grid of the candles.
    pub const fn due(&self) -> UtcMillis {
        self.timeframe.floor(self.from.plus_ms(self.horizon_ms))
    }
}

/// Why there will be no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unresolvable {
    /// More than two candles in a row are missing: an outage, a halt or the end of the coin.
    Gap,
    /// There was no stop to be told, so there is no policy to be judged.
    NoStop,
}

impl Unresolvable {
    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::NoStop => "no_stop",
        }
    }
}

/// How a purchase ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The return without costs.
    pub gross: f64,
    /// The return with the costs that were assumed.
    pub net: f64,
    /// What ended it.
    pub by: TriggerKind,
    /// When.
    pub at: UtcMillis,
    /// One candle held stop and target both.
    pub is_ambiguous: bool,
}

/// An outcome, or why there is none.
pub type Answer = Result<Outcome, Unresolvable>;

/// Whether the question can be answered at `now`: all candles are there, or what is missing will not come any more.
pub fn is_ripe(question: &Question, candles: &[Candle], now: UtcMillis) -> bool {
    let due = question.due();
    now >= due && (is_whole(question, candles) || now >= due.plus_ms(GRACE_MS))
}

/// Whether all candles within the horizon are there.
pub fn is_whole(question: &Question, candles: &[Candle]) -> bool {
    let due = question.due();
    count(candles, question.from, due) >= due.since_ms(question.from) / question.timeframe.ms()
}

fn within(candles: &[Candle], from: UtcMillis, to: UtcMillis) -> &[Candle] {
    let place = |at| candles.partition_point(|c| c.open_time() < at);
    &candles[place(from)..place(to).max(place(from))]
}

fn count(candles: &[Candle], from: UtcMillis, to: UtcMillis) -> i64 {
    i64::try_from(within(candles, from, to).len()).unwrap_or(i64::MAX)
}

/// The return from close to close over the horizon. Up to two missing candles at its end are passed over.
pub fn over_horizon(question: &Question, candles: &[Candle]) -> Answer {
    let due = question.due();
    let last = within(candles, question.from, due).last().ok_or(Unresolvable::Gap)?;
    let end = question.timeframe.step(last.open_time(), 1);
    if is_gap(question.timeframe, end, due) {
        return Err(Unresolvable::Gap);
    }
    Ok(outcome(question, (last.close(), TriggerKind::Time, due, false)))
}

/// Whether too much is missing between the end of one candle and the opening of the next.
fn is_gap(timeframe: Timeframe, end: UtcMillis, next: UtcMillis) -> bool {
    next.since_ms(end) > MISSING_MAX * timeframe.ms()
}

fn outcome(q: &Question, (price, by, at, is_ambiguous): (f64, TriggerKind, UtcMillis, bool)) -> Outcome {
    let net = q.costs.net_return(q.reference, price, by.slips());
    Outcome { gross: price / q.reference - 1.0, net, by, at, is_ambiguous }
}

/// The return under the exit policy, until the horizon ends. Candles that cannot reach a level are passed over as a whole;
/// `finer` gives the steps within one that can. What is missing after the exit is of no account.
pub fn under_policy<E>(
    question: &Question,
    candles: &[Candle],
    mut finer: impl FnMut(&Candle) -> Result<Vec<Step>, E>,
) -> Result<Answer, E> {
    let timeframe = question.timeframe;
    let Some(mut guard) = Guard::of(question) else { return Ok(Err(Unresolvable::NoStop)) };
    let until = guard.until.unwrap_or_else(|| question.due());
    let (mut expected, mut close) = (question.from, None);
    for candle in within(candles, question.from, timeframe.ceil(until)) {
        if is_gap(timeframe, expected, candle.open_time()) {
            return Ok(Err(Unresolvable::Gap));
        }
        let whole = Step { candle: *candle, timeframe, is_coarse: false };
        let steps = if guard.is_out_of_reach(&whole) { vec![whole] } else { finer(candle)? };
        // A recording may have nothing finer; then the candle itself decides.
        let steps = if steps.is_empty() { vec![whole] } else { steps };
        if let Some(end) = steps.iter().find_map(|step| guard.meet(step)) {
            return Ok(Ok(outcome(question, end)));
        }
        (expected, close) = (timeframe.step(candle.open_time(), 1), Some(candle.close()));
    }
    let close = close.filter(|_| !is_gap(timeframe, expected, until)).ok_or(Unresolvable::Gap);
    Ok(close.map(|close| outcome(question, (close, TriggerKind::Time, until, false))))
}

/// The levels on their way through the candles.
struct Guard {
    stop: f64,
    target: Option<f64>,
    trail: Option<f64>,
    high: f64,
    until: Option<UtcMillis>,
}

impl Guard {
    /// None where no stop could be told.
    fn of(question: &Question) -> Option<Self> {
        let Question { target, trail, reference: high, .. } = *question;
        question.stop.map(|stop| Self { stop, target, trail, high, until: question.held_until() })
    }

    /// Whether nothing can happen within a candle, however its prices followed each other.
    fn is_out_of_reach(&self, step: &Step) -> bool {
        let candle = &step.candle;
        let trailed = self.trail.map_or(self.stop, |trail| self.stop.max(self.high.max(candle.high()) - trail));
        let is_between = candle.low() > trailed && self.target.is_none_or(|target| candle.high() <= target);
        is_between && self.until.is_none_or(|until| step.end() < until)
    }

    fn meet(&mut self, step: &Step) -> Option<(f64, TriggerKind, UtcMillis, bool)> {
        let opened_at = UtcMillis::new(0);
        let levels = Levels { stop: self.stop, target: self.target, until: self.until, opened_at };
        let met = levels.met_by(&step.candle, step.end());
        self.high = self.high.max(step.candle.high());
        self.stop = self.trail.map_or(self.stop, |trail| self.stop.max(self.high - trail));
        met.map(|trigger| {
            let at = match trigger.kind {
                _ if trigger.at_open => step.candle.open_time(),
                TriggerKind::Time => step.end(),
                TriggerKind::Stop | TriggerKind::Target => step.end().plus_ms(-1),
            };
            (trigger.price, trigger.kind, at, trigger.is_ambiguous)
        })
    }
}

#[cfg(test)]
mod tests;
