//! How we stand with others: the exchange, its clock, the account's rules, those who are to be told.

use super::{Facts, Finding, Level, Limits, Topic, Verdict, span};
use crate::decision::RiskState;

/// How far this machine's clock was off in the last run.
pub(super) fn clock(facts: &Facts, limits: &Limits) -> Finding {
    let Some(offset) = facts.ended.as_ref().and_then(|run| run.clock_offset_ms) else {
        return Finding::fine(Topic::Clock, "the last run could not compare it with the exchange's");
    };
    let side = if offset > 0 { "behind" } else { "ahead of" };
    let text = format!("{:.1} s {side} the exchange's in the last run", offset.abs() as f64 / 1000.0);
    if offset.abs() <= limits.max_clock_offset_ms {
        return Finding::fine(Topic::Clock, text);
    }
    let remedy =
        "synchronise it (systemd-timesyncd, chrony); runs go by the exchange's clock, the scheduler by this one";
    Finding::wrong(Topic::Clock, (Level::Warning, Verdict::Degraded), text, remedy)
}

/// Whether the exchange asked us to stay away.
pub(super) fn ban(facts: &Facts) -> Finding {
    let Some((until, reason)) = &facts.ban else { return Finding::fine(Topic::Ban, "none is in force") };
    let text = format!("until {until} (for another {}): {reason}", span(until.since_ms(facts.now)));
    let remedy =
        "nothing to do: no request is sent before that time; other programs behind this address share the limit";
    Finding::wrong(Topic::Ban, (Level::Warning, Verdict::Degraded), text, remedy)
}

/// Whether the account takes entries.
pub(super) fn account(facts: &Facts) -> Finding {
    let Some(account) = &facts.account else { return Finding::fine(Topic::Account, "there is none yet") };
    let reason = account.reason.as_ref().map_or_else(String::new, |reason| format!(", because: {reason}"));
    let text = format!("{}: {}{reason}", account.state.word(), account.state.meaning());
    let (level, remedy) = match account.state {
        RiskState::Normal => return Finding::fine(Topic::Account, text),
        RiskState::Warning => (Level::Warning, "see `trader risk`; `trader resume` begins the peak anew"),
        RiskState::DayLoss => (Level::Warning, "nothing to do: the next day begins at 00:00 UTC; see `trader risk`"),
        RiskState::Paused => (Level::Warning, "`trader resume --reason …` once the reason is gone"),
        RiskState::Halted => (Level::Critical, "look at `trader trades` and `trader risk` before `trader resume`"),
    };
    Finding::wrong(Topic::Account, (level, Verdict::Halted), text, remedy)
}

/// Whether those who are to be told have been told.
pub(super) fn notifications(facts: &Facts, limits: &Limits) -> Finding {
    let outbox = facts.outbox;
    let age = outbox.oldest.map(|at| facts.now.since_ms(at));
    let oldest = age.map_or_else(String::new, |age| format!(", the oldest for {}", span(age)));
    let text = format!("{} wait to be sent{oldest}; {} refused in 24 h", outbox.waiting, outbox.refused);
    if outbox.refused == 0 && age.is_none_or(|age| age <= limits.max_unsent_ms) {
        return Finding::fine(Topic::Notifications, text);
    }
    let remedy = "see what the channel says (deliveries.error in the database) and try it: `trader notify test`";
    Finding::wrong(Topic::Notifications, (Level::Warning, Verdict::Degraded), text, remedy)
}
