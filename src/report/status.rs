//! What `trader status` found: `trader.status.v1`, a line for monitoring plugins, and lines for people.

use schemars::JsonSchema;
use serde::Serialize;

use super::Number;
use crate::health::{AgentHealth, Facts, Finding, Freshness, FreshnessState, Health, Level, Limits, Window};
use crate::unit::{Symbol, UtcMillis};

/// What `trader status` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.status.v1")]
pub struct StatusDocument {
    /// Always `trader.status.v1`.
    pub schema: &'static str,
    /// ok, degraded, halted, unavailable (data too old, or runs missing) or storage.
    pub status: &'static str,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// The gravest finding: ok, warning or critical.
    pub level: &'static str,
    /// The moment of the look.
    pub now: UtcMillis,
    /// Which version looked.
    pub version: &'static str,
    /// Everything that was looked at.
    pub findings: Vec<FindingReport>,
    /// The newest cycle that came to its end.
    pub last_run: Option<LastRunReport>,
    /// The runs that were due.
    pub schedule: ScheduleReport,
    /// The parts of a run.
    pub agents: Vec<AgentReport>,
    /// Each configured pair and timeframe.
    pub series: Vec<SeriesReport>,
    /// Missing candles that may still come.
    pub gaps_open: u64,
    /// This machine's clock: the exchange's less ours in the last run.
    pub clock_offset_ms: Option<i64>,
    /// The database and its disk.
    pub database: DatabaseReport,
    /// Until when the exchange asked us to stay away; null when it did not.
    pub ban: Option<BanReport>,
    /// The account; null before there is one.
    pub account: Option<AccountStateReport>,
    /// Messages that wait.
    pub notifications: OutboxReport,
}

/// What was found about one thing.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FindingReport {
    /// runs, `last_run`, `cut_off`, agent, candles, gaps, clock, database, disk, examination, ban, account or
    /// notifications.
    pub topic: &'static str,
    /// Which agent; null where there is one of the kind.
    pub about: Option<&'static str>,
    /// ok, warning or critical.
    pub level: &'static str,
    /// What is so.
    pub text: String,
    /// What to do about it; null where nothing is wrong.
    pub remedy: Option<&'static str>,
}

/// The newest cycle that came to its end.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LastRunReport {
    /// Names it.
    pub run_id: String,
    /// When it began.
    pub started_at: UtcMillis,
    /// How long ago.
    pub age_s: Number,
    /// How long it took.
    pub duration_ms: i64,
    /// The exit code it ended with.
    pub exit_code: u8,
    /// Its first error.
    pub error: Option<String>,
}

/// The runs that were due.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScheduleReport {
    /// How often one is.
    pub every: &'static str,
    /// In 24 hours.
    pub due_24h: u64,
    /// Those that did not begin.
    pub missed_24h: u64,
    /// In seven days.
    pub due_7d: u64,
    /// Those that did not begin.
    pub missed_7d: u64,
    /// Cycles of seven days that never came to their end.
    pub cut_off_7d: Vec<UtcMillis>,
}

/// A part of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AgentReport {
    /// Its name.
    pub name: &'static str,
    /// In 24 hours.
    pub last_24h: SuccessReport,
    /// In seven days.
    pub last_7d: SuccessReport,
}

/// What an agent did in a stretch of time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SuccessReport {
    /// Executions that ended ok, of all that were due; null where none was.
    pub success_pct: Option<Number>,
    /// All of it.
    pub ok: u64,
    /// Some of it.
    pub degraded: u64,
    /// None of it.
    pub failed: u64,
    /// Runs that something cut off before it came to this.
    pub cut_off: u64,
    /// Scheduled runs that never began.
    pub missed: u64,
}

/// A configured pair and timeframe.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SeriesReport {
    /// The pair.
    pub symbol: Symbol,
    /// The timeframe.
    pub timeframe: &'static str,
    /// The end of its newest candle.
    pub ended_at: Option<UtcMillis>,
    /// How long ago that was.
    pub age_s: Option<Number>,
    /// How long ago it may be.
    pub limit_s: Number,
    /// fresh, stale, absent, or retired: the pair is not traded.
    pub state: &'static str,
}

