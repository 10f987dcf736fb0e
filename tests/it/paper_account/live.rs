//! On the exchange: entries at the book, stops between two runs, pairs that fall silent.

use serde_json::json;

use super::{assert_sound, blocked, decimal, told};
use crate::exchange_server::{Exchange, Fault, HOUR, NOON};
use crate::world::{Run, World};

const MINUTE: i64 = 60_000;
/// 12:10.
const TEN_PAST: i64 = NOON - 30_000 + 10 * MINUTE;

/// One pair with its minutes, and a strategy that buys on the slightest reason.
pub(super) fn bold(exchange: &Exchange) -> World {
    World::facing(exchange)
        .with("TRADER_PAIRS", "BTC/USDT")
        .with("TRADER_TIMEFRAMES", "1m,1h")
        .with("TRADER_STRATEGY_BUY_SCORE", "1")
}

/// What was bought and sold, without the runs that did it.
pub(super) fn books(world: &World) -> Vec<Vec<String>> {
    world.query("SELECT order_id, at, reference, price, quantity, notional, fee, risk FROM fills ORDER BY id")
}

/// The exchange and a world on it that has just bought.
fn bought() -> (Exchange, World) {
    let exchange = Exchange::start();
    let world = bold(&exchange);
    world.run(&["cycle"]).expect(0);
    assert_eq!(world.value("SELECT stop FROM positions"), "3225.29");
    (exchange, world)
}

/// An hour later.
fn later(exchange: &Exchange, world: &World) -> Run {
    exchange.advance(HOUR);
    world.run(&["cycle"])
}

fn portfolio(run: &Run, key: &str) -> serde_json::Value {
    run.json()["portfolio"][key].clone()
}

/// How a position was left.
fn sales(world: &World) -> Vec<Vec<String>> {
    let sql = "SELECT reason, strftime('%H:%M:%f', at / 1000.0, 'unixepoch'), f.reference, f.price, f.quantity \
               FROM fills f JOIN orders o USING (order_id) WHERE f.side = 'SELL' ORDER BY f.id";
    world.query(sql)
}

#[test]
fn an_entry_pays_the_best_ask_and_the_slippage_on_the_next_tick() {
    let exchange = Exchange::start();
    let run = bold(&exchange).run(&["cycle"]).expect(0);
    // 3,389.82 × 1.0002 = 3,390.497964; a third of $1,000 buys 0.09821, and 0.00009821 of them are the fee.
    let keys = ["side", "at", "reference", "price", "quantity", "notional", "fee", "fee_asset", "timeframe"];
    let fill =
        json!(["BUY", "2026-09-01T12:00:30Z", "3389.82", "3390.5", "0.09821", "332.981005", "0.00009821", "BTC", null]);
    assert_eq!(json!(told(&run, "fills", &keys)), json!([fill]), "{run}");
    assert_eq!(
        json!(told(&run, "orders", &["quantity", "price", "stop", "is_waiting"])),
        json!([["0.09821", "3390.5", "3225.29", false]])
    );
    // 0.09811179 are worth 332.58032685 at the close of 3,389.81: what the entry cost is lost already.
    let money = ["cash", "coins", "equity", "peak_equity", "day_start_equity"].map(|key| portfolio(&run, key));
    assert_eq!(json!(money), json!(["667.018995", "332.58032685", "999.59932185", "1000", "1000"]));
    assert_eq!(portfolio(&run, "drawdown_pct"), 0.0401);
}

#[test]
fn without_a_quote_nothing_is_bought_and_the_run_is_fine() {
    let exchange = Exchange::start();
    exchange.break_always(&["bookTicker"], Fault::Reset);
    let world = bold(&exchange);
    let run = world.run(&["cycle"]).expect(0).says("no_quote");
    assert_eq!(blocked(&run, "BTC/USDT"), "quote_unknown", "{run}");
    assert_eq!((&run.json()["orders"], portfolio(&run, "equity")), (&json!([]), json!("1000")));
    assert_sound(&world);
}

/// 3,225.29 less 5 bps is 3,223.677355. Each minute takes a hundredth of what was traded in it; the rest waits for the
/// next open.
const SOLD_IN_PARTS: [[&str; 5]; 3] = [
    ["stop", "12:19:59.999", "3225.29", "3223.67", "0.05374"],
    ["stop", "12:20:00.000", "3220.12", "3218.5", "0.01516"],
    ["stop", "12:21:00.000", "3200.73", "3199.12", "0.02921"],
];

/// A hundredth of what was traded in a minute, in money.
fn most_at(world: &World, minute: &str) -> trader::unit::Decimal {
    let opened = format!("2026-09-01T{minute}:00Z");
    let sql = format!("SELECT quote_volume FROM candles WHERE timeframe = '1m' AND opened = '{opened}'");
    decimal(&world.value(&sql)) / decimal("100")
}

