//! What must not go unseen: clocks that go back, coins without a position, entries that nobody wants any more.

use serde_json::json;

use super::{RUNS, after, assert_sound, blocked, small, told};
use crate::world::World;

#[test]
fn a_run_for_an_earlier_moment_leaves_the_account_alone_and_says_so() {
    let world = after(small(), 2);
    let before = world.query("SELECT * FROM portfolio_state UNION ALL SELECT * FROM portfolio_state");
    // Half an hour before the newest run: another strategy decides on the candle of noon anew.
    let world = world.with("TRADER_STRATEGY_BUY_SCORE", "41");
    let run = world.replay_at("2026-09-01T12:30:30Z").expect(0).says("clock_went_back");
    assert!(run.json()["portfolio"].is_null(), "{run}");
    assert_eq!((told(&run, "orders", &["id"]).len(), told(&run, "fills", &["at"]).len()), (0, 0), "{run}");
    assert_eq!(world.query("SELECT * FROM portfolio_state UNION ALL SELECT * FROM portfolio_state"), before);
    assert_sound(&world);
}

#[test]
fn what_a_run_for_an_earlier_moment_would_buy_or_sell_becomes_a_hold_that_says_why() {
    let world = after(small().with("TRADER_PAIRS", "BTC/USDT,SOL/USDT"), 2);
    let noon = "SELECT symbol, decision FROM decisions WHERE decided = '2026-09-01T12:00:30Z' ORDER BY symbol";
    assert_eq!(world.query(noon), [["BTC/USDT", "BUY"], ["SOL/USDT", "SELL"]]);
    // Another strategy decides on the same candles anew.
    let world = world.with("TRADER_STRATEGY_BUY_SCORE", "41");
    let run = world.replay_at("2026-09-01T12:30:30Z").expect(0).says("clock_went_back");
    let text = "the account stands at 2026-09-01T13:00:30Z, after this run's moment 2026-09-01T12:30:30Z: \
                no order can follow";
    for (symbol, signal) in [("BTC/USDT", "BULLISH"), ("SOL/USDT", "BEARISH")] {
        let pair = run.pair(symbol);
        assert_eq!((&pair["signal"], &pair["decision"]), (&json!(signal), &json!("HOLD")), "{run}");
        assert_eq!(pair["blocked_by"], json!({ "code": "account_ahead", "text": text }), "{run}");
        let stored = world.query(&format!(
            "SELECT decision, blocked_by FROM trading_decisions WHERE symbol = '{symbol}' ORDER BY id DESC LIMIT 1"
        ));
        assert_eq!(stored, [["HOLD".to_owned(), pair["blocked_by"].to_string()]], "{symbol}");
    }
    assert_eq!((told(&run, "orders", &["id"]).len(), told(&run, "fills", &["at"]).len()), (0, 0), "{run}");
    assert_sound(&world);
    // Asked once more it shows the same, and of the account as little.
    let again = world.replay_at("2026-09-01T12:30:30Z").expect(0).says("clock_went_back");
    assert_eq!(
        (&again.json()["repeat"], blocked(&again, "SOL/USDT")),
        (&json!(true), json!("account_ahead")),
        "{again}"
    );
    assert!(again.json()["portfolio"].is_null(), "{again}");
}

#[test]
fn a_repeated_run_for_an_earlier_moment_shows_no_portfolio_of_the_future() {
    let world = after(small(), 2);
    let run = world.replay_at(RUNS[0]).expect(0).says("clock_went_back");
    assert_eq!((&run.json()["repeat"], &run.pair("BTC/USDT")["decision"]), (&json!(true), &json!("BUY")), "{run}");
    assert!(run.json()["portfolio"].is_null(), "it holds BTC only an hour later: {run}");
    assert_sound(&world);
}