/// The database and its disk.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DatabaseReport {
    /// The file.
    pub path: String,
    /// How large it is.
    pub bytes: u64,
    /// How much it grows in a day; null while that is not known.
    pub growth_bytes_per_day: Option<Number>,
    /// What may still be written to the disk.
    pub disk_free_bytes: Option<u64>,
    /// What the disk holds.
    pub disk_total_bytes: Option<u64>,
    /// Until it is full; null where nothing grows.
    pub disk_full_in_days: Option<Number>,
    /// When the database was last examined.
    pub examined_at: Option<UtcMillis>,
    /// How many things were found wrong then.
    pub examination_findings: Option<i64>,
}

/// A time in which no request may be sent.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BanReport {
    /// Its end.
    pub until: UtcMillis,
    /// What it is for.
    pub reason: String,
}

/// How the account stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountStateReport {
    /// normal, warning, `day_loss`, paused or halted.
    pub state: &'static str,
    /// Why it was paused or halted.
    pub reason: Option<String>,
}

/// Messages that wait.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutboxReport {
    /// How many.
    pub waiting: u64,
    /// How long the oldest has waited.
    pub oldest_age_s: Option<Number>,
    /// Refused in 24 hours.
    pub refused_24h: u64,
}

/// How the program ends for it, and by which word.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// The word.
    pub status: &'static str,
    /// The code.
    pub exit_code: u8,
}

impl StatusDocument {
    /// What was found, as it is printed.
    pub fn of(facts: &Facts, limits: &Limits, health: &Health, path: String, ending: Ending) -> Self {
        Self {
            schema: "trader.status.v1",
            status: ending.status,
            exit_code: ending.exit_code,
            level: health.level.word(),
            now: facts.now,
            version: env!("CARGO_PKG_VERSION"),
            findings: health.findings.iter().map(FindingReport::from).collect(),
            last_run: last_run(facts),
            schedule: ScheduleReport {
                every: limits.every.name(),
                due_24h: health.day.due,
                missed_24h: health.day.missed,
                due_7d: health.week.due,
                missed_7d: health.week.missed,
                cut_off_7d: health.cut_off.clone(),
            },
            agents: health.agents.iter().map(AgentReport::from).collect(),
            series: health.series.iter().map(SeriesReport::from).collect(),
            gaps_open: facts.gaps.open,
            clock_offset_ms: facts.ended.as_ref().and_then(|run| run.clock_offset_ms),
            database: database(facts, health, path),
            ban: facts.ban.as_ref().map(|(until, reason)| BanReport { until: *until, reason: reason.clone() }),
            account: facts
                .account
                .as_ref()
                .map(|account| AccountStateReport { state: account.state.word(), reason: account.reason.clone() }),
            notifications: OutboxReport {
                waiting: facts.outbox.waiting,
                oldest_age_s: facts.outbox.oldest.map(|at| seconds(facts.now.since_ms(at))),
                refused_24h: facts.outbox.refused,
            },
        }
    }
}

fn last_run(facts: &Facts) -> Option<LastRunReport> {
    facts.ended.as_ref().map(|run| LastRunReport {
        run_id: run.run_id.clone(),
        started_at: run.began_at,
        age_s: seconds(facts.now.since_ms(run.began_at)),
        duration_ms: run.duration_ms,
        exit_code: run.exit_code,
        error: run.error.clone(),
    })
}

fn database(facts: &Facts, health: &Health, path: String) -> DatabaseReport {
    let (disk, examined) = (facts.database.disk, facts.examined.as_ref());
    DatabaseReport {
        path,
        bytes: facts.database.bytes,
        growth_bytes_per_day: health.growth.map(f64::round).and_then(Number::exact),
        disk_free_bytes: disk.map(|disk| disk.free),
        disk_total_bytes: disk.map(|disk| disk.total),
        disk_full_in_days: health.days_left.map(f64::round).and_then(Number::exact),
        examined_at: examined.map(|e| e.at),
        examination_findings: examined.map(|e| e.findings),
    }
}