#[test]
fn a_stop_between_two_runs_is_found_in_its_minute_and_sells_no_more_than_a_hundredth_of_what_was_traded() {
    let (exchange, world) = bought();
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    later(&exchange, &world).expect(0);
    let met = "SELECT opened, open FROM candles WHERE timeframe = '1m' AND low <= 3225.29 AND opened >= '2026-09-01T12:01:00Z' LIMIT 1";
    let met = world.query(met).concat();
    assert!(decimal(&met[1]) > decimal("3225.29"), "no gap: {met:?}");
    assert_eq!(met[0], "2026-09-01T12:19:00Z");
    assert_eq!(sales(&world), SOLD_IN_PARTS);
    let [sold, priced] = [most_at(&world, "12:19"), decimal("3223.67")];
    assert!(sold >= decimal("0.05374") * priced && sold < decimal("0.05375") * priced, "a hundredth: {sold}");
    assert_sound(&world);
    // Another account that slept for three hours.
    let (exchange, sleepy) = bought();
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    exchange.advance(2 * HOUR);
    later(&exchange, &sleepy);
    assert_eq!(books(&sleepy), books(&world));
}

#[test]
fn a_sale_by_signal_gets_the_best_bid_less_the_slippage_in_the_same_run() {
    let (exchange, world) = bought();
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 30);
    let wary = world.with("TRADER_STRATEGY_SELL_SCORE", "-1").with("TRADER_STRATEGY_BUY_SCORE", "100");
    let run = later(&exchange, &wary).expect(0);
    assert_eq!(run.pair("BTC/USDT")["decision"], "SELL", "{run}");
    assert_eq!(sales(&wary), [["signal", "13:00:30.000", "3285.38", "3284.72", "0.09811"]]);
    assert_sound(&wary);
}

#[test]
fn a_pair_that_is_taken_out_of_the_pairs_while_held_is_still_looked_after() {
    let (exchange, world) = bought();
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    let elsewhere = world.with("TRADER_PAIRS", "ETH/USDT").with("TRADER_STRATEGY_BUY_SCORE", "100");
    let run = later(&exchange, &elsewhere).expect(0);
    assert_eq!(run.json()["pairs"].as_array().map(Vec::len), Some(1), "it is not decided on");
    assert_eq!(sales(&elsewhere), SOLD_IN_PARTS);
    assert_eq!(portfolio(&run, "positions"), json!([]));
    assert_sound(&elsewhere);
}

#[test]
fn a_halted_pair_is_worth_its_last_close_and_its_unwatched_position_is_an_error_after_two_hours() {
    let (exchange, world) = bought();
    exchange.set_status("BTCUSDT", "BREAK");
    exchange.stop_symbol("BTCUSDT", NOON - 30_000 + HOUR);
    let close =
        |world: &World| world.value("SELECT close FROM candles WHERE timeframe = '1h' ORDER BY opened DESC LIMIT 1");
    let mut values = Vec::new();
    for hour in 1..=3 {
        let run = later(&exchange, &world);
        assert_eq!(run.codes().contains("position_unwatched"), hour >= 3, "{hour}: {run}");
        let position = portfolio(&run, "positions")[0].clone();
        assert_eq!(position["mark"], json!(close(&world)), "{run}");
        assert_eq!(position["mark_time"], "2026-09-01T13:00:00Z");
        values.push((position["value"].clone(), portfolio(&run, "equity")));
        assert_sound(&world);
    }
    assert!(values.iter().all(|value| *value == values[0] && value.0 != "0"), "{values:?}");
}

#[test]
fn an_exit_that_waits_for_two_hours_is_an_error_that_tells_why() {
    let thin = |world: World| world.with("TRADER_COSTS_PARTICIPATION_PCT", "0.0001");
    let choosy = |world: World| {
        world.query("UPDATE symbols SET min_notional = '400'");
        world
    };
    // 0.09811179 coins are worth some 300.
    let cases: [(&dyn Fn(World) -> World, &str); 2] =
        [(&thin, "the candles trade too little"), (&choosy, "less than the smallest order")];
    for (hinder, why) in cases {
        let (exchange, world) = bought();
        exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
        let world = hinder(world);
        for code in [0, 0, 3] {
            let run = later(&exchange, &world).expect(code);
            assert_eq!(portfolio(&run, "positions")[0]["leaving"], "stop", "{run}");
            assert_eq!(run.codes().contains("exit_waiting"), code == 3, "{run}");
            let errors = run.json()["errors"].as_array().cloned().unwrap_or_default();
            for error in errors {
                let text = error["text"].as_str().unwrap_or_default();
                let begin = "its sale has waited since 2026-09-01T12:19:59.999Z, 0.09811179 BTC are still held: ";
                assert!(error["symbol"] == "BTC/USDT" && text.starts_with(begin) && text.contains(why), "{run}");
            }
        }
        assert_sound(&world);
    }
}

