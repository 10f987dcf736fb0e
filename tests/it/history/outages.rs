//! Outages: what the exchange does not have is a gap on record, asked for again after one, three and seven hours, and
//! then left alone; candles that come late repair it.

use super::{JUNE, NEW_YEAR, backfill, count, gap, gaps, hour, one_series, status, stretches};
use crate::exchange_server::{Exchange, HOUR};
use crate::world::World;

/// The clock when the outage is found.
const FOUND: i64 = JUNE;
/// Hours since then, whether the gap is asked for, its state and the attempts made.
const SCHEDULE: [(i64, bool, &str, u32); 9] = [
    (0, false, "open", 0),
    (1, true, "open", 1),
    (1, false, "open", 1),
    (2, false, "open", 1),
    (3, true, "open", 2),
    (6, false, "open", 2),
    (7, true, "unfillable", 3),
    (8, false, "unfillable", 3),
    (1000, false, "unfillable", 3),
];

/// An exchange that was down from one hour to another.
fn after_an_outage(from: i64, to: i64) -> Exchange {
    let exchange = Exchange::start();
    exchange.set_clock(FOUND);
    (from..=to).step_by(3_600_000).for_each(|at| exchange.punch_hole("BTCUSDT", "1h", at));
    exchange
}

#[test]
fn a_backfill_asks_for_an_outage_when_it_is_due_and_not_for_ever() {
    // In the middle of a page, over the seam of two pages, longer than a page, and at the end.
    for (from, to) in [(500, 502), (990, 1010), (300, 2400), (2495, 2500)] {
        let (from, to) = (hour(from), hour(to));
        let exchange = after_an_outage(from, to);
        let world = one_series(&exchange);
        backfill(&world, NEW_YEAR, hour(2500)).expect(0);
        assert_eq!(gaps(&world), [gap(from, to, "open", 0)]);
        for (hours, asked, state, attempts) in SCHEDULE {
            exchange.set_clock(FOUND + hours * HOUR);
            exchange.forget_requests();
            backfill(&world, NEW_YEAR, hour(2500)).expect(0);
            let expected = if asked { vec![(from, to)] } else { Vec::new() };
            assert_eq!(stretches(&exchange), expected, "after {hours} hours");
            assert_eq!(gaps(&world), [gap(from, to, state, attempts)], "after {hours} hours");
        }
        assert_eq!(count(&world), 2501 - (to - from) / HOUR - 1, "nothing is invented");
    }
}

/// The requests for one missing candle.
fn asked_for(exchange: &Exchange, at: i64) -> usize {
    exchange.asked(&format!("startTime={at}&endTime={at}")).len()
}

#[test]
fn a_cycle_asks_for_a_missing_hour_when_it_is_due_and_not_for_ever() {
    let hole = FOUND - 30_000 - 40 * HOUR;
    let exchange = after_an_outage(hole, hole);
    let world = one_series(&exchange);
    world.run(&["cycle"]).expect(0).says("gap");
    for (hours, asked, state, attempts) in SCHEDULE {
        exchange.set_clock(FOUND + hours * HOUR);
        exchange.forget_requests();
        world.run(&["cycle"]);
        assert_eq!(asked_for(&exchange, hole), usize::from(asked), "after {hours} hours");
        assert_eq!(gaps(&world), [gap(hole, hole, state, attempts)], "after {hours} hours");
    }
}

/// The candles that came late are stored, and the gap is no more than its memory.
fn assert_repaired(world: &World, from: i64, to: i64) {
    let states = world.query("SELECT DISTINCT state FROM data_gaps");
    assert_eq!(states, [["repaired"]]);
    let sql = format!("SELECT count(*) FROM price_data WHERE open_time BETWEEN {from} AND {to}");
    assert_eq!(world.value(&sql), ((to - from) / HOUR + 1).to_string());
}

#[test]
fn candles_that_come_late_repair_the_gap() {
    let noon = FOUND - 30_000;
    for command in ["cycle", "backfill"] {
        for (late, from, to) in [(1, 40, 40), (3, 40, 31), (7, 30, 29)] {
            let (from, to) = (noon - from * HOUR, noon - to * HOUR);
            let exchange = after_an_outage(from, to);
            let world = one_series(&exchange);
            world.run(&["cycle"]);
            assert_eq!(gaps(&world), [gap(from, to, "open", 0)]);
            for hours in 1..=late {
                exchange.set_clock(FOUND + hours * HOUR);
                if hours == late {
                    exchange.fill_holes();
                }
                let start = (noon - 900 * HOUR).to_string();
                let backfill = ["backfill", "--from", &start];
                world.run(if command == "cycle" { &["cycle"] } else { &backfill });
            }
            assert_repaired(&world, from, to);
        }
    }
}

#[test]
fn a_part_that_comes_late_makes_the_gap_smaller() {
    let (from, to) = (hour(500), hour(509));
    let exchange = after_an_outage(from, to);
    let world = one_series(&exchange);
    backfill(&world, NEW_YEAR, hour(1000)).expect(0);
    exchange.fill_holes();
    for still in [500, 501, 505] {
        exchange.punch_hole("BTCUSDT", "1h", hour(still));
    }
    exchange.advance(HOUR);
    backfill(&world, NEW_YEAR, hour(1000)).expect(0);
    let open = world.query("SELECT from_open, missing FROM data_gaps WHERE state = 'open' ORDER BY from_open");
    assert_eq!(open, [[hour(500).to_string(), "2".to_owned()], [hour(505).to_string(), "1".to_owned()]]);
    assert_eq!(count(&world), 1001 - 3);
}

#[test]
fn the_newest_candle_that_comes_late_is_no_lasting_gap() {
    let eleven = FOUND - 30_000 - HOUR;
    let exchange = after_an_outage(eleven, eleven);
    let world = one_series(&exchange);
    let from = (eleven - 100 * HOUR).to_string();
    world.run(&["backfill", "--from", &from]).expect(0);
    assert_eq!(gaps(&world), [gap(eleven, eleven, "open", 0)]);
    exchange.fill_holes();
    exchange.advance(HOUR);
    world.run(&["backfill", "--from", &from]).expect(0);
    assert_repaired(&world, eleven, eleven);
    assert_eq!(count(&world), 102);
}

#[test]
fn a_request_that_fails_is_no_attempt_at_the_gap() {
    let hole = FOUND - 30_000 - 40 * HOUR;
    let exchange = after_an_outage(hole, hole);
    let world = one_series(&exchange);
    world.run(&["cycle"]);
    for hours in [1, 3, 7, 20] {
        exchange.set_clock(FOUND + hours * HOUR);
        exchange.break_always(&[&format!("endTime={hole}")], status(500, ""));
        world.run(&["cycle"]).expect(3);
        assert_eq!(gaps(&world), [gap(hole, hole, "open", 0)], "after {hours} hours");
    }
    exchange.mend();
    exchange.fill_holes();
    // It was put off by an hour, so that others have their turn.
    exchange.advance(HOUR);
    world.run(&["backfill", "--from", &hole.to_string()]).expect(0);
    assert_repaired(&world, hole, hole);
}
