//! One GET: bounded in time and size, tried again where that may help, on one host after another.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};
use tokio::time::Instant;

use super::Fault;
use super::limits::{RequestBudget, backoff_ms};
use super::wire;
use crate::clock;
use crate::settings::ExchangeSettings;
use crate::unit::UtcMillis;
use crate::web::{self, Guard, cause, guard, host_of, plain};

/// Why the exchange cannot be talked to at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotConnect {
    /// No URL.
    #[error("base URL `{0}`: {1}")]
    Url(String, String),
    /// Not encrypted on the way.
    #[error("base URL `{0}`: only https is allowed, and http for this machine (127.0.0.1, [::1], localhost)")]
    Insecure(String),
    /// The client cannot be set up.
    #[error("cannot set up the network client: {0}")]
    Client(String),
}

/// The longest ban there is (Binance: two minutes to three days).
const LONGEST_BAN_MS: i64 = 3 * 86_400_000;

/// What a host answered.
#[derive(Debug)]
pub(super) struct Reply {
    /// Which one.
    pub(super) host: String,
    /// What.
    pub(super) body: Vec<u8>,
}

/// A request that failed, and how long the exchange asks to wait before the next one.
#[derive(Debug)]
struct Failed {
    fault: Fault,
    retry_after_ms: Option<i64>,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self { fault, retry_after_ms: None }
    }
}

/// The hosts, how to talk to them, and what that has cost.
pub(super) struct Transport {
    client: Client,
    hosts: Vec<Url>,
    settings: ExchangeSettings,
    pub(super) budget: RequestBudget,
    hurried: bool,
    deadline: Cell<Option<Instant>>,
    /// The host that answered last: it is asked first. A dead one costs its time-outs once a run only.
    preferred: Cell<usize>,
    answered: RefCell<BTreeSet<usize>>,
    date: Cell<Option<UtcMillis>>,
}

impl Transport {
    /// A transport to the base URLs of the settings. Sends nothing. A `hurried` one has a deadline for all it is asked.
    pub(super) fn new(settings: &ExchangeSettings, hurried: bool) -> Result<Self, CannotConnect> {
        let hosts = settings.base_urls.distinct().iter().map(|text| base_url(text)).collect::<Result<Vec<_>, _>>()?;
        let client = client(settings).map_err(CannotConnect::Client)?;
        let budget = RequestBudget::new(settings.weight_share_pct.get());
        Ok(Self {
            client,
            hosts,
            settings: settings.clone(),
            budget,
            hurried,
            deadline: Cell::new(None),
            preferred: Cell::new(0),
            answered: RefCell::default(),
            date: Cell::new(None),
        })
    }

    /// The hosts that have answered so far; the first one while none has.
    pub(super) fn origin(&self) -> String {
        let answered = self.answered.borrow();
        let names = answered.iter().map(|&i| host_of(&self.hosts[i]));
        if answered.is_empty() {
            self.hosts.first().map(host_of).unwrap_or_default()
        } else {
            names.collect::<Vec<_>>().join(", ")
        }
    }

    /// The date of the newest answer, whatever it was.
    pub(super) fn date(&self) -> Option<UtcMillis> {
        self.date.get()
    }

    /// How many requests may be on their way at the same time.
    pub(super) fn width(&self) -> usize {
        self.settings.max_concurrent.count()
    }

    /// Everything asked from now on ends within the deadline of the settings, counted from the first call.
    pub(super) fn start_deadline(&self) {
        if self.hurried && self.deadline.get().is_none() {
            let started = Instant::from_std(clock::Stopwatch::start().started());
            self.deadline.set(Some(started + Duration::from_millis(self.settings.deadline_ms.unsigned())));
        }
    }

