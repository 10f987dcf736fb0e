//! The life of one trade, with every figure worked out by hand.

use serde_json::json;
use trader::unit::Decimal;

use super::{RUNS, after, assert_sound, blocked, decimal, small, sum, told};
use crate::world::{Run, World};

const ENTRY: &str = "BTCUSDT-1788260400-b42bd26f";

fn account(run: &Run) -> [String; 3] {
    let portfolio = run.json()["portfolio"].clone();
    ["cash", "coins", "equity"].map(|key| portfolio[key].as_str().expect("money is text").to_owned())
}

#[test]
fn an_entry_waits_for_the_next_candle() {
    let run = World::new().replay_at(RUNS[0]).expect(0);
    // The close of 84,638.49 and 3 bps above it on the next tick; the stop three average true ranges below it.
    // A third of $1,000 buys 0.00393; at the stop, 5 bps below it, 0.00392 of them are left to be sold:
    // 0.00393 × 84,663.89 − 0.00392 × 83,307.09 + 0.3265638 = 6.4918587, far from the 20 that might be lost.
    let keys = ["side", "quantity", "price", "stop", "planned_risk", "risk_budget", "is_waiting"];
    let order = json!(["BUY", "0.00393", "84663.89", "83348.77", "6.4918587", "20", true]);
    assert_eq!(json!(told(&run, "orders", &keys)), json!([order]), "{run}");
    assert_eq!(run.json()["fills"], json!([]));
    assert_eq!(account(&run), ["1000", "0", "1000"], "what is ordered is not spent yet");
    assert_eq!(run.json()["portfolio"]["heat_pct"], 0.6492, "but it is at risk");
}

#[test]
fn an_entry_is_filled_at_the_open_of_the_next_candle_and_pays_spread_slippage_and_fee() {
    let world = after(World::new(), 1);
    let run = world.replay_at(RUNS[1]).expect(0);
    let open = world.value(
        "SELECT open FROM candles WHERE symbol = 'BTC/USDT' AND timeframe = '1m' \
                            AND opened = '2026-09-01T12:01:00Z'",
    );
    assert_eq!(open, "84611.54");
    // 84,611.54 × 1.0003 = 84,636.923462, on the next tick.
    let keys =
        ["order_id", "side", "at", "reference", "price", "quantity", "notional", "fee", "fee_asset", "timeframe"];
    let fill = json!([
        ENTRY,
        "BUY",
        "2026-09-01T12:01:00Z",
        "84611.54",
        "84636.93",
        "0.00393",
        "332.6231349",
        "0.00000393",
        "BTC",
        "1m"
    ]);
    assert_eq!(json!(told(&run, "fills", &keys)), json!([fill]), "{run}");
    // 1000 − 332.6231349; 0.00392607 × the close of 84,863.52 = 333.1801199664.
    assert_eq!(account(&run), ["667.3768651", "333.18011996", "1000.55698506"]);
    let position = run.json()["portfolio"]["positions"][0].clone();
    // At the stop 0.00392 are sold: 332.6231349 − 326.5637928 + 0.3265638.
    assert_eq!((&position["quantity"], &position["planned_risk"]), (&json!("0.00392607"), &json!("6.3859059")));
    assert_eq!((&position["stop"], &position["pnl"]), (&json!("83348.77"), &json!("0.55698506")));
    assert_eq!(run.pair("BTC/USDT")["blocked_by"]["code"], "position_open");
}

#[test]
fn a_stop_between_two_runs_is_found_in_the_minute_that_met_it_and_pays_the_slippage_twice() {
    let world = after(World::new(), 2);
    let run = world.replay_at(RUNS[2]).expect(0);
    let minute = "SELECT open, low FROM candles WHERE symbol = 'BTC/USDT' AND timeframe = '1m' AND opened = ";
    let met = world.query(&format!("{minute}'2026-09-01T13:12:00Z'")).concat();
    assert!(decimal(&met[0]) > decimal("83348.77") && decimal(&met[1]) <= decimal("83348.77"), "{met:?}");
    let sql = "SELECT count(*) FROM candles WHERE symbol = 'BTC/USDT' AND timeframe = '1m' AND low <= 83348.77 \
               AND opened BETWEEN '2026-09-01T12:01:00Z' AND '2026-09-01T13:11:00Z'";
    assert_eq!(world.value(sql), "0", "no minute before met it");
    // 83,348.77 × 0.9995 = 83,307.095615, on the tick below.
    let keys =
        ["side", "at", "reference", "price", "quantity", "notional", "fee", "fee_asset", "is_ambiguous", "is_coarse"];
    let fill = json!([
        "SELL",
        "2026-09-01T13:12:59.999Z",
        "83348.77",
        "83307.09",
        "0.00392",
        "326.5637928",
        "0.3265638",
        "USDT",
        false,
        false
    ]);
    assert_eq!(json!(told(&run, "fills", &keys)), json!([fill]), "{run}");
    // 667.3768651 + 326.5637928 − 0.3265638, and 0.00000607 BTC that are less than a step.
    assert_eq!(account(&run)[0], "993.6140941");
    assert_eq!(world.query("SELECT * FROM balances"), [["BTC", "0.00000607"], ["USDT", "993.6140941"]]);
}

