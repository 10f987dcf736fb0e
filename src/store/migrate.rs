//! From an empty file, or from any earlier schema, to the current one: all in one transaction, or not at all.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// The whole current schema.
const SCHEMA: &str = include_str!("../../schema.sql");
/// Marks our files (`PRAGMA application_id`): "trdr".
const APPLICATION: i64 = 0x7472_6472;
/// `STEPS[n]` leads from version n + 1 to version n + 2. A version that was released is kept as
/// `fixtures/schema/vN.sql`, from which the test starts.
const STEPS: [&str; 2] = [include_str!("migrations/v2.sql"), include_str!("migrations/v3.sql")];

/// The version that `SCHEMA` describes.
pub(super) fn version() -> i64 {
    1 + i64::try_from(STEPS.len()).unwrap_or_default()
}

/// Brings the schema up to date. A newer or a foreign database is refused and left as it is.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = found(connection, path)?;
    if found == version() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been quicker.
    match transaction.query_row("PRAGMA user_version", [], |r| r.get::<_, i64>(0))? {
        0 => {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
        }
        from => {
            let done = usize::try_from(from - 1).unwrap_or(usize::MAX);
            for step in STEPS.iter().skip(done) {
                transaction.execute_batch(step)?;
            }
        }
    }
    transaction.pragma_update(None, "user_version", version())?;
    Ok(transaction.commit()?)
}

