//! Who is told what happens, over which channels. Secrets stand elsewhere: the settings say where.

mod keys;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(super) use self::keys::{NotifyKeys, WITHOUT_DEFAULT, source};
use crate::report::Level;

/// The channel that is not a webhook.
pub const MAIL: &str = "mail";

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Plain at first, then encrypted, or nothing is sent.
    #[default]
    Starttls,
    /// Encrypted from the first byte.
    Tls,
    /// Not encrypted: to this machine only.
    None,
}

/// What a webhook understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookKind {
    /// Our own JSON, signed where there is a secret.
    Json,
    /// Slack's incoming webhooks.
    Slack,
    /// Discord's webhooks.
    Discord,
    /// A bot of Telegram.
    Telegram,
    /// A topic of ntfy.
    Ntfy,
}

/// Where a secret is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In an environment variable.
    Variable(String),
    /// In a file that nobody else may read.
    File(PathBuf),
}

/// A way to reach somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSettings {
    /// `mail`, or the webhook's name.
    pub name: String,
    /// It carries what is at least as grave.
    pub min_level: Level,
    /// For one message.
    pub timeout: Duration,
    /// Certificates that are trusted besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// Which way.
    pub way: Way,
}

/// Which way a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// As a mail.
    Mail(MailSettings),
    /// As a POST.
    Webhook(WebhookSettings),
}

/// How mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is protected.
    pub tls: MailTls,
    /// Whose password.
    pub login: Option<(String, SecretSource)>,
    /// The sender.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
}

/// How a webhook is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// What it understands.
    pub kind: WebhookKind,
    /// Where it is; that of Telegram is known.
    pub url: Option<SecretSource>,
    /// What opens it.
    pub token: Option<SecretSource>,
    /// What messages are signed with.
    pub secret: Option<SecretSource>,
    /// Which chat of Telegram.
    pub chat_id: Option<String>,
}

/// Who notices that no run came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingSettings {
    /// Where it listens.
    pub url: SecretSource,
    /// For one ping.
    pub timeout: Duration,
}

/// Who is told what happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// The channels, by name.
    pub channels: Vec<ChannelSettings>,
    /// Who notices that no run came.
    pub ping: Option<PingSettings>,
    /// Everything a run sends ends within this.
    pub budget: Duration,
    /// What could not be sent for so long is not sent at all, in milliseconds.
    pub expire_ms: i64,
    /// A failure that lasts is told again after so long, in milliseconds.
    pub reminder_ms: i64,
    /// A summary is sent by the first run after this hour, UTC.
    pub digest_hour: Option<i64>,
}

impl Notify {
    /// The channels that carry what is so grave, by name.
    pub fn reached(&self, level: Level) -> Vec<&str> {
        self.channels.iter().filter(|channel| channel.min_level <= level).map(|channel| channel.name.as_str()).collect()
    }

    /// The environment variables that hold its secrets.
    pub(super) fn variables(&self) -> BTreeSet<&str> {
        self.sources().into_iter().filter_map(SecretSource::variable).collect()
    }

    fn sources(&self) -> Vec<&SecretSource> {
        let mut sources: Vec<&SecretSource> = self.ping.iter().map(|ping| &ping.url).collect();
        for channel in &self.channels {
            match &channel.way {
                Way::Mail(mail) => sources.extend(mail.login.as_ref().map(|(_, source)| source)),
                Way::Webhook(hook) => sources.extend([&hook.url, &hook.token, &hook.secret].into_iter().flatten()),
            }
        }
        sources
    }
}

impl SecretSource {
    /// The environment variable it is in.
    pub(super) fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            Self::File(_) => None,
        }
    }
}
