//! What passes over quiet moments of recorded years ends in the same as what is told of every moment.

use std::path::Path;

use trader::backtest::{Attention, Moment, Rules, Witness, bars, replay};
use trader::command::{Span, rules, tapes};
use trader::ledger::Event;
use trader::settings::{Flags, Paths, Settings};
use trader::signal::{Score, Thresholds};
use trader::store::{Access, Store};
use trader::unit::{Timeframe, UtcMillis};

use crate::paper_account::world_of;
use crate::recorded_data::{at, cut, recordings};

/// Two years with a crash, a rise and outages.
const YEARS: (&str, &str) = ("2022-04-01T00:00:00Z", "2024-04-01T00:00:00Z");
const PAIRS: &str = "BTC/USDT,ETH/USDT";

#[derive(Default)]
struct Days {
    events: Vec<Event>,
    moments: Vec<Moment>,
    told: usize,
}

impl Witness for Days {
    const ATTENDS: Attention = Attention::Days;

    fn happened(&mut self, event: &Event) {
        self.events.push(event.clone());
    }

    fn stood(&mut self, moment: &Moment) {
        self.told += 1;
        let day = Timeframe::D1.floor(moment.now);
        if self.moments.last().is_none_or(|last| Timeframe::D1.floor(last.now) < day) {
            self.moments.push(*moment);
        }
    }
}

#[derive(Default)]
struct EveryMoment(Days);

impl Witness for EveryMoment {
    fn happened(&mut self, event: &Event) {
        self.0.happened(event);
    }

    fn stood(&mut self, moment: &Moment) {
        self.0.stood(moment);
    }
}

/// Rules of all kinds: near and far thresholds and stops, targets, stops that follow, times to hold.
fn variants(base: &Rules) -> Vec<Rules> {
    let variant = |n: i32| {
        let mut rules = base.clone();
        let third = |of: i32, atrs: f64| (n % 3 == of).then_some(atrs);
        rules.policy.thresholds =
            Thresholds { buy: Score::from_tenths(100 + 70 * (n % 5)), sell: Score::from_tenths(-100 - 150 * (n % 6)) };
        rules.trades.exits.stop_atr = 1.0 + 0.5 * f64::from(n % 7);
        (rules.trades.exits.target_atr, rules.trades.exits.trail_atr) = (third(1, 4.0), third(2, 3.0));
        rules.trades.exits.hold_ms = (n % 4 == 0).then_some(3_600_000 * i64::from(12 + n));
        rules.limits.cool_down_ms = 3_600_000 * i64::from(n % 13);
        rules
    };
    (0..12).map(variant).collect()
}

#[test]
fn quiet_moments_of_recorded_years_may_be_passed_over() {
    let Some(klines) = recordings("klines") else { return };
    let world = world_of(PAIRS);
    let lead = at(YEARS.0) - 2000 * 3_600_000;
    for symbol in ["BTCUSDT", "ETHUSDT"] {
        let name = format!("{symbol}-1h-2018-01-01_2025-12-31.csv");
        std::fs::write(world.path(&name), cut::rows(&klines.join(format!("{name}.gz")), lead, at(YEARS.1))).unwrap();
        world.run(&["import", &name]).expect(0);
    }
    let variables = [("TRADER_PAIRS".to_owned(), PAIRS.to_owned())];
    let flags = Flags { db: Some(world.db()), ..Flags::default() };
    let settings = Settings::load(&flags, &variables, &Paths::default()).unwrap();
    let store = Store::open(Path::new(&world.db()), Access::Read).unwrap();
    let span = Span { from: UtcMillis::new(at(YEARS.0)), to: UtcMillis::new(at(YEARS.1)), lengths: Vec::new() };
    let tapes = tapes(&settings, &store, &span).unwrap();
    let (analyst, policy) = (settings.strategy.analyst.clone(), settings.strategy.policy);
    let bars: Vec<_> =
        tapes.iter().map(|tape| bars(tape, &analyst, settings.trading.atr_timeframe, policy.gap_window)).collect();
    let (mut trades, mut told, mut moments) = (0, 0, 0);
    for rules in variants(&rules(&settings, 0)) {
        let (mut days, mut all) = (Days::default(), EveryMoment::default());
        let quick = replay(&tapes, &bars, &rules, (span.from, span.to), &mut days).unwrap();
        let slow = replay(&tapes, &bars, &rules, (span.from, span.to), &mut all).unwrap();
        assert_eq!(quick, slow, "{rules:?}");
        assert_eq!((days.events, days.moments), (all.0.events, all.0.moments), "{rules:?}");
        (trades, told, moments) = (trades + quick.trades.len(), told + days.told, moments + all.0.told);
    }
    assert!(trades > 300, "{trades} trades are few");
    assert!(told * 6 < moments, "{told} of {moments} moments were met");
}