#[test]
fn a_closed_position_becomes_a_trade_with_its_reason_fees_and_multiple_of_the_risk() {
    let world = after(World::new(), 3);
    let columns = "symbol, reason, quantity, sold, entry_price, exit_price, cost, proceeds, fees, profit, r_multiple";
    // Proceeds: 326.5637928 − 0.3265638. Fees: that, and 0.00000393 × 84,636.93 = 0.3326231349 counted up.
    let trade = [
        "BTC/USDT",
        "stop",
        "0.00393",
        "0.00392",
        "84636.93",
        "83307.09",
        "332.6231349",
        "326.237229",
        "0.65918694",
        "-6.3859059",
        "-1.0",
    ];
    assert_eq!(world.query(&format!("SELECT {columns} FROM trades")), [trade]);
    let roi: f64 = world.value("SELECT roi FROM trades").parse().unwrap();
    assert!((roi + 6.385_905_9 / 332.623_134_9).abs() < 1e-12, "{roi}");
    let predicted = "SELECT predicted_roi = (SELECT roi_mean FROM forecasts f JOIN orders o USING (decision_id) \
                     WHERE horizon_ms = 604800000) FROM trades";
    assert_eq!(world.value(predicted), "1", "what was forecast for the longest horizon");
    let row = world.run(&["trades", "--format", "json"]).expect(0).json();
    assert!(row.to_string().contains("-6.3859059"), "{row}");
}

#[test]
fn after_each_run_every_asset_sums_to_nothing_and_the_check_is_clean() {
    let world = World::new();
    for now in RUNS {
        world.replay_at(now).expect(0);
        assert_sound(&world);
        world.assert_intact();
        for asset in ["BTC", "USDT"] {
            let entries = format!("SELECT amount FROM ledger_entries WHERE asset = '{asset}'");
            assert_eq!(sum(&world, &entries), Decimal::ZERO, "{now}: {asset}");
            let wallet = sum(&world, &format!("{entries} AND account = 'wallet'"));
            assert_eq!(wallet, sum(&world, &format!("SELECT amount FROM balances WHERE asset = '{asset}'")), "{now}");
        }
    }
    // The same in SQL, in units of the eighth decimal, for each deposit and fill.
    let units = "SELECT count(*), total(abs(units)) FROM (SELECT sum(CAST(round(CAST(amount AS REAL) * 1e8) AS INTEGER)) \
                 AS units FROM ledger_entries GROUP BY deposit_id, fill_id, asset)";
    assert_eq!(world.query(units), [["5", "0.0"]], "a deposit, and two assets of two fills");
}

#[test]
fn a_repeated_run_changes_no_fact() {
    let world = small();
    for now in RUNS {
        world.replay_at(now).expect(0);
        let facts = world.dump_facts();
        let run = world.replay_at(now).expect(0);
        assert_eq!(
            (&run.json()["repeat"], &run.json()["orders"], &run.json()["fills"]),
            (&json!(true), &json!([]), &json!([]))
        );
        assert_eq!(world.dump_facts(), facts, "{now}");
    }
}

#[test]
fn a_dry_run_shows_the_same_orders_and_fills_and_writes_nothing() {
    let world = small();
    for now in RUNS {
        let before = world.db().exists().then(|| world.dump_facts());
        let folder = crate::world::fixtures().display().to_string();
        let dry = world.run(&["cycle", "--replay", &folder, "--now", now, "--dry-run"]).expect(0);
        assert_eq!(world.db().exists().then(|| world.dump_facts()), before, "{now}");
        let wet = world.replay_at(now).expect(0);
        for part in ["orders", "fills", "portfolio"] {
            assert_eq!(dry.json()[part], wet.json()[part], "{now}: {part}");
        }
        assert_eq!(dry.json()["pairs"], wet.json()["pairs"], "{now}");
    }
}

#[test]
fn runs_that_are_left_out_change_no_fill() {
    let fills = "SELECT order_id, at, price, quantity, fee FROM fills ORDER BY id";
    let (hourly, late) = (after(small(), 3), after(small(), 1));
    late.replay_at(RUNS[2]).expect(0);
    assert_eq!(late.query(fills), hourly.query(fills));
    assert_eq!(late.query("SELECT * FROM balances"), hourly.query("SELECT * FROM balances"));
    assert_sound(&late);
}

#[test]
fn a_coin_that_was_stopped_out_is_left_alone_for_twelve_hours() {
    let rules = ["EMA_TREND", "EMA_200", "MACD", "ADX", "RSI", "STOCHASTIC", "ATR", "OBV", "VWAP"];
    let mute = |world: World, rule: &&str| world.with(&format!("TRADER_STRATEGY_WEIGHTS_{rule}"), "0");
    // A strategy that takes the crash for a bargain.
    let bold = rules.iter().fold(after(small(), 3), mute).with("TRADER_STRATEGY_WEIGHTS_BOLLINGER", "100");
    let run = bold.replay_at("2026-09-01T15:00:30Z").expect(0);
    assert_eq!(blocked(&run, "BTC/USDT"), "cool_down", "{run}");
    let text = run.pair("BTC/USDT")["blocked_by"]["text"].to_string();
    assert!(text.contains("2026-09-02T01:12:59.999Z"), "twelve hours after the stop: {text}");
    let eager = bold.with("TRADER_RISK_COOL_DOWN_H", "0").with("TRADER_STRATEGY_BUY_SCORE", "41");
    let run = eager.replay_at("2026-09-01T15:00:30Z").expect(0);
    assert_eq!(run.pair("BTC/USDT")["decision"], "BUY", "{run}");
}
