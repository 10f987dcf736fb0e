//! Where metrics go. What opens a Pushgateway stands elsewhere: the settings say where.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::SettingsError;
use super::notify::{SecretSource, source};

/// `[metrics]` as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MetricsSettings {
    /// Where they are written after each cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The Pushgateway they are handed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_url: Option<String>,
    /// Who hands them over, where that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_user: Option<String>,
    /// The variable with the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_password_env: Option<String>,
    /// Or the file with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_password_file: Option<PathBuf>,
    /// The job they are filed under there.
    pub job: String,
    /// And the instance, where several share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Keys without a default: they have no place among the written defaults, but their variables have a meaning all the same.
pub(super) const UNSET: [&str; 6] =
    ["file", "push_url", "push_user", "push_password_env", "push_password_file", "instance"];

impl Default for MetricsSettings {
    fn default() -> Self {
        Self {
            file: None,
            push_url: None,
            push_user: None,
            push_password_env: None,
            push_password_file: None,
            job: "trader".to_owned(),
            instance: None,
        }
    }
}

fn refused(key: &str, text: impl Into<String>) -> SettingsError {
    SettingsError::Value { key: format!("metrics.{key}"), text: text.into() }
}

/// What is empty is not set.
fn set<T: Clone>(value: Option<&T>, is_empty: impl Fn(&T) -> bool) -> Option<T> {
    value.filter(|value| !is_empty(value)).cloned()
}

impl MetricsSettings {
    pub(super) fn settle(&self) -> Result<Metrics, SettingsError> {
        plain("job", &self.job)?;
        let instance = set(self.instance.as_ref(), String::is_empty);
        instance.iter().try_for_each(|name| plain("instance", name))?;
        let file = set(self.file.as_ref(), |path| path.as_os_str().is_empty());
        let login = self.login()?;
        let push = match set(self.push_url.as_ref(), String::is_empty) {
            None if login.is_some() => return Err(refused("push_url", "is missing: whom is the password for?")),
            None => None,
            Some(url) => {
                check(&url, login.is_some()).map_err(|text| refused("push_url", text))?;
                Some(Push { url, job: self.job.clone(), instance, login })
            }
        };
        Ok(Metrics { file, push })
    }

    fn login(&self) -> Result<Option<(String, SecretSource)>, SettingsError> {
        let variable = set(self.push_password_env.as_ref(), String::is_empty);
        let file = set(self.push_password_file.as_ref(), |path| path.as_os_str().is_empty());
        let password = source("metrics", "push_password", variable.as_ref(), file.as_ref())?;
        match (set(self.push_user.as_ref(), String::is_empty), password) {
            (Some(user), _) if user.contains(':') => Err(refused("push_user", "a user's name holds no `:`")),
            (Some(user), Some(password)) => Ok(Some((user, password))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(refused("push_user", "and no push_password_env or push_password_file")),
            (None, Some(_)) => Err(refused("push_user", "is missing: whose password is it?")),
        }
    }
}

/// A name that is part of an address as it stands.
fn plain(key: &str, name: &str) -> Result<(), SettingsError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(refused(key, format!("`{name}` is no name: letters, digits and . _ : - are allowed")))
}

/// What is wrong with the address of a gateway, told without the address.
fn check(url: &str, has_login: bool) -> Result<(), &'static str> {
    if url.contains('@') {
        return Err("a user and a password do not stand in the configuration: name the user in push_user, and the \
                    password's place in push_password_env or push_password_file");
    }
    let (scheme, rest) = url.split_once("://").ok_or("no address: https://HOST:9091")?;
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1") || rest.starts_with("[::1]");
    match scheme {
        _ if host.is_empty() => Err("it names no host"),
        _ if rest.contains(['?', '#']) => Err("nothing may follow its path"),
        "https" => Ok(()),
        "http" if !has_login || is_here => Ok(()),
        "http" => Err("a password is sent over https only, or to this machine"),
        _ => Err("http or https is needed"),
    }
}

/// Where metrics go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Where they are written after each cycle.
    pub file: Option<PathBuf>,
    /// The Pushgateway they are handed to.
    pub push: Option<Push>,
}

impl Metrics {
    /// The environment variable that holds the password.
    pub(super) fn variable(&self) -> Option<&str> {
        self.push.as_ref()?.login.as_ref()?.1.variable()
    }
}

/// A Pushgateway and the name of the group there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Its address, without the path of the group.
    pub url: String,
    /// The job.
    pub job: String,
    /// The instance, where several share the job.
    pub instance: Option<String>,
    /// Who hands over, and where that one's password is.
    pub login: Option<(String, SecretSource)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(url: &str) -> MetricsSettings {
        MetricsSettings { push_url: Some(url.to_owned()), ..MetricsSettings::default() }
    }

    #[test]
    fn an_address_holds_no_password_and_none_is_sent_in_the_clear_to_another_machine() {
        // With a login of its own, and without one.
        for (url, alone, with_login) in [
            ("https://gateway.example:9091", true, true),
            ("http://gateway:9091/prefix", true, false),
            ("http://localhost:9091", true, true),
            ("http://127.0.0.1:9091/a", true, true),
            ("http://[::1]:9091", true, true),
            ("http://127.0.0.1.example.org", true, false),
            ("https://me:s3cret@gateway.example/a", false, false),
            ("http://me:s3c@ret@127.0.0.1:9091", false, false),
            ("https://me:s3c/ret@gateway", false, false),
            ("me:s3cret@gateway", false, false),
            ("s3cret", false, false),
            ("ftp://gateway", false, false),
            ("https://", false, false),
            ("https://gateway?token=s3cret", false, false),
        ] {
            let login = MetricsSettings {
                push_user: Some("watch".to_owned()),
                push_password_env: Some("WORD".to_owned()),
                ..keys(url)
            };
            for (keys, is_fine) in [(keys(url), alone), (login, with_login)] {
                let settled = keys.settle();
                assert_eq!(settled.is_ok(), is_fine, "{keys:?}");
                assert!(settled.err().is_none_or(|e| !e.to_string().contains("s3c")), "{keys:?}");
            }
        }
    }

    #[test]
    fn a_login_is_a_user_and_one_place_of_a_password() {
        let word = |text: &str| Some(text.to_owned());
        for (user, variable, file, key) in [
            (None, None, None, ""),
            (word("me"), word("WORD"), None, ""),
            (word("me"), None, Some("/secret"), ""),
            (word(""), word(""), Some(""), ""),
            (word("me"), None, None, "metrics.push_user"),
            (None, word("WORD"), None, "metrics.push_user"),
            (word("a:b"), word("WORD"), None, "metrics.push_user"),
            (word("me"), word("WORD"), Some("/secret"), "metrics.push_password_env"),
            (word("me"), word("s3cret-itself"), None, "metrics.push_password_env"),
        ] {
            let login = MetricsSettings {
                push_user: user,
                push_password_env: variable,
                push_password_file: file.map(PathBuf::from),
                ..keys("https://gateway")
            };
            let told = login.settle().err().map(|e| e.to_string()).unwrap_or_default();
            assert!(told.starts_with(key) && key.is_empty() == told.is_empty(), "{login:?}: {told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
        let nobody = MetricsSettings { push_user: word("me"), push_password_env: word("WORD"), ..keys("") };
        assert!(nobody.settle().unwrap_err().to_string().starts_with("metrics.push_url"));
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