#[test]
fn a_run_for_an_earlier_moment_knows_and_learns_nothing_of_what_came_later() {
    let mut world = after(small().with("TRADER_FORECAST_HORIZONS_H", "1"), 3);
    let taught = "SELECT strftime('%H:%M:%S', fitted_at / 1000, 'unixepoch') FROM calibrations";
    assert_eq!(world.query(taught), [["13:00:30"]], "the first outcome is known then");
    let told = ["outcomes", "misses", "calibrations"].map(|table| format!("SELECT * FROM {table}"));
    let before = told.each_ref().map(|sql| world.query(sql));
    // Other strategies decide on the candles of eleven and of twelve.
    for (score, now, calibration) in [("41", "2026-09-01T12:30:30Z", "null"), ("42", "2026-09-01T13:30:30Z", "1")] {
        world = world.with("TRADER_STRATEGY_BUY_SCORE", score);
        world.replay_at(now).expect(0).says("clock_went_back");
        let newest = "SELECT calibration_id FROM forecasts ORDER BY decision_id DESC LIMIT 1";
        assert_eq!(world.value(newest), calibration, "{now}");
    }
    assert_eq!(told.each_ref().map(|sql| world.query(sql)), before);
    assert_sound(&world);
}

#[test]
fn a_pause_takes_back_an_entry_that_still_waits() {
    let world = after(small(), 1);
    world.run(&["pause", "--reason", "not now"]).expect(0);
    assert_eq!(world.query("SELECT how FROM order_ends"), [["withdrawn"]]);
    let run = world.replay_at(RUNS[1]).expect(6).says("risk_paused");
    assert_eq!(told(&run, "fills", &["at"]).len(), 0, "{run}");
    assert_eq!(world.value("SELECT amount FROM balances WHERE asset = 'USDT'"), "1000");
    assert_sound(&world);
}

#[test]
fn closing_takes_back_an_entry_that_still_waits() {
    for which in ["BTC/USDT", "all"] {
        let world = after(small(), 1);
        let run = world.run(&["close", which]).expect(0);
        assert_eq!(told(&run, "orders", &["id"]).len(), 0, "{run}");
        assert_eq!(world.query("SELECT how FROM order_ends"), [["withdrawn"]], "{which}");
        assert_sound(&world);
    }
}

/// A strategy that buys what has fallen: only the Bollinger rule counts.
fn contrary(world: World) -> World {
    let others = ["EMA_TREND", "EMA_200", "MACD", "ADX", "RSI", "STOCHASTIC", "ATR", "OBV", "VWAP"];
    let without = |world: World, rule: &&str| world.with(&format!("TRADER_STRATEGY_WEIGHTS_{rule}"), "0");
    others.iter().fold(world.with("TRADER_STRATEGY_WEIGHTS_BOLLINGER", "100"), without)
}

#[test]
fn a_coin_that_was_closed_by_hand_or_stopped_out_cools_down() {
    for (by_hand, reason) in [(true, "manual"), (false, "stop")] {
        let world = after(small(), 2);
        if by_hand {
            world.run(&["close", "BTC/USDT"]).expect(0);
        }
        let world = contrary(world);
        let run = world.replay_at(RUNS[2]).expect(0);
        assert_eq!(world.query("SELECT reason FROM trades"), [[reason]], "{run}");
        assert_eq!(run.pair("BTC/USDT")["signal"], "BULLISH", "{run}");
        assert_eq!(blocked(&run, "BTC/USDT"), "cool_down", "{run}");
        // Without a time to cool down it is bought again at once.
        let world = world.with("TRADER_RISK_COOL_DOWN_H", "0");
        let run = world.replay_at(RUNS[2]).expect(0);
        assert_eq!(run.pair("BTC/USDT")["decision"], "BUY", "{run}");
    }
}

#[test]
fn coins_that_belong_to_no_position_are_an_error() {
    let world = after(small(), 2);
    world.query("DELETE FROM positions");
    let run = world.replay_at(RUNS[2]).expect(3).says("coins_unprotected");
    assert!(run.json()["errors"][0]["symbol"] == "BTC/USDT", "{run}");
    world.run(&["db", "check"]).expect(7);
}

#[test]
fn an_asset_that_the_account_is_not_kept_in_is_told() {
    let world = after(small(), 1).with("TRADER_ACCOUNT_ASSET", "EUR");
    let run = world.replay_at(RUNS[1]).expect(0).says("asset_ignored");
    assert_eq!(run.json()["portfolio"]["asset"], "USDT", "{run}");
}
