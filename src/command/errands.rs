//! What is left to do once a run has said what it has to say: files and messages for those who watch over it.
//!
//! Errands come last, after the commit, after stdout and after the lock was given back: whatever becomes of them, the run's
//! decisions, its result and its exit code stand. They work on a thread of their own and have so much time together; one
//! that hangs or panics ends with the process.

mod metrics;
mod notices;

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use super::CycleOptions;
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
        let has_work = self.is_asked_for() && !matches!(exit, Exit::Usage | Exit::Busy);
        if !has_work && ping.is_none() {
            return;
        }
        let (done, waits) = mpsc::channel();
        let work = move || {
            let ping = ping.map(|ping| std::thread::spawn(move || notices::end(ping, exit)));
            if has_work {
                self.work(exit);
            }
            // It has time-outs of its own, and tells itself what went wrong.
            drop(ping.map(std::thread::JoinHandle::join));
            // Nobody waits any longer when the time is over.
            done.send(()).ok();
        };
        let begun = std::thread::Builder::new().name("errands".to_owned()).spawn(work);
        let ended = begun.map_err(|e| e.to_string()).and_then(|_| {
            waits.recv_timeout(LONGEST).map_err(|e| match e {
                mpsc::RecvTimeoutError::Timeout => format!("they are not done after {} s", LONGEST.as_secs()),
                mpsc::RecvTimeoutError::Disconnected => "they broke off".to_owned(),
            })
        });
        if let Err(text) = ended {
            log::error!(code = "errands"; "files and messages after the run: {text}; the run itself is recorded");
        }
    }

    /// One after the other.
    fn work(&self, exit: Exit) {
        metrics::hand_over(self, exit);
        if self.is_real() {
            notices::send(&self.settings, exit);
        }
    }
}