/// The version of the file; refuses what is not ours or newer than we are.
pub(super) fn found(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, i64>(0));
    let found = pragma("user_version")?;
    let application = pragma("application_id")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if found > version() && (application == APPLICATION || tables == 0) {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: version() });
    }
    if tables > 0 && application != APPLICATION {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(connection: &Connection) -> Vec<(String, String)> {
        let mut statement =
            connection.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        // Comments and white space are no part of the shape.
        let plain = |sql: String| -> String {
            sql.lines().flat_map(|l| l.split("--").next().unwrap_or_default().split_whitespace()).collect()
        };
        let rows = statement.query_map([], |r| Ok((r.get(0)?, plain(r.get(1)?)))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// A database of an earlier version.
    fn database(released: i64) -> Connection {
        let file = format!("{}/fixtures/schema/v{released}.sql", env!("CARGO_MANIFEST_DIR"));
        let sql = std::fs::read_to_string(&file).expect("a released schema is kept in fixtures/schema");
        let old = Connection::open_in_memory().unwrap();
        old.execute_batch(&sql).unwrap();
        old.pragma_update(None, "application_id", APPLICATION).unwrap();
        old.pragma_update(None, "user_version", released).unwrap();
        old
    }

    #[test]
    fn every_released_schema_migrates_to_the_current_one() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh, Path::new("fresh")).unwrap();
        for released in 1..version() {
            let mut old = database(released);
            migrate(&mut old, Path::new("old")).unwrap();
            assert_eq!(shape(&old), shape(&fresh), "v{released}: a change of schema.sql needs a step in STEPS");
        }
    }

    #[test]
    fn pairs_without_their_limits_are_asked_for_again_and_their_history_stays() {
        let mut old = database(1);
        old.execute_batch(
            "INSERT INTO symbols (symbol, status, fetched_at) VALUES ('BTC/USDT', 'TRADING', 1);
             INSERT INTO symbol_history (symbol, since, status) VALUES ('BTC/USDT', 1, 'TRADING');",
        )
        .unwrap();
        migrate(&mut old, Path::new("old")).unwrap();
        let count =
            |table: &str| -> i64 { old.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap() };
        assert_eq!((count("symbols"), count("symbol_history")), (0, 1));
    }

    /// A run, what it decided and what became of that.
    const HISTORY: &str = r#"
        INSERT INTO runs (run_id, command, version, started_at) VALUES ('a', 'cycle', '1', 1), ('b', 'cycle', '1', 2), ('c', 'cycle', '1', 3);
        UPDATE runs SET finished_at = 10 * started_at, duration_ms = 9 * started_at, exit_code = iif(run_id = 'b', 3, 0),
            summary = '{"collected":{"candles_new":7,"requests":31}}';
        INSERT INTO agent_executions (run_id, agent_name, started_at, duration_ms, status, items)
            VALUES ('a', 'x', 3, 5, 'ok', 1), ('b', 'x', 2, 6, 'ok', 1), ('c', 'x', 4, 7, 'failed', 0);
        INSERT INTO config_versions VALUES ('h', 'classic', '1h', '{}', 1);
        INSERT INTO trading_decisions VALUES
            (1, 1, 'A/B', '1h', 0, 'h', 'BUY', NULL, NULL, NULL, '1', NULL, '{}', 'a'),
            (2, 2, 'A/B', '1h', 1, 'h', 'HOLD', NULL, NULL, NULL, '1', NULL, '{}', 'b');
        INSERT INTO forecasts SELECT id, 4, 1, 1, NULL, NULL, 0, NULL, 0.25 - id / 8.0, NULL, NULL, NULL, id / 4.0, NULL, 0, 0, 0, 0,
            NULL, NULL, NULL, NULL, '1', 'out' FROM trading_decisions;
        INSERT INTO forecasts SELECT id, 8, 1, 1, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, 0.5, NULL, 0, 0, 0, 0,
            NULL, NULL, NULL, NULL, '1', 'out' FROM trading_decisions;
        INSERT INTO outcomes SELECT decision_id, horizon_ms, k.column1, 1, 1, 0, 0.5, 'horizon', 1, 0, NULL
            FROM forecasts, (VALUES ('horizon'), ('policy')) k WHERE decision_id = 1 OR k.column1 = 'horizon';
        INSERT INTO orders (order_id, position_id, symbol, side, quantity, placed_at, reference, price, stop, risk, risk_budget, run_id)
            VALUES ('o', 'o', 'A/B', 'BUY', '1', 1, '1', '1', '1', '1', '1', 'a');
        INSERT INTO fills (order_id, part, position_id, symbol, side, at, reference, price, quantity, notional, fee, fee_asset, risk,
                is_ambiguous, is_coarse, run_id)
            VALUES ('o', 1, 'o', 'A/B', 'BUY', 7, '1', '1', '1', '1', '0.25', 'A', '1', 0, 0, 'a'),
                   ('o', 2, 'o', 'A/B', 'BUY', 5, '1', '1', '1', '1', '0.5', 'A', '1', 0, 0, 'a');
        INSERT INTO trades VALUES ('o', 'A/B', 1, 9, 'stop', '1', '1', '1', '1', '1', '1', '1', '1', '1', '0.5', '-2.5', '1', NULL, -0.1,
                NULL, 0, 'a');"#;

    fn totals(connection: &Connection) -> Vec<String> {
        let read = |table: &str| -> Vec<String> {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3, 4")).unwrap();
            let width = statement.column_count();
            let row = |r: &rusqlite::Row<'_>| {
                (0..width).map(|i| r.get::<_, rusqlite::types::Value>(i)).collect::<Result<Vec<_>, _>>()
            };
            statement.query_map([], row).unwrap().map(|row| format!("{:?}", row.unwrap())).collect()
        };
        [read("totals"), read("outcome_totals")].concat()
    }

    #[test]
    fn totals_of_what_was_there_are_those_that_would_have_been_kept() {
        let (mut old, mut fresh) = (database(2), Connection::open_in_memory().unwrap());
        old.execute_batch(HISTORY).unwrap();
        migrate(&mut old, Path::new("old")).unwrap();
        migrate(&mut fresh, Path::new("fresh")).unwrap();
        fresh.execute_batch(HISTORY).unwrap();
        let kept = totals(&fresh);
        assert_eq!(totals(&old), kept);
        // Two runs and executions by status, requests and candles; two decisions, fills, fees, trade, win and profit; one fifth
        // for each kind and probability.
        assert_eq!(kept.len(), 2 + 3 + 2 + 2 + 2 + 3 + 3, "{kept:#?}");
    }

    #[test]
    fn a_newer_or_foreign_database_is_refused_and_left_as_it_is() {
        let mut newer = Connection::open_in_memory().unwrap();
        migrate(&mut newer, Path::new("x")).unwrap();
        newer.pragma_update(None, "user_version", 9999).unwrap();
        assert!(matches!(migrate(&mut newer, Path::new("x")), Err(StoreError::Newer { found: 9999, .. })));
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
        assert!(matches!(migrate(&mut foreign, Path::new("x")), Err(StoreError::Foreign(_))));
        assert_eq!(shape(&foreign).len(), 1);
    }
}
