//! A run and its name.

use crate::clock::Stopwatch;
use crate::journal;
use crate::unit::UtcMillis;

/// Names a run: its moment, and enough chance to be the only one.
fn run_id(now: UtcMillis) -> String {
    let moment = now.to_string().replace(['-', ':'], "");
    format!("{}-{:08x}", moment.split('.').next().unwrap_or_default().trim_end_matches('Z'), fastrand::u32(..))
}

/// A run that has begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) run_id: String,
    pub(super) watch: Stopwatch,
}

impl Begun {
    pub(super) fn now(at: UtcMillis) -> Self {
        let begun = Self { run_id: run_id(at), watch: Stopwatch::start() };
        journal::set_run(&begun.run_id);
        begun
    }
}
