//! Secrets are planted everywhere, the other side sends them back, and everything that was produced is searched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::servers::{Answer, Hooks, MailServer};
use super::{alter, bold, configured};
use crate::exchange_server::{Exchange, HOUR};
use crate::world::{Run, World};

/// Each in a form of its own: a path, a bearer token, a key, a bot's token, a password, a ping.
const PLANTED: [&str; 6] =
    ["P4TH-zq81+x", "B34R3R-kw72", "K3Y-of-hm4c-vv", "99887:B0T-T0K3N-pp", "P4SSW0RD-wwxx yy", "P1NG-uu11dd"];

/// What gives one of them away: itself, or the better part of it.
fn traces() -> Vec<String> {
    let parts = ["zq81", "kw72", "hm4c", "B0T-T0K3N", "wwxx", "uu11dd"].map(str::to_owned);
    // printf '\0me\0P4SSW0RD-wwxx yy' | base64; printf 'P4SSW0RD-wwxx yy' | base64
    let coded = ["AG1lAFA0U1NXMFJELXd3eHggeXk", "UDRTU1cwUkQtd3d4eCB5eQ"].map(str::to_owned);
    parts.into_iter().chain(coded).collect()
}

fn assert_clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for trace in traces() {
        assert!(!text.contains(&trace.to_lowercase()), "{what} holds {trace}: {text}");
    }
}

fn search(run: &Run) {
    assert_clean("stdout", run.stdout.as_bytes());
    assert_clean("stderr", run.stderr.as_bytes());
}

/// Every file of the world but those that hold the secrets themselves.
fn search_files(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            search_files(&path);
        } else if name != "secret" {
            assert_clean(&path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
}

fn planted(world: World, hooks: &Hooks, mail_port: u16) -> World {
    let secret = world.path("secret");
    fs::write(&secret, PLANTED[2]).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        r#"
[notify]
budget_ms = 4000
[notify.mail]
host = "127.0.0.1"
port = {mail_port}
tls = "none"
username = "me"
password_env = "TRADER_SMTP_PASSWORD"
from = "a@example.org"
to = ["b@example.org"]
timeout_ms = 1000
[notify.webhooks.ours]
kind = "json"
url_env = "PLANTED_URL"
token_env = "PLANTED_TOKEN"
secret_file = "{}"
timeout_ms = 1000
[notify.webhooks.bot]
kind = "telegram"
url_env = "PLANTED_API"
token_env = "PLANTED_BOT"
chat_id = "1"
timeout_ms = 1000
[notify.ping]
url_env = "PLANTED_PING"
timeout_ms = 1000
"#,
        secret.display()
    );
    configured(world, &text)
        .with("PLANTED_URL", &hooks.url(&format!("/hook/{}", PLANTED[0])))
        .with("PLANTED_TOKEN", PLANTED[1])
        .with("PLANTED_API", &hooks.url(""))
        .with("PLANTED_BOT", PLANTED[3])
        .with("TRADER_SMTP_PASSWORD", PLANTED[4])
        .with("PLANTED_PING", &hooks.url(&format!("/{}", PLANTED[5])))
}

#[test]
fn no_secret_is_found_in_anything_that_was_produced() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let mail = MailServer::start(&json!({ "login": ["me", "another"] }));
    let port = mail.as_ref().map_or(1, |mail| mail.port);
    let world = planted(bold(&exchange), &hooks, port);
    for answer in
        [Answer::Echo(404), Answer::Echo(500), Answer::Echo(429), Answer::Hang, Answer::Rubbish, Answer::Redirect]
    {
        hooks.set(answer);
        if world.db().exists() {
            alter(&world, "UPDATE deliveries SET next_attempt_at = 0 WHERE state = 'waiting'");
        }
        search(&world.run(&["-vv", "--log-format", "json", "cycle"]));
        exchange.advance(HOUR);
        for arguments in [
            &["-vv", "notify", "test"][..],
            &["-vv", "notify", "send"],
            &["notify", "list", "--format", "csv"],
            &["notify", "list", "--format", "table"],
            &["config", "show"],
            &["config", "check"],
            &["show", "runs", "--format", "json"],
        ] {
            search(&world.run(arguments));
        }
    }
    // Whoever asks every crate to speak.
    let world = world.with("RUST_LOG", "trace");
    search(&world.run(&["-vv", "notify", "test"]));
    search(&world.run(&["-vv", "cycle"]));
    search_files(&world.path(""));
    let said = format!("{:?}", hooks.heard());
    assert!(PLANTED[..2].iter().all(|secret| said.contains(secret)), "they were used: {said}");
}

#[test]
fn a_variable_that_the_configuration_names_is_no_stranger() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = planted(bold(&exchange), &hooks, 1).with("TRADER_SMPT_PASSWORD", "x");
    let run = world.run(&["cycle"]);
    let warnings = run.json()["warnings"].to_string();
    assert!(warnings.contains("TRADER_SMPT_PASSWORD") && !warnings.contains("TRADER_SMTP_PASSWORD"), "{run}");
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
    for (section, key) in [("mail", "password"), ("webhooks.x", "url"), ("webhooks.x", "token"), ("ping", "url")] {
        let kind = if section == "webhooks.x" { "kind = \"slack\"\n" } else { "" };
        for text in [
            format!("[notify.{section}]\n{kind}{key} = \"{}\"\n", PLANTED[0]),
            format!("[notify.{section}]\n{kind}{key}_env = \"{}\"\n", PLANTED[0]),
            format!("[notify]\n{section} = {{ {key} = \"{}\" }}\n", PLANTED[0]),
            format!("notify.{section}.{key} = \"{}\"\n", PLANTED[0]),
            format!("[notify.{section}]\n{kind}{key} = \"{}\n", PLANTED[0]),
        ] {
            let run = configured(World::new(), &text).run(&["config", "check"]).expect(2);
            search(&run);
            assert!(run.stderr.contains(key), "{run}");
        }
    }
}
