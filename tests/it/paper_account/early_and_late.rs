//! Asked early or late, and whatever was configured in between, a forecast's outcome is the same.

use std::collections::BTreeMap;

use trader::unit::UtcMillis;

use super::recorded::{Recording, world_of};
use super::{assert_sound, small};
use crate::exchange_server::HOUR;
use crate::recorded_data::at;
use crate::world::World;

/// Pair, candle, kind and horizon.
type Question = [String; 4];
/// Gross and net return, what ended it and when, or why there is none.
type Answer = [String; 5];

fn outcomes(world: &World) -> BTreeMap<Question, Answer> {
    let sql = "SELECT d.symbol, d.candle_open_time, o.kind, o.horizon_ms, o.gross, o.net, o.ended_by, o.ended_at, o.unresolvable
                 FROM outcomes o JOIN trading_decisions d ON d.id = o.decision_id WHERE o.kind <> 'trade'";
    let halves = |row: Vec<String>| {
        let [symbol, candle, kind, horizon, gross, net, by, at, why] = row.try_into().expect("nine columns");
        ([symbol, candle, kind, horizon], [gross, net, by, at, why])
    };
    world.query(sql).into_iter().map(halves).collect()
}

/// Whatever the first world can tell and the other decided too, it tells alike; how many that are.
#[track_caller]
fn assert_alike(name: &str, told: &BTreeMap<Question, Answer>, other: &World) -> usize {
    assert_sound(other);
    let decided = other.query("SELECT symbol, candle_open_time FROM trading_decisions");
    let theirs = outcomes(other);
    let shared =
        told.iter().filter(|([symbol, candle, ..], _)| decided.contains(&vec![symbol.clone(), candle.clone()]));
    let different: Vec<_> = shared.clone().filter(|(question, answer)| theirs.get(*question) != Some(answer)).collect();
    assert!(different.is_empty(), "{name}: {different:#?}");
    shared.count()
}

/// Stops that were hit.
fn stopped(told: &BTreeMap<Question, Answer>) -> usize {
    told.values().filter(|[_, _, by, ..]| by == "stop").count()
}

#[test]
fn hourly_runs_and_one_after_a_sleep_and_others_without_pair_and_minutes_tell_the_same_outcomes() {
    let begin = || {
        let world = small().with("TRADER_PAIRS", "BTC/USDT,SOL/USDT").with("TRADER_FORECAST_HORIZONS_H", "1,2,3,4");
        for now in ["2026-09-01T12:00:30Z", "2026-09-01T13:00:30Z"] {
            world.replay_at(now).expect(0);
        }
        world
    };
    let (two, three, four) = ("2026-09-01T14:00:30Z", "2026-09-01T15:00:30Z", "2026-09-01T16:00:30Z");
    let (hourly, asleep, changed) = (begin(), begin(), begin().with("TRADER_PAIRS", "SOL/USDT"));
    for now in [two, three, four] {
        hourly.replay_at(now).expect(0);
    }
    asleep.replay_at(four).expect(0);
    changed.replay_at(two).expect(0);
    let changed = changed.with("TRADER_TIMEFRAMES", "1h");
    for now in [three, four] {
        changed.replay_at(now).expect(0);
    }
    let told = outcomes(&hourly);
    // Of the fall at twelve past one: noon's for 2, 3 and 4 hours, one o'clock's for 1, 2 and 3.
    assert_eq!(stopped(&told), 6, "{told:#?}");
    // Those of noon for four horizons, of one o'clock for three, of two pairs and two kinds; asleep at two and three.
    assert_eq!(assert_alike("asleep", &told, &asleep), 28);
    // Without the pair, the decisions of two and three on the other one are shared too: three horizons more.
    assert_eq!(assert_alike("changed", &told, &changed), 28 + 6);
}

/// Thirty hours in the middle of March 2024, in which the market fell.
const FIRST: &str = "2024-03-14T10:00:30Z";
const LAST: &str = "2024-03-15T16:00:30Z";

#[test]
fn recorded_hours_tell_the_same_outcomes_early_and_late_with_all_pairs_and_with_one_with_minutes_and_without() {
    let Some(recording) = Recording::unpack(FIRST, LAST, &["BTCUSDT", "ETHUSDT", "SOLUSDT"]) else { return };
    let live = |world: World, is_awake: &dyn Fn(i64) -> bool| {
        let hour = |now: &UtcMillis| (now.get() - at(FIRST)) / HOUR;
        recording.hours().filter(|now| is_awake(hour(now))).for_each(|now| drop(recording.run(&world, now)));
        world
    };
    let all = || {
        world_of("BTC/USDT,ETH/USDT,SOL/USDT")
            .with("TRADER_TIMEFRAMES", "1m,1h")
            .with("TRADER_FORECAST_HORIZONS_H", "4,12,24")
            .with("TRADER_EXITS_STOP_ATR", "1.5")
    };
    let hourly = live(all(), &|_| true);
    let asleep = live(all(), &|hour| hour < 6 || hour == 30);
    let changed = live(all(), &|hour| hour < 6).with("TRADER_PAIRS", "BTC/USDT");
    let changed = live(changed, &|hour| (6..15).contains(&hour)).with("TRADER_TIMEFRAMES", "1h");
    let changed = live(changed, &|hour| hour >= 15);
    // What was decided until three o'clock, on candles that opened until two: the stops of that day are hit before the
    // minutes are left out.
    let mut told = outcomes(&hourly);
    told.retain(|[_, candle, ..], _| *candle < (at(FIRST) + 4 * HOUR).to_string());
    assert!(stopped(&told) > 20, "{} stops", stopped(&told));
    // Six hours, three pairs, three horizons, two kinds.
    for (name, other) in [("asleep", &asleep), ("changed", &changed)] {
        assert_eq!(assert_alike(name, &told, other), 6 * 3 * 3 * 2, "{name}");
    }
}