/// Milliseconds as seconds.
fn seconds(ms: i64) -> Number {
    Number::exact(ms as f64 / 1000.0).expect("an integer of milliseconds is finite")
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        Self {
            topic: finding.topic.word(),
            about: finding.about,
            level: finding.level.word(),
            text: finding.text.clone(),
            remedy: finding.remedy,
        }
    }
}

impl From<&AgentHealth> for AgentReport {
    fn from(agent: &AgentHealth) -> Self {
        Self { name: agent.name, last_24h: (&agent.day).into(), last_7d: (&agent.week).into() }
    }
}

impl From<&Window> for SuccessReport {
    fn from(window: &Window) -> Self {
        Self {
            success_pct: window.success().and_then(super::percent),
            ok: window.tally.ok,
            degraded: window.tally.degraded,
            failed: window.tally.failed,
            cut_off: window.tally.cut_off,
            missed: window.missed,
        }
    }
}

impl From<&Freshness> for SeriesReport {
    fn from(series: &Freshness) -> Self {
        Self {
            symbol: series.key.symbol.clone(),
            timeframe: series.key.timeframe.name(),
            ended_at: series.ended_at,
            age_s: series.age_ms.map(seconds),
            limit_s: seconds(series.limit_ms),
            state: series.state.word(),
        }
    }
}

/// One line as monitoring plugins write it (Nagios, Icinga, Sensu, Zabbix): the state, what is wrong, and numbers with
/// their units and limits behind a bar.
pub fn plugin_line(facts: &Facts, limits: &Limits, health: &Health) -> String {
    let wrong: Vec<String> = health.findings.iter().filter(|f| f.level > Level::Ok).map(named).collect();
    let text = if wrong.is_empty() {
        let runs = health.findings.first().map(|f| f.text.clone()).unwrap_or_default();
        format!("{} checks are fine; {runs}", health.findings.len())
    } else {
        wrong.join("; ")
    };
    let state = match health.level {
        Level::Ok => "OK",
        Level::Warning => "WARNING",
        Level::Critical => "CRITICAL",
    };
    format!("TRADER {state} - {} | {}", plain(&text), numbers(facts, limits, health).join(" "))
}

/// The line of a look that could not be had.
pub fn plugin_failure(state: &str, text: &str) -> String {
    format!("TRADER {state} - {}", plain(text))
}

fn named(finding: &Finding) -> String {
    let about = finding.about.map_or_else(String::new, |about| format!(" {about}"));
    format!("{}{about}: {}", finding.topic.word(), finding.text)
}

/// A bar would end the text, a line break the line.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c == '|' || c.is_control() { ' ' } else { c }).collect()
}

/// `label=value[unit];[warning];[critical]`: an alarm is raised above the limits, or below where they end in a colon.
fn numbers(facts: &Facts, limits: &Limits, health: &Health) -> Vec<String> {
    let decided_on = health.series.iter().filter(|s| s.key.timeframe == facts.decided_on);
    let stalest = decided_on.filter(|s| s.state != FreshnessState::Retired).filter_map(|s| s.age_ms).max();
    let success = health.agents.iter().filter_map(|agent| agent.day.success()).reduce(f64::min);
    let run_age = facts.begun.iter().map(|run| facts.now.since_ms(run.at) / 1000).min();
    let mut numbers = Vec::new();
    numbers.extend(run_age.map(|age| format!("run_age={age}s;{}", (limits.every.ms() + limits.late_ms) / 1000)));
    numbers.push(format!("missed_24h={}", health.day.missed));
    numbers.extend(success.map(|share| format!("success_24h={:.1}%", 100.0 * share)));
    let oldest = limits.max_age(facts.decided_on) / 1000;
    numbers.extend(stalest.map(|age| format!("candle_age={}s;;{oldest}", age / 1000)));
    numbers.push(format!("gaps={}", facts.gaps.open));
    numbers.push(format!("database={}B", facts.database.bytes));
    numbers.extend(facts.database.disk.map(|disk| {
        format!("disk_free={}B;{}:;{}:", disk.free, limits.disk_warning_bytes, limits.disk_critical_bytes)
    }));
    numbers.push(format!("unsent={}", facts.outbox.waiting));
    numbers
}
