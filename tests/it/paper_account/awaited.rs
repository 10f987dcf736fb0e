//! Forecasts wait for candles, whatever becomes of the configuration, of the exchange and of the machine in the meantime.

use serde_json::Value;

use super::assert_sound;
use crate::exchange_server::{Exchange, Fault, HOUR, NOON, targets};
use crate::world::{Run, World};

const MINUTE: i64 = 60_000;
/// 12:10.
const TEN_PAST: i64 = NOON - 30_000 + 10 * MINUTE;

/// Two pairs that are only watched: nothing is ever bought, but every decision says what it expects of the next 4 hours.
fn watching(exchange: &Exchange) -> World {
    World::facing(exchange)
        .with("TRADER_TIMEFRAMES", "1m,1h")
        .with("TRADER_STRATEGY_BUY_SCORE", "100")
        .with("TRADER_FORECAST_HORIZONS_H", "4")
}

/// Two pairs at noon, of which one falls through its stop, 4.85 % below, in the tenth minute after 12:10, and only the other from then on.
fn with_a_pair_taken_out() -> (Exchange, World) {
    let exchange = Exchange::start();
    let world = watching(&exchange);
    world.run(&["cycle"]).expect(0);
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    exchange.forget_requests();
    (exchange, world.with("TRADER_PAIRS", "ETH/USDT"))
}

/// An hour later.
fn later(exchange: &Exchange, world: &World) -> Run {
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(0)
}

fn hourly(exchange: &Exchange, world: &World, hours: usize) -> Vec<Run> {
    (0..hours).map(|_| later(exchange, world)).collect()
}

/// What became of the decisions of noon, each with its pair and kind.
fn outcomes_of_noon(world: &World) -> Vec<Vec<String>> {
    world.query(
        "SELECT d.symbol, o.kind, o.gross, o.net, o.ended_by, strftime('%d %H:%M:%f', o.ended_at / 1000.0, 'unixepoch'),
                o.unresolvable
           FROM outcomes o JOIN trading_decisions d ON d.id = o.decision_id
          WHERE d.timestamp < 1788265000000 ORDER BY d.symbol, o.kind",
    )
}

/// The same where every run came in time and nothing was changed.
fn undisturbed() -> Vec<Vec<String>> {
    let exchange = Exchange::start();
    let world = watching(&exchange);
    world.run(&["cycle"]).expect(0);
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    hourly(&exchange, &world, 4);
    let outcomes = outcomes_of_noon(&world);
    assert_eq!(outcomes.len(), 4, "{outcomes:?}");
    assert_eq!(outcomes[1][4..6], ["stop".to_owned(), "01 12:19:59.999".to_owned()], "{outcomes:?}");
    outcomes
}

fn warnings(run: &Run, code: &str) -> Vec<Value> {
    let json = run.json();
    json["warnings"].as_array().into_iter().flatten().filter(|warning| warning["code"] == code).cloned().collect()
}

#[test]
fn forecasts_of_a_pair_that_was_taken_out_are_resolved_as_if_it_had_stayed() {
    let (exchange, world) = with_a_pair_taken_out();
    for run in hourly(&exchange, &world, 4) {
        assert_eq!(run.json()["pairs"].as_array().map(Vec::len), Some(1), "it is not decided on");
    }
    assert_eq!(outcomes_of_noon(&world), undisturbed());
    // Nobody wants to know what it could be bought for.
    let elsewhere = |part: &str| targets(&exchange.asked(part)).iter().filter(|t| t.contains("BTCUSDT")).count();
    assert_eq!(["exchangeInfo", "bookTicker", "klines"].map(elsewhere), [0, 0, 8], "two lengths in four runs");
    assert_eq!(world.value("SELECT count(*) FROM technical_indicators WHERE symbol = 'BTC/USDT'"), "1");
    assert_sound(&world);
    // Once nothing waits any more, it is left alone.
    exchange.forget_requests();
    later(&exchange, &world);
    assert_eq!(targets(&exchange.asked("BTCUSDT")), Vec::<String>::new());
}