#[test]
fn a_sale_has_not_waited_before_a_candle_has_opened_after_it_however_long_the_candles_are() {
    // Minutes are configured; there never were any, or none since noon: then those of a held pair are missed.
    for had_minutes in [false, true] {
        let exchange = Exchange::start();
        let none = |exchange: &Exchange| exchange.break_always(&["interval=1m"], Fault::EditRows(Vec::clear));
        if !had_minutes {
            none(&exchange);
        }
        let world = bold(&exchange)
            .with("TRADER_TIMEFRAMES", "1m,4h")
            .with("TRADER_STRATEGY_TIMEFRAME", "4h")
            .with("TRADER_STRATEGY_WEIGHTS_EMA_200", "0");
        let run = world.run(&["cycle"]);
        assert_eq!(portfolio(&run, "positions").as_array().map(Vec::len), Some(1), "{run}");
        none(&exchange);
        // At four it is sold, and nobody says for how much: the candle that opens at eight will tell.
        exchange.let_fall("BTCUSDT", TEN_PAST, 20, 30);
        exchange.break_always(&["bookTicker"], Fault::Reset);
        let world = world.with("TRADER_STRATEGY_SELL_SCORE", "-1").with("TRADER_STRATEGY_BUY_SCORE", "100");
        exchange.advance(3 * HOUR);
        let run = later(&exchange, &world);
        assert_eq!(portfolio(&run, "positions")[0]["leaving"], "signal", "{run}");
        // Another strategy decides once more, or the run would be a repeated one.
        let world = world.with("TRADER_STRATEGY_BUY_SCORE", "99");
        for (hours, complaints) in [(3, [false, had_minutes]), (1, [false, false]), (4, [false, false])] {
            exchange.advance((hours - 1) * HOUR);
            let codes = later(&exchange, &world).codes();
            let told = ["exit_waiting", "position_unwatched"].map(|code| codes.contains(code));
            assert_eq!(told, complaints, "{hours} hours later: {codes:?}");
        }
        assert_eq!(sales(&world).first().map(|sale| sale[1].as_str()), Some("20:00:00.000"));
    }
}

#[test]
fn a_pair_that_falls_silent_while_it_is_left_is_complained_about_once() {
    let (exchange, world) = bought();
    exchange.let_fall("BTCUSDT", TEN_PAST, 20, 100);
    exchange.stop_symbol("BTCUSDT", NOON - 30_000 + HOUR);
    let world = world.with("TRADER_COSTS_PARTICIPATION_PCT", "0.0001");
    exchange.advance(2 * HOUR);
    let run = later(&exchange, &world);
    assert_eq!(portfolio(&run, "positions")[0]["leaving"], "stop", "{run}");
    assert!(run.codes().contains("position_unwatched") && !run.codes().contains("exit_waiting"), "{run}");
}

#[test]
fn a_market_that_opens_again_below_the_stop_fills_at_its_open() {
    let (exchange, world) = bought();
    let noon = NOON - 30_000;
    exchange.let_fall("BTCUSDT", noon + HOUR, 60, 200);
    (0..120).for_each(|minute| exchange.punch_hole("BTCUSDT", "1m", noon + HOUR + minute * MINUTE));
    (1..3).for_each(|hour| exchange.punch_hole("BTCUSDT", "1h", noon + hour * HOUR));
    exchange.advance(3 * HOUR);
    later(&exchange, &world);
    let open = world.value("SELECT open FROM candles WHERE timeframe = '1m' AND opened = '2026-09-01T15:00:00Z'");
    // Far below the stop of 3,225.29, and 5 bps off on the tick below.
    assert_eq!(open, "2713.65");
    let sold = [
        ["stop", "15:00:00.000", "2713.65", "2712.29", "0.04177"],
        ["stop", "15:01:00.000", "2713.98", "2712.62", "0.05634"],
    ];
    assert_eq!(sales(&world), sold);
    assert_sound(&world);
}

#[test]
fn a_dry_run_on_the_exchange_shows_the_same_orders_and_fills_and_writes_nothing() {
    let exchange = Exchange::start();
    let world = bold(&exchange);
    for hour in 0..2 {
        let dry = world.run(&["cycle", "--dry-run"]).expect(0);
        let wet = world.run(&["cycle"]).expect(0);
        assert_eq!(told(&wet, "fills", &["side"]).is_empty(), hour == 1, "bought by the first run: {wet}");
        for part in ["orders", "fills", "portfolio", "pairs"] {
            assert_eq!(dry.json()[part], wet.json()[part], "{hour}: {part}");
        }
        exchange.advance(HOUR);
    }
    assert_sound(&world);
}
