//! What comes from outside is bounded and forges nothing: bytes, clocks, words.

use chrono::DateTime;
use serde_json::Value;

use super::{World, at_our_clock, noted, raw, status};
use crate::exchange_server::{Exchange, Fault};
use crate::world::{Run, fixtures};

/// More than a summary of two pairs ever needs.
const BOUND: usize = 100_000;
const MUCH: usize = 8 << 20;

fn quoted(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes))
}

#[test]
fn a_long_text_from_outside_is_not_passed_on() {
    let text = quoted(MUCH);
    for (what, parts, fault) in [
        ("a text instead of candles", &["klines"][..], raw(text.clone())),
        ("a text as a candle", &["klines"], raw(format!("[{text}]"))),
        ("a text as a price", &["klines"], raw(format!("[[0,{text},1,1,1,1,1,1,1,1,1,1]]"))),
        ("a name in an object", &["klines"], raw(format!("{{{text}:1}}"))),
        ("a refusal", &["klines"], status(400, &[], format!("{{\"code\":-1100,\"msg\":{text}}}"))),
        ("a clock", &["/time"], raw(format!("{{\"serverTime\":{text}}}"))),
        ("a status", &["exchangeInfo"], raw(info(&text))),
    ] {
        let exchange = Exchange::start();
        exchange.break_always(parts, fault);
        let world = World::facing(&exchange).with("TRADER_EXCHANGE_MAX_RESPONSE_BYTES", "16777216");
        let run = world.run(&["cycle"]);
        assert!((0..=4).contains(&run.code) && run.code != 1, "{what}: exit {}", run.code);
        assert!(run.stdout.len() < BOUND, "{what}: {} bytes on stdout", run.stdout.len());
        assert!(run.stderr.len() < BOUND, "{what}: {} bytes on stderr", run.stderr.len());
        run.json();
        world.assert_intact();
    }
}

/// What the exchange says of both pairs, with a status as JSON.
fn info(status: &str) -> String {
    let symbol = |base: &str| {
        format!("{{\"symbol\":\"{base}USDT\",\"status\":{status},\"baseAsset\":\"{base}\",\"quoteAsset\":\"USDT\"}}")
    };
    format!("{{\"serverTime\":1,\"symbols\":[{},{}]}}", symbol("BTC"), symbol("ETH"))
}

/// Words that would begin a line of their own, colour it, and take it back.
const FORGERY: &str = "BREAK\n2026-09-01T12:00:30Z error forged\r\u{1b}[31mforged\u{7}\u{85}forged";

/// Every line begins as the program begins one, and what is forged stands in the lines about the pair that sent it.
#[track_caller]
fn assert_unforged(run: &Run, what: &str) {
    let control = |c: char| c != '\n' && c.is_control();
    assert!(!run.stderr.contains(control), "{what}: {:?}", run.stderr);
    let own = |line: &str| line.starts_with("20") || line.starts_with('{');
    let about_it = |line: &str| line.contains("ETH/USDT") || !line.contains("forged");
    assert!(run.stderr.lines().all(|line| own(line) && about_it(line)), "{what}: {:?}", run.stderr);
    assert!(run.stderr.contains("forged"), "{what}: the words are not told: {run}");
}

/// Nor do the document, the record and the story for people carry anything on.
#[track_caller]
fn assert_plain(world: &World, run: &Run) {
    let text = run.json()["errors"][0]["text"].as_str().unwrap_or_default().to_owned();
    let status = world.value("SELECT status FROM symbols WHERE symbol = 'ETH/USDT'");
    let story = world.run(&["explain", "ETH/USDT", "--format", "table"]).expect(0).stdout;
    for said in [text, status, story.replace('\n', " ")] {
        assert!(said.contains("BREAK") && !said.contains(char::is_control), "{said:?}");
    }
}

#[test]
fn words_from_outside_forge_no_log_line() {
    let refusal = serde_json::json!({"code": -1100, "msg": FORGERY}).to_string();
    for log in ["text", "json"] {
        let exchange = Exchange::start();
        exchange.set_status("ETHUSDT", FORGERY);
        let world = World::facing(&exchange);
        // The second run tells what the first one stored.
        for _ in 0..2 {
            let run = world.run(&["--log-format", log, "cycle"]).expect(3).says("symbol_not_trading");
            assert_unforged(&run, log);
            assert_plain(&world, &run);
        }
        exchange.set_status("ETHUSDT", "TRADING");
        exchange.break_always(&["symbol=ETHUSDT"], status(400, &[], refusal.clone()));
        let run = World::facing(&exchange).run(&["--log-format", log, "cycle"]).expect(3);
        assert_unforged(&run, log);
    }
}

/// Everything in a document that is called like an instant.
fn instants(value: &Value) -> Vec<&Value> {
    const NAMES: [&str; 3] = ["now", "as_of", "candle_open_time"];
    match value {
        Value::Object(map) => {
            let here = map.iter().filter(|(key, value)| NAMES.contains(&key.as_str()) && !value.is_null());
            here.map(|(_, value)| value).chain(map.values().flat_map(instants)).collect()
        }
        Value::Array(list) => list.iter().flat_map(instants).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_clock_that_cannot_be_is_not_believed() {
    for clock in [i64::MAX, i64::MIN, 0, -1, 1_483_228_799_999, 7_258_118_400_000] {
        let exchange = at_our_clock();
        exchange.break_always(&["/api/v3/time"], raw(format!("{{\"serverTime\":{clock}}}")));
        let run = World::facing(&exchange).run(&["cycle"]);
        assert_eq!(run.code, 0, "{clock}: {run}");
        assert_eq!(noted(&run, "warnings"), ["clock_unknown"], "{clock}: {run}");
        let json = run.json();
        let found = instants(&json);
        assert!(found.len() >= 4, "{clock}: {run}");
        let plain = |at: &&Value| at.as_str().is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok());
        assert!(found.iter().all(plain), "{clock}: {found:?}");
    }
}

#[test]
fn an_instant_that_cannot_be_is_refused() {
    for now in ["-262143-01-01", "+9999-01-01T00:00:00Z", "2100-01-01", "1969-12-31", "9223372036854775807"] {
        let world = World::new();
        let now = format!("--now={now}");
        let run = world.run(&["cycle", "--replay", &fixtures().display().to_string(), &now]).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("instant"), "{now}: {run}");
        assert!(!world.db().exists(), "{now}");
    }
}

#[test]
fn a_body_that_is_cut_at_any_byte_is_no_answer() {
    let exchange = Exchange::start();
    exchange.break_always(&["klines", "symbol=ETHUSDT"], Fault::EditText(|text| text.as_bytes()[..9_999].to_vec()));
    let run = World::facing(&exchange).run(&["cycle"]).expect(3);
    assert!(run.decided("BTC/USDT") && !run.decided("ETH/USDT"), "{run}");
}
