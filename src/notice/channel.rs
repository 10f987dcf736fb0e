//! A message over a channel, now.

use reqwest::{Method, Url};

use super::fault::Fault;
use super::http::{Call, secret_url};
use super::mail;
use super::secret::{Secret, Secrets, read_secret};
use super::webhook::{Keys, request};
use crate::clock;
use crate::settings::{ChannelSettings, SecretSource, Way, WebhookKind, WebhookSettings};
use crate::store::Message;
use crate::web::host_of;

/// Where bots of Telegram are.
const TELEGRAM: &str = "https://api.telegram.org";

/// Sends a message; what went wrong carries no secret.
pub fn deliver(channel: &ChannelSettings, message: &Message) -> Result<(), Fault> {
    match &channel.way {
        Way::Mail(settings) => mail::send(channel, settings, message),
        Way::Webhook(hook) => {
            let (keys, secrets) = unlock(hook)?;
            let request = request(hook.kind, &keys, message, clock::wall());
            call(channel, Method::POST, request.url, &secrets, |call| {
                (call.body, call.headers) = (Some(request.body), request.headers);
            })?
            .deliver()
        }
    }
}

/// Tries the way to a channel without sending anything: what was found, for people.
pub fn probe(channel: &ChannelSettings) -> Result<String, Fault> {
    let hook = match &channel.way {
        Way::Mail(settings) => return mail::greet(channel, settings),
        Way::Webhook(hook) => hook,
    };
    let (keys, secrets) = unlock(hook)?;
    let host = host_of(&keys.url);
    let mut url = keys.url;
    let is_bot = hook.kind == WebhookKind::Telegram;
    match hook.kind {
        // The webhook's own description, and that of the bot.
        WebhookKind::Discord => {}
        WebhookKind::Telegram => url.set_path(&url.path().replace("/sendMessage", "/getMe")),
        WebhookKind::Json | WebhookKind::Slack | WebhookKind::Ntfy => url.set_path("/"),
    }
    let tells = is_bot || hook.kind == WebhookKind::Discord;
    let method = if tells { Method::GET } else { Method::HEAD };
    let call = call(channel, method, url, &secrets, |_| {})?;
    if tells {
        call.deliver().map(|()| format!("{host} knows it"))
    } else {
        call.status().map(|status| {
            format!("{host} answers (HTTP {status}); whether it takes messages shows `trader notify test`")
        })
    }
}

fn call<'a>(
    channel: &ChannelSettings,
    method: Method,
    url: Url,
    secrets: &'a Secrets,
    fill: impl FnOnce(&mut Call<'a>),
) -> Result<Call<'a>, Fault> {
    let own_roots = own_roots(channel)?;
    let mut call = Call { method, url, body: None, headers: Vec::new(), timeout: channel.timeout, own_roots, secrets };
    fill(&mut call);
    Ok(call)
}

/// Reads what opens a webhook.
fn unlock(hook: &WebhookSettings) -> Result<(Keys, Secrets), Fault> {
    let mut secrets = Secrets::default();
    let mut read = |source: Option<&SecretSource>| -> Result<Option<Secret>, Fault> {
        let secret = source.map(read_secret).transpose().map_err(Fault::Setup)?;
        if let Some(secret) = &secret {
            secrets.keep(secret);
        }
        Ok(secret)
    };
    let (url, token, secret) = (read(hook.url.as_ref())?, read(hook.token.as_ref())?, read(hook.secret.as_ref())?);
    let mut url = secret_url(&url.unwrap_or_else(|| Secret::from(TELEGRAM.to_owned())))?;
    if let (WebhookKind::Telegram, Some(token)) = (hook.kind, &token) {
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{path}/bot{}/sendMessage", token.expose()));
        secrets.keep(&Secret::from(url.path().to_owned()));
    }
    Ok((Keys { url, token, secret, chat_id: hook.chat_id.clone() }, secrets))
}

/// The certificates of a channel's own file.
pub(super) fn own_roots(channel: &ChannelSettings) -> Result<Option<Vec<u8>>, Fault> {
    let Some(path) = &channel.ca_file else { return Ok(None) };
    std::fs::read(path).map(Some).map_err(|e| Fault::Setup(format!("{} cannot be read: {e}", path.display())))
}
