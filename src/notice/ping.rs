//! The ping that says a run came: who listens notices when none does, which a program that is not started cannot tell.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use reqwest::{Method, Url};

use super::fault::Fault;
use super::http::{Call, secret_url};
use super::secret::{Secret, Secrets, read_secret};
use crate::settings::{PingSettings, SecretSource};
use crate::web::host_of;

/// What is told of a run, after healthchecks.io: the URL itself when it ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ping {
    /// It has begun: `/start`.
    Start,
    /// It ended well.
    Success,
    /// It did not: `/fail`.
    Fail,
}

/// A ping that is under way.
#[derive(Debug)]
pub struct Pinged {
    over: Receiver<Result<(), Fault>>,
    settings: PingSettings,
}

impl Pinged {
    /// Tells that a run has begun, and holds nothing up.
    pub fn start(settings: &PingSettings) -> Option<Self> {
        let (done, over) = mpsc::channel();
        let ours = settings.clone();
        let work = move || drop(done.send(send(&ours, Ping::Start)));
        match std::thread::Builder::new().name("ping".to_owned()).spawn(work) {
            Ok(_) => Some(Self { over, settings: settings.clone() }),
            Err(e) => {
                log::warn!(code = "ping"; "that a run has begun cannot be told: {e}");
                None
            }
        }
    }

    /// Tells how it ended, after the other side knows that it began: in the other order it would wait for an end that it
    /// has heard of already.
    pub fn end(self, how: Ping) {
        let begun = self.over.recv_timeout(self.settings.timeout + Duration::from_millis(100));
        complain(begun.unwrap_or_else(|_| Err(Fault::Unreachable("no answer in time".to_owned()))).err());
        complain(send(&self.settings, how).err());
    }
}

fn complain(fault: Option<Fault>) {
    if let Some(fault) = fault {
        log::warn!(code = "ping"; "the ping of this run: {fault}");
    }
}

/// Where pings go, as far as that is no secret.
pub fn ping_host(source: &SecretSource) -> Result<String, Fault> {
    let text = read_secret(source).map_err(Fault::Setup)?;
    secret_url(&text).map(|url| host_of(&url))
}

fn send(settings: &PingSettings, ping: Ping) -> Result<(), Fault> {
    let text = read_secret(&settings.url).map_err(Fault::Setup)?;
    let url = of(secret_url(&text)?, ping);
    let mut secrets = Secrets::default();
    secrets.keep(&text);
    secrets.keep(&Secret::from(url.to_string()));
    let (timeout, own_roots) = (settings.timeout, None);
    Call { method: Method::GET, url, body: None, headers: Vec::new(), timeout, own_roots, secrets: &secrets }.deliver()
}

fn of(mut url: Url, ping: Ping) -> Url {
    let ending = match ping {
        Ping::Start => "/start",
        Ping::Success => return url,
        Ping::Fail => "/fail",
    };
    let path = format!("{}{ending}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_goes_to_the_url_and_to_what_follows_it() {
        for (text, ping, told) in [
            ("https://hc-ping.com/uuid", Ping::Start, "https://hc-ping.com/uuid/start"),
            ("https://hc-ping.com/uuid/", Ping::Fail, "https://hc-ping.com/uuid/fail"),
            ("https://hc-ping.com/uuid", Ping::Success, "https://hc-ping.com/uuid"),
            ("https://example.org/a?key=1", Ping::Fail, "https://example.org/a/fail?key=1"),
        ] {
            assert_eq!(of(text.parse().unwrap(), ping).as_str(), told);
        }
    }
}