#[test]
fn what_waits_for_configured_candles_costs_no_request_more() {
    let exchange = Exchange::start();
    let world = watching(&exchange);
    world.run(&["cycle"]).expect(0);
    exchange.forget_requests();
    later(&exchange, &world);
    let paths = ["/time", "/exchangeInfo?", "/klines?", "/ticker/bookTicker?"];
    assert_eq!(paths.map(|path| exchange.asked(path).len()), [1, 0, 4, 2]);
}

#[test]
fn forecasts_of_decisions_on_candles_of_another_length_are_resolved_after_the_strategy_has_changed() {
    let exchange = Exchange::start();
    let world = watching(&exchange);
    world.run(&["cycle"]).expect(0);
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    let world = world.with("TRADER_STRATEGY_TIMEFRAME", "4h").with("TRADER_TIMEFRAMES", "1m,4h");
    hourly(&exchange, &world, 4);
    assert_eq!(outcomes_of_noon(&world), undisturbed());
}

#[test]
fn a_request_that_fails_for_a_pair_that_was_taken_out_is_a_warning_and_its_forecasts_wait_for_one_that_does_not() {
    let (exchange, world) = with_a_pair_taken_out();
    exchange.break_always(&["klines", "BTCUSDT"], Fault::Reset);
    // Four hours and the day of grace are over by far.
    exchange.advance(39 * HOUR);
    let run = later(&exchange, &world);
    let told: Vec<Value> = warnings(&run, "unreachable").iter().map(|w| w["timeframe"].clone()).collect();
    assert_eq!(told, ["1h", "1m"], "{run}");
    assert!(warnings(&run, "unreachable").iter().all(|warning| warning["symbol"] == "BTC/USDT"), "{run}");
    assert_eq!(run.json()["errors"], serde_json::json!([]), "{run}");
    let others = outcomes_of_noon(&world);
    assert!(others.len() == 2 && others.iter().all(|outcome| outcome[0] == "ETH/USDT"), "{others:?}");
    exchange.mend();
    later(&exchange, &world);
    assert_eq!(outcomes_of_noon(&world), undisturbed());
}

#[test]
fn a_pair_that_the_exchange_knows_no_more_is_told_once_a_run_until_its_forecasts_end_without_an_outcome() {
    let (exchange, world) = with_a_pair_taken_out();
    exchange.forget_symbol("BTCUSDT");
    exchange.advance(26 * HOUR);
    let run = later(&exchange, &world);
    let told = warnings(&run, "unknown_symbol");
    assert!(told.len() == 1 && told[0]["symbol"] == "BTC/USDT", "{run}");
    assert_eq!(world.value("SELECT count(*) FROM forecasts_due WHERE symbol = 'BTC/USDT'"), "1", "27 of 28 hours");
    let run = later(&exchange, &world).says("unknown_symbol");
    let gaps: Vec<String> = outcomes_of_noon(&world).into_iter().take(2).map(|outcome| outcome[6].clone()).collect();
    assert_eq!(gaps, ["gap", "gap"], "{run}");
    let run = later(&exchange, &world);
    assert!(!run.codes().contains("unknown_symbol"), "nothing waits any more: {run}");
}

#[test]
fn after_a_long_sleep_forecasts_wait_until_the_gap_of_finer_candles_is_filled() {
    let exchange = Exchange::start();
    let world = watching(&exchange);
    world.run(&["cycle"]).expect(0);
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    // 5,760 minutes are more than what one run catches up with: it takes the newest thousand, and later ones the rest.
    exchange.advance(95 * HOUR);
    let first = later(&exchange, &world).says("gap");
    let is_open = |world: &World| outcomes_of_noon(world).iter().all(|outcome| outcome[0] != "BTC/USDT");
    assert!(is_open(&world), "{first}");
    later(&exchange, &world);
    assert_eq!(outcomes_of_noon(&world), undisturbed());
    assert_sound(&world);
}
