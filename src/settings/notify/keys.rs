//! The keys of the configuration that say who is told what, and what they mean together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    ChannelSettings, MAIL, MailSettings, MailTls, Notify, PingSettings, SecretSource, Way, WebhookKind, WebhookSettings,
};
use crate::report::Level;
use crate::settings::SettingsError;
use crate::settings::bounded::Whole;

/// The keys of `[notify]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::settings) struct NotifyKeys {
    /// Everything a run sends ends within this.
    budget_ms: Whole<100, 15_000>,
    /// What could not be sent for so long is not sent at all.
    expire_h: Whole<1, 720>,
    /// A failure that lasts is told again after so long.
    reminder_h: Whole<1, 720>,
    /// Whether a summary is sent each day.
    digest: bool,
    /// By the first run after this hour, UTC.
    digest_hour: Whole<0, 23>,
    /// Mail.
    mail: MailKeys,
    /// Webhooks by their names.
    webhooks: BTreeMap<String, WebhookKeys>,
    /// Who notices that no run came.
    ping: PingKeys,
}

/// The keys of `[notify.mail]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MailKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<Whole<1, 65_535>>,
    tls: MailTls,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    to: Vec<String>,
    min_level: Level,
    timeout_ms: Whole<100, 60_000>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
}

/// The keys of `[notify.webhooks.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookKeys {
    kind: WebhookKind,
    #[serde(default)]
    min_level: Level,
    #[serde(default = "patience")]
    timeout_ms: Whole<100, 60_000>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url_env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
}

/// The keys of `[notify.ping]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PingKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    url_env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_file: Option<PathBuf>,
    timeout_ms: Whole<100, 10_000>,
}

/// Keys without a default: their variables mean something all the same.
pub(in crate::settings) const WITHOUT_DEFAULT: [&str; 9] = [
    "notify.mail.host",
    "notify.mail.port",
    "notify.mail.username",
    "notify.mail.password_env",
    "notify.mail.password_file",
    "notify.mail.from",
    "notify.mail.ca_file",
    "notify.ping.url_env",
    "notify.ping.url_file",
];

const HOUR_MS: i64 = 3_600_000;

const fn patience() -> Whole<100, 60_000> {
    Whole::new(8_000)
}

impl Default for NotifyKeys {
    fn default() -> Self {
        Self {
            budget_ms: Whole::new(10_000),
            expire_h: Whole::new(48),
            reminder_h: Whole::new(24),
            digest: true,
            digest_hour: Whole::new(6),
            mail: MailKeys::default(),
            webhooks: BTreeMap::new(),
            ping: PingKeys::default(),
        }
    }
}

impl Default for MailKeys {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            tls: MailTls::default(),
            username: None,
            password_env: None,
            password_file: None,
            from: None,
            to: Vec::new(),
            min_level: Level::default(),
            timeout_ms: patience(),
            ca_file: None,
        }
    }
}

impl Default for PingKeys {
    fn default() -> Self {
        Self { url_env: None, url_file: None, timeout_ms: Whole::new(5_000) }
    }
}

fn refused(key: impl Into<String>, text: impl Into<String>) -> SettingsError {
    SettingsError::Value { key: key.into(), text: text.into() }
}

