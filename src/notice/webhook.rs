//! What each kind of webhook is sent, in its documented format and within its limits.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use serde_json::{Value, json};
use sha2::Sha256;

use super::secret::Secret;
use crate::report::Level;
use crate::settings::WebhookKind;
use crate::store::Message;
use crate::unit::UtcMillis;

/// Discord: `content` holds at most 2,000 characters.
const DISCORD: usize = 2_000;
/// Telegram: a message holds at most 4,096 characters after its markup is parsed.
const TELEGRAM: usize = 4_096;
/// Slack: longer texts than 4,000 characters are cut there.
const SLACK: usize = 4_000;
/// ntfy: a longer message than 4,096 bytes becomes an attachment.
const NTFY: usize = 4_096;
/// What stands at the end of a message that was cut.
const CUT: &str = "…";

/// A request, ready to be sent.
pub(super) struct Request {
    pub(super) url: Url,
    pub(super) body: String,
    /// Headers besides the content type.
    pub(super) headers: Vec<(&'static str, Secret)>,
}

/// What opens a webhook, read from where the settings say it is.
pub(super) struct Keys {
    pub(super) url: Url,
    pub(super) token: Option<Secret>,
    pub(super) secret: Option<Secret>,
    pub(super) chat_id: Option<String>,
}

/// The request that carries a message.
pub(super) fn request(kind: WebhookKind, keys: &Keys, message: &Message, now: UtcMillis) -> Request {
    let plain = |body: Value| Request { url: keys.url.clone(), body: body.to_string(), headers: Vec::new() };
    match kind {
        WebhookKind::Json => signed(keys, message, now),
        WebhookKind::Slack => plain(json!({ "text": slack(message) })),
        WebhookKind::Discord => Request {
            url: waiting(keys.url.clone()),
            ..plain(json!({ "content": discord(message), "allowed_mentions": { "parse": [] } }))
        },
        WebhookKind::Telegram => plain(json!({
            "chat_id": keys.chat_id,
            "text": telegram(message),
            "parse_mode": "HTML",
            "disable_notification": message.notice.level == Level::Info,
        })),
        WebhookKind::Ntfy => ntfy(keys, message),
    }
}

/// Discord answers before it has kept a message, and tells of none that it then lost, unless it is asked to wait.
fn waiting(mut url: Url) -> Url {
    if !url.query_pairs().any(|(key, _)| key == "wait") {
        url.query_pairs_mut().append_pair("wait", "true");
    }
    url
}

fn bearer(token: Option<&Secret>) -> Vec<(&'static str, Secret)> {
    let header = |token: &Secret| ("Authorization", Secret::from(format!("Bearer {}", token.expose())));
    token.map(header).into_iter().collect()
}

/// Our own format: all of a message. Whoever knows the secret can tell that it came from here, and when.
fn signed(keys: &Keys, message: &Message, now: UtcMillis) -> Request {
    let notice = &message.notice;
    let body = json!({
        "schema": "trader.notification.v1",
        "id": message.id,
        "event": notice.event,
        "level": notice.level,
        "at": message.at,
        "run_id": message.run_id,
        "title": notice.title,
        "text": notice.text,
        "facts": notice.facts,
    })
    .to_string();
    let mut headers = bearer(keys.token.as_ref());
    if let Some(secret) = &keys.secret {
        let stamp = (now.get() / 1000).to_string();
        headers.push(("X-Signature", Secret::from(format!("sha256={}", signature(secret, &stamp, &body)))));
        headers.push(("X-Timestamp", Secret::from(stamp)));
    }
    Request { url: keys.url.clone(), body, headers }
}

/// HMAC-SHA256 (RFC 2104) over timestamp, a point and the body, in hexadecimal digits.
fn signature(secret: &Secret, stamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{stamp}.{body}").as_bytes());
    let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or_default();
    mac.finalize().into_bytes().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// ntfy's JSON, which is sent to the root of the server with the topic inside.
fn ntfy(keys: &Keys, message: &Message) -> Request {
    let (notice, mut url) = (&message.notice, keys.url.clone());
    let topic = url.path().trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let root = url.path().trim_end_matches('/').rsplit_once('/').map_or("", |(root, _)| root).to_owned();
    url.set_path(&format!("{root}/"));
    let (priority, tag) = match notice.level {
        Level::Info => (3, "information_source"),
        Level::Warning => (4, "warning"),
        Level::Critical => (5, "rotating_light"),
    };
    let body = json!({
        "topic": topic,
        "title": notice.title,
        "message": cut_bytes(&notice.text, NTFY),
        "priority": priority,
        "tags": [tag, notice.event.word()],
    });
    Request { url, body: body.to_string(), headers: bearer(keys.token.as_ref()) }
}

/// Slack's markup needs these three escaped, and only these.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn slack(message: &Message) -> String {
    let notice = &message.notice;
    // The stars of the title would end at a star or at the end of its line.
    let title = escaped(&notice.title.replace(['*', '\n'], " "));
    within(SLACK, |most| format!("*{title}*\n{}", escaped(&cut(&notice.text, most))))
}

fn telegram(message: &Message) -> String {
    let notice = &message.notice;
    within(TELEGRAM, |most| format!("<b>{}</b>\n{}", escaped(&notice.title), escaped(&cut(&notice.text, most))))
}

fn discord(message: &Message) -> String {
    let notice = &message.notice;
    within(DISCORD, |most| format!("**{}**\n{}", unmarked(&notice.title), unmarked(&cut(&notice.text, most))))
}

/// Markdown's signs as themselves.
fn unmarked(text: &str) -> String {
    let is_sign = |c: char| "\\*_~`|>#[]()-".contains(c);
    text.chars().flat_map(|c| is_sign(c).then_some('\\').into_iter().chain([c])).collect()
}

/// The longest text that is short enough once it is escaped. Lengths are UTF-16 units, the largest of the ways to count.
fn within(most: usize, write: impl Fn(usize) -> String) -> String {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if write(middle).encode_utf16().count() <= most { low = middle } else { high = middle - 1 }
    }
    write(low)
}