    /// The answer to `path` from the first host that gives one.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, Fault> {
        let late = Fault::Deadline { ms: self.settings.deadline_ms.get() };
        match self.deadline.get() {
            Some(deadline) => tokio::time::timeout_at(deadline, self.ask_hosts(path, query)).await.unwrap_or(Err(late)),
            None => self.ask_hosts(path, query).await,
        }
    }

    async fn ask_hosts(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, Fault> {
        let (first, count) = (self.preferred.get(), self.hosts.len());
        let mut outcome = Err(Fault::Unreachable { host: self.origin(), text: "no host".to_owned() });
        for i in (first..count).chain(0..first) {
            match self.ask(&self.hosts[i], path, query).await {
                Ok(body) => {
                    self.preferred.set(i);
                    self.answered.borrow_mut().insert(i);
                    return Ok(Reply { host: host_of(&self.hosts[i]), body });
                }
                Err(fault) if fault.is_the_hosts() => {
                    log::warn!("{fault}");
                    outcome = Err(fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        outcome
    }

    async fn ask(&self, host: &Url, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Fault> {
        let attempts = u32::try_from(self.settings.max_attempts.get()).unwrap_or(1);
        let mut attempt = 0;
        loop {
            self.wait_for_weight().await;
            if let Some(fault) = self.budget.banned() {
                return Err(fault);
            }
            let failed = match self.ask_once(host, path, query).await {
                Ok(body) => return Ok(body),
                Err(failed) => failed,
            };
            attempt += 1;
            if !failed.fault.may_be_retried() || attempt >= attempts {
                return Err(failed.fault);
            }
            self.back_off(attempt - 1, failed.retry_after_ms).await;
        }
    }

    /// Waits a random part of a pause that doubles, and never less than the exchange asks for.
    async fn back_off(&self, attempt: u32, retry_after_ms: Option<i64>) {
        let most = backoff_ms(self.settings.retry_base_ms.unsigned(), attempt);
        let asked = retry_after_ms.unwrap_or_default().unsigned_abs();
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=most).max(asked))).await;
    }

    async fn wait_for_weight(&self) {
        let pause = self.budget.pause_ms(clock::wall());
        if pause > 0 {
            log::info!("our share of the exchange's request weight is spent: pausing for {pause} ms");
            tokio::time::sleep(Duration::from_millis(pause.unsigned_abs())).await;
        }
    }

    async fn ask_once(&self, host: &Url, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Failed> {
        self.budget.count();
        let mut url = host.clone();
        // A base URL may have a path of its own, as a mirror has.
        url.set_path(&format!("{}{path}", host.path().trim_end_matches('/')));
        let name = host_of(host);
        log::debug!("GET {path} {query:?} from {name}");
        let response = self.client.get(url).query(query).send().await.map_err(|e| broken(&name, &e))?;
        if let Some(weight) = wire::used_weight(response.headers()) {
            self.budget.weigh(weight, clock::wall());
        }
        self.date.set(wire::date(response.headers()).max(self.date.get()));
        let status = response.status();
        let retry_after_ms = wire::retry_after_ms(response.headers(), clock::wall());
        let body = self.read(response, &name).await;
        let outcome = match body {
            Ok(page) if status == StatusCode::OK && wire::is_for_people(&page) => Err(Fault::NotJson { host: name }),
            body if status == StatusCode::OK => body,
            body => Err(self.refusal(name, status, retry_after_ms, body)),
        };
        outcome.map_err(|fault| Failed { fault, retry_after_ms })
    }

    async fn read(&self, mut response: Response, host: &str) -> Result<Vec<u8>, Fault> {
        let limit = self.settings.max_response_bytes.count();
        let too_large =
            || Fault::TooLarge { host: host.to_owned(), limit: self.settings.max_response_bytes.unsigned() };
        let announced = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        if announced > limit {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(|e| cut(host, &e))? {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What a status other than 200 means.
    fn refusal(
        &self,
        host: String,
        status: StatusCode,
        retry_after_ms: Option<i64>,
        body: Result<Vec<u8>, Fault>,
    ) -> Fault {
        let said = wire::ErrorBody::read(&body.unwrap_or_default());
        let now = clock::wall();
        let asked = retry_after_ms.map(|ms| now.plus_ms(ms));
        let pause = |s: i64| asked.unwrap_or(now.plus_ms(s * 1000));
        // A ban's end may be told twice; the later word counts, as far as there can be such a ban.
        let worded = said.banned_until().map(|until| until.min(now.plus_ms(LONGEST_BAN_MS)));
        let fault = match status.as_u16() {
            429 => Fault::RateLimited { host, until: pause(60) },
            418 => Fault::Banned { host, until: worded.max(asked).unwrap_or(pause(120)) },
            451 => Fault::RestrictedLocation { host },
            403 => Fault::Forbidden { host },
            status @ 300..=399 => Fault::Redirect { host, status },
            status @ 400..=499 if said.code != 0 => said.refusal(host, status),
            status => Fault::Status { host, status },
        };
        if let Fault::RateLimited { until, .. } | Fault::Banned { until, .. } = &fault {
            self.budget.ban(*until, &fault);
        }
        fault
    }
}

fn base_url(text: &str) -> Result<Url, CannotConnect> {
    let url = Url::parse(text).map_err(|e| CannotConnect::Url(text.to_owned(), e.to_string()))?;
    match guard(&url) {
        Guard::Safe => Ok(url),
        Guard::Insecure => Err(CannotConnect::Insecure(text.to_owned())),
        Guard::Foreign => Err(CannotConnect::Url(text.to_owned(), format!("`{}` is not https", url.scheme()))),
    }
}

fn client(settings: &ExchangeSettings) -> Result<Client, String> {
    let ms = Duration::from_millis;
    web::client(None)?
        .connect_timeout(ms(settings.connect_timeout_ms.unsigned()))
        .read_timeout(ms(settings.read_timeout_ms.unsigned()))
        .timeout(ms(settings.request_timeout_ms.unsigned()))
        .build()
        .map_err(|e| e.to_string())
}

/// No answer at all. The URL is left out: later ones will carry secrets.
fn broken(host: &str, error: &reqwest::Error) -> Fault {
    let host = host.to_owned();
    if error.is_timeout() { Fault::Timeout { host } } else { Fault::Unreachable { host, text: plain(&cause(error)) } }
}

/// An answer that broke off.
fn cut(host: &str, error: &reqwest::Error) -> Fault {
    let host = host.to_owned();
    if error.is_timeout() { Fault::Timeout { host } } else { Fault::Truncated { host } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_hosts_and_this_machine_are_talked_to() {
        for text in ["https://api.binance.com", "http://127.0.0.1:8080", "http://[::1]:1", "http://localhost:1/"] {
            assert!(base_url(text).is_ok(), "{text}");
        }
        for text in [
            "http://api.binance.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "ftp://x",
            "x",
            "",
            "file:///etc",
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }
}
