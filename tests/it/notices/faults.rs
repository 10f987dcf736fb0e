//! Whatever goes wrong with messages, a run decides, says and ends as it would without them.

use std::net::TcpListener;
use std::time::Duration;

use super::servers::{Answer, Hooks};
use super::{JSON_HOOK, alter, bold, configured, said};
use crate::exchange_server::{Exchange, HOUR};
use crate::world::{Run, World};

/// Two runs, an hour apart, the first of which buys.
fn two_runs(exchange: &Exchange, world: &World) -> [Run; 2] {
    let first = world.run(&["cycle"]);
    exchange.advance(HOUR);
    [first, world.run(&["cycle"])]
}

/// What they come to without messages.
fn plain() -> (Vec<(i32, serde_json::Value)>, String) {
    let exchange = Exchange::start();
    let world = bold(&exchange);
    let runs = two_runs(&exchange, &world);
    (runs.iter().map(said).collect(), world.dump_facts())
}

/// The same with these messages, whose budget is three seconds.
fn assert_unmoved(what: &str, set: impl FnOnce(World) -> World) -> World {
    let exchange = Exchange::start();
    let world = set(bold(&exchange));
    let runs = two_runs(&exchange, &world);
    let (expected, facts) = plain();
    assert_eq!(runs.iter().map(said).collect::<Vec<_>>(), expected, "{what}: {}", runs[0]);
    assert_eq!(world.dump_facts(), facts, "{what}");
    for run in &runs {
        assert!(run.elapsed < Duration::from_millis(3_000 + 2_500), "{what}: {run}");
    }
    world.assert_intact();
    world
}

#[test]
fn a_webhook_that_is_down_hangs_or_answers_rubbish_moves_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world =
        assert_unmoved("down", |world| configured(world, JSON_HOOK).with("OUR_HOOK", &format!("http://{closed}/hook")));
    assert!(world.value("SELECT error FROM deliveries").contains("cannot be reached"));
    for answer in [Answer::Hang, Answer::Rubbish, Answer::Trickle, Answer::Echo(404), Answer::Redirect] {
        let hooks = Hooks::start(answer.clone());
        assert_unmoved(&format!("{answer:?}"), |world| {
            configured(world, JSON_HOOK).with("OUR_HOOK", &hooks.url("/hook"))
        });
        assert!(!hooks.heard().is_empty(), "{answer:?}");
    }
}

#[test]
fn a_secret_that_is_missing_or_open_to_others_moves_nothing_and_is_told() {
    let world = assert_unmoved("missing", |world| configured(world, JSON_HOOK));
    let [state, error] = world.query("SELECT state, error FROM deliveries").remove(0).try_into().unwrap();
    assert!(state == "waiting" && error.contains("the environment variable OUR_HOOK is not set"), "{state} {error}");
    let world = assert_unmoved("open to others", |world| {
        let path = world.path("hook");
        std::fs::write(&path, "http://127.0.0.1:1/").unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        configured(world, &JSON_HOOK.replace("url_env = \"OUR_HOOK\"", &format!("url_file = \"{}\"", path.display())))
    });
    assert!(world.value("SELECT error FROM deliveries").contains("chmod 600"));
}

#[test]
fn a_mail_server_that_is_down_or_none_moves_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rubbish = Hooks::start(Answer::Rubbish);
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = |url: String| url.rsplit(':').next().unwrap_or_default().to_owned();
    for (what, port) in [
        ("down", closed.port().to_string()),
        ("no mail server", port(rubbish.url(""))),
        ("hangs", hangs.local_addr().unwrap().port().to_string()),
    ] {
        let text = format!(
            "[notify]\nbudget_ms = 3000\ndigest = false\n[notify.mail]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
             from = \"a@example.org\"\nto = [\"b@example.org\"]\ntimeout_ms = 1000\n"
        );
        let world = assert_unmoved(what, |world| configured(world, &text));
        assert_eq!(world.value("SELECT state FROM deliveries"), "waiting", "{what}");
        let error = world.value("SELECT error FROM deliveries");
        // What is no mail server waits for us to speak first.
        assert_eq!(error.ends_with("did not answer in time"), what != "down", "{error}");
    }
}

#[test]
fn an_outbox_that_cannot_be_written_moves_nothing() {
    for (broken, sends) in [
        ("CREATE TRIGGER broken BEFORE INSERT ON notifications BEGIN SELECT RAISE(ABORT, 'broken'); END", false),
        ("CREATE TRIGGER broken BEFORE INSERT ON deliveries BEGIN SELECT RAISE(FAIL, 'broken'); END", false),
        // The whole transaction is lost, as when the disk is full.
        ("CREATE TRIGGER broken BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ROLLBACK, 'broken'); END", false),
        ("CREATE TRIGGER stuck BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'stuck'); END", true),
        ("DROP TABLE deliveries", false),
        ("ALTER TABLE notifications RENAME COLUMN body TO words", false),
    ] {
        let hooks = Hooks::start(Answer::ok());
        let (run, facts) =
            after_a_fall(|world| configured(world, JSON_HOOK).with("OUR_HOOK", &hooks.url("/hook")), broken);
        let (plain, plain_facts) = after_a_fall(|world| world, "");
        assert_eq!((said(&run), &facts), (said(&plain), &plain_facts), "{broken}: {run}");
        assert_eq!(
            run.stderr.contains("without a message") || run.stderr.contains("nobody will be told"),
            !sends,
            "{broken}: {run}"
        );
    }
}

/// The second run of an account that finds a stop to sell by, and the outbox as this leaves it; with the facts.
fn after_a_fall(set: impl FnOnce(World) -> World, sql: &str) -> (Run, String) {
    let exchange = Exchange::start();
    let world = set(bold(&exchange));
    world.run(&["cycle"]).expect(0);
    alter(&world, sql);
    exchange.let_fall("BTCUSDT", crate::exchange_server::NOON + 600_000, 20, 100);
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]);
    (run, world.dump_facts())
}

#[test]
fn a_fill_that_is_not_booked_is_not_told() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = configured(bold(&exchange), JSON_HOOK).with("OUR_HOOK", &hooks.url("/hook"));
    let world = world.with("TRADER_STRATEGY_BUY_SCORE", "100");
    world.run(&["cycle"]).expect(0);
    alter(&world, "CREATE TRIGGER full BEFORE INSERT ON fills BEGIN SELECT RAISE(ABORT, 'full'); END");
    exchange.advance(HOUR);
    let run = world.with("TRADER_STRATEGY_BUY_SCORE", "1").run(&["cycle"]).expect(7);
    let told: Vec<_> = hooks.heard().iter().map(|heard| heard.json()["title"].clone()).collect();
    assert_eq!(told, ["trader: the database cannot be used (exit 7)"], "{run}");
}
