//! What is left to do once a run has said what it has to say: files and messages for those who watch over it.
//!
//! Errands come last, after the commit, after stdout and after the lock was given back: whatever becomes of them, the run's
//! decisions, its result and its exit code stand. Each works on a thread of its own and all have so much time; one that hangs
//! or panics ends with the process, and no other one with it.

mod metrics;
mod notices;
mod trouble;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use super::CycleOptions;
use crate::clock::Stopwatch;
use crate::exit::Exit;
use crate::notice::Pinged;
use crate::settings::Settings;

/// All errands of a run end within this.
const LONGEST: Duration = Duration::from_secs(20);

/// The errands of a run.
#[derive(Debug)]
pub struct Errands {
    /// The database that the run worked on.
    db: PathBuf,
    settings: Settings,
    options: CycleOptions,
    /// Somebody was told that the run began.
    ping: Option<Pinged>,
}

impl Errands {
    /// What is to be done after a cycle.
    pub fn of_cycle(settings: &Settings, options: &CycleOptions) -> Self {
        let db = options.replay.as_ref().map_or_else(|| settings.db.clone(), |folder| settings.replay_db(folder));
        Self { db, settings: settings.clone(), options: options.clone(), ping: None }
    }

    /// Says that the run has begun, and holds nothing up.
    pub fn begin(&mut self) {
        self.ping = if self.is_real() { notices::begin(&self.settings) } else { None };
    }

    /// Whether it is a run on live data that is written down: of others nobody is told.
    fn is_real(&self) -> bool {
        self.options.replay.is_none() && !self.options.dry_run
    }

    /// Whether anybody is to be served.
    fn is_asked_for(&self) -> bool {
        !self.options.dry_run
            && (metrics::are_asked_for(self) || self.is_real() && notices::are_asked_for(&self.settings))
    }

    /// Does them; what goes wrong is told on stderr and nowhere else.
    pub fn run(mut self, exit: Exit) {
        // Of a run that found another one at work that one tells how it ended.
        let ping = self.ping.take().filter(|_| exit != Exit::Busy);
        let is_held_up = exit == Exit::Busy && self.is_real() && notices::are_held_up(&self.settings);
        let has_work = self.is_asked_for() && !matches!(exit, Exit::Usage | Exit::Busy);
        let mut errands: Vec<Errand> = Vec::new();
        if let Some(ping) = ping {
            errands.push(("ping", Box::new(move || notices::end(ping, exit))));
        }
        if has_work || is_held_up {
            let settings = self.is_real().then(|| self.settings.clone());
            if let Some(settings) = settings.filter(notices::are_asked_for) {
                errands.push(("messages", Box::new(move || notices::send(&settings, exit))));
            }
            if has_work && metrics::are_asked_for(&self) {
                errands.push(("metrics", Box::new(move || metrics::hand_over(&self, exit))));
            }
        }
        if let Err(text) = side_by_side(errands, LONGEST) {
            log::error!(code = "errands"; "after the run: {text}; the run itself is recorded");
        }
    }
}

/// One thing to do, and its name.
type Errand = (&'static str, Box<dyn FnOnce() + Send>);

/// Does each of them on a thread of its own, so that none waits for another one or ends with it. Those that hang are left behind.
fn side_by_side(errands: Vec<Errand>, longest: Duration) -> Result<(), String> {
    let watch = Stopwatch::start();
    let (done, waits) = mpsc::channel();
    let mut open: BTreeSet<&str> = errands.iter().map(|(name, _)| *name).collect();
    for (name, errand) in errands {
        let done = done.clone();
        let work = move || {
            errand();
            // Nobody waits any longer when the time is over.
            done.send(name).ok();
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|e| format!("no {name}: {e}"))?;
    }
    drop(done);
    let how = loop {
        match waits.recv_timeout(longest.saturating_sub(Duration::from_millis(watch.ms()))) {
            Ok(name) => drop(open.remove(name)),
            Err(mpsc::RecvTimeoutError::Timeout) => break format!("not done within {} ms", longest.as_millis()),
            Err(mpsc::RecvTimeoutError::Disconnected) => break "broke off".to_owned(),
        }
    };
    let names: Vec<&str> = open.into_iter().collect();
    if names.is_empty() { Ok(()) } else { Err(format!("{} {how}", names.join(" and "))) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn an_errand_that_hangs_or_breaks_takes_no_other_one_with_it() {
        let done = Arc::new(AtomicUsize::new(0));
        let fine = |name: &'static str| -> Errand {
            let done = Arc::clone(&done);
            let errand = move || {
                done.fetch_add(1, Ordering::SeqCst);
            };
            (name, Box::new(errand))
        };
        assert_eq!(side_by_side(Vec::new(), Duration::ZERO), Ok(()));
        assert_eq!(side_by_side(vec![fine("a"), fine("b")], LONGEST), Ok(()));
        let broken: Errand = ("metrics", Box::new(|| panic!("a bug")));
        assert_eq!(side_by_side(vec![broken, fine("a")], LONGEST), Err("metrics broke off".to_owned()));
        let hung: Errand = ("metrics", Box::new(|| std::thread::sleep(LONGEST)));
        let told = side_by_side(vec![hung, fine("a")], Duration::from_millis(500));
        assert_eq!(told, Err("metrics not done within 500 ms".to_owned()));
        assert_eq!(done.load(Ordering::SeqCst), 4);
    }
}
