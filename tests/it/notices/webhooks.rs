//! Each kind of webhook, and what its answers mean.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::servers::{Answer, Heard, Hooks};
use super::{configured, states, telling};
use crate::exchange_server::Exchange;
use crate::world::World;

/// A webhook of this kind, its URL in a variable.
fn hooked(kind: &str, more: &str, url: &str) -> World {
    let text = format!("[notify.webhooks.it]\nkind = \"{kind}\"\nurl_env = \"IT\"\ntimeout_ms = 1500\n{more}\n");
    configured(World::new(), &text).with("IT", url).with("TOKEN", "1234:the-token")
}

fn tested(hooks: &Hooks, world: &World) -> Heard {
    let run = world.run(&["notify", "test"]).expect(0);
    let document = run.json();
    assert_eq!(
        (&document["schema"], &document["deliveries"][0]["result"]),
        (&json!("trader.notify.v1"), &json!("sent")),
        "{run}"
    );
    let heard = hooks.heard();
    assert_eq!((heard.len(), heard[0].method.as_str()), (1, "POST"), "{run}");
    assert_eq!(heard[0].header("content-type").as_deref(), Some("application/json"));
    heard[0].clone()
}

#[test]
fn slack_and_discord_are_sent_a_text_with_nothing_that_notifies_everybody() {
    let hooks = Hooks::start(Answer::ok());
    let heard = tested(&hooks, &hooked("slack", "", &hooks.url("/services/T0/B0/x")));
    assert_eq!(heard.path, "/services/T0/B0/x");
    let text = heard.json()["text"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("*trader: test message*\n") && text.ends_with("&amp; shown as &lt;plain&gt; text"),
        "{text}"
    );
    let hooks = Hooks::start(Answer::Status(204, "", String::new()));
    let heard = tested(&hooks, &hooked("discord", "", &hooks.url("/api/webhooks/1/x")));
    assert_eq!(heard.json()["allowed_mentions"], json!({ "parse": [] }));
    assert!(heard.json()["content"].as_str().unwrap().starts_with("**trader: test message**\n"));
}

