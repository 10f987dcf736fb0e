//! Sending what waits: each channel on a thread of its own, all within one budget of time.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::channel::deliver;
use super::fault::Fault;
use crate::clock::{self, Stopwatch};
use crate::report::Sending;
use crate::settings::{ChannelSettings, Notify};
use crate::store::{Claimed, LONGEST_PAUSE_MS, Message, Settled, Store, StoreError};

/// The first pause; it doubles with each attempt.
const FIRST_PAUSE_MS: i64 = 60_000;
/// So many messages are taken for a channel at a time.
const BATCH: usize = 20;
/// What a process took and did not account for is anybody's after the budget and so long.
const GRACE_MS: i64 = 60_000;

/// An attempt, and what became of it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Which message.
    pub message: Message,
    /// Over which channel.
    pub channel: String,
    /// What became of it; none: it was not tried, since another one over this channel had failed.
    pub outcome: Option<Result<(), Fault>>,
    /// How long that took.
    pub duration_ms: u64,
    /// The attempts so far, this one included.
    attempts: u32,
}

impl Attempt {
    /// What became of it.
    pub fn result(&self) -> Sending {
        match &self.outcome {
            Some(Ok(())) => Sending::Sent,
            Some(Err(fault)) if fault.is_final() => Sending::Refused,
            Some(Err(_)) | None => Sending::Failed,
        }
    }

    /// Why it was not taken.
    pub fn error(&self) -> Option<String> {
        match &self.outcome {
            Some(outcome) => outcome.as_ref().err().map(ToString::to_string),
            None => Some("not tried: the message before it has failed".to_owned()),
        }
    }
}

/// Sends what is due, for at most `budget`; in the order of their ends. `chance` is a number from 0 to 1 for each pause.
pub fn drain(
    store: &mut Store,
    notify: &Notify,
    budget: Duration,
    chance: impl Fn() -> f64,
) -> Result<Vec<Attempt>, StoreError> {
    let watch = Stopwatch::start();
    let now = clock::wall();
    let expired = store.expire(now)?;
    if expired > 0 {
        log::warn!(code = "notification"; "{expired} messages could not be sent in time and will not be sent any more");
    }
    let lease = now.plus_ms(i64::try_from(budget.as_millis()).unwrap_or(i64::MAX / 2) + GRACE_MS);
    let mut work = Vec::new();
    for channel in &notify.channels {
        let due = store.claim_due(&channel.name, BATCH, now, lease)?;
        if !due.is_empty() {
            work.push((channel.clone(), due));
        }
    }
    let attempts = begin(work);
    let (mut done, mut noted) = (Vec::new(), Ok(()));
    while let Some(attempt) = next(&attempts, watch, budget) {
        // One that cannot be noted is sent again; those after it need not be.
        noted = noted.and(note(store, &attempt, &chance));
        done.push(attempt);
    }
    noted.map(|()| done)
}

/// Sends messages that are not on record, one over each channel, for at most `budget`. Channels that have not answered by then are
/// told as failed.
pub fn at_once(channels: &[ChannelSettings], message: &Message, budget: Duration) -> Vec<Attempt> {
    let watch = Stopwatch::start();
    let claim = |channel: &ChannelSettings| {
        let claimed = Claimed { message: message.clone(), channel: channel.name.clone(), attempts: 1 };
        (channel.clone(), vec![claimed])
    };
    let attempts = begin(channels.iter().map(claim).collect());
    let mut done: BTreeMap<String, Attempt> = BTreeMap::new();
    while let Some(attempt) = next(&attempts, watch, budget) {
        done.insert(attempt.channel.clone(), attempt);
    }
    let late = |channel: &ChannelSettings| Attempt {
        message: message.clone(),
        channel: channel.name.clone(),
        outcome: Some(Err(Fault::Unreachable(format!("not done after {} ms", budget.as_millis())))),
        duration_ms: watch.ms(),
        attempts: 1,
    };
    channels.iter().map(|channel| done.remove(&channel.name).unwrap_or_else(|| late(channel))).collect()
}

/// Begins to send. A channel that hangs holds no other one up; its thread is left behind.
fn begin(work: Vec<(ChannelSettings, Vec<Claimed>)>) -> Receiver<Attempt> {
    let (done, attempts) = mpsc::channel();
    for (channel, due) in work {
        let done = done.clone();
        let begun = std::thread::Builder::new().name(format!("to {}", channel.name)).spawn(move || {
            send_all(&channel, due, &done);
        });
        if let Err(e) = begun {
            log::error!(code = "notification"; "messages cannot be sent: {e}");
        }
    }
    attempts
}

fn send_all(channel: &ChannelSettings, due: Vec<Claimed>, done: &Sender<Attempt>) {
    let mut is_down = false;
    for Claimed { message, channel: name, attempts } in due {
        let watch = Stopwatch::start();
        let outcome = (!is_down).then(|| deliver(channel, &message));
        is_down |= matches!(&outcome, Some(Err(fault)) if !fault.is_final());
        let attempt = Attempt { message, channel: name, outcome, duration_ms: watch.ms(), attempts };
        if done.send(attempt).is_err() {
            // Nobody waits any longer.
            return;
        }
    }
}

fn next(attempts: &Receiver<Attempt>, watch: Stopwatch, budget: Duration) -> Option<Attempt> {
    let left = budget.saturating_sub(Duration::from_millis(watch.ms()));
    match attempts.recv_timeout(left) {
        Ok(attempt) => Some(attempt),
        Err(RecvTimeoutError::Timeout) => {
            log::warn!(code = "notification"; "messages are not sent after {} ms; the next run tries again", budget.as_millis());
            None
        }
        Err(RecvTimeoutError::Disconnected) => None,
    }
}

/// Puts what became of an attempt on record.
fn note(store: &mut Store, attempt: &Attempt, chance: &impl Fn() -> f64) -> Result<(), StoreError> {
    let now = clock::wall();
    let later =
        |wait_ms: Option<i64>| now.plus_ms(pause_ms(attempt.attempts, chance()).max(wait_ms.unwrap_or_default()));
    let title = &attempt.message.notice.title;
    let settled = match &attempt.outcome {
        Some(Ok(())) => Settled::Sent,
        Some(Err(fault)) if fault.is_final() => {
            log::error!(code = "notification"; "{}: `{title}` will not be sent: {fault}", attempt.channel);
            Settled::Refused(fault.to_string())
        }
        Some(Err(fault)) => {
            log::warn!(code = "notification"; "{}: `{title}` waits: {fault}", attempt.channel);
            Settled::Later(later(fault.wait_ms()), fault.to_string())
        }
        None => Settled::Untried(later(None)),
    };
    let Some(id) = attempt.message.id else { return Ok(()) };
    store.settle_delivery(id, &attempt.channel, &settled, now)
}

/// How long to wait after so many attempts: a minute, doubled with each, and a random part of its second half.
#[expect(clippy::cast_possible_truncation, reason = "at most six hours")]
fn pause_ms(attempts: u32, chance: f64) -> i64 {
    let whole = FIRST_PAUSE_MS.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(LONGEST_PAUSE_MS);
    let half = whole / 2;
    half + (half as f64 * chance.clamp(0.0, 1.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_six_hours_and_are_never_less_than_half() {
        for (attempts, whole) in
            [(0, 60_000), (1, 60_000), (2, 120_000), (5, 960_000), (9, 15_360_000), (10, 21_600_000), (99, 21_600_000)]
        {
            assert_eq!(pause_ms(attempts, 0.0), whole / 2, "{attempts}");
            assert_eq!(pause_ms(attempts, 1.0), whole, "{attempts}");
        }
    }
}
