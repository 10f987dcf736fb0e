//! `trader notify` and its settings, by hand.

use super::servers::{Answer, Hooks};
use super::{JSON_HOOK, alter, bold, configured, telling};
use crate::contract::Promise;
use crate::exchange_server::Exchange;
use crate::world::World;

#[test]
fn without_a_channel_there_is_nothing_to_test_and_an_unknown_one_is_named() {
    let run = World::new().run(&["notify", "test"]).expect(2);
    assert!(run.stderr.contains("[notify.mail]"), "{run}");
    let run = configured(World::new(), JSON_HOOK).run(&["notify", "test", "--channel", "theirs"]).expect(2);
    assert!(run.stderr.contains("no channel `theirs`; there are: ours"), "{run}");
}

#[test]
fn one_channel_is_tested_alone_and_each_tells_what_became_of_it() {
    let (good, bad) = (Hooks::start(Answer::ok()), Hooks::start(Answer::Status(400, "", "no_text".to_owned())));
    let text = "[notify.webhooks.bad]\nkind = \"slack\"\nurl_env = \"BAD\"\n[notify.webhooks.good]\nkind = \"slack\"\nurl_env = \"GOOD\"\n";
    let world = configured(World::new(), text).with("BAD", &bad.url("/b")).with("GOOD", &good.url("/g"));
    let run = world.run(&["notify", "test"]).expect(3);
    Promise::of("notify").holds(&run);
    let results = run.json()["deliveries"].as_array().unwrap().iter().map(|d| d["result"].clone()).collect::<Vec<_>>();
    assert_eq!(results, ["refused", "sent"], "{run}");
    assert!(run.json()["deliveries"][0]["error"].as_str().is_some_and(|e| e.contains("HTTP 400: no_text")), "{run}");
    let run = world.run(&["notify", "test", "--channel", "good", "--format", "table"]).expect(0);
    assert!(run.stdout.contains("sent") && !run.stdout.contains("bad"), "{run}");
    assert!(!world.db().exists(), "a test needs no database");
}

#[test]
fn what_waits_and_what_was_not_sent_is_listed() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::Status(500, "", String::new())));
    let world = telling(&exchange, &hooks.url("/hook"));
    world.run(&["cycle"]).expect(0);
    let list = || world.run(&["notify", "list"]).expect(0).json();
    let row = &list()[0];
    assert_eq!(
        (&row["channel"], &row["state"], &row["attempts"]),
        (&"ours".into(), &"waiting".into(), &1.into()),
        "{row}"
    );
    alter(&world, "UPDATE deliveries SET state = 'sent', settled_at = 1");
    assert_eq!(list().as_array().map(Vec::len), Some(0));
    assert_eq!(world.run(&["notify", "send", "--format", "table"]).expect(0).stdout, "nothing is due\n");
    Promise::of("notify").holds(&world.run(&["notify", "send"]));
}

