//! Bid and ask: asked for beside the candles, exact or not there, and never worth an error.

use std::time::Duration;

use serde_json::Value;

use crate::exchange_server::{Exchange, Fault, HOUR, LOOKED_BACK, NOON, targets};
use crate::world::{Run, World, fixtures};

/// The warnings that there is no quote.
fn warnings(run: &Run) -> Vec<Value> {
    let warnings = run.json()["warnings"].as_array().cloned().unwrap_or_default();
    warnings.into_iter().filter(|warning| warning["code"] == "no_quote").collect()
}

/// The pairs that they are about.
fn missing(run: &Run) -> Vec<String> {
    warnings(run).iter().map(|warning| warning["symbol"].as_str().unwrap_or("none").to_owned()).collect()
}

fn quoted(exchange: &Exchange) -> Vec<String> {
    exchange.asked("bookTicker").iter().filter_map(|seen| seen.parameter("symbol").map(str::to_owned)).collect()
}

fn book(bid: &str, ask: &str) -> Fault {
    Fault::RawBody(format!(r#"{{"symbol":"ETHUSDT","bidPrice":"{bid}","askPrice":"{ask}"}}"#).into_bytes())
}

#[test]
fn a_quote_is_read_exactly_and_believed_only_near_the_close() {
    let exchange = Exchange::start();
    exchange.break_always(&["bookTicker", "ETHUSDT"], book("0.00000123", "1234567.89012345"));
    let run = World::facing(&exchange).run(&["-vv", "cycle"]).expect(0);
    // And not believed: nobody asks that much.
    assert_eq!(missing(&run), ["ETH/USDT"]);
    assert!(run.stderr.contains("ETH/USDT: bid 0.00000123, ask 1234567.89012345 ["), "{run}");
}

#[test]
fn a_quote_that_cannot_be_had_is_a_warning_about_its_pair_and_changes_nothing_else() {
    let status = |code, body: &str| Fault::Status(code, Vec::new(), body.as_bytes().to_vec());
    for (fault, words) in [
        (book("0.00000000", "0.00000000"), "a pair that is not traded"),
        (book("1", "0.99"), "below the bid"),
        (book("1234567890.123456", "1234567890.123457"), "more than 15 significant digits"),
        (book("1e3", "1e3"), "not a plain decimal number"),
        (Fault::RawBody(br#"{"symbol":"BTCUSDT","bidPrice":"1","askPrice":"1"}"#.to_vec()), "about BTCUSDT"),
        (Fault::RawBody(br#"{"symbol":"ETHUSDT","bidPrice":1,"askPrice":1}"#.to_vec()), "not understood"),
        (Fault::RawBody(b"[]".to_vec()), "not understood"),
        (Fault::Truncated, "ends too early"),
        (Fault::Reset, "cannot be reached"),
        (Fault::Html, "a page for people"),
        (Fault::HugeBody { bytes: 16 << 20, announced: true }, "larger than"),
        (status(503, ""), "HTTP 503"),
        (status(400, r#"{"code":-1121,"msg":"Invalid symbol."}"#), "does not know the pair ETH/USDT"),
    ] {
        let exchange = Exchange::start();
        exchange.break_always(&["bookTicker", "symbol=ETHUSDT"], fault);
        let run = World::facing(&exchange).run(&["cycle"]).expect(0);
        assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
        assert_eq!((missing(&run), run.json()["errors"].clone()), (vec!["ETH/USDT".to_owned()], Value::Array(vec![])));
        assert!(warnings(&run)[0]["text"].as_str().is_some_and(|text| text.contains(words)), "{words}: {run}");
    }
}

#[test]
fn a_quote_that_never_comes_costs_no_more_than_the_deadline() {
    let exchange = Exchange::start();
    exchange.break_always(&["bookTicker", "symbol=ETHUSDT"], Fault::Never);
    let world = World::facing(&exchange).with("TRADER_EXCHANGE_DEADLINE_MS", "1500");
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.elapsed < Duration::from_millis(2_500), "{run}");
    assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
    assert_eq!(missing(&run), ["ETH/USDT"]);
}

#[test]
fn what_is_told_of_the_whole_run_is_not_told_of_each_quote() {
    let unavailable = || Fault::Status(503, Vec::new(), Vec::new());
    for (parts, code, missed) in [(&["klines"][..], 4, vec![]), (&["bookTicker"], 0, vec!["BTC/USDT", "ETH/USDT"])] {
        let exchange = Exchange::start();
        exchange.break_always(parts, unavailable());
        let run = World::facing(&exchange).run(&["cycle"]).expect(code);
        assert_eq!(missing(&run), missed, "{parts:?}: {run}");
    }
    let exchange = Exchange::start();
    exchange.break_always(&["klines"], unavailable());
    exchange.break_always(&["bookTicker"], unavailable());
    let run = World::facing(&exchange).run(&["cycle"]).expect(4).says("http_status");
    assert_eq!(missing(&run), [""; 0], "{run}");
}

#[test]
fn quotes_are_asked_for_of_what_is_traded_unless_all_is_on_record() {
    let exchange = Exchange::start();
    exchange.set_status("ETHUSDT", "BREAK");
    exchange.forget_symbol("SOLUSDT");
    let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT,ETH/USDT,SOL/USDT");
    world.run(&["cycle"]).expect(3);
    assert_eq!(quoted(&exchange), ["BTCUSDT"]);
    // A run that repeats one, and one that finds all its candles stored.
    exchange.forget_requests();
    let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT");
    let from = (NOON - (LOOKED_BACK + 1) * HOUR).to_string();
    world.run(&["backfill", "--from", &from]).expect(0);
    assert_eq!(quoted(&exchange), [""; 0], "a backfill");
    for (what, paths) in [("a first cycle", 3), ("a repeated one", 1)] {
        exchange.forget_requests();
        let run = world.run(&["cycle"]).expect(0);
        assert_eq!(exchange.seen().len(), paths, "{what}: {:?}: {run}", targets(&exchange.seen()));
    }
}

#[test]
fn a_quote_weighs_as_much_as_a_page_of_candles() {
    let exchange = Exchange::start();
    // One after another, so that the last answer tells the weight of all.
    let run = World::facing(&exchange).with("TRADER_EXCHANGE_MAX_CONCURRENT", "1").run(&["cycle"]).expect(0);
    assert_eq!(run.json()["collected"]["requests"], 1 + 2 + 2 * 2 + 2);
    // The clock 1, each pair 20, each of its two pages 2, its quote 2.
    assert_eq!(run.json()["collected"]["weight_used"], 1 + 2 * 20 + 2 * 2 * 2 + 2 * 2);
}

#[test]
fn a_recording_has_no_quotes_and_says_nothing_of_them() {
    let run = World::new().run(&["-vv", "cycle", "--replay", &fixtures().display().to_string()]).expect(0);
    assert!(missing(&run).is_empty() && !run.stderr.contains(": bid "), "{run}");
}
