//! N runs of the cycle one after another, and one backtest over what they stored.

use std::path::Path;

use trader::backtest::{Moment, Witness, bars, replay};
use trader::command::{Span, rules, tapes};
use trader::decision::{Decision, Objection};
use trader::ledger::Event;
use trader::settings::{Flags, Paths, Settings};
use trader::store::{Access, Store};
use trader::unit::{Symbol, UtcMillis};

use crate::exchange_server::HOUR;
use crate::paper_account::{Recording, world_of};
use crate::world::World;

/// How long after the hour the cycles run.
const DELAY: i64 = 30_000;

/// What a backtest told, in the words of the database.
#[derive(Default)]
struct Told {
    decisions: Vec<Vec<String>>,
    orders: Vec<Vec<String>>,
    fills: Vec<Vec<String>>,
    moments: Vec<Vec<String>>,
}

impl Witness for Told {
    fn decided(&mut self, pair: &Symbol, candle: UtcMillis, decision: &Decision, objection: Option<&Objection>) {
        let score = decision.score.map_or_else(|| "null".to_owned(), |score| format!("{:?}", score.get()));
        let action = if objection.is_some() { "HOLD" } else { decision.action.word() };
        self.decisions.push(vec![candle.get().to_string(), pair.to_string(), action.to_owned(), score]);
    }

    fn happened(&mut self, event: &Event) {
        let exact = |decimal: trader::unit::Decimal| decimal.normalize().to_string();
        match event {
            Event::Placed(order) => self.orders.push(vec![
                order.id.to_string(),
                order.placed_at.get().to_string(),
                exact(order.quantity.get()),
                order.plan().map_or_else(|| "null".to_owned(), |plan| exact(plan.stop.get())),
            ]),
            Event::Filled(fill) => self.fills.push(vec![
                fill.order.to_string(),
                fill.at.get().to_string(),
                exact(fill.price.get()),
                exact(fill.quantity.get()),
                exact(fill.fee),
                exact(fill.risk.get()),
            ]),
            Event::Deposited(_) | Event::Ended(_) | Event::Protected(_) => {}
        }
    }

    fn stood(&mut self, moment: &Moment) {
        let exact = |decimal: trader::unit::Decimal| decimal.normalize().to_string();
        self.moments.push(vec![
            moment.now.get().to_string(),
            exact(moment.equity.get()),
            exact(moment.cash.get()),
            moment.state.word().to_owned(),
            moment.positions.to_string(),
        ]);
    }
}

/// One backtest over what is in a world's database.
fn backtest(world: &World, settings: &[(&str, &str)], (first, last): (i64, i64)) -> Told {
    let variables: Vec<(String, String)> = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let flags = Flags { db: Some(world.db()), ..Flags::default() };
    let settings = Settings::load(&flags, &variables, &Paths::default()).unwrap();
    let store = Store::open(Path::new(&world.db()), Access::Read).unwrap();
    let span = Span {
        from: UtcMillis::new(first - DELAY),
        to: UtcMillis::new(last - DELAY),
        lengths: settings.cycle_timeframes(),
    };
    let tapes = tapes(&settings, &store, &span).unwrap();
    let (policy, atr) = (settings.strategy.policy, settings.trading.atr_timeframe);
    let analyst = &settings.strategy.analyst;
    let bars: Vec<_> = tapes.iter().map(|tape| bars(tape, analyst, atr, policy.gap_window)).collect();
    let mut told = Told::default();
    replay(&tapes, &bars, &rules(&settings, DELAY), (span.from, span.to), &mut told).unwrap();
    told
}

/// Lives through the hours by cycles, and compares; how many orders there were.
#[track_caller]
fn assert_same(recording: &Path, pairs: &str, settings: &[(&str, &str)], (first, last): (i64, i64)) -> usize {
    let world = settings.iter().fold(world_of(pairs), |world, (key, value)| world.with(key, value));
    let step = usize::try_from(HOUR).unwrap();
    for now in (first..=last).step_by(step).map(UtcMillis::new) {
        let run = world.run(&["cycle", "--replay", &recording.display().to_string(), "--now", &now.to_string()]);
        assert!(matches!(run.code, 0 | 6), "{now}: {run}");
    }
    let all = [settings, &[("TRADER_PAIRS", pairs)]].concat();
    let told = backtest(&world, &all, (first, last));
    let query = |sql: &str| world.query(sql);
    assert_eq!(
        told.moments,
        query("SELECT time, equity, cash, state, positions FROM portfolio_state ORDER BY id"),
        "the account at each moment"
    );
    assert_eq!(told.orders, query("SELECT order_id, placed_at, quantity, stop FROM orders ORDER BY id"));
    assert_eq!(told.fills, query("SELECT order_id, at, price, quantity, fee, risk FROM fills ORDER BY id"));
    let mut decisions = told.decisions;
    decisions.sort();
    let stored = "SELECT candle_open_time, symbol, decision, score FROM trading_decisions";
    let mut stored = query(stored);
    stored.sort();
    assert_eq!(decisions.len(), stored.len());
    for (ours, theirs) in decisions.iter().zip(&stored) {
        assert_eq!(ours, theirs);
    }
    told.orders.len()
}

#[test]
fn a_backtest_over_the_small_recording_ends_in_the_books_of_the_cycles() {
    let fixtures = crate::world::fixtures();
    let at = |text: &str| text.parse::<UtcMillis>().unwrap().get();
    let hours = (at("2026-09-01T12:00:30Z"), at("2026-09-01T16:00:30Z"));
    let orders = assert_same(&fixtures, "BTC/USDT,ETH/USDT,SOL/USDT,AVAX/USDT,POL/USDT", &[], hours);
    assert_eq!(orders, 2);
}

/// Nothing is sold by signal and a stop lies near: there is much to compare.
const NEAR: [(&str, &str); 4] = [
    ("TRADER_EXITS_STOP_ATR", "1"),
    ("TRADER_EXITS_TRAIL_ATR", "2"),
    ("TRADER_STRATEGY_BUY_SCORE", "20"),
    ("TRADER_STRATEGY_SELL_SCORE", "-100"),
];

/// Trends of weeks, and entries that have little to show.
const SLOW: [(&str, &str); 3] =
    [("TRADER_STRATEGY_NAME", "trend"), ("TRADER_TREND_EDGE_OVER_COST", "0.5"), ("TRADER_TREND_ENTER_SCORE", "50")];

#[test]
fn a_backtest_over_recorded_days_ends_in_the_books_of_the_cycles() {
    let symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];
    let hours = ("2024-03-05T00:00:30Z", "2024-03-12T00:00:30Z");
    let Some(recording) = Recording::unpack(hours.0, hours.1, &symbols) else { return };
    let at = |text: &str| text.parse::<UtcMillis>().unwrap().get();
    let hours = (at(hours.0), at(hours.1));
    for settings in [&[][..], &NEAR, &SLOW] {
        let orders = assert_same(&recording.folder, "BTC/USDT,ETH/USDT,SOL/USDT", settings, hours);
        assert!(orders > 4, "{orders} orders are few to compare");
    }
}