/// Where a secret is, of the two keys that can say so.
pub(in crate::settings) fn source(
    section: &str,
    name: &str,
    variable: Option<&String>,
    file: Option<&PathBuf>,
) -> Result<Option<SecretSource>, SettingsError> {
    let is_name = |text: &str| {
        !text.is_empty()
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    match (variable, file) {
        (Some(_), Some(_)) => {
            Err(refused(format!("{section}.{name}_env"), format!("and {name}_file as well: name one of them")))
        }
        // The text is not repeated: somebody may have put the secret itself there.
        (Some(text), None) if !is_name(text) => Err(refused(
            format!("{section}.{name}_env"),
            "this is no name of an environment variable (letters, digits, _); the secret itself does not stand here",
        )),
        (Some(text), None) => Ok(Some(SecretSource::Variable(text.clone()))),
        (None, Some(path)) => Ok(Some(SecretSource::File(path.clone()))),
        (None, None) => Ok(None),
    }
}

impl NotifyKeys {
    /// What the keys mean.
    pub(in crate::settings) fn settle(&self) -> Result<Notify, SettingsError> {
        let mut channels: Vec<ChannelSettings> = self.mail.settle()?.into_iter().collect();
        for (name, hook) in &self.webhooks {
            channels.push(hook.settle(name)?);
        }
        Ok(Notify {
            channels,
            ping: self.ping.settle()?,
            budget: Duration::from_millis(self.budget_ms.unsigned()),
            expire_ms: self.expire_h.get() * HOUR_MS,
            reminder_ms: self.reminder_h.get() * HOUR_MS,
            digest_hour: self.digest.then_some(self.digest_hour.get()),
        })
    }
}

impl MailKeys {
    fn settle(&self) -> Result<Option<ChannelSettings>, SettingsError> {
        let section = "notify.mail";
        let password = source(section, "password", self.password_env.as_ref(), self.password_file.as_ref())?;
        let Some(host) = self.host.clone() else {
            let is_empty = *self == Self::default();
            let hostless = || refused("notify.mail.host", "is missing: name the mail server");
            return if is_empty { Ok(None) } else { Err(hostless()) };
        };
        if self.tls == MailTls::None && !is_this_machine(&host) {
            let text = "`none` is for a server on this machine only (localhost, 127.0.0.1, ::1); write starttls or tls";
            return Err(refused("notify.mail.tls", text));
        }
        let login = match (self.username.clone(), password) {
            (Some(name), Some(password)) => Some((name, password)),
            (None, None) => None,
            (Some(_), None) => return Err(refused("notify.mail.username", "and no password_env or password_file")),
            (None, Some(_)) => return Err(refused("notify.mail.username", "is missing: whose password is it?")),
        };
        let from = self.from.clone().ok_or_else(|| refused("notify.mail.from", "is missing: name the sender"))?;
        if self.to.is_empty() {
            return Err(refused("notify.mail.to", "is missing: name at least one recipient"));
        }
        if let Some(text) = self.to.iter().chain([&from]).find(|text| !is_address(text)) {
            return Err(refused("notify.mail", format!("`{text}` is no address; write name@example.org")));
        }
        let port = self.port.map_or(self.tls.port(), |port| u16::try_from(port.get()).unwrap_or_default());
        let mail = MailSettings { host, port, tls: self.tls, login, from, to: self.to.clone() };
        Ok(Some(ChannelSettings {
            name: MAIL.to_owned(),
            min_level: self.min_level,
            timeout: Duration::from_millis(self.timeout_ms.unsigned()),
            ca_file: self.ca_file.clone(),
            way: Way::Mail(mail),
        }))
    }
}

impl MailTls {
    /// Where servers listen for it.
    const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once('@').map(|(name, host)| (name.trim(), host.trim_end_matches('>')));
    !text.chars().any(char::is_control) && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

impl WebhookKeys {
    fn settle(&self, name: &str) -> Result<ChannelSettings, SettingsError> {
        let section = format!("notify.webhooks.{name}");
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if name.is_empty() || name.len() > 32 || !is_plain || name == MAIL {
            let text = format!("name it otherwise: at most 32 letters, digits, - and _, and not `{MAIL}`");
            return Err(refused(section, text));
        }
        let hook = WebhookSettings {
            kind: self.kind,
            url: source(&section, "url", self.url_env.as_ref(), self.url_file.as_ref())?,
            token: source(&section, "token", self.token_env.as_ref(), self.token_file.as_ref())?,
            secret: source(&section, "secret", self.secret_env.as_ref(), self.secret_file.as_ref())?,
            chat_id: self.chat_id.clone(),
        };
        hook.check(&section)?;
        Ok(ChannelSettings {
            name: name.to_owned(),
            min_level: self.min_level,
            timeout: Duration::from_millis(self.timeout_ms.unsigned()),
            ca_file: self.ca_file.clone(),
            way: Way::Webhook(hook),
        })
    }
}

impl WebhookSettings {
    /// Each kind has what it needs, and nothing that would have no effect.
    fn check(&self, section: &str) -> Result<(), SettingsError> {
        let kind = self.kind;
        let is_bot = kind == WebhookKind::Telegram;
        let may_have_token = matches!(kind, WebhookKind::Json | WebhookKind::Ntfy) || is_bot;
        let missing = |key: &str| Err(refused(format!("{section}.{key}"), "is missing for this kind of webhook"));
        let idle = |key: &str| Err(refused(format!("{section}.{key}"), "has no effect on this kind of webhook"));
        if self.url.is_none() && !is_bot {
            missing("url_env")
        } else if self.token.is_none() && is_bot {
            missing("token_env")
        } else if self.chat_id.is_none() && is_bot {
            missing("chat_id")
        } else if self.token.is_some() && !may_have_token {
            idle("token_env")
        } else if self.secret.is_some() && kind != WebhookKind::Json {
            idle("secret_env")
        } else if self.chat_id.is_some() && !is_bot {
            idle("chat_id")
        } else {
            Ok(())
        }
    }
}

impl PingKeys {
    fn settle(&self) -> Result<Option<PingSettings>, SettingsError> {
        let url = source("notify.ping", "url", self.url_env.as_ref(), self.url_file.as_ref())?;
        let timeout = Duration::from_millis(self.timeout_ms.unsigned());
        Ok(url.map(|url| PingSettings { url, timeout }))
    }
}
