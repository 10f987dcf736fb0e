//! One request: bounded in time and size, never redirected, and what an answer means for the message.

use std::time::Duration;

use reqwest::{Client, Method, Response, Url};

use super::fault::Fault;
use super::secret::{Secret, Secrets};
use crate::clock;
use crate::unit::UtcMillis;
use crate::web::{self, Guard, cause, guard, host_of};

/// No more of an answer is read.
const LONGEST_ANSWER: usize = 65_536;
/// To open a connection, at most.
const CONNECT: Duration = Duration::from_secs(5);
/// No wait is longer than this, whatever is asked for.
const LONGEST_WAIT_MS: i64 = 6 * 3_600_000;

/// What is sent. It holds secrets and cannot be printed.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<String>,
    pub(super) headers: Vec<(&'static str, Secret)>,
    pub(super) timeout: Duration,
    /// Certificates that are trusted besides the public ones.
    pub(super) own_roots: Option<Vec<u8>>,
    /// What must not come back in an error.
    pub(super) secrets: &'a Secrets,
}

/// A URL that may be talked to; the text is a secret, and no error repeats it.
pub(super) fn secret_url(text: &Secret) -> Result<Url, Fault> {
    let url = Url::parse(text.expose()).map_err(|_| Fault::Setup("its URL cannot be understood".to_owned()))?;
    match guard(&url) {
        Guard::Safe => Ok(url),
        Guard::Insecure | Guard::Foreign => {
            let text =
                "its URL is not https: only https is used, and http on this machine (127.0.0.1, [::1], localhost)";
            Err(Fault::Setup(text.to_owned()))
        }
    }
}

impl Call<'_> {
    /// Sends it; the status of the answer, whatever that is.
    pub(super) fn status(self) -> Result<u16, Fault> {
        self.run(async |client, call| Ok(call.send(&client).await?.status().as_u16()))
    }

    /// Sends it, and tells a taken message from one that was not.
    pub(super) fn deliver(self) -> Result<(), Fault> {
        self.run(async |client, call| {
            let response = call.send(&client).await?;
            call.judge(response).await
        })
    }

    fn run<T>(self, work: impl AsyncFnOnce(Client, Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let setup = |text: String| Fault::Setup(format!("cannot set up the network client: {text}"));
        let client = web::client(self.own_roots.as_deref())
            .and_then(|builder| {
                let builder = builder.connect_timeout(CONNECT.min(self.timeout)).timeout(self.timeout);
                builder.build().map_err(|e| cause(&e))
            })
            .map_err(setup)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| setup(e.to_string()))?;
        let outcome = runtime.block_on(work(client, self));
        // A name server that never answers is left behind.
        runtime.shutdown_background();
        outcome
    }

    async fn send(&self, client: &Client) -> Result<Response, Fault> {
        let mut request = client.request(self.method.clone(), self.url.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value.expose());
        }
        if let Some(body) = &self.body {
            request = request.header("Content-Type", "application/json").body(body.clone());
        }
        request.send().await.map_err(|e| self.broken(&e))
    }

    /// No answer at all. The URL is left out, and so is all that it is made of.
    fn broken(&self, error: &reqwest::Error) -> Fault {
        let host = host_of(&self.url);
        Fault::Unreachable(match (error.is_timeout(), error.is_builder()) {
            (true, _) => format!("{host} did not answer within {} ms", self.timeout.as_millis()),
            // A token with signs that no header may hold.
            (_, true) => "what is to be sent makes no valid request: check URL and token".to_owned(),
            _ => format!("{host} cannot be reached: {}", self.secrets.scrub(&cause(error))),
        })
    }

    async fn judge(&self, response: Response) -> Result<(), Fault> {
        let (status, host) = (response.status().as_u16(), host_of(&self.url));
        if (200..300).contains(&status) {
            return Ok(());
        }
        let told_to_wait = retry_after(&response, clock::wall());
        let body = read(response).await;
        let said = self.secrets.scrub(&String::from_utf8_lossy(&body));
        let said = if said.is_empty() { said } else { format!(": {said}") };
        let text = format!("{host} answered HTTP {status}{said}");
        Err(match status {
            408 | 425 | 429 | 500.. => {
                let wait_ms = told_to_wait.max(wait_in(&body)).map(|ms| ms.clamp(0, LONGEST_WAIT_MS));
                Fault::NotNow { text, wait_ms }
            }
            // Not the message is at fault but what opens the door, which may be mended before the message expires.
            401 | 403 | 404 | 407 => Fault::Setup(text),
            300..=399 => Fault::Refused(format!("{host} redirects elsewhere (HTTP {status}), which is never followed")),
            _ => Fault::Refused(text),
        })
    }
}

/// As much of the body as is looked at; a rest that does not come is not waited for.
async fn read(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = LONGEST_ANSWER - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() >= LONGEST_ANSWER {
            break;
        }
    }
    body
}

/// What the header asks for: seconds, or a date (RFC 9110).
fn retry_after(response: &Response, now: UtcMillis) -> Option<i64> {
    let text = response.headers().get("retry-after")?.to_str().ok()?.trim();
    let seconds = || text.parse::<f64>().ok().and_then(milliseconds);
    seconds().or_else(|| UtcMillis::from_http_date(text).map(|at| at.since_ms(now)))
}

/// What the body asks for: Discord's `retry_after`, Telegram's `parameters.retry_after`, in seconds.
fn wait_in(body: &[u8]) -> Option<i64> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let seconds = body["retry_after"].as_f64().or_else(|| body["parameters"]["retry_after"].as_f64())?;
    milliseconds(seconds)
}

#[expect(clippy::cast_possible_truncation, reason = "held within a range first")]
fn milliseconds(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds * 1000.0).min(1e12).ceil() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_refused_without_being_repeated() {
        for text in ["http://example.org/T0P-SECRET", "ftp://T0P-SECRET", "T0P-SECRET", "https://"] {
            let fault = secret_url(&Secret::from(text.to_owned())).unwrap_err();
            assert!(!fault.to_string().contains("SECRET"), "{fault}");
        }
        assert!(secret_url(&Secret::from("http://127.0.0.1:1/x".to_owned())).is_ok());
    }

    #[test]
    fn a_body_may_ask_to_wait() {
        for (body, wait) in [
            (r#"{"message":"You are being rate limited.","retry_after":64.57,"global":false}"#, Some(64_570)),
            (r#"{"ok":false,"error_code":429,"parameters":{"retry_after":7}}"#, Some(7_000)),
            (r#"{"retry_after":-1}"#, None),
            ("nonsense", None),
        ] {
            assert_eq!(wait_in(body.as_bytes()), wait, "{body}");
        }
    }
}
