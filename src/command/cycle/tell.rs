//! Messages about a run, written down with the facts they are about and sent after everything else. A message that cannot
//! be made or written is a log line and nothing more: what the run decides and how it ends stays as it is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::orders::Calls;
use super::{Cycle, CycleOptions};
use crate::clock;
use crate::command::account::Account;
use crate::command::notify::daily_digest;
use crate::decision::RiskState;
use crate::exit::Exit;
use crate::ledger::{Books, Event, Fill, Side, Trade};
use crate::report::{Failing, Level, Notice};
use crate::settings::Settings;
use crate::store::{EMERGENCY_STOP, Store, StoreError, Telling, Write};
use crate::unit::{Timeframe, UtcMillis};

/// Whom messages of a run are written down for: nobody is told of a recording, or of a run that writes nothing.
pub(super) fn whom<'a>(settings: &'a Settings, options: &CycleOptions) -> Option<&'a Settings> {
    let is_real = options.replay.is_none() && !options.dry_run;
    (is_real && !settings.notify.channels.is_empty()).then_some(settings)
}

impl Cycle<'_> {
    /// Writes facts down, and in the same transaction what is to be told of them. Where that fails for more than the facts'
    /// sake, as on a disk whose last pages the message would take, the facts are written alone.
    pub(super) fn record(
        &self,
        store: &mut Store,
        facts: impl Fn(&Write<'_>) -> Result<(), StoreError>,
        words: impl Fn(&Write<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let write = store.write()?;
        facts(&write)?;
        let told = unbroken(|| words(&write)).and_then(|()| write.commit().map_err(|e| e.to_string()));
        told.or_else(|text| {
            if self.telling.is_some() {
                log::error!(code = "notification"; "{text}; it is tried without a message");
            }
            let write = store.write()?;
            facts(&write)?;
            write.commit()
        })
    }

    /// Writes a message down, in the transaction of the facts it is about.
    fn tell(&self, write: &Write<'_>, notice: &Notice) -> Result<(), StoreError> {
        let Some(settings) = self.telling else { return Ok(()) };
        let (channels, wall) = (settings.notify.reached(notice.reach), clock::wall());
        if channels.is_empty() {
            return Ok(());
        }
        let expires_at = wall.plus_ms(settings.notify.expire_ms);
        let (at, run_id, channels) = (self.now, self.begun.run_id.as_str(), channels.as_slice());
        write.tell(notice, &Telling { at, run_id, channels, wall, expires_at }).map(drop)
    }

    /// The same for several.
    pub(super) fn tell_all(&self, write: &Write<'_>, notices: &[Notice]) -> Result<(), StoreError> {
        notices.iter().try_for_each(|notice| self.tell(write, notice))
    }

    /// Tells of fills, and of the trades that they close.
    pub(super) fn tell_fills(&self, write: &Write<'_>, events: &[Event], books: &Books) -> Result<(), StoreError> {
        if self.telling.is_none() {
            return Ok(());
        }
        let fill_of = |event: &Event| if let Event::Filled(fill) = event { Some(fill.as_ref().clone()) } else { None };
        let fills: Vec<Fill> = events.iter().filter_map(fill_of).collect();
        for (i, fill) in fills.iter().enumerate() {
            let is_last = fills[i + 1..].iter().all(|later| later.position != fill.position);
            let closed = closed_by(fill, books).filter(|_| is_last);
            self.tell(write, &Notice::fill(fill, &books.asset, closed))?;
        }
        Ok(())
    }

    /// Tells that the emergency stop began.
    pub(super) fn tell_halt(&self, write: &Write<'_>, calls: &Calls) -> Result<(), StoreError> {
        calls.halt.as_ref().map_or(Ok(()), |reason| self.tell(write, &Notice::halted(reason, self.now)))
    }

    /// The risk state that the run before this one left.
    pub(super) fn state_before(&self, store: &Store) -> Option<RiskState> {
        self.telling?;
        store.last_state().map_err(|error| error.to_string()).inspect_err(unmade).ok().flatten()
    }

    /// Tells of another risk state than before; of the emergency stop its own message tells.
    pub(super) fn tell_state(
        &self,
        write: &Write<'_>,
        before: Option<RiskState>,
        account: &Account,
    ) -> Result<(), StoreError> {
        let (state, in_force) = (account.state, &account.in_force);
        let is_told = state == RiskState::Halted && in_force.halted.is_some();
        let Some(before) = before.filter(|before| *before != state && !is_told) else { return Ok(()) };
        let why = if state == RiskState::Paused { in_force.paused.as_deref() } else { None };
        self.tell(write, &Notice::state(state, before, self.now, why))
    }

    /// What is to be told at the end: whether runs fail or are well again, and the day's summary.
    pub(super) fn last_words(&self, store: &Store, exit: Exit) -> Vec<Notice> {
        let Some(settings) = self.telling else { return Vec::new() };
        let health = || if self.is_well(exit) { self.recovery(store) } else { self.failure(store, settings, exit) };
        let made = [unbroken(health), unbroken(|| self.digest(store, settings))];
        made.into_iter().filter_map(|made| made.inspect_err(unmade).ok().flatten()).collect()
    }

    /// Halted is a state of the account, which has messages of its own: whether such a run is well, its errors say.
    fn is_well(&self, exit: Exit) -> bool {
        let is_told = |code: &str| code == EMERGENCY_STOP;
        exit == Exit::Ok || exit == Exit::Halted && self.notes.errors.iter().all(|error| is_told(error.code))
    }

    fn failing_since(&self, store: &Store) -> Result<Option<UtcMillis>, StoreError> {
        store.failing_since(self.now, Exit::Ok.code(), Exit::Halted.code())
    }

    fn failure(&self, store: &Store, settings: &Settings, exit: Exit) -> Result<Option<Notice>, StoreError> {
        let level = if matches!(exit, Exit::Degraded | Exit::Halted) { Level::Warning } else { Level::Critical };
        let since = self.failing_since(store)?.unwrap_or(self.now);
        let reminder = self.now.since_ms(since) / settings.notify.reminder_ms.max(1);
        let failing = Failing { since, exit_code: exit.code(), status: exit.name(), reminder };
        Ok(Some(Notice::failure(&failing, level, &self.begun.run_id, &self.notes.errors)))
    }

    fn recovery(&self, store: &Store) -> Result<Option<Notice>, StoreError> {
        let Some(since) = self.failing_since(store)? else { return Ok(None) };
        let told = store.told_of_failure(since)?;
        Ok(told.map(|level| Notice::recovery(since, self.now, level, &self.begun.run_id)))
    }

    /// The summary of yesterday, by the first run after the hour that is set.
    fn digest(&self, store: &Store, settings: &Settings) -> Result<Option<Notice>, StoreError> {
        let today = Timeframe::D1.floor(self.now);
        let is_due = settings.notify.digest_hour.is_some_and(|h| self.now.since_ms(today) >= h * Timeframe::H1.ms());
        let day = Timeframe::D1.step(today, -1);
        let key = format!("digest:{day}");
        if !is_due || settings.notify.reached(Level::Info).is_empty() || store.was_told(&key)? {
            return Ok(None);
        }
        // Of the days before the first run there is nothing to tell.
        if !store.has_run_before(today)? {
            return Ok(None);
        }
        let digest = daily_digest(store, settings, day)?;
        Ok(Some(Notice::digest(key, digest.title, digest.text, digest.html)))
    }
}

/// The trade that a sale has closed.
fn closed_by<'b>(fill: &Fill, books: &'b Books) -> Option<&'b Trade> {
    books.trades.iter().find(|trade| fill.side == Side::Sell && trade.id == fill.position)
}

/// What comes of making a message: a bug there is one more reason why there is none.
fn unbroken<T>(make: impl FnOnce() -> Result<T, StoreError>) -> Result<T, String> {
    let whole = catch_unwind(AssertUnwindSafe(make)).map_err(|_| "a message broke off".to_owned());
    whole.and_then(|made| made.map_err(|e| e.to_string()))
}

fn unmade(error: &String) {
    log::error!(code = "notification"; "a message could not be made: {error}; nobody will be told");
}
