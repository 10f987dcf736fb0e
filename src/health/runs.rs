//! Runs and what the agents did in them.

use super::judge::newest;
use super::{AgentHealth, Begun, Ended, Facts, Finding, Level, Limits, Slots, Topic, Verdict, Window, span};
use crate::unit::{Symbol, UtcMillis};

/// A run without an end may still be at work for so long; then it was cut off. A cycle's deadline is at most ten minutes.
pub const AT_WORK_MS: i64 = 15 * 60_000;
const DAY_MS: i64 = 86_400_000;

const START: &str = "see that cron or the timer starts `trader cycle` (`trader doctor` looks for the entry), and read what \
                     it last said on stderr";

/// Whether a run began when it was due, and how many did not.
pub(super) fn schedule(facts: &Facts, limits: &Limits, (day, week): (Slots, Slots)) -> Finding {
    let Some(run) = newest(&facts.begun) else {
        let text = "no cycle has run on this database yet";
        return Finding::wrong(Topic::Runs, (Level::Warning, Verdict::Stale), text, START);
    };
    let age = facts.now.since_ms(run.at);
    let missed = format!("{} of {} were missed in 24 h, {} of {} in 7 d", day.missed, day.due, week.missed, week.due);
    let text = format!("the newest cycle began {} ago, one is due every {}; {missed}", span(age), limits.every);
    if age > limits.overdue_ms() {
        let level = if age > limits.overdue_ms() + limits.every.ms() { Level::Critical } else { Level::Warning };
        return Finding::wrong(Topic::Runs, (level, Verdict::Stale), text, START);
    }
    Finding::fine(Topic::Runs, text)
}

/// How the last one ended.
pub(super) fn last(facts: &Facts) -> Finding {
    let Some(run) = &facts.ended else { return Finding::fine(Topic::LastRun, "none has come to its end yet") };
    let age = span(facts.now.since_ms(run.began_at));
    let mut text = format!("{}, {age} ago, {} ms: exit {}", run.run_id, run.duration_ms, run.exit_code);
    text.extend(run.error.iter().map(|error| format!(", {error}")));
    let remedy = "`trader show runs --limit 1 --format json` has its summary with cause and remedy";
    let wrong = |level, verdict| Finding::wrong(Topic::LastRun, (level, verdict), text.clone(), remedy);
    match run.exit_code {
        // What 6 means stands in the line of the account.
        0 | 6 => Finding::fine(Topic::LastRun, text),
        3 if is_retired(run, facts) => Finding::fine(Topic::LastRun, format!("{text}, for pairs that are not traded")),
        3 => wrong(Level::Warning, Verdict::Degraded),
        4 => wrong(Level::Critical, Verdict::Stale),
        7 => wrong(Level::Critical, Verdict::Storage),
        _ => wrong(Level::Critical, Verdict::Degraded),
    }
}

/// Whether nothing but pairs of which nothing is to be expected was in its way.
fn is_retired(run: &Ended, facts: &Facts) -> bool {
    let retired = |symbol: &Symbol| facts.series.iter().any(|s| s.key.symbol == *symbol && s.retired.is_some());
    !run.troubled.is_empty() && run.troubled.iter().all(|symbol| symbol.as_ref().is_some_and(retired))
}

/// Cycles that never came to their end, and have not just begun.
pub(super) fn cut_off(begun: &[Begun], now: UtcMillis) -> Vec<UtcMillis> {
    let is_over = |run: &&Begun| !run.has_ended && now.since_ms(run.at) > AT_WORK_MS;
    begun.iter().filter(is_over).map(|run| run.at).filter(|at| now.since_ms(*at) <= 7 * DAY_MS).collect()
}

/// That none was cut off.
pub(super) fn all_ended(cut_off: &[UtcMillis]) -> Finding {
    let Some(newest) = cut_off.iter().max() else {
        return Finding::fine(Topic::CutOff, "every cycle of 7 d came to its end");
    };
    let text = format!("{} of 7 d never came to their end, the newest at {newest}", cut_off.len());
    let remedy = "something ended them: a reboot, the out-of-memory killer, a time limit of the scheduler; the runs after \
                  them have gone on from there";
    Finding::wrong(Topic::CutOff, (Level::Warning, Verdict::Degraded), text, remedy)
}

/// How often an agent did what it was to do.
pub(super) fn agent(agent: &AgentHealth, limits: &Limits) -> Finding {
    let words = |window: &Window| match window.success() {
        Some(share) => format!("{:.1} % of {}", 100.0 * share, window.due()),
        None => "nothing was due".to_owned(),
    };
    let text = format!("ok: {} in 24 h, {} in 7 d", words(&agent.day), words(&agent.week));
    let worst = [agent.day, agent.week].iter().filter_map(Window::done).fold(1.0, f64::min);
    let level = match worst {
        worst if worst < limits.success_critical => Level::Critical,
        worst if worst < limits.success_warning => Level::Warning,
        _ => Level::Ok,
    };
    let finding = if level == Level::Ok {
        Finding::fine(Topic::Agent, text)
    } else {
        let (day, week) = (agent.day, agent.week);
        let text = format!(
            "{text}; failed {} and {}, cut off {} and {}, never started {} and {}",
            day.tally.failed, week.tally.failed, day.tally.cut_off, week.tally.cut_off, day.missed, week.missed
        );
        let remedy =
            "`trader show runs` tells the runs that failed or have no end; what was never started is the scheduler's";
        Finding::wrong(Topic::Agent, (level, Verdict::Degraded), text, remedy)
    };
    Finding { about: Some(agent.name), ..finding }
}
