//! What is stored: candles, gaps, the database, the disk.

use super::{Facts, Finding, Freshness, FreshnessState, Level, Limits, Topic, Verdict, size, span};

/// A disk that will be full within this share of `disk_days` is critical.
const SOON: f64 = 0.25;
/// So many series are named.
const NAMED: usize = 3;

/// How old candles are. A series that is decided on is critical.
pub(super) fn candles(facts: &Facts, series: &[Freshness]) -> Finding {
    let wrong: Vec<&Freshness> = series.iter().filter(|s| s.state.is_wrong()).collect();
    let retired = series.iter().filter(|s| s.state == FreshnessState::Retired).count();
    let judged = series.len() - retired;
    let but = if retired == 0 { String::new() } else { format!("; {retired} of pairs that are not traded") };
    if wrong.is_empty() {
        return Finding::fine(Topic::Candles, format!("{judged} series are fresh{but}"));
    }
    let decides = wrong.iter().any(|s| s.key.timeframe == facts.decided_on);
    let level = if decides { Level::Critical } else { Level::Warning };
    let mut names: Vec<String> = wrong.iter().take(NAMED).map(|s| told(s)).collect();
    names.extend((wrong.len() > NAMED).then(|| format!("and {} more", wrong.len() - NAMED)));
    let text = format!("{} of {judged} series are too old: {}{but}", wrong.len(), names.join(", "));
    let remedy = "the next `trader cycle` fetches what is missing; see what the last one said, and `trader doctor`";
    Finding::wrong(Topic::Candles, (level, Verdict::Stale), text, remedy)
}

fn told(series: &Freshness) -> String {
    let name = format!("{} {}", series.key.symbol, series.key.timeframe);
    match series.age_ms {
        Some(age) => format!("{name} {} (limit {})", span(age), span(series.limit_ms)),
        None => format!("{name} has no candle"),
    }
}

/// Missing candles that may still come.
pub(super) fn gaps(facts: &Facts) -> Finding {
    if facts.gaps.open == 0 {
        return Finding::fine(Topic::Gaps, "none is open");
    }
    let age = facts
        .gaps
        .oldest
        .map_or_else(String::new, |at| format!(", the oldest found {} ago", span(facts.now.since_ms(at))));
    let text = format!("{} open{age}", facts.gaps.open);
    let remedy = "cycles ask for them again one, three and seven hours after they were found; what the exchange never had is \
                  then unfillable, and no gap any more (the view `gaps` lists them)";
    Finding::wrong(Topic::Gaps, (Level::Warning, Verdict::Degraded), text, remedy)
}

/// How large the database is and how fast it grows; the disk says whether that is too much.
pub(super) fn database(facts: &Facts, growth: Option<f64>) -> Finding {
    let grows = growth.map_or_else(|| "growth not known yet".to_owned(), |bytes| format!("{} a day", size(bytes)));
    Finding::fine(Topic::Database, format!("{}, {grows}", size(facts.database.bytes as f64)))
}

/// How much room is left, and for how long.
pub(super) fn disk(facts: &Facts, limits: &Limits, days_left: Option<f64>) -> Finding {
    let Some(disk) = facts.database.disk else {
        return Finding::fine(Topic::Disk, "how much is free cannot be told here");
    };
    let until = days_left.map_or_else(String::new, |days| format!(", for {days:.0} days at that growth"));
    let text = format!("{} of {} free{until}", size(disk.free as f64), size(disk.total as f64));
    let days = days_left.unwrap_or(f64::INFINITY);
    let remedy = "make room on the disk, or keep less: old backups, short timeframes";
    if disk.free < limits.disk_critical_bytes || days < SOON * limits.disk_days {
        Finding::wrong(Topic::Disk, (Level::Critical, Verdict::Storage), text, remedy)
    } else if disk.free < limits.disk_warning_bytes || days < limits.disk_days {
        Finding::wrong(Topic::Disk, (Level::Warning, Verdict::Degraded), text, remedy)
    } else {
        Finding::fine(Topic::Disk, text)
    }
}

/// What the last examination found. A young database need not have been examined yet.
pub(super) fn examination(facts: &Facts, limits: &Limits) -> Finding {
    let remedy = "let the scheduler run `trader db check` once a day";
    let late = |text: String| Finding::wrong(Topic::Examination, (Level::Warning, Verdict::Degraded), text, remedy);
    let Some(examined) = &facts.examined else {
        let age = facts.first_cycle.map_or(0, |first| facts.now.since_ms(first));
        let text = "never examined".to_owned();
        return if age > limits.max_check_age_ms { late(text) } else { Finding::fine(Topic::Examination, text) };
    };
    let age = facts.now.since_ms(examined.at);
    if let Some(first) = &examined.first {
        let text = format!("{} things were found wrong {} ago, first: {first}", examined.findings, span(age));
        let remedy = "keep the file, put the newest good backup in its place and run `trader db check` again";
        return Finding::wrong(Topic::Examination, (Level::Critical, Verdict::Storage), text, remedy);
    }
    let text = format!("nothing was found wrong {} ago", span(age));
    if age > limits.max_check_age_ms { late(text) } else { Finding::fine(Topic::Examination, text) }
}
