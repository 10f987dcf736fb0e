//! The ways that messages go: the mail server up to the login, webhooks as far as they can be tried without sending anything.

use std::time::Duration;

use super::trial::Trial;
use crate::notice::{Fault, probe};
use crate::report::Part;
use crate::settings::{ChannelSettings, SecretSource, Settings};

/// Somewhat less than a trial may take, so that the channel's own fault is told.
const WITHIN: Duration = Duration::from_secs(4);

/// A trial of each channel, and a look at the ping's secret.
pub(super) fn trials(settings: &Settings) -> Vec<Trial> {
    let channels = settings.notify.channels.iter().map(|channel| {
        let (name, mut channel) = (format!("messages {}", channel.name), channel.clone());
        channel.timeout = channel.timeout.min(WITHIN);
        Trial::elsewhere(name.clone(), move || vec![tried(&name, &channel)])
    });
    let ping = settings.notify.ping.iter().map(|ping| {
        let url = ping.url.clone();
        Trial::here("ping", move || vec![found(&url)])
    });
    channels.chain(ping).collect()
}

fn tried(name: &str, channel: &ChannelSettings) -> Part {
    match probe(channel) {
        Ok(text) => Part::ok(name, text),
        Err(fault) => Part::failed(name, fault.to_string(), remedy(&fault)),
    }
}

const fn remedy(fault: &Fault) -> &'static str {
    match fault {
        Fault::Setup(_) => "correct [notify], or put the secret where it says; messages wait until then",
        Fault::Unreachable(_) => "check host, port, tls and the network; messages wait and are sent by later runs",
        Fault::NotNow { .. } => "nothing to do: messages wait and are sent by later runs",
        Fault::Refused(_) => {
            "check the address, the login and the rights over there; what is refused is not tried again"
        }
    }
}

/// A ping would be taken for a run: only its URL is looked for.
fn found(url: &SecretSource) -> Part {
    match crate::notice::ping_host(url) {
        Ok(host) => Part::ok("ping", format!("goes to {host}; not tried, it would be taken for a run")),
        Err(fault) => Part::failed("ping", fault.to_string(), remedy(&fault)),
    }
}