#[test]
fn a_bot_of_telegram_is_called_by_its_token() {
    let hooks = Hooks::start(Answer::Status(200, "", r#"{"ok":true}"#.to_owned()));
    let world = hooked("telegram", "token_env = \"TOKEN\"\nchat_id = \"-100\"", &hooks.url(""));
    let heard = tested(&hooks, &world);
    assert_eq!(heard.path, "/bot1234:the-token/sendMessage");
    let body = heard.json();
    assert_eq!((&body["chat_id"], &body["parse_mode"]), (&json!("-100"), &json!("HTML")));
    assert!(body["text"].as_str().unwrap().starts_with("<b>trader: test message</b>\n"), "{body}");
}

#[test]
fn ntfy_is_sent_json_at_its_root() {
    let hooks = Hooks::start(Answer::ok());
    let heard = tested(&hooks, &hooked("ntfy", "token_env = \"TOKEN\"", &hooks.url("/my-topic")));
    assert_eq!((heard.path.as_str(), heard.header("authorization").as_deref()), ("/", Some("Bearer 1234:the-token")));
    let body = heard.json();
    let told = ["topic", "title", "priority"].map(|key| body[key].clone());
    assert_eq!(told, [json!("my-topic"), json!("trader: test message"), json!(3)]);
}

#[test]
fn our_own_format_is_signed_over_its_time_and_its_body() {
    let hooks = Hooks::start(Answer::ok());
    let world = hooked("json", "secret_env = \"KEY\"", &hooks.url("/hook?a=b")).with("KEY", "a key of ours");
    let heard = tested(&hooks, &world);
    assert_eq!(heard.path, "/hook?a=b");
    assert_eq!((&heard.json()["schema"], &heard.json()["event"]), (&json!("trader.notification.v1"), &json!("test")));
    let stamp = heard.header("x-timestamp").unwrap();
    let Ok(mut openssl) = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", "a key of ours"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    else {
        eprintln!("SKIPPED: there is no openssl to check a signature with");
        return;
    };
    openssl.stdin.take().unwrap().write_all(format!("{stamp}.{}", heard.body).as_bytes()).unwrap();
    let said = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
    let digest = said.trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(heard.header("x-signature"), Some(format!("sha256={digest}")));
}

#[test]
fn an_answer_says_whether_another_attempt_may_help() {
    let status = |status: u16, headers: &'static str, body: &str| Answer::Status(status, headers, body.to_owned());
    let minute = 60_000;
    for (answer, state, least_wait) in [
        (status(200, "", ""), "sent", None),
        (status(204, "", ""), "sent", None),
        (status(400, "", "invalid_payload"), "refused", None),
        (status(413, "", "too long"), "refused", None),
        (status(401, "", ""), "waiting", Some(15_000)),
        (status(403, "", "invalid_token"), "waiting", Some(15_000)),
        (status(404, "", "no_service"), "waiting", Some(15_000)),
        (status(410, "", ""), "refused", None),
        (Answer::Redirect, "refused", None),
        (status(408, "", ""), "waiting", Some(15_000)),
        (status(429, "Retry-After: 1200\r\n", ""), "waiting", Some(19 * minute)),
        (status(429, "", r#"{"retry_after":600.5}"#), "waiting", Some(9 * minute)),
        (status(429, "", r#"{"parameters":{"retry_after":900}}"#), "waiting", Some(14 * minute)),
        (status(429, "Retry-After: 99999999\r\n", ""), "waiting", Some(5 * 60 * minute)),
        (status(500, "", ""), "waiting", Some(15_000)),
        (status(503, "Retry-After: 7200\r\n", ""), "waiting", Some(119 * minute)),
        (Answer::Rubbish, "waiting", Some(15_000)),
    ] {
        let (exchange, hooks) = (Exchange::start(), Hooks::start(answer.clone()));
        let world = telling(&exchange, &hooks.url("/hook"));
        let run = world.run(&["cycle"]).expect(0);
        assert_eq!(states(&world), [state], "{answer:?}: {run}");
        assert_eq!(hooks.paths(), ["/hook"], "{answer:?}: no redirect is followed");
        if let Some(least) = least_wait {
            let sql = "SELECT next_attempt_at - 1000 * unixepoch() FROM deliveries";
            let wait: i64 = world.value(sql).parse().unwrap();
            assert!((least..=6 * 60 * minute + 1000).contains(&wait), "{answer:?}: {wait}");
        }
        // What was refused is never tried again.
        if state == "refused" {
            super::alter(&world, "UPDATE deliveries SET next_attempt_at = 0");
            world.run(&["notify", "send"]).expect(0);
            assert_eq!(hooks.heard().len(), 1, "{answer:?}");
        }
    }
}

#[test]
fn a_webhook_that_hangs_holds_no_other_one_up() {
    let (slow, quick) = (Hooks::start(Answer::Hang), Hooks::start(Answer::ok()));
    let text = "[notify]\nbudget_ms = 2000\ndigest = false\n\
                [notify.webhooks.a-slow]\nkind = \"slack\"\nurl_env = \"SLOW\"\ntimeout_ms = 60000\n\
                [notify.webhooks.b-quick]\nkind = \"slack\"\nurl_env = \"QUICK\"\n";
    let exchange = Exchange::start();
    let world = configured(super::bold(&exchange), text).with("SLOW", &slow.url("/")).with("QUICK", &quick.url("/"));
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.elapsed < Duration::from_millis(4500), "{run}");
    assert_eq!((slow.heard().len(), quick.heard().len()), (1, 1));
    assert_eq!(states(&world), ["waiting", "sent"]);
    // Who took it and did not come back has it for a while.
    world.run(&["notify", "send"]).expect(0);
    assert_eq!(slow.heard().len(), 1);
}

#[test]
fn a_url_that_is_not_encrypted_is_used_on_this_machine_only() {
    for url in ["http://example.org/hook-4711", "ftp://127.0.0.1/hook-4711", "hook-4711"] {
        let run = hooked("slack", "", url).run(&["notify", "test"]).expect(3);
        assert_eq!(run.json()["deliveries"][0]["result"], "failed");
        assert!(!run.to_string().contains("4711"), "{run}");
    }
}
