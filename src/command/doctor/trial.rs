//! Trials: each by a thread of its own, none for longer than its time.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::report::Part;

/// Every trial ends within this.
pub(in crate::command) const LONGEST: Duration = Duration::from_secs(5);

/// Something that is to be tried. What it finds may be several parts.
pub(in crate::command) struct Trial {
    name: String,
    needs_network: bool,
    work: Box<dyn FnOnce() -> Vec<Part> + Send>,
}

impl Trial {
    /// A trial that works without a network.
    pub(in crate::command) fn here(name: impl Into<String>, work: impl FnOnce() -> Vec<Part> + Send + 'static) -> Self {
        Self { name: name.into(), needs_network: false, work: Box::new(work) }
    }

    /// A trial that talks to somebody.
    pub(in crate::command) fn elsewhere(
        name: impl Into<String>,
        work: impl FnOnce() -> Vec<Part> + Send + 'static,
    ) -> Self {
        Self { needs_network: true, ..Self::here(name, work) }
    }

    /// Begins.
    fn begin(self) -> Begun {
        let (found, waits) = mpsc::channel();
        let watch = Stopwatch::start();
        let work = move || {
            let mut parts = (self.work)();
            for part in &mut parts {
                part.duration_ms = watch.ms();
            }
            // Nobody waits any longer when the time is over.
            found.send(parts).ok();
        };
        let thread = std::thread::Builder::new().name(self.name.clone()).spawn(work);
        Begun { name: self.name, waits: thread.map(|_| waits).map_err(|e| e.to_string()), watch }
    }
}

/// A trial under way.
struct Begun {
    name: String,
    waits: Result<Receiver<Vec<Part>>, String>,
    watch: Stopwatch,
}

impl Begun {
    fn end(self) -> Vec<Part> {
        let left = LONGEST.saturating_sub(Duration::from_millis(self.watch.ms()));
        let found = self.waits.and_then(|waits| {
            waits.recv_timeout(left).map_err(|e| match e {
                RecvTimeoutError::Timeout => format!("no answer within {} s", LONGEST.as_secs()),
                RecvTimeoutError::Disconnected => "the trial broke off".to_owned(),
            })
        });
        found.unwrap_or_else(|text| {
            let remedy = "try it once more; -vv tells what was asked last";
            vec![Part { duration_ms: self.watch.ms(), ..Part::failed(self.name, text, remedy) }]
        })
    }
}

/// Makes all trials at the same time; what was found, in the order of the trials.
pub(in crate::command) fn run_all(trials: Vec<Trial>, offline: bool) -> Vec<Part> {
    let begun: Vec<Result<Begun, Part>> = trials
        .into_iter()
        .map(|trial| match trial {
            Trial { needs_network: true, name, .. } if offline => {
                Err(Part::skipped(name, "needs the network, which was left out"))
            }
            trial => Ok(trial.begin()),
        })
        .collect();
    begun.into_iter().flat_map(|begun| begun.map_or_else(|skipped| vec![skipped], Begun::end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::PartOutcome;

    #[test]
    fn what_hangs_or_breaks_off_fails_alone_and_in_time() {
        let trials = vec![
            Trial::here("hangs", || {
                std::thread::sleep(4 * LONGEST);
                Vec::new()
            }),
            Trial::here("works", || vec![Part::ok("a", ""), Part::ok("b", "")]),
            Trial::here("breaks off", || panic!("on purpose")),
            Trial::elsewhere("far away", || vec![Part::ok("c", "")]),
        ];
        let watch = Stopwatch::start();
        let parts = run_all(trials, true);
        let told: Vec<(&str, PartOutcome)> = parts.iter().map(|part| (part.name.as_str(), part.outcome)).collect();
        let (ok, failed, skipped) = (PartOutcome::Ok, PartOutcome::Failed, PartOutcome::Skipped);
        assert_eq!(told, [("hangs", failed), ("a", ok), ("b", ok), ("breaks off", failed), ("far away", skipped)]);
        assert!(Duration::from_millis(watch.ms()) < 2 * LONGEST);
    }
}
