//! The Pushgateway of Prometheus, for machines that nobody scrapes.
//!
//! Uses `settings` for its address and `web` for the way there. One request, bounded in time, tried once: the next run pushes
//! anyway. This room never shows the address, which may hold a password, and never decides what is pushed.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, Url};

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
    let mut url = Url::parse(push.url.exposed()).map_err(|_| NotTaken::Address)?;
    let base = url.path().trim_end_matches('/').to_owned();
    let instance = push.instance.as_ref().map_or_else(String::new, |name| format!("/instance/{name}"));
    url.set_path(&format!("{base}/metrics/job/{}{instance}", push.job));
    let method = if others == Others::Replaced { Method::PUT } else { Method::POST };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| NotTaken::Client(e.to_string()))?;
    let client = client()?;
    let request = client.request(method, url).header(CONTENT_TYPE, TEXT).body(text);
    // Time-outs are set up where the runtime is at work.
    let sent = runtime.block_on(async { request.send().await });
    let answer = sent.map_err(|e| NotTaken::Unreachable(web::cause(&e)))?;
    if answer.status().is_success() { Ok(()) } else { Err(NotTaken::Status(answer.status().as_u16())) }
}

fn client() -> Result<Client, NotTaken> {
    let client = web::client(None).map_err(NotTaken::Client)?;
    client.connect_timeout(CONNECT).timeout(WHOLE).build().map_err(|e| NotTaken::Client(e.to_string()))
}