/// The first characters of a text; where some are left out, an ellipsis says so.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(CUT.chars()).take(most).collect()
}

fn cut_bytes(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most - CUT.len()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}{CUT}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Notice;

    const NOW: UtcMillis = UtcMillis::new(1_710_331_200_000);

    fn message(text: &str) -> Message {
        let notice = Notice { text: text.to_owned(), title: "a <b> & *c*".to_owned(), ..Notice::test(NOW) };
        Message { id: Some(7), at: NOW, run_id: "r".to_owned(), notice }
    }

    fn keys(url: &str) -> Keys {
        Keys { url: url.parse().unwrap(), token: None, secret: None, chat_id: Some("42".to_owned()) }
    }

    fn body(kind: WebhookKind, text: &str) -> Value {
        let request = request(kind, &keys("https://example.org/a/topic"), &message(text), NOW);
        serde_json::from_str(&request.body).unwrap()
    }

    #[test]
    fn each_kind_is_sent_its_own_format() {
        assert_eq!(
            body(WebhookKind::Slack, "1 < 2 & 3"),
            json!({ "text": "*a &lt;b&gt; &amp;  c *\n1 &lt; 2 &amp; 3" })
        );
        assert_eq!(
            body(WebhookKind::Discord, "@everyone _x_"),
            json!({ "content": "**a <b\\> & \\*c\\***\n@everyone \\_x\\_", "allowed_mentions": { "parse": [] } })
        );
        assert_eq!(
            body(WebhookKind::Telegram, "1 < 2"),
            json!({ "chat_id": "42", "text": "<b>a &lt;b&gt; &amp; *c*</b>\n1 &lt; 2", "parse_mode": "HTML",
                    "disable_notification": true })
        );
        let ntfy = json!({ "topic": "topic", "title": "a <b> & *c*", "message": "x", "priority": 3,
                           "tags": ["information_source", "test"] });
        assert_eq!(body(WebhookKind::Ntfy, "x"), ntfy);
        let ours = body(WebhookKind::Json, "x");
        assert_eq!(
            (&ours["schema"], &ours["id"], &ours["text"]),
            (&json!("trader.notification.v1"), &json!(7), &json!("x"))
        );
    }

    #[test]
    fn ntfy_is_sent_to_the_root_of_its_server() {
        for (url, root) in [
            ("https://ntfy.sh/topic", "https://ntfy.sh/"),
            ("https://example.org/ntfy/topic/", "https://example.org/ntfy/"),
        ] {
            let request = request(WebhookKind::Ntfy, &keys(url), &message("x"), NOW);
            assert_eq!(request.url.as_str(), root);
            assert!(request.body.contains("\"topic\":\"topic\""), "{}", request.body);
        }
    }

    #[test]
    fn discord_is_asked_to_tell_of_messages_that_it_cannot_keep() {
        for (url, asked) in [
            ("https://discord.com/api/webhooks/1/x", "https://discord.com/api/webhooks/1/x?wait=true"),
            (
                "https://discord.com/api/webhooks/1/x?thread_id=2",
                "https://discord.com/api/webhooks/1/x?thread_id=2&wait=true",
            ),
            ("https://discord.com/api/webhooks/1/x?wait=false", "https://discord.com/api/webhooks/1/x?wait=false"),
        ] {
            assert_eq!(request(WebhookKind::Discord, &keys(url), &message("x"), NOW).url.as_str(), asked);
        }
    }

    #[test]
    fn no_message_is_longer_than_the_other_side_takes_and_a_cut_one_says_so() {
        for sign in ["a", "&", "*", "ü", "😀", ">"] {
            for count in [1_900, 2_000, 4_100, 9_000] {
                let text = sign.repeat(count);
                let length = |value: &Value| value.as_str().unwrap().encode_utf16().count();
                for (kind, key, most) in [
                    (WebhookKind::Slack, "text", SLACK),
                    (WebhookKind::Discord, "content", DISCORD),
                    (WebhookKind::Telegram, "text", TELEGRAM),
                ] {
                    let body = body(kind, &text);
                    assert!(length(&body[key]) <= most, "{kind:?} {sign}: {}", length(&body[key]));
                    let is_whole = body[key].as_str().unwrap().matches(sign).count() >= count;
                    assert_ne!(is_whole, body[key].as_str().unwrap().ends_with(CUT), "{kind:?} {sign} {count}");
                }
                assert!(body(WebhookKind::Ntfy, &text)["message"].as_str().unwrap().len() <= NTFY, "{sign}");
            }
        }
    }

    #[test]
    fn a_signature_is_the_hmac_over_stamp_and_body() {
        // printf '1710331200.{"a":1}' | openssl dgst -sha256 -hmac 'a key'
        let known = "3d89b870422b902a2f1ddf9f2d92f60141ede36c23e9e5eeb351f446545abc61";
        assert_eq!(signature(&Secret::from("a key".to_owned()), "1710331200", "{\"a\":1}"), known);
    }
}
