//! A run must not take longer the older the account is.

use std::path::Path;

use super::{CycleOptions, cycle};
use crate::settings::{Flags, Paths, Settings};
use crate::store::plans::{heard, looked_through};
use crate::store::{Access, Store};

/// What stays small: queues, what is folded to what is open, what only people make more of.
const SMALL: [&str; 8] = [
    "forecasts_due",
    "misses_due",
    "open_orders",
    "positions",
    "balances",
    "deposits",
    "risk_events",
    // Not all that were ever missed.
    "data_gaps_open",
];

/// The small recording from the run that orders to the one after the trade's forecast has ended.
fn live(settings: &Settings) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/market");
    for hour in 12..=16 {
        let now = format!("2026-09-01T{hour}:00:30Z").parse().unwrap();
        let options = CycleOptions { replay: Some(folder.clone()), now: Some(now), ..CycleOptions::default() };
        cycle(settings, &options).unwrap();
    }
}

#[test]
fn no_statement_of_a_cycle_looks_through_a_table_that_grows() {
    let home = tempfile::tempdir().unwrap();
    let db = home.path().join("t.db");
    let flags = Flags { db: Some(db.clone()), ..Flags::default() };
    let horizons = [("TRADER_FORECAST_HORIZONS_H".to_owned(), "1,4".to_owned())];
    // Another test may have had this thread before.
    drop(heard());
    live(&Settings::load(&flags, &horizons, &Paths::default()).unwrap());
    let statements = heard();
    let store = Store::open(&db, Access::Read).unwrap();
    for sql in &statements {
        let is_planned = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|word| sql.starts_with(word));
        let through = if is_planned { looked_through(&store, sql, &SMALL) } else { Vec::new() };
        assert!(through.is_empty(), "{through:?} by {sql}");
    }
    for part in ["FROM misses_due", "INTO outcomes", "INTO misses", "INTO trades", "INTO fills", "INTO calibrations"] {
        assert!(statements.iter().any(|sql| sql.contains(part)), "nothing was heard of {part}");
    }
}
