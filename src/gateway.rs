//! The Pushgateway of Prometheus, for machines that nobody scrapes.
//!
//! Uses `settings` for its address, `notice` for the password and `web` for the way there. One request, bounded in time, tried
//! once: the next run pushes anyway. This room never shows the password, and never decides what is pushed.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder, Response, Url};

use crate::notice::read_secret;
use crate::settings::Push;
use crate::web;

/// To open a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// For all of it.
const WHOLE: Duration = Duration::from_secs(8);
/// The text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why metrics were not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The address makes no sense.
    #[error("its address makes no sense")]
    Address,
    /// The password cannot be read.
    #[error("{0}")]
    Secret(String),
    /// The client cannot be set up.
    #[error("cannot set up the network client: {0}")]
    Client(String),
    /// Nobody answered.
    #[error("{0}")]
    Unreachable(String),
    /// It was refused.
    #[error("it answered with status {0}")]
    Status(u16),
}

/// What becomes of metrics that were pushed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They are gone: what is pushed is all there is.
    Replaced,
    /// They stay, but for those that are pushed anew.
    Kept,
}

/// Hands metrics over.
pub fn push(push: &Push, text: String, others: Others) -> Result<(), NotTaken> {
    let instance = push.instance.as_ref().map_or_else(String::new, |name| format!("/instance/{name}"));
    let method = if others == Others::Replaced { Method::PUT } else { Method::POST };
    let path = format!("metrics/job/{}{instance}", push.job);
    let answer = ask(push, WHOLE, |client, base| {
        client.request(method, below(base, &path)).header(CONTENT_TYPE, TEXT).body(text)
    })?;
    if answer.status().is_success() { Ok(()) } else { Err(NotTaken::Status(answer.status().as_u16())) }
}

/// Asks whether it is ready, within so long: the status of its answer. Nothing is pushed.
pub fn probe(push: &Push, within: Duration) -> Result<u16, NotTaken> {
    Ok(ask(push, within, |client, base| client.get(below(base, "-/ready")))?.status().as_u16())
}

/// An address below the gateway's own.
fn below(mut base: Url, path: &str) -> Url {
    base.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    base
}

/// One request, with the login where there is one.
fn ask(
    push: &Push,
    within: Duration,
    request: impl FnOnce(&Client, Url) -> RequestBuilder,
) -> Result<Response, NotTaken> {
    let url = Url::parse(&push.url).map_err(|_| NotTaken::Address)?;
    let login = push.login.as_ref().map(|(user, source)| Ok((user, read_secret(source)?))).transpose();
    let login = login.map_err(NotTaken::Secret)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| NotTaken::Client(e.to_string()))?;
    let mut request = request(&client(within)?, url);
    if let Some((user, password)) = login {
        request = request.basic_auth(user, Some(password.expose()));
    }
    // Time-outs are set up where the runtime is at work.
    let sent = runtime.block_on(async { request.send().await });
    sent.map_err(|e| NotTaken::Unreachable(web::cause(&e)))
}

fn client(within: Duration) -> Result<Client, NotTaken> {
    let client = web::client(None).map_err(NotTaken::Client)?;
    client.connect_timeout(CONNECT.min(within)).timeout(within).build().map_err(|e| NotTaken::Client(e.to_string()))
}
