//! Which statements a run makes, heard where the database is opened, and which of them look through a whole table.

use std::cell::RefCell;
use std::collections::BTreeSet;

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::{Store, StoreError};

thread_local! {
    static HEARD: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// Hears every statement of a connection from now on.
pub(super) fn listen(connection: &mut Connection) -> Result<(), StoreError> {
    let hear = |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(statement, _) = event {
            HEARD.with_borrow_mut(|heard| heard.insert(statement.sql().into_owned()));
        }
    };
    Ok(connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(hear))?)
}

/// The statements that this thread has made, each once, as they are written: without values, as plans are made of them.
pub(crate) fn heard() -> BTreeSet<String> {
    HEARD.take()
}

/// The tables that a statement looks through from the beginning to the end, but for `small` ones; and but for those of which
/// it goes through a `small` index, which holds a few of their rows.
pub(crate) fn looked_through(store: &Store, sql: &str, small: &[&str]) -> Vec<String> {
    let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let tables = tables(&store.connection);
    let mut through = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let detail: String = row.get(3).unwrap();
        let Some(scanned) = detail.strip_prefix("SCAN ") else { continue };
        let names = || scanned.split(' ').map(|word| table_of(sql, word));
        if !names().any(|name| small.contains(&name)) {
            through.extend(names().next().and_then(|name| tables.get(name)).cloned());
        }
    }
    through
}

fn tables(connection: &Connection) -> BTreeSet<String> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The table that a name in a statement stands for.
fn table_of<'s>(sql: &'s str, name: &'s str) -> &'s str {
    let words: Vec<&str> =
        sql.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let is_before = |pair: &&[&str]| ["FROM", "JOIN"].contains(&pair[0]) && pair[2] == name;
    words.windows(3).find(is_before).map_or(name, |pair| pair[1])
}

#[test]
fn a_table_that_is_looked_through_is_told_by_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let store = Store::open(&path, super::Access::Write(super::Contents::Live)).unwrap();
    for (sql, told) in [
        ("SELECT * FROM orders o WHERE o.quantity = ?1", vec!["orders"]),
        ("SELECT * FROM orders o JOIN fills f ON f.order_id = o.order_id", vec!["fills"]),
        ("SELECT * FROM positions p CROSS JOIN orders o ON o.order_id = p.position_id", vec!["positions"]),
        ("SELECT count(*) FROM trades", vec!["trades"]),
        ("SELECT * FROM orders o WHERE o.order_id = ?1", vec![]),
        ("DELETE FROM misses_due WHERE position_id = ?1", vec![]),
        ("SELECT count(*) FROM data_gaps", vec!["data_gaps"]),
    ] {
        assert_eq!(looked_through(&store, sql, &[]), told, "{sql}");
    }
    let open = "SELECT count(*) FROM data_gaps WHERE state = 'open'";
    let with = |small: &[&str]| looked_through(&store, open, small).len();
    assert_eq!([with(&[]), with(&["data_gaps_open"]), with(&["data_gaps"])], [1, 0, 0]);
}
