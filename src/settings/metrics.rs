//! Where metrics go. The address of a Pushgateway may hold a password: it is never shown.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::SettingsError;

/// `[metrics]` as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MetricsSettings {
    /// Where they are written after each cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The Pushgateway they are handed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_url: Option<SecretUrl>,
    /// The job they are filed under there.
    pub job: String,
    /// And the instance, where several share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Keys without a default: they have no place among the written defaults, but their variables have a meaning all the same.
pub(super) const UNSET: [&str; 3] = ["file", "push_url", "instance"];

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { file: None, push_url: None, job: "trader".to_owned(), instance: None }
    }
}

impl MetricsSettings {
    pub(super) fn settle(&self) -> Result<Metrics, SettingsError> {
        plain("metrics.job", &self.job)?;
        let instance = self.instance.clone().filter(|name| !name.is_empty());
        instance.iter().try_for_each(|name| plain("metrics.instance", name))?;
        let url = self.push_url.clone().filter(|url| !url.0.is_empty());
        url.iter().try_for_each(SecretUrl::check)?;
        let push = url.map(|url| Push { url, job: self.job.clone(), instance });
        Ok(Metrics { file: self.file.clone().filter(|path| !path.as_os_str().is_empty()), push })
    }

    /// The same without what is secret.
    pub(super) fn shown(&self) -> Self {
        Self { push_url: self.push_url.as_ref().map(|url| SecretUrl(url.to_string())), ..self.clone() }
    }
}

/// A name that is part of an address as it stands.
fn plain(key: &str, name: &str) -> Result<(), SettingsError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        return Ok(());
    }
    let text = format!("`{name}` is no name: letters, digits and . _ : - are allowed");
    Err(SettingsError::Value { key: key.to_owned(), text })
}

/// Where metrics go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Where they are written after each cycle.
    pub file: Option<PathBuf>,
    /// The Pushgateway they are handed to.
    pub push: Option<Push>,
}

/// A Pushgateway and the name of the group there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Its address, without the path of the group.
    pub url: SecretUrl,
    /// The job.
    pub job: String,
    /// The instance, where several share the job.
    pub instance: Option<String>,
}

/// An address that may hold a user and a password. Whoever shows it shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The whole of it, for the one request that needs it.
    pub fn exposed(&self) -> &str {
        &self.0
    }

    /// What stands before the host, the user and password if there are any, and what follows them.
    fn parts(&self) -> Option<(&str, Option<&str>, &str)> {
        let (scheme, rest) = self.0.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, _) = rest.split_at(end);
        let user = authority.rfind('@').map(|at| &authority[..at]);
        Some((scheme, user, &rest[user.map_or(0, |user| user.len() + 1)..]))
    }

    /// What is wrong is told without the address.
    fn check(&self) -> Result<(), SettingsError> {
        let refused =
            |text: &str| Err(SettingsError::Value { key: "metrics.push_url".to_owned(), text: text.to_owned() });
        let Some((scheme, user, rest)) = self.parts() else { return refused("no address: https://HOST:9091") };
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let is_here = matches!(host, "localhost" | "127.0.0.1") || rest.starts_with("[::1]");
        match scheme {
            _ if host.is_empty() => refused("it names no host"),
            _ if rest.contains(['?', '#']) => refused("nothing may follow its path"),
            "https" => Ok(()),
            "http" if user.is_none() || is_here => Ok(()),
            "http" => refused("a password is sent over https only, or to this machine"),
            _ => refused("http or https is needed"),
        }
    }
}

/// A text whose addresses show no user and no password.
pub(super) fn without_passwords(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, address)) = rest.split_once("://") {
        let end = address.find(|c: char| c.is_whitespace() || "/\"'".contains(c)).unwrap_or(address.len());
        let host = address[..end].rfind('@');
        shown = [shown.as_str(), before, "://", host.map_or("", |_| "***")].concat();
        rest = &address[host.unwrap_or_default()..];
    }
    shown + rest
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            Some((scheme, Some(_), rest)) => write!(f, "{scheme}://***@{rest}"),
            Some((scheme, None, rest)) => write!(f, "{scheme}://{rest}"),
            None => f.write_str(if self.0.is_empty() { "" } else { "***" }),
        }
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(url: &str) -> MetricsSettings {
        MetricsSettings { push_url: Some(SecretUrl(url.to_owned())), ..MetricsSettings::default() }
    }

    #[test]
    fn a_password_is_never_shown_and_never_sent_in_the_clear_to_another_machine() {
        for (url, shown, is_fine) in [
            ("https://gateway.example:9091", "https://gateway.example:9091", true),
            ("http://gateway:9091/prefix", "http://gateway:9091/prefix", true),
            ("https://me:s3cret@gateway.example/a", "https://***@gateway.example/a", true),
            ("http://me:s3c@ret@127.0.0.1:9091", "http://***@127.0.0.1:9091", true),
            ("http://me:s3cret@[::1]:9091", "http://***@[::1]:9091", true),
            ("http://me:s3cret@gateway:9091", "http://***@gateway:9091", false),
            ("me:s3cret@gateway", "***", false),
            ("ftp://gateway", "ftp://gateway", false),
            ("https://", "https://", false),
            ("https://me:s3cret@", "https://***@", false),
            ("https://gateway?token=1", "https://gateway?token=1", false),
        ] {
            let keys = keys(url);
            let settled = keys.settle();
            assert_eq!(settled.is_ok(), is_fine, "{shown}");
            let told = format!("{keys:?} {settled:?} {} {:?}", keys.push_url.as_ref().unwrap(), keys.shown());
            assert!(told.contains(shown) && !told.contains("s3c"), "{told}");
            assert!(settled.err().is_none_or(|e| !e.to_string().contains("s3c")), "{shown}");
        }
    }

    #[test]
    fn an_error_that_shows_a_line_shows_no_password() {
        for (text, shown) in [
            ("1 | push = \"https://me:s3cret@host:9091/a@b\" # x", "1 | push = \"https://***@host:9091/a@b\" # x"),
            ("https://a:b@c d http://e f ftp://g@h", "https://***@c d http://e f ftp://***@h"),
            ("nothing: here @ all", "nothing: here @ all"),
            ("://", "://"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn names_are_plain_and_what_is_empty_is_not_set() {
        for (job, instance, is_fine) in [
            ("trader", None, true),
            ("a.b:9-c", Some("x_1"), true),
            ("", None, false),
            ("a/b", None, false),
            ("t", Some("x y"), false),
            ("t", Some(""), true),
        ] {
            let instance = instance.map(str::to_owned);
            let keys = MetricsSettings { job: job.to_owned(), instance, ..keys("http://localhost:9091") };
            assert_eq!(keys.settle().is_ok(), is_fine, "{keys:?}");
        }
        let empty = MetricsSettings { file: Some(PathBuf::new()), ..keys("") };
        assert_eq!(empty.settle().unwrap(), Metrics::default());
    }
}
