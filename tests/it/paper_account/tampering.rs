//! Facts cannot be changed by accident, and what is changed on purpose is found.

use rusqlite::Connection;

use super::{after, assert_sound, small};
use crate::world::World;

fn change(world: &World, sql: &str) -> Result<(), String> {
    let db = Connection::open(world.db()).unwrap();
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    db.execute_batch(sql).map_err(|error| error.to_string())
}

/// The database after the entry, and after the whole trade with outcomes of the shortest horizon.
fn worlds() -> [World; 2] {
    let done = after(small(), 3);
    for now in ["2026-09-01T15:00:30Z", "2026-09-01T16:00:30Z"] {
        done.replay_at(now).expect(0);
    }
    [after(small(), 2), done]
}

#[test]
fn facts_refuse_to_be_changed_or_deleted() {
    let [held, done] = worlds();
    held.run(&["pause", "--reason", "r"]).expect(0);
    let facts = [
        "deposits",
        "orders",
        "fills",
        "order_ends",
        "protections",
        "ledger_entries",
        "trades",
        "forecasts",
        "outcomes",
    ];
    for (world, tables) in [(&held, &["risk_events"][..]), (&done, &facts[..])] {
        for table in tables {
            assert_ne!(world.value(&format!("SELECT count(*) FROM {table}")), "0", "{table} is empty");
            for sql in
                [format!("DELETE FROM {table}"), format!("UPDATE {table} SET rowid = rowid"), one_column(world, table)]
            {
                let Err(error) = change(world, &sql) else { panic!("{sql} went through") };
                assert!(error.contains("are facts") || error.contains("no such column: rowid"), "{sql}: {error}");
            }
        }
        assert_sound(world);
    }
}

/// Sets the last column of a table to what it is.
fn one_column(world: &World, table: &str) -> String {
    let column = world.value(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid DESC LIMIT 1"));
    format!("UPDATE {table} SET {column} = {column}")
}

#[test]
fn a_position_without_a_stop_is_refused() {
    let [held, _] = worlds();
    for stop in ["NULL", "''", "'0'", "'-1'", "'none'"] {
        let Err(error) = change(&held, &format!("UPDATE positions SET stop = {stop}")) else { panic!("{stop}") };
        assert!(error.contains("constraint failed"), "{error}");
    }
    let second = "INSERT INTO positions SELECT position_id || 'x', symbol, opened_at, quantity, entry_price, cost, risk, stop, \
                  target, high, walked_to, leaving FROM positions";
    assert!(change(&held, second).is_err(), "a second position in the coin, of no order");
    let order = "INSERT INTO orders (order_id, position_id, symbol, side, quantity, placed_at, reference, price, risk, \
                 risk_budget, run_id) VALUES ('e', 'e', 'ETH/USDT', 'BUY', '1', 1, '1', '1', '1', '1', 'r')";
    assert!(change(&held, order).is_err(), "an entry without a stop");
}

/// What is done to a database, and the words that name it.
const CHANGES: [(usize, &str, &str); 23] = [
    (0, "UPDATE balances SET amount = '1000000' WHERE asset = 'USDT'", "balances are"),
    (0, "DELETE FROM balances WHERE asset = 'BTC'", "balances are"),
    (0, "UPDATE positions SET quantity = '1'", "positions: BTCUSDT-"),
    (0, "UPDATE positions SET stop = '1'", "positions: BTCUSDT-"),
    (0, "UPDATE positions SET cost = '1'", "positions: BTCUSDT-"),
    (0, "UPDATE positions SET entry_price = '1'", "positions: BTCUSDT-"),
    (0, "UPDATE positions SET symbol = 'ETH/USDT'", "positions: BTCUSDT-"),
    (0, "UPDATE positions SET walked_to = 1", "positions: BTCUSDT-"),
    (0, "DELETE FROM positions", "positions: BTCUSDT-"),
    (0, "UPDATE portfolio_state SET cash = '1' WHERE id = 2", "row 2 of portfolio_state has cash 1"),
    (0, "UPDATE portfolio_state SET equity = '2000' WHERE id = 1", "row 1 of portfolio_state does not add up"),
    (0, "UPDATE portfolio_state SET peak_equity = '900' WHERE id = 2", "row 2 of portfolio_state"),
    (1, "DROP TRIGGER trades_are_kept; UPDATE trades SET profit = '1'", "trades: BTCUSDT-"),
    (1, "DROP TRIGGER trades_are_kept; UPDATE trades SET r_multiple = 9, roi = 9", "trades: BTCUSDT-"),
    (1, "DROP TRIGGER trades_are_kept; UPDATE trades SET proceeds = '999', exit_price = '99999'", "trades: BTCUSDT-"),
    (1, "DROP TRIGGER trades_are_kept; UPDATE trades SET reason = 'target'", "trades: BTCUSDT-"),
    (1, "DROP TRIGGER trades_are_held; DELETE FROM misses_due; DELETE FROM trades", "trades: BTCUSDT-"),
    (1, "INSERT INTO open_orders SELECT order_id FROM orders LIMIT 1", "open_orders: BTCUSDT-"),
    (1, "DELETE FROM misses_due", "neither told nor waiting"),
    (1, "DROP TRIGGER outcomes_are_held; DELETE FROM outcomes WHERE rowid_of = 1", "neither resolved nor waiting"),
    (
        1,
        "DROP TRIGGER forecasts_are_held; DROP TRIGGER outcomes_are_held; DELETE FROM forecasts_due; DELETE FROM outcomes; DELETE FROM forecasts",
        "decisions without a forecast",
    ),
    (
        1,
        "DROP TRIGGER ledger_entries_are_held; DELETE FROM ledger_entries WHERE account = 'fees'",
        "the entries of fill",
    ),
    (
        1,
        "DROP TRIGGER fills_are_kept; UPDATE fills SET price = '1', notional = '1' WHERE side = 'SELL'",
        "balances are",
    ),
];

#[test]
fn what_was_changed_is_named_by_the_check() {
    let sound = worlds();
    let mut missed = Vec::new();
    for (which, sql, words) in CHANGES {
        let world = small();
        world.take_db_of(&sound[which]);
        change(&world, &sql.replace("WHERE rowid_of = 1", "WHERE kind = 'policy' AND decision_id = 1"))
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
        let run = world.run(&["db", "check"]);
        let named = run.stdout.contains(words);
        if run.code != 7 || !named {
            missed.push(format!("{sql}: exit {}, {}", run.code, run.stdout));
        }
    }
    assert!(missed.is_empty(), "{} of {} went unseen:\n{}", missed.len(), CHANGES.len(), missed.join("\n"));
}
