//! The times at which runs were to be started, and those at which none was.

use std::collections::BTreeSet;

use super::Begun;
use crate::unit::{Timeframe, UtcMillis};

/// Stretches of time in which a run was to begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// How many there were.
    pub due: u64,
    /// In how many of them no run began.
    pub missed: u64,
}

impl Slots {
    /// The slots since an instant: those that are over, and the present one once a run has begun in it. Before the first
    /// run ever there are none.
    pub fn since(
        every: Timeframe,
        since: UtcMillis,
        now: UtcMillis,
        first: Option<UtcMillis>,
        begun: &[Begun],
    ) -> Self {
        let Some(first) = first else { return Self::default() };
        let from = every.ceil(since).max(every.floor(first));
        let used: BTreeSet<i64> =
            begun.iter().map(|run| every.floor(run.at).get()).filter(|slot| *slot >= from.get()).collect();
        let over = (every.floor(now).since_ms(from) / every.ms()).max(0);
        let early = used.iter().filter(|slot| **slot >= every.floor(now).get()).count() as u64;
        let due = over.unsigned_abs() + early;
        Self { due, missed: due.saturating_sub(used.len() as u64) }
    }
}
