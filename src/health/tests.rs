//! What is judged, held against tables whose numbers were worked out by hand.

use super::*;
use crate::decision::RiskState;
use crate::market::SeriesKey;
use crate::unit::{Timeframe, UtcMillis};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2024-03-13T12:00:00Z.
const NOON: UtcMillis = UtcMillis::new(1_710_331_200_000);

fn limits() -> Limits {
    Limits {
        every: Timeframe::H1,
        late_ms: 15 * MINUTE,
        max_age_ms: 2 * HOUR,
        success_warning: 0.95,
        success_critical: 0.8,
        max_clock_offset_ms: 5000,
        disk_warning_bytes: 1000,
        disk_critical_bytes: 200,
        disk_days: 40.0,
        max_check_age_ms: 7 * DAY,
        max_unsent_ms: 6 * HOUR,
    }
}

fn ended_run(at: UtcMillis) -> Begun {
    Begun { at, has_ended: true }
}

fn series(pair: &str, timeframe: Timeframe, newest: Option<UtcMillis>) -> SeriesFact {
    SeriesFact { key: SeriesKey { symbol: pair.parse().unwrap(), timeframe }, newest, retired: None }
}

/// Hourly runs for ten days, the newest 20 s after noon; the look is ten minutes later.
fn healthy() -> Facts {
    let hourly = (0..168).rev().map(|hour| ended_run(NOON.plus_ms(20_000 - hour * HOUR)));
    let agent = |name| AgentFact {
        name,
        day: Tally { ok: 24, ..Tally::default() },
        week: Tally { ok: 168, ..Tally::default() },
    };
    Facts {
        now: NOON.plus_ms(10 * MINUTE),
        decided_on: Timeframe::H1,
        series: vec![
            series("BTC/USDT", Timeframe::H1, Some(NOON.plus_ms(-HOUR))),
            series("BTC/USDT", Timeframe::D1, Some(NOON.plus_ms(-36 * HOUR))),
        ],
        first_cycle: Some(NOON.plus_ms(-10 * DAY)),
        begun: hourly.collect(),
        ended: Some(Ended {
            run_id: "r".to_owned(),
            began_at: NOON.plus_ms(20_000),
            duration_ms: 400,
            exit_code: 0,
            clock_offset_ms: Some(-1500),
            troubled: vec![],
            error: None,
        }),
        agents: vec![agent("a"), agent("b")],
        gaps: GapFact::default(),
        database: DatabaseFact { bytes: 5000, sizes: vec![], disk: Some(Disk { free: 5000, total: 10_000 }) },
        examined: Some(Examined { at: NOON.plus_ms(-DAY), findings: 0, first: None }),
        ban: None,
        account: Some(AccountFact { state: RiskState::Normal, reason: None }),
        outbox: Outbox::default(),
    }
}

/// The findings that are not ok: topic and level.
fn wrong(health: &Health) -> Vec<(&'static str, Level)> {
    health.findings.iter().filter(|f| f.level > Level::Ok).map(|f| (f.topic.word(), f.level)).collect()
}

#[test]
fn a_healthy_installation_has_nothing_to_do() {
    let health = judge(&healthy(), &limits());
    assert_eq!((health.verdict, health.level, wrong(&health)), (Verdict::Healthy, Level::Ok, vec![]));
    // Two agents, and twelve other things.
    assert_eq!(health.findings.len(), 14);
    assert!(health.findings.iter().all(|f| f.remedy.is_none() && !f.text.is_empty()));
}

