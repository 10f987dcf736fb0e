//! What a day comes to, in fixed words.

use schemars::JsonSchema;
use serde::Serialize;

use super::DigestReport;
use crate::decision::RiskState;

/// Exit codes of runs that came to nothing: a bug, no market data, no database.
const FAILED: [u8; 3] = [1, 4, 7];
/// Of those that worked on part of what was asked for.
const DEGRADED: [u8; 1] = [3];

/// The word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// Everything ran, nothing was traded.
    Quiet,
    /// Everything ran, and something was traded.
    Active,
    /// Somebody should look; the concerns say why.
    AttentionNeeded,
    /// Nothing is known of the day: it lies before the first run.
    Unknown,
}

impl VerdictWord {
    /// As people read it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Active => "active",
            Self::AttentionNeeded => "attention needed",
            Self::Unknown => "unknown",
        }
    }
}

/// Why somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// The emergency stop is in force.
    Halted,
    /// Entries were stopped by hand.
    Paused,
    /// The day lost as much as it may.
    DayLost,
    /// The drawdown stops entries.
    Drawdown,
    /// No run at all, of so many.
    NoRun(u64),
    /// Candles that no run followed, of so many.
    Missed(u64, u64),
    /// Runs that came to nothing.
    Failed(u64),
    /// Runs that worked on part of what was asked for.
    Degraded(u64),
    /// Runs without an end.
    Unfinished(u64),
    /// Gaps that were open at the end of the day.
    Gaps(u64),
    /// Positions that no price is known of.
    Unpriced(u64),
}

impl Concern {
    /// Its word in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Halted => "halted",
            Self::Paused => "paused",
            Self::DayLost => "day_lost",
            Self::Drawdown => "drawdown",
            Self::NoRun(_) => "no_run",
            Self::Missed(..) => "missed_runs",
            Self::Failed(_) => "failed_runs",
            Self::Degraded(_) => "degraded_runs",
            Self::Unfinished(_) => "unfinished_runs",
            Self::Gaps(_) => "open_gaps",
            Self::Unpriced(_) => "unpriced_positions",
        }
    }

    /// As people read it.
    pub fn text(self) -> String {
        match self {
            Self::Halted => "the account is halted".to_owned(),
            Self::Paused => "entries are paused".to_owned(),
            Self::DayLost => "the day lost as much as it may".to_owned(),
            Self::Drawdown => "the drawdown stops entries".to_owned(),
            Self::NoRun(of) => format!("no run of {of}"),
            Self::Missed(missed, of) => format!("{missed} of {of} runs missed"),
            Self::Failed(n) => format!("{} failed", runs(n)),
            Self::Degraded(n) => format!("{} degraded", runs(n)),
            Self::Unfinished(n) => format!("{} without an end", runs(n)),
            Self::Gaps(1) => "1 data gap open".to_owned(),
            Self::Gaps(n) => format!("{n} data gaps open"),
            Self::Unpriced(1) => "1 position without a price".to_owned(),
            Self::Unpriced(n) => format!("{n} positions without a price"),
        }
    }
}

fn runs(n: u64) -> String {
    if n == 1 { "1 run".to_owned() } else { format!("{n} runs") }
}

/// What a day comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestVerdict {
    /// `quiet`, `active`, `attention_needed`, or `unknown` for a day before the first run.
    pub word: VerdictWord,
    /// Why somebody should look, the gravest first.
    pub concerns: Vec<DigestConcern>,
}

/// Why somebody should look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestConcern {
    /// A fixed word.
    pub code: &'static str,
    /// For people.
    pub text: String,
}

impl DigestVerdict {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self { word: VerdictWord::Unknown, concerns: Vec::new() };

    /// The verdict on a day whose facts are told.
    pub fn of(day: &DigestReport) -> Self {
        let concerns: Vec<DigestConcern> =
            concerns(day).into_iter().map(|c| DigestConcern { code: c.code(), text: c.text() }).collect();
        let word = if !concerns.is_empty() {
            VerdictWord::AttentionNeeded
        } else if day.is_empty() {
            VerdictWord::Unknown
        } else if day.fills.is_empty() && day.trades.is_empty() {
            VerdictWord::Quiet
        } else {
            VerdictWord::Active
        };
        Self { word, concerns }
    }

    /// In one line.
    pub fn line(&self) -> String {
        let why: Vec<&str> = self.concerns.iter().map(|concern| concern.text.as_str()).collect();
        if why.is_empty() { self.word.text().to_owned() } else { format!("{}: {}", self.word.text(), why.join("; ")) }
    }
}

/// All of them, the gravest first.
fn concerns(day: &DigestReport) -> Vec<Concern> {
    let (runs, gaps) = (&day.runs, day.gaps.open);
    let unpriced = day.positions.iter().filter(|p| p.position.mark.is_none()).count() as u64;
    let some = |n: u64, concern: Concern| (n > 0).then_some(concern);
    let missed = match (runs.count, runs.expected, runs.missed()) {
        (0, expected, _) => some(expected, Concern::NoRun(expected)),
        (_, expected, missed) => some(missed, Concern::Missed(missed, expected)),
    };
    [
        day.account.as_ref().and_then(|account| of_state(account.state)),
        missed,
        some(runs.ended(&FAILED), Concern::Failed(runs.ended(&FAILED))),
        some(runs.ended(&DEGRADED), Concern::Degraded(runs.ended(&DEGRADED))),
        some(runs.unfinished, Concern::Unfinished(runs.unfinished)),
        some(gaps, Concern::Gaps(gaps)),
        some(unpriced, Concern::Unpriced(unpriced)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_state(word: &str) -> Option<Concern> {
    match RiskState::ALL.into_iter().find(|state| state.word() == word)? {
        RiskState::Normal => None,
        RiskState::Warning => Some(Concern::Drawdown),
        RiskState::DayLoss => Some(Concern::DayLost),
        RiskState::Paused => Some(Concern::Paused),
        RiskState::Halted => Some(Concern::Halted),
    }
}