#[test]
fn the_daily_page_is_shown_or_sent() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = telling(&exchange, &hooks.url("/hook"));
    world.run(&["cycle"]).expect(0);
    let run = world.run(&["notify", "digest", "--date", "2026-09-01", "--print"]).expect(0);
    assert!(run.stdout.starts_with("trader 2026-09-01") && run.stdout.contains("BTC/USDT"), "{run}");
    let heard = hooks.heard().len();
    let run = world.run(&["notify", "digest", "--date", "2026-09-01"]).expect(0);
    Promise::of("notify").holds(&run);
    let told = hooks.heard()[heard].json();
    assert_eq!(told["event"], "digest");
    assert!(told["text"].as_str().is_some_and(|text| text.contains("BTC/USDT")), "{told}");
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_key() {
    let mail = "[notify.mail]\nhost = \"mail.example.org\"\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]\n";
    for (text, words) in [
        ("[notify]\nbudget_ms = 1".to_owned(), "1 is out of range: 100 to 15000"),
        ("[notify]\nemail = 1".to_owned(), "unknown field `email`"),
        (format!("{mail}tls = \"none\""), "notify.mail.tls: `none` is for a server on this machine only"),
        (format!("{mail}tls = \"ssl\""), "starttls"),
        (format!("{mail}username = \"me\""), "notify.mail.username: and no password_env"),
        (format!("{mail}password_env = \"X\""), "notify.mail.username: is missing"),
        (
            format!("{mail}username = \"me\"\npassword_env = \"X\"\npassword_file = \"/x\""),
            "notify.mail.password_env: and password_file as well",
        ),
        (mail.replace("to = [\"b@example.org\"]", ""), "notify.mail.to: is missing"),
        (mail.replace("b@example.org", "nobody"), "`nobody` is no address"),
        (mail.replace("host = \"mail.example.org\"\n", ""), "notify.mail.host: is missing"),
        ("[notify.webhooks.x]\nkind = \"slack\"".to_owned(), "notify.webhooks.x.url_env: is missing"),
        (
            "[notify.webhooks.x]\nkind = \"telegram\"\ntoken_env = \"X\"".to_owned(),
            "notify.webhooks.x.chat_id: is missing",
        ),
        (
            "[notify.webhooks.x]\nkind = \"slack\"\nurl_env = \"X\"\nsecret_env = \"Y\"".to_owned(),
            "secret_env: has no effect",
        ),
        ("[notify.webhooks.x]\nkind = \"icq\"".to_owned(), "unknown variant `icq`"),
        ("[notify.webhooks.mail]\nkind = \"slack\"\nurl_env = \"X\"".to_owned(), "name it otherwise"),
        ("[notify.webhooks.x]\nurl_env = \"X\"".to_owned(), "missing field `kind`"),
    ] {
        let run = configured(World::new(), &text).run(&["config", "check"]).expect(2);
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
    let world = configured(World::new(), mail)
        .with("TRADER_NOTIFY_MAIL_TLS", "tls")
        .with("TRADER_NOTIFY_MAIL_TO", "c@example.org,d@example.org");
    let shown = world.run(&["config", "show"]).expect(0).stdout;
    assert!(shown.contains("tls = \"tls\"") && shown.contains("d@example.org"), "{shown}");
    let bare = World::new().with("TRADER_NOTIFY_MAIL_HOST", "localhost").with("TRADER_NOTIFY_MAIL_FROM", "a@b.c");
    let run = bare.run(&["config", "check"]).expect(2);
    assert!(run.stderr.contains("notify.mail.to: is missing"), "the variable set the host: {run}");
}

#[test]
fn a_broken_way_stops_no_run_but_a_broken_configuration_does() {
    let exchange = Exchange::start();
    let world = configured(bold(&exchange), "[notify.webhooks.x]\nkind = \"slack\"\n");
    world.run(&["cycle"]).expect(2);
    assert!(!world.db().exists());
}

#[test]
fn the_doctor_tries_the_way_of_each_channel_and_sends_nothing() {
    let (good, bot) = (Hooks::start(Answer::ok()), Hooks::start(Answer::Status(401, "", String::new())));
    let text = "[notify.webhooks.bot]\nkind = \"telegram\"\nurl_env = \"BOT\"\ntoken_env = \"TOKEN\"\nchat_id = \"1\"\n\
                [notify.webhooks.gone]\nkind = \"json\"\nurl_env = \"NOBODY_SET_THIS\"\n\
                [notify.webhooks.good]\nkind = \"slack\"\nurl_env = \"GOOD\"\n[notify.ping]\nurl_env = \"GOOD\"\n";
    let world = configured(World::new(), text).with("BOT", &bot.url("")).with("TOKEN", "1:x4711x");
    let world = world.with("GOOD", &good.url("/services/s4711s")).with("TRADER_BASE_URL", "http://127.0.0.1:1");
    let run = world.run(&["doctor", "--format", "json"]);
    let parts = run.json()["parts"].as_array().unwrap().clone();
    let part = |name: &str| {
        let found = parts.iter().find(|part| part["name"] == name).unwrap_or_else(|| panic!("{name}: {run}"));
        (found["outcome"].as_str().unwrap().to_owned(), found["text"].as_str().unwrap().to_owned())
    };
    let asked = |hooks: &Hooks| {
        hooks.heard().iter().map(|heard| format!("{} {}", heard.method, heard.path)).collect::<Vec<_>>()
    };
    assert_eq!((part("messages good").0.as_str(), asked(&good)), ("ok", vec!["HEAD /".to_owned()]), "{run}");
    let (outcome, text) = part("messages bot");
    assert!(outcome == "failed" && text.contains("HTTP 401"), "{run}");
    assert_eq!(asked(&bot), ["GET /bot1:x4711x/getMe"]);
    assert!(part("messages gone").1.contains("NOBODY_SET_THIS is not set"), "{run}");
    assert_eq!(part("ping").0, "ok", "{run}");
    assert!(!run.to_string().contains("4711"), "{run}");
}
