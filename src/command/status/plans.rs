//! A look must not take longer the older the installation is.

use std::path::Path;

use super::look;
use crate::command::{CycleOptions, cycle, db_check};
use crate::settings::{Flags, Paths, Settings};
use crate::store::plans::{heard, looked_through};
use crate::store::{Access, Store};

/// What stays small: what people say, and indexes of what waits or is open.
const SMALL: [&str; 3] = ["risk_events", "data_gaps_open", "deliveries_waiting"];

#[test]
fn no_statement_of_a_look_goes_through_a_table_that_grows() {
    let home = tempfile::tempdir().unwrap();
    let db = home.path().join("t.db");
    let flags = Flags { db: Some(db.clone()), ..Flags::default() };
    let settings = Settings::load(&flags, &[], &Paths::default()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/market");
    cycle(&settings, &CycleOptions { replay: Some(folder), ..CycleOptions::default() }).unwrap();
    db_check(&db, false).unwrap();
    // What was made to get there is no part of a look, and another test may have had this thread before.
    drop(heard());
    look(&settings, None).unwrap();
    let statements = heard();
    let store = Store::open(&db, Access::Read).unwrap();
    for sql in statements.iter().filter(|sql| sql.starts_with("SELECT")) {
        assert_eq!(looked_through(&store, sql, &SMALL), Vec::<String>::new(), "{sql}");
    }
    let tables =
        ["runs", "agent_executions", "price_data", "database_sizes", "examinations", "deliveries", "data_gaps"];
    for table in tables.iter().chain(&["rate_limits", "portfolio_state", "symbols"]) {
        assert!(statements.iter().any(|sql| sql.contains(table)), "nothing was heard of {table}");
    }
}
