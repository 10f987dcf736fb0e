//! Who looks on while a run goes from moment to moment, and what is told.

use crate::decision::{Decision, Objection, RiskState};
use crate::ledger::Event;
use crate::unit::{Money, Symbol, UtcMillis};

/// How the account stood at a moment, after its orders were placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When: the moment of the run.
    pub now: UtcMillis,
    /// Cash and coins at the newest close.
    pub equity: Money,
    /// Cash alone.
    pub cash: Money,
    /// The state under the risk rules.
    pub state: RiskState,
    /// Open positions.
    pub positions: usize,
}

/// What somebody who looks on has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// Every moment, and every decision.
    EveryMoment,
    /// What happens, and how the account stands at least at the first moment of each day (UTC) and at the last one. Moments
    /// at which nothing happens may be passed over, with the decisions that are made at them.
    Days,
}

/// Somebody who looks on. Everything is told in the order of the cycle.
pub trait Witness {
    /// What it has to be told; the less, the sooner a run is over. It changes nothing else.
    const ATTENDS: Attention = Attention::EveryMoment;
    /// A decision on a candle, and what stood against its entry.
    fn decided(&mut self, _pair: &Symbol, _candle: UtcMillis, _decision: &Decision, _objection: Option<&Objection>) {}
    /// Orders, fills and ends.
    fn happened(&mut self, _event: &Event) {}
    /// How a moment left the account.
    fn stood(&mut self, _moment: &Moment) {}
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Witness for Silent {
    const ATTENDS: Attention = Attention::Days;
}
