//! What `trader doctor` tried: `trader.doctor.v1`.

use schemars::JsonSchema;
use serde::Serialize;

/// How a trial went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartOutcome {
    /// It works.
    Ok,
    /// It works, and deserves a look.
    Warning,
    /// It does not work.
    Failed,
    /// It was not tried, or cannot be told.
    Skipped,
}

/// A part of the installation that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Part {
    /// Which one.
    pub name: String,
    /// How it went.
    pub outcome: PartOutcome,
    /// What was found.
    pub text: String,
    /// The way out; null where nothing is wrong.
    pub remedy: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
}

impl Part {
    fn new(name: impl Into<String>, outcome: PartOutcome, text: impl Into<String>) -> Self {
        Self { name: name.into(), outcome, text: text.into(), remedy: None, duration_ms: 0 }
    }

    /// It works.
    pub fn ok(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(name, PartOutcome::Ok, text)
    }

    /// It works, and deserves a look.
    pub fn warning(name: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(name, PartOutcome::Warning, text) }
    }

    /// It does not work.
    pub fn failed(name: impl Into<String>, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(name, PartOutcome::Failed, text) }
    }

    /// It was not tried, or cannot be told.
    pub fn skipped(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(name, PartOutcome::Skipped, text)
    }
}

/// What `trader doctor` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.doctor.v1")]
pub struct DoctorDocument {
    /// Always `trader.doctor.v1`.
    pub schema: &'static str,
    /// ok, degraded when something does not work, or storage when that is the database.
    pub status: &'static str,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// Which version tried.
    pub version: &'static str,
    /// What needs the network was left out.
    pub offline: bool,
    /// Each part, in order.
    pub parts: Vec<Part>,
}
