//! The judgement: what each fact means under the limits.

use super::{
    AgentHealth, Begun, Facts, Freshness, Level, Limits, Slots, Verdict, daily_growth, days_until_full, runs, standing,
    storage,
};
use crate::unit::UtcMillis;

const DAY_MS: i64 = 86_400_000;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Whether runs begin when they should.
    Runs,
    /// How the last one ended.
    LastRun,
    /// Runs that never came to their end.
    CutOff,
    /// How often an agent did what it was to do.
    Agent,
    /// How old candles are.
    Candles,
    /// Missing candles.
    Gaps,
    /// This machine's clock.
    Clock,
    /// The database: how large it is and how fast it grows.
    Database,
    /// Its last examination.
    Examination,
    /// The disk.
    Disk,
    /// Whether the exchange may be asked.
    Ban,
    /// The account.
    Account,
    /// Messages that wait.
    Notifications,
}

impl Topic {
    /// Its word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::LastRun => "last_run",
            Self::CutOff => "cut_off",
            Self::Agent => "agent",
            Self::Candles => "candles",
            Self::Gaps => "gaps",
            Self::Clock => "clock",
            Self::Database => "database",
            Self::Examination => "examination",
            Self::Disk => "disk",
            Self::Ban => "ban",
            Self::Account => "account",
            Self::Notifications => "notifications",
        }
    }
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// Which of several: the name of an agent.
    pub about: Option<&'static str>,
    /// How grave it is.
    pub level: Level,
    /// What it means for the whole.
    pub verdict: Verdict,
    /// What is so; of a finding that is not ok, its cause.
    pub text: String,
    /// What to do about it.
    pub remedy: Option<&'static str>,
}

impl Finding {
    /// That something is as it should be.
    pub(super) fn fine(topic: Topic, text: impl Into<String>) -> Self {
        let (level, verdict) = (Level::Ok, Verdict::Healthy);
        Self { topic, about: None, level, verdict, text: text.into(), remedy: None }
    }

    /// That something is not.
    pub(super) fn wrong(
        topic: Topic,
        (level, verdict): (Level, Verdict),
        text: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { topic, about: None, level, verdict, text: text.into(), remedy: Some(remedy) }
    }
}

/// The state of the installation.
#[derive(Clone, Debug)]
pub struct Health {
    /// The gravest finding's meaning.
    pub verdict: Verdict,
    /// The gravest finding's level.
    pub level: Level,
    /// Everything that was looked at.
    pub findings: Vec<Finding>,
    /// Scheduled runs of 24 hours.
    pub day: Slots,
    /// Scheduled runs of seven days.
    pub week: Slots,
    /// Cycles of seven days that never came to their end.
    pub cut_off: Vec<UtcMillis>,
    /// Each agent.
    pub agents: Vec<AgentHealth>,
    /// Each series.
    pub series: Vec<Freshness>,
    /// Bytes that the database grows by in a day.
    pub growth: Option<f64>,
    /// Days until the disk is full at that.
    pub days_left: Option<f64>,
}

/// Judges all facts.
pub fn judge(facts: &Facts, limits: &Limits) -> Health {
    let slots =
        |ms: i64| Slots::since(limits.every, facts.now.plus_ms(-ms), facts.now, facts.first_cycle, &facts.begun);
    let (day, week) = (slots(DAY_MS), slots(7 * DAY_MS));
    let growth = daily_growth(&facts.database.sizes);
    let days_left = facts.database.disk.zip(growth).and_then(|(disk, growth)| days_until_full(disk.free, growth));
    let mut health = Health {
        verdict: Verdict::Healthy,
        level: Level::Ok,
        findings: Vec::new(),
        day,
        week,
        cut_off: runs::cut_off(&facts.begun, facts.now),
        agents: facts.agents.iter().map(|agent| AgentHealth::of(agent, day, week)).collect(),
        series: facts.series.iter().map(|series| Freshness::of(series, facts.now, limits)).collect(),
        growth,
        days_left,
    };
    health.findings = findings(facts, limits, &health);
    health.verdict = health.findings.iter().map(|f| f.verdict).max().unwrap_or(Verdict::Healthy);
    health.level = health.findings.iter().map(|f| f.level).max().unwrap_or(Level::Ok);
    health
}

fn findings(facts: &Facts, limits: &Limits, health: &Health) -> Vec<Finding> {
    let mut findings = vec![
        runs::schedule(facts, limits, (health.day, health.week)),
        runs::last(facts),
        runs::all_ended(&health.cut_off),
    ];
    findings.extend(health.agents.iter().map(|agent| runs::agent(agent, limits)));
    findings.extend([
        storage::candles(facts, &health.series),
        storage::gaps(facts),
        standing::clock(facts, limits),
        storage::database(facts, health.growth),
        storage::disk(facts, limits, health.days_left),
        storage::examination(facts, limits),
        standing::ban(facts),
        standing::account(facts),
        standing::notifications(facts, limits),
    ]);
    findings
}

/// The newest cycle, ended or not.
pub(super) fn newest(begun: &[Begun]) -> Option<&Begun> {
    begun.iter().max_by_key(|run| run.at)
}
