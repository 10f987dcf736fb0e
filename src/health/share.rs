//! How often an agent did what it was to do.

use super::{AgentFact, Slots};

/// How an agent's executions ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of it.
    pub ok: u64,
    /// Some of it.
    pub degraded: u64,
    /// None of it.
    pub failed: u64,
    /// It never came to it: something cut the run off before.
    pub cut_off: u64,
}

impl Tally {
    const fn all(self) -> u64 {
        self.ok + self.degraded + self.failed + self.cut_off
    }
}

/// An agent over a stretch of time, scheduled runs that never began and runs that were cut off included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// How its executions ended.
    pub tally: Tally,
    /// Scheduled runs that never began.
    pub missed: u64,
}

impl Window {
    /// Executions, those that were cut off, and those that were missed.
    pub const fn due(&self) -> u64 {
        self.tally.all() + self.missed
    }

    /// The share that went well; none where nothing was due.
    pub fn success(&self) -> Option<f64> {
        self.share(self.tally.ok)
    }

    /// The share that came to something. What merely degraded an agent, a pair that is not traded any more, stands in
    /// findings of its own and would raise the alarm for ever.
    pub fn done(&self) -> Option<f64> {
        self.share(self.tally.ok + self.tally.degraded)
    }

    fn share(&self, of: u64) -> Option<f64> {
        (self.due() > 0).then(|| of as f64 / self.due() as f64)
    }
}

/// An agent's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentHealth {
    /// Its name.
    pub name: &'static str,
    /// In 24 hours.
    pub day: Window,
    /// In seven days.
    pub week: Window,
}

impl AgentHealth {
    /// An agent, and the slots of the same stretches of time.
    pub(super) fn of(agent: &AgentFact, day: Slots, week: Slots) -> Self {
        let window = |tally, slots: Slots| Window { tally, missed: slots.missed };
        Self { name: agent.name, day: window(agent.day, day), week: window(agent.week, week) }
    }
}
