//! Sending the messages of a run, and the ping that says how it ended.

use std::time::Duration;

use crate::clock;
use crate::exit::Exit;
use crate::journal;
use crate::notice::{Ping, Pinged, at_once, drain};
use crate::report::{Level, Notice};
use crate::settings::{ChannelSettings, Settings};
use crate::store::{Access, Message, Store, StoreError, Telling};

/// Says that a run has begun, where somebody listens; holds nothing up.
pub(super) fn begin(settings: &Settings) -> Option<Pinged> {
    Pinged::start(settings.notify.ping.as_ref()?)
}

/// Says how the run ended. Degraded and halted runs have done their work: messages tell what is wrong with them.
pub(super) fn end(ping: Pinged, exit: Exit) {
    ping.end(match exit {
        Exit::Ok | Exit::Degraded | Exit::Halted => Ping::Success,
        Exit::Internal | Exit::Usage | Exit::Unavailable | Exit::Busy | Exit::Storage | Exit::Plugin(_) => Ping::Fail,
    });
}

/// Whether there is a channel.
pub(super) fn are_asked_for(settings: &Settings) -> bool {
    !settings.notify.channels.is_empty()
}

/// Sends what waits, what this run has to tell among it.
pub(super) fn send(settings: &Settings, exit: Exit) {
    if !are_asked_for(settings) {
        return;
    }
    let mut budget = settings.notify.budget;
    if exit == Exit::Storage {
        // What cannot be written down is said once by each run that fails so.
        budget /= 2;
        cry_out(settings, budget);
    }
    let drained = Store::open(&settings.db, Access::Change).and_then(|mut store| {
        if exit == Exit::Internal {
            note_down(&mut store, settings)?;
        }
        drain(&mut store, &settings.notify, budget, fastrand::f64)
    });
    if let Err(error) = drained.as_ref().map_err(|error| (error.to_string(), error.remedy())) {
        log::error!(code = "notification"; "messages cannot be sent: {} ({})", error.0, error.1);
    }
}

/// Writes down what a run could not say itself: that it broke off, or that the file it was asked for is missing.
fn note_down(store: &mut Store, settings: &Settings) -> Result<(), StoreError> {
    let (notify, wall) = (&settings.notify, clock::wall());
    let notice = Notice::internal(wall, notify.reminder_ms);
    let run_id = journal::run().unwrap_or_default();
    let (channels, expires_at) = (notify.reached(notice.reach), wall.plus_ms(notify.expire_ms));
    let write = store.write()?;
    write.tell(&notice, &Telling { at: wall, run_id, channels: &channels, wall, expires_at })?;
    write.commit()
}

/// Tells without the database that it cannot be used.
fn cry_out(settings: &Settings, budget: Duration) {
    let channels: Vec<ChannelSettings> =
        settings.notify.channels.iter().filter(|channel| channel.min_level <= Level::Critical).cloned().collect();
    let now = clock::wall();
    let (cause, remedy) = reason(settings).map_or_else(
        || {
            let text = format!("the database {} could not be used by the last run", settings.db.display());
            (text, "see its log; trader db check examines the file")
        },
        |error| (error.to_string(), error.remedy()),
    );
    let notice = Notice::no_database(&cause, remedy, now);
    let message = Message { id: None, at: now, run_id: String::new(), notice };
    for attempt in at_once(&channels, &message, budget) {
        if let Some(error) = attempt.error() {
            log::error!(code = "notification"; "{}: that the database cannot be used could not be told: {error}", attempt.channel);
        }
    }
}

/// Why the database cannot be used, as far as it still shows.
fn reason(settings: &Settings) -> Option<StoreError> {
    Store::open(&settings.db, Access::Change).err()
}
