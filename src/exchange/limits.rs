//! What asking costs, and what the exchange asked us to respect.

use std::cell::{Cell, RefCell};

use super::Fault;
use crate::unit::{Timeframe, UtcMillis};

/// Request weight an address may use in a minute (Binance's `REQUEST_WEIGHT`, 6000 since 2023-08-25).
const WEIGHT_PER_MINUTE: f64 = 6000.0;

/// A time in which no request may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Its end.
    pub until: UtcMillis,
    /// What it is for.
    pub reason: String,
}

impl From<Ban> for Fault {
    fn from(ban: Ban) -> Self {
        Self::StillBanned { until: ban.until, reason: ban.reason }
    }
}

/// What asking has cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests sent.
    pub requests: u64,
    /// The weight of the current minute, as the exchange counts it for this address.
    pub weight: Option<u64>,
    /// A pause or ban that was pronounced.
    pub ban: Option<Ban>,
}

/// The budget of one run: filled by answers, asked before each request.
#[derive(Debug)]
pub(super) struct RequestBudget {
    share: f64,
    requests: Cell<u64>,
    weight: Cell<Option<(u64, UtcMillis)>>,
    /// What was pronounced in this run, and until when it holds.
    ban: RefCell<Option<(UtcMillis, Fault)>>,
}

impl RequestBudget {
    /// A budget that may use `share_pct` of the exchange's limit.
    pub(super) fn new(share_pct: f64) -> Self {
        Self { share: share_pct / 100.0, requests: Cell::new(0), weight: Cell::new(None), ban: RefCell::new(None) }
    }

    /// Counts a request that is about to be sent.
    pub(super) fn count(&self) {
        self.requests.set(self.requests.get() + 1);
    }

    /// Takes note of the weight an answer names.
    pub(super) fn weigh(&self, weight: u64, at: UtcMillis) {
        self.weight.set(Some((weight, at)));
    }

    /// Takes note of a pause or a ban; the longer one holds.
    pub(super) fn ban(&self, until: UtcMillis, fault: &Fault) {
        let mut ban = self.ban.borrow_mut();
        if ban.as_ref().is_none_or(|(held, _)| *held < until) {
            *ban = Some((until, fault.clone()));
        }
    }

    /// The ban in force, as it was pronounced: what is no longer asked meets the same trouble as what was.
    pub(super) fn banned(&self) -> Option<Fault> {
        self.ban.borrow().as_ref().map(|(_, fault)| fault.clone())
    }

    /// How long to wait before the next request, so that our share of the minute's weight is not exceeded.
    pub(super) fn pause_ms(&self, now: UtcMillis) -> i64 {
        let Some((weight, at)) = self.weight.get() else { return 0 };
        let minute_ends = Timeframe::M1.step(Timeframe::M1.floor(at), 1);
        #[expect(clippy::cast_precision_loss, reason = "weights are small")]
        let spent = weight as f64 >= WEIGHT_PER_MINUTE * self.share;
        if spent { minute_ends.since_ms(now).clamp(0, 60_000) } else { 0 }
    }

    pub(super) fn usage(&self) -> Usage {
        let weight = self.weight.get().map(|(weight, _)| weight);
        let ban = self.ban.borrow().as_ref().map(|(until, fault)| Ban { until: *until, reason: fault.to_string() });
        Usage { requests: self.requests.get(), weight, ban }
    }
}

/// The longest random pause before attempt number `attempt` (the first is 0): exponential, at most 30 s ("full jitter").
pub(super) fn backoff_ms(base_ms: u64, attempt: u32) -> u64 {
    base_ms.saturating_mul(1 << attempt.min(16)).min(30_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minutes_weight_is_shared_and_begins_anew_with_the_next_minute() {
        let budget = RequestBudget::new(50.0);
        let at = UtcMillis::new(1_710_331_220_000); // 12:00:20
        assert_eq!(budget.pause_ms(at), 0, "nothing known");
        budget.weigh(2999, at);
        assert_eq!(budget.pause_ms(at), 0);
        budget.weigh(3000, at);
        assert_eq!(budget.pause_ms(at), 40_000);
        assert_eq!(budget.pause_ms(at.plus_ms(40_000)), 0, "the minute is over");
    }

    #[test]
    fn of_two_bans_the_longer_one_holds() {
        let budget = RequestBudget::new(50.0);
        let fault = |until| Fault::Banned { host: "x".to_owned(), until: UtcMillis::new(until) };
        for until in [5, 100, 7] {
            budget.ban(UtcMillis::new(until), &fault(until));
        }
        assert_eq!(budget.usage().ban.map(|ban| ban.until), Some(UtcMillis::new(100)));
    }

    #[test]
    fn what_is_not_asked_any_more_meets_what_was_pronounced() {
        let budget = RequestBudget::new(50.0);
        assert_eq!(budget.banned(), None);
        let fault = Fault::RateLimited { host: "x".to_owned(), until: UtcMillis::new(9) };
        budget.ban(UtcMillis::new(9), &fault);
        assert_eq!(budget.banned(), Some(fault.clone()));
        assert_eq!(budget.usage().ban, Some(Ban { until: UtcMillis::new(9), reason: fault.to_string() }));
    }

    #[test]
    fn pauses_between_attempts_double_and_end_at_thirty_seconds() {
        assert_eq!([0, 1, 2, 3].map(|n| backoff_ms(500, n)), [500, 1000, 2000, 4000]);
        assert_eq!(backoff_ms(500, 60), 30_000);
        assert_eq!(backoff_ms(0, 3), 0);
    }
}
