//! Sending the messages of a run, and the ping that says how it ended.

use std::time::Duration;

use super::trouble::Trouble;
use crate::clock;
use crate::exit::Exit;
use crate::journal;
use crate::notice::{Ping, Pinged, at_once, drain};
use crate::report::{Level, Notice, Sending};
use crate::settings::{ChannelSettings, Settings};
use crate::store::{Access, Lock, Message, Store, StoreError, Telling};
use crate::unit::UtcMillis;

/// No run takes so long: its lock is held by something that hangs, or by a backfill that goes on for hours.
const LONGEST_RUN_MS: i64 = 2 * 3_600_000;

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
        // What cannot be written down is said at once.
        budget /= 2;
        cry_out(settings, budget);
    }
    let drained = Store::open(&settings.db, Access::Change).and_then(|mut store| {
        if let Some(notice) = untold(settings, exit) {
            note_down(&mut store, settings, &notice)?;
        }
        if let Some(trouble) = Trouble::of(&settings.db).filter(|_| exit != Exit::Storage && exit != Exit::Busy) {
            note_down(&mut store, settings, &Notice::usable_again(trouble.since, clock::wall()))?;
            Trouble::forget(&settings.db);
        }
        drain(&mut store, &settings.notify, budget, fastrand::f64)
    });
    if let Err(error) = drained.as_ref().map_err(|error| (error.to_string(), error.remedy())) {
        log::error!(code = "notification"; "messages cannot be sent: {} ({})", error.0, error.1);
    }
}

/// What a run could not say itself: that it broke off, that the file it was asked for is missing, that it never began.
fn untold(settings: &Settings, exit: Exit) -> Option<Notice> {
    let (now, reminder_ms) = (clock::wall(), settings.notify.reminder_ms);
    match exit {
        Exit::Internal => Some(Notice::internal(now, reminder_ms)),
        Exit::Busy => held_up_since(settings, now).map(|since| Notice::held_up(since, now, reminder_ms)),
        Exit::Ok
        | Exit::Usage
        | Exit::Degraded
        | Exit::Unavailable
        | Exit::Halted
        | Exit::Storage
        | Exit::Plugin(_) => None,
    }
}

/// Since when another process has held the lock, if that is for longer than any run takes.
fn held_up_since(settings: &Settings, now: UtcMillis) -> Option<UtcMillis> {
    Lock::taken_at(&settings.db).filter(|since| now.since_ms(*since) >= LONGEST_RUN_MS)
}

/// Whether there is something to tell of a run that found another one at work.
pub(super) fn are_held_up(settings: &Settings) -> bool {
    held_up_since(settings, clock::wall()).is_some()
}

fn note_down(store: &mut Store, settings: &Settings, notice: &Notice) -> Result<(), StoreError> {
    let (notify, wall) = (&settings.notify, clock::wall());
    let run_id = journal::run().unwrap_or_default();
    let (channels, expires_at) = (notify.reached(notice.reach), wall.plus_ms(notify.expire_ms));
    let write = store.write()?;
    write.tell(notice, &Telling { at: wall, run_id, channels: &channels, wall, expires_at })?;
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
    let before = Trouble::of(&settings.db);
    if before.as_ref().is_some_and(|before| before.is_told(&cause, now, settings.notify.reminder_ms)) {
        return;
    }
    let notice = Notice::no_database(&cause, remedy, now);
    let message = Message { id: None, at: now, run_id: String::new(), notice };
    let attempts = at_once(&channels, &message, budget);
    if attempts.iter().any(|attempt| attempt.result() == Sending::Sent) {
        let since = before.map_or(now, |before| before.since);
        Trouble { since, told_at: now, cause }.note(&settings.db);
    }
    for attempt in attempts {
        if let Some(error) = attempt.error() {
            log::error!(code = "notification"; "{}: that the database cannot be used could not be told: {error}", attempt.channel);
        }
    }
}

/// Why the database cannot be used, as far as it still shows.
fn reason(settings: &Settings) -> Option<StoreError> {
    Store::open(&settings.db, Access::Change).err()
}
