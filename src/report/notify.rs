//! What became of messages: `trader.notify.v1`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Level, Topical};

/// What a command about messages did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.notify.v1")]
pub struct NotifyDocument {
    /// Always `trader.notify.v1`.
    pub schema: &'static str,
    /// `test`, `send` or `digest`.
    pub command: &'static str,
    /// The exit code's name.
    pub status: &'static str,
    /// How the program ends: 0 when every message was taken, else 3.
    pub exit_code: u8,
    /// Channels that are set up.
    pub channels: Vec<String>,
    /// Every attempt to send one.
    pub deliveries: Vec<DeliveryReport>,
    /// Messages that wait for another attempt.
    pub waiting: u64,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sending {
    /// The other side took it.
    Sent,
    /// It was not taken now; it is tried again, but for a test.
    Failed,
    /// It will never be taken.
    Refused,
}

impl Sending {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// One message over one channel.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DeliveryReport {
    /// Its number in the database; null for one that is not on record.
    pub notification: Option<i64>,
    /// What it is about.
    pub event: Topical,
    /// How grave it is.
    pub level: Level,
    /// Its title.
    pub title: String,
    /// `mail`, or the name of the webhook.
    pub channel: String,
    /// What became of it.
    pub result: Sending,
    /// Why it was not taken.
    pub error: Option<String>,
    /// How long that took.
    pub duration_ms: u64,
}