/// Something that is changed in a healthy installation, and what follows.
type Case = (&'static str, fn(&mut Facts), Verdict, &'static [(&'static str, Level)]);

const CASES: &[Case] = &[
    ("late", |f| f.now = NOON.plus_ms(20_000 + 75 * MINUTE), Verdict::Healthy, &[]),
    ("too late", |f| f.now = NOON.plus_ms(20_001 + 75 * MINUTE), Verdict::Stale, &[("runs", Level::Warning)]),
    (
        "two hours and a quarter",
        |f| f.now = NOON.plus_ms(20_001 + 135 * MINUTE),
        Verdict::Stale,
        &[("runs", Level::Critical), ("candles", Level::Critical)],
    ),
    (
        "no run ever",
        |f| (f.begun, f.first_cycle, f.ended) = (vec![], None, None),
        Verdict::Stale,
        &[("runs", Level::Warning)],
    ),
    ("degraded", |f| f.ended.as_mut().unwrap().exit_code = 3, Verdict::Degraded, &[("last_run", Level::Warning)]),
    ("unavailable", |f| f.ended.as_mut().unwrap().exit_code = 4, Verdict::Stale, &[("last_run", Level::Critical)]),
    ("halted runs are fine runs", |f| f.ended.as_mut().unwrap().exit_code = 6, Verdict::Healthy, &[]),
    ("storage", |f| f.ended.as_mut().unwrap().exit_code = 7, Verdict::Storage, &[("last_run", Level::Critical)]),
    ("internal", |f| f.ended.as_mut().unwrap().exit_code = 1, Verdict::Degraded, &[("last_run", Level::Critical)]),
    ("still at work", |f| f.begun[167].has_ended = false, Verdict::Healthy, &[]),
    ("cut off", |f| f.begun[166].has_ended = false, Verdict::Degraded, &[("cut_off", Level::Warning)]),
    // 22 of 24 are 91.7 %.
    ("failing", |f| f.agents[1].day = tally(22, 0, 2), Verdict::Degraded, &[("agent", Level::Warning)]),
    // 23 of 24 are 95.8 %.
    ("once is nothing", |f| f.agents[1].day = tally(23, 0, 1), Verdict::Healthy, &[]),
    ("merely degraded", |f| f.agents[1].day = tally(0, 24, 0), Verdict::Healthy, &[]),
    // 134 of 168 are 79.8 %.
    ("failing for a week", |f| f.agents[0].week = tally(134, 0, 34), Verdict::Degraded, &[("agent", Level::Critical)]),
    (
        "a stale pair",
        |f| f.series[0].newest = Some(NOON.plus_ms(-3 * HOUR)),
        Verdict::Stale,
        &[("candles", Level::Critical)],
    ),
    (
        // Its candle ended at 00:00 of the day before: 36 h 10 min ago; the limit is 25 h.
        "a stale day",
        |f| f.series[1].newest = Some(NOON.plus_ms(-60 * HOUR)),
        Verdict::Stale,
        &[("candles", Level::Warning)],
    ),
    ("no candle at all", |f| f.series[0].newest = None, Verdict::Stale, &[("candles", Level::Critical)]),
    (
        "a dead pair",
        |f| {
            f.series[0].newest = None;
            f.series[0].retired = Some("BREAK".to_owned());
            let run = f.ended.as_mut().unwrap();
            (run.exit_code, run.troubled) = (3, vec!["BTC/USDT".parse().ok()]);
        },
        Verdict::Healthy,
        &[],
    ),
    (
        "a dead pair and something else",
        |f| {
            f.series[0].retired = Some("BREAK".to_owned());
            let run = f.ended.as_mut().unwrap();
            (run.exit_code, run.troubled) = (3, vec!["BTC/USDT".parse().ok(), None]);
        },
        Verdict::Degraded,
        &[("last_run", Level::Warning)],
    ),
    ("gaps", |f| f.gaps.open = 1, Verdict::Degraded, &[("gaps", Level::Warning)]),
    ("a clock just right", |f| f.ended.as_mut().unwrap().clock_offset_ms = Some(-5000), Verdict::Healthy, &[]),
    (
        "a clock ahead",
        |f| f.ended.as_mut().unwrap().clock_offset_ms = Some(-5001),
        Verdict::Degraded,
        &[("clock", Level::Warning)],
    ),
    ("a clock unknown", |f| f.ended.as_mut().unwrap().clock_offset_ms = None, Verdict::Healthy, &[]),
    ("little room", |f| f.database.disk = Some(disk(999)), Verdict::Degraded, &[("disk", Level::Warning)]),
    ("no room", |f| f.database.disk = Some(disk(199)), Verdict::Storage, &[("disk", Level::Critical)]),
    ("room unknown", |f| f.database.disk = None, Verdict::Healthy, &[]),
    // 5000 bytes at 126 a day are 39.7 days; at 125 they are the 40 that are asked for.
    ("growing fast", |f| f.database.sizes = sizes(&[0, 126]), Verdict::Degraded, &[("disk", Level::Warning)]),
    ("growing", |f| f.database.sizes = sizes(&[0, 125]), Verdict::Healthy, &[]),
    // At 501 a day they are 9.98 days.
    ("growing wildly", |f| f.database.sizes = sizes(&[0, 501]), Verdict::Storage, &[("disk", Level::Critical)]),
    (
        "damaged",
        |f| f.examined = Some(Examined { at: NOON, findings: 1, first: Some("a page".to_owned()) }),
        Verdict::Storage,
        &[("examination", Level::Critical)],
    ),
    (
        "examined long ago",
        |f| f.examined.as_mut().unwrap().at = NOON.plus_ms(-8 * DAY),
        Verdict::Degraded,
        &[("examination", Level::Warning)],
    ),
    ("never examined", |f| f.examined = None, Verdict::Degraded, &[("examination", Level::Warning)]),
    (
        "banned",
        |f| f.ban = Some((NOON.plus_ms(HOUR), "HTTP 418".to_owned())),
        Verdict::Degraded,
        &[("ban", Level::Warning)],
    ),
    ("paused", |f| f.account = Some(state(RiskState::Paused)), Verdict::Halted, &[("account", Level::Warning)]),
    ("a lost day", |f| f.account = Some(state(RiskState::DayLoss)), Verdict::Halted, &[("account", Level::Warning)]),
    ("a drawdown", |f| f.account = Some(state(RiskState::Warning)), Verdict::Halted, &[("account", Level::Warning)]),
    ("halted", |f| f.account = Some(state(RiskState::Halted)), Verdict::Halted, &[("account", Level::Critical)]),
    ("no account", |f| f.account = None, Verdict::Healthy, &[]),
    (
        "messages that just wait",
        |f| f.outbox = Outbox { waiting: 3, oldest: Some(NOON.plus_ms(10 * MINUTE - 6 * HOUR)), refused: 0 },
        Verdict::Healthy,
        &[],
    ),
    (
        "messages that wait too long",
        |f| f.outbox = Outbox { waiting: 3, oldest: Some(NOON.plus_ms(9 * MINUTE - 6 * HOUR)), refused: 0 },
        Verdict::Degraded,
        &[("notifications", Level::Warning)],
    ),
    ("refused messages", |f| f.outbox.refused = 1, Verdict::Degraded, &[("notifications", Level::Warning)]),
    (
        "halted, and stale as well",
        |f| {
            f.account = Some(state(RiskState::Halted));
            f.series[0].newest = None;
        },
        Verdict::Stale,
        &[("candles", Level::Critical), ("account", Level::Critical)],
    ),
];

fn tally(ok: u64, degraded: u64, failed: u64) -> Tally {
    Tally { ok, degraded, failed, cut_off: 0 }
}

fn disk(free: u64) -> Disk {
    Disk { free, total: 10_000 }
}

fn state(state: RiskState) -> AccountFact {
    AccountFact { state, reason: Some("why".to_owned()) }
}

/// Sizes of one day after another.
fn sizes(bytes: &[i64]) -> Vec<(UtcMillis, i64)> {
    (0..).zip(bytes).map(|(day, bytes)| (UtcMillis::new(day * DAY), *bytes)).collect()
}

#[test]
fn each_fact_has_its_level_and_the_gravest_decides() {
    for (what, change, verdict, findings) in CASES {
        let mut facts = healthy();
        change(&mut facts);
        let health = judge(&facts, &limits());
        assert_eq!((health.verdict, wrong(&health)), (*verdict, findings.to_vec()), "{what}: {:#?}", health.findings);
        let without = health.findings.iter().find(|f| (f.level > Level::Ok) != f.remedy.is_some());
        assert_eq!(without, None, "{what}: what is wrong, and nothing else, has a remedy");
    }
}

#[test]
fn verdicts_are_ordered_from_healthy_to_storage() {
    let order = [Verdict::Healthy, Verdict::Degraded, Verdict::Halted, Verdict::Stale, Verdict::Storage];
    assert!(order.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_slot_without_a_run_is_missed_and_before_the_first_run_none_was() {
    let at = |hour: i64, minute: i64| NOON.plus_ms(hour * HOUR + minute * MINUTE);
    let h1 = Timeframe::H1;
    for (what, every, since, now, first, begun, due, missed) in [
        ("nothing ever", h1, at(-24, 0), at(0, 10), None, vec![], 0, 0),
        ("the first run, just now", h1, at(-24, 0), at(0, 10), Some(at(0, 1)), vec![at(0, 1)], 1, 0),
        // 9, 10 and 11 o'clock are over, noon's is still to come.
        ("one of three", h1, at(-24, 0), at(0, 10), Some(at(-3, 1)), vec![at(-3, 1), at(-1, 50)], 3, 1),
        ("and this hour's", h1, at(-24, 0), at(0, 10), Some(at(-3, 1)), vec![at(-3, 1), at(-1, 50), at(0, 1)], 4, 1),
        ("twice in an hour", h1, at(-24, 0), at(0, 10), Some(at(-3, 1)), vec![at(-3, 1), at(-3, 30)], 3, 2),
        // The window begins at 12:10 of yesterday: 13:00 is its first whole hour, and 23 hours are over.
        ("a whole window", h1, at(-24, 10), at(0, 10), Some(at(-99, 0)), vec![], 23, 23),
        ("at the full hour", h1, at(-24, 0), at(0, 0), Some(at(-99, 0)), vec![], 24, 24),
        // A run that begins a little before our clock has reached its hour.
        (
            "our clock is behind",
            h1,
            at(-24, 0),
            at(-1, 59),
            Some(at(-2, 1)),
            vec![at(-2, 1), at(-1, 1), at(0, 0)],
            3,
            0,
        ),
        // 00:00, 04:00 and 08:00 are over; 12:00 has begun.
        ("every four hours", Timeframe::H4, at(-12, 0), at(0, 10), Some(at(-99, 0)), vec![at(-7, 5)], 3, 2),
        ("the first run long before", h1, at(-2, 0), at(0, 10), Some(at(-99, 0)), vec![at(-99, 0), at(-1, 0)], 2, 1),
        ("judged before the first run", h1, at(-24, 0), at(-5, 0), Some(at(0, 1)), vec![], 0, 0),
    ] {
        let begun: Vec<Begun> = begun.into_iter().map(ended_run).collect();
        assert_eq!(Slots::since(every, since, now, first, &begun), Slots { due, missed }, "{what}");
    }
}

#[test]
fn missed_runs_count_as_failures_of_each_agent() {
    for (tally, missed, due, success, done) in [
        (tally(0, 0, 0), 0, 0, None, None),
        (tally(3, 0, 0), 1, 4, Some(0.75), Some(0.75)),
        (tally(1, 1, 1), 1, 4, Some(0.25), Some(0.5)),
        (tally(0, 0, 0), 5, 5, Some(0.0), Some(0.0)),
    ] {
        let window = Window { tally, missed };
        assert_eq!((window.due(), window.success(), window.done()), (due, success, done), "{window:?}");
    }
    let mut facts = healthy();
    // The scheduler stood still for six of the last 24 hours, and the agents did what they could.
    facts.begun.retain(|run| run.at < NOON.plus_ms(-6 * HOUR) || run.at > NOON);
    facts.agents[0].day = Tally { ok: 18, ..Tally::default() };
    let health = judge(&facts, &limits());
    // From 13:00 of yesterday to 11:00 of today 23 slots are over, and noon's has its run.
    assert_eq!(health.day, Slots { due: 24, missed: 6 });
    assert_eq!(health.agents[0].day.success(), Some(0.75));
}

#[test]
fn growth_is_that_of_an_ordinary_day() {
    for (bytes, growth) in [
        (&[][..], None),
        (&[100], None),
        (&[100, 150], Some(50.0)),
        (&[100, 110, 140], Some(20.0)),
        // A backfill on the second day, a vacuum on the fifth.
        (&[100, 9100, 9110, 9120, 500, 510], Some(10.0)),
        (&[100, 90, 80], Some(-10.0)),
    ] {
        assert_eq!(daily_growth(&sizes(bytes)), growth, "{bytes:?}");
    }
    // Two days without a run lie between them.
    let apart = [(UtcMillis::new(0), 100), (UtcMillis::new(3 * DAY), 160)];
    assert_eq!(daily_growth(&apart), Some(20.0));
    assert_eq!(
        [days_until_full(1000, 50.0), days_until_full(1000, 0.0), days_until_full(1000, -1.0)],
        [Some(20.0), None, None]
    );
}

#[test]
fn a_candle_may_be_so_old_as_its_length_allows() {
    for (timeframe, limit) in
        [(Timeframe::M1, 2 * HOUR), (Timeframe::H1, 2 * HOUR), (Timeframe::H4, 5 * HOUR), (Timeframe::D1, 25 * HOUR)]
    {
        assert_eq!(limits().max_age(timeframe), limit, "{timeframe}");
        for (over, state) in [(-1, FreshnessState::Fresh), (0, FreshnessState::Stale)] {
            let newest = NOON.plus_ms(-limit - over - timeframe.ms());
            let fresh = Freshness::of(&series("BTC/USDT", timeframe, Some(newest)), NOON, &limits());
            assert_eq!((fresh.state, fresh.age_ms), (state, Some(limit + over)), "{timeframe}");
        }
    }
}

#[test]
fn spans_and_sizes_are_read_easily() {
    for (ms, text) in [
        (-5, "0 s"),
        (59_999, "59 s"),
        (MINUTE, "1 min"),
        (HOUR - 1, "59 min"),
        (HOUR, "1 h"),
        (HOUR + 5 * MINUTE, "1 h 5 min"),
        (DAY, "1 d"),
        (3 * DAY + 4 * HOUR + 59 * MINUTE, "3 d 4 h"),
    ] {
        assert_eq!(span(ms), text);
    }
    for (bytes, text) in [
        (0.0, "0 B"),
        (999.0, "999 B"),
        (1000.0, "1.0 kB"),
        (1_250_000.0, "1.2 MB"),
        (24e9, "24.0 GB"),
        (-5e3, "-5.0 kB"),
    ] {
        assert_eq!(size(bytes), text);
    }
}
