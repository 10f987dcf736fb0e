//! The exchange's own answers, byte for byte: candles and refusals.

use std::path::Path;

use serde_json::Value;
use trader::unit::Timeframe;

use super::{ends, recorded, recordings, stored};
use crate::exchange_server::{Exchange, Fault};
use crate::world::World;

/// Recorded answers that follow each other, their interval, their rows, and how many of these the archive has otherwise.
const ANSWERS: [(&[&str], Timeframe, usize, Option<usize>); 7] = [
    (&["klines-BTCUSDT-1h-page1-limit1000", "klines-BTCUSDT-1h-page2"], Timeframe::H1, 1468, Some(0)),
    (&["klines-BTCUSDT-1h-2023-01"], Timeframe::H1, 176, Some(0)),
    (&["klines-BTCUSDT-1d-2019"], Timeframe::D1, 366, Some(3)),
    (&["klines-BTCUSDT-1d-2020-09_2021-02"], Timeframe::D1, 168, Some(0)),
    // No candles of these days were recorded otherwise.
    (&["klines-BTCUSDT-1m-2020-05-06-60rows"], Timeframe::M1, 60, None),
    (&["klines-BTCUSDT-1m-1row"], Timeframe::M1, 1, None),
    (&["klines-BTCUSDT-5m-limit24"], Timeframe::M5, 24, None),
];

/// An exchange that gives the recorded answers, and the first and last open time of them all.
fn answering(folder: &Path, names: &[&str]) -> (Exchange, i64, i64) {
    let exchange = Exchange::start();
    let mut opens = Vec::new();
    for name in names {
        let body = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        let rows: Vec<Vec<Value>> = serde_json::from_slice(&body).unwrap();
        let start = format!("startTime={}", rows[0][0]);
        exchange.break_always(&["klines", &start], Fault::RawBody(body));
        opens.extend(rows.iter().filter_map(|row| row[0].as_i64()));
    }
    (exchange, opens[0], opens[opens.len() - 1])
}

#[test]
fn recorded_answers_hold_the_candles_of_the_recording() {
    let Some(folder) = recordings("wire/market") else { return };
    let Some(klines) = recordings("klines") else { return };
    for (names, timeframe, rows, differing) in ANSWERS {
        let (exchange, from, to) = answering(&folder, names);
        let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT");
        // The decision's timeframe is always among those that are fetched.
        let world =
            world.with("TRADER_TIMEFRAMES", timeframe.name()).with("TRADER_STRATEGY_TIMEFRAME", timeframe.name());
        let run = world.run(&["backfill", "--from", &from.to_string(), "--to", &to.to_string()]).expect(0);
        assert_eq!((&run.json()["added"], &run.json()["bad"]), (&rows.into(), &0.into()), "{names:?}: {run}");
        assert_eq!((exchange.asked("klines").len(), ends(&world)), (names.len(), (from, to)), "{names:?}");
        let Some(differing) = differing else { continue };
        let (answered, recorded) = (stored(&world), recorded(&klines, "BTC/USDT", timeframe, from, to));
        let unlike = answered.iter().zip(&recorded).filter(|(ours, theirs)| ours != theirs);
        let unlike: Vec<_> = unlike.collect();
        assert_eq!((recorded.len(), unlike.len()), (rows, differing), "{names:?}: {unlike:#?}");
        assert!(unlike.iter().all(|(ours, theirs)| ours[0] == theirs[0]), "{names:?}");
    }
}

#[test]
fn the_outage_within_recorded_answers_is_a_gap() {
    let Some(folder) = recordings("wire/market") else { return };
    let (exchange, from, to) = answering(&folder, ANSWERS[0].0);
    let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT");
    let run = world.run(&["backfill", "--from", &from.to_string(), "--to", &to.to_string()]).expect(0).says("gap");
    let gaps = world.query("SELECT first_missing, last_missing, missing, state FROM gaps");
    assert_eq!(gaps, [["2020-06-28T02:00:00Z", "2020-06-28T04:00:00Z", "3", "open"]], "{run}");
}

/// A recorded refusal.
struct Refusal {
    status: u16,
    body: String,
    page: bool,
}

impl Refusal {
    /// None when the status was not recorded.
    fn read(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).unwrap();
        let status = u16::try_from(value["http_status"].as_u64()?).unwrap();
        let kind = value["headers"]["content-type"].as_str().unwrap_or_default();
        Some(Self { status, body: value["body"].as_str().unwrap().to_owned(), page: kind.contains("html") })
    }

    fn fault(&self) -> Fault {
        let kind = if self.page { "text/html; charset=iso-8859-1" } else { "application/json;charset=utf-8" };
        Fault::Status(self.status, vec![("Content-Type", kind.to_owned())], self.body.clone().into())
    }

    /// How it is called.
    fn code(&self) -> &'static str {
        match self.status {
            418 => "banned",
            429 => "rate_limited",
            451 => "restricted_location",
            403 => "forbidden",
            502 => "http_status",
            _ if self.body.contains("-1121") => "unknown_symbol",
            _ => "refused",
        }
    }

    /// Whether it is about everything that is asked, not about one pair.
    fn is_about_all(&self) -> bool {
        matches!(self.status, 418 | 429 | 451 | 403)
    }
}

fn refusals() -> Option<Vec<Refusal>> {
    let file = recordings("wire/errors")?.join("recorded-errors.jsonl");
    Some(std::fs::read_to_string(file).unwrap().lines().filter_map(Refusal::read).collect())
}

#[test]
fn a_recorded_refusal_of_everything_makes_the_market_unavailable_and_is_named() {
    let Some(refusals) = refusals() else { return };
    let known = ["banned", "rate_limited", "restricted_location", "forbidden", "http_status", "unknown_symbol"];
    for code in known {
        assert!(refusals.iter().any(|refusal| refusal.code() == code), "no recording of {code}");
    }
    for refusal in &refusals {
        let exchange = Exchange::start();
        exchange.break_always(&[], refusal.fault());
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(4).says(refusal.code());
        assert!(!run.decided("BTC/USDT") && !run.decided("ETH/USDT"), "{run}");
        world.assert_intact();
    }
}

#[test]
fn a_recorded_refusal_of_one_pair_costs_the_other_nothing() {
    let Some(refusals) = refusals() else { return };
    for refusal in refusals.iter().filter(|refusal| !refusal.is_about_all()) {
        let exchange = Exchange::start();
        exchange.break_always(&["symbol=ETHUSDT"], refusal.fault());
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(3).says(refusal.code());
        assert!(run.decided("BTC/USDT") && !run.decided("ETH/USDT"), "{run}");
        assert_eq!(run.json()["errors"][0]["symbol"], "ETH/USDT", "{run}");
        world.assert_intact();
    }
}

#[test]
fn a_recorded_ban_that_has_ended_does_not_last() {
    let Some(refusals) = refusals() else { return };
    let bans: Vec<_> = refusals.iter().filter(|refusal| refusal.status == 418).collect();
    assert_eq!(bans.len(), 2);
    for ban in bans {
        let exchange = Exchange::start();
        exchange.break_always(&[], ban.fault());
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(4);
        let told = ["2022-08-10T00:13:43", "2021-04-12T11:57:55"].iter().any(|until| run.stdout.contains(until));
        assert!(told, "the end of the ban is told: {run}");
        exchange.mend();
        world.run(&["cycle"]).expect(0);
    }
}
