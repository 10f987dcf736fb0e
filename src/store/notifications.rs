//! Messages that wait to be sent: the tables `notifications` and `deliveries`.

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::{Store, StoreError, Write};
use crate::decision::RiskState;
use crate::report::{Cell, Level, Notice, Table, Topical};
use crate::unit::UtcMillis;

/// No attempt is put off further than this, and one that stands further off was put there by a clock that was wrong.
pub const LONGEST_PAUSE_MS: i64 = 6 * 3_600_000;

/// The code of the error with which the emergency stop begins.
pub const EMERGENCY_STOP: &str = "emergency_stop";

/// Who is to be told, when, and for how long it matters.
#[derive(Clone, Debug)]
pub struct Telling<'a> {
    /// When it happened.
    pub at: UtcMillis,
    /// In which run.
    pub run_id: &'a str,
    /// The channels, by name.
    pub channels: &'a [&'a str],
    /// This machine's clock, by which it is sent.
    pub wall: UtcMillis,
    /// Not sent by then, it is not sent at all.
    pub expires_at: UtcMillis,
}

/// A message on record.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its number; none of one that is not on record.
    pub id: Option<i64>,
    /// When it happened.
    pub at: UtcMillis,
    /// In which run.
    pub run_id: String,
    /// What it says.
    pub notice: Notice,
}

/// A message that this process may send now, and nobody else.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Which one.
    pub message: Message,
    /// Over which channel.
    pub channel: String,
    /// The attempts so far, this one included.
    pub attempts: u32,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was taken.
    Sent,
    /// It will never be taken.
    Refused(String),
    /// It is tried again from this instant on.
    Later(UtcMillis, String),
    /// It was not tried: another message over the same channel has failed.
    Untried(UtcMillis),
}

impl Write<'_> {
    /// Writes a message down for its channels, unless it was told before; whether it is new. A message that cannot be
    /// written must not undo the facts it is about: unless the whole transaction is lost, that is only logged.
    pub fn tell(&self, notice: &Notice, telling: &Telling<'_>) -> Result<bool, StoreError> {
        match self.add_whole(notice, telling) {
            Err(error) if !self.transaction.is_autocommit() => {
                log::error!(code = "notification"; "{}: {error}; nobody will be told", notice.title);
                Ok(false)
            }
            told => told,
        }
    }

    /// All of a message or nothing of it: one without its deliveries would count as told, and nobody would be.
    fn add_whole(&self, notice: &Notice, telling: &Telling<'_>) -> Result<bool, StoreError> {
        self.transaction.execute_batch("SAVEPOINT notice")?;
        let told = self.add_notification(notice, telling);
        if !self.transaction.is_autocommit() {
            let undo = if told.is_ok() { "" } else { "ROLLBACK TO notice;" };
            self.transaction.execute_batch(&format!("{undo} RELEASE notice"))?;
        }
        told
    }

    fn add_notification(&self, notice: &Notice, telling: &Telling<'_>) -> Result<bool, StoreError> {
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO notifications (at, event, level, dedup_key, title, body, html, facts, expires_at, run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (dedup_key) DO NOTHING",
        )?;
        let added = insert.execute(params![
            telling.at.get(),
            notice.event.word(),
            notice.level.word(),
            notice.key,
            notice.title,
            notice.text,
            notice.html,
            notice.facts.to_string(),
            telling.expires_at.get(),
            telling.run_id
        ])?;
        if added == 0 {
            return Ok(false);
        }
        let id = self.transaction.last_insert_rowid();
        let mut deliver = self.transaction.prepare_cached(
            "INSERT INTO deliveries (notification_id, channel, state, next_attempt_at) VALUES (?1, ?2, 'waiting', ?3)",
        )?;
        for channel in telling.channels {
            deliver.execute(params![id, channel, telling.wall.get()])?;
        }
        Ok(true)
    }
}

impl Store {
    /// Whether something was told.
    pub fn was_told(&self, key: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM notifications WHERE dedup_key = ?1)";
        Ok(self.connection.prepare_cached(sql)?.query_row([key], |r| r.get(0))?)
    }

    /// Whether there was any run before an instant.
    pub fn has_run_before(&self, at: UtcMillis) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE started_at < ?1)";
        Ok(self.connection.prepare_cached(sql)?.query_row([at.get()], |r| r.get(0))?)
    }

    /// How grave what was told of a failure since an instant was, if anything was told.
    pub fn told_of_failure(&self, since: UtcMillis) -> Result<Option<Level>, StoreError> {
        // A range of the index of keys: `;` comes after `:`.
        let sql = "SELECT level FROM notifications WHERE dedup_key >= ?1 AND dedup_key < ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let keys = [format!("failure:{since}:"), format!("failure:{since};")];
        let levels = statement.query_map(keys, |r| r.get::<_, String>(0))?;
        let levels = levels.collect::<Result<Vec<_>, _>>()?;
        Ok(levels.iter().filter_map(|word| Level::from_word(word)).max())
    }

    /// When the first of the cycles began that have failed one after another until now, if the newest has. Halted cycles have
    /// failed when they had errors. Cycles of a clock that ran ahead once are none of these. `ok` and `halted` are exit codes.
    pub fn failing_since(&self, now: UtcMillis, ok: u8, halted: u8) -> Result<Option<UtcMillis>, StoreError> {
        let newest = "SELECT started_at FROM runs
                       WHERE command = 'cycle' AND started_at <= ?1
                         AND (exit_code = ?2 OR exit_code = ?3 AND NOT EXISTS
                             (SELECT 1 FROM json_each(runs.summary, '$.errors') e WHERE e.value ->> 'code' <> ?4))
                       ORDER BY started_at DESC LIMIT 1";
        let well = params![now.get(), ok, halted, EMERGENCY_STOP];
        let well_at: Option<i64> = self.connection.prepare_cached(newest)?.query_row(well, |r| r.get(0)).optional()?;
        let first = "SELECT started_at FROM runs
                      WHERE command = 'cycle' AND exit_code IS NOT NULL AND started_at > ?1 AND started_at <= ?2
                      ORDER BY started_at LIMIT 1";
        let mut statement = self.connection.prepare_cached(first)?;
        let after = [well_at.unwrap_or(i64::MIN), now.get()];
        let found: Option<i64> = statement.query_row(after, |r| r.get(0)).optional()?;
        Ok(found.map(UtcMillis::new))
    }

    /// The risk state as the newest run left it.
    pub fn last_state(&self) -> Result<Option<RiskState>, StoreError> {
        let sql = "SELECT state FROM portfolio_state WHERE id = (SELECT max(id) FROM portfolio_state)";
        let word: Option<String> = self.connection.prepare_cached(sql)?.query_row([], |r| r.get(0)).optional()?;
        Ok(word.and_then(|word| RiskState::ALL.into_iter().find(|state| state.word() == word)))
    }

    /// What expired is not sent any more; how many deliveries those are.
    pub fn expire(&mut self, now: UtcMillis) -> Result<usize, StoreError> {
        let write = self.write()?;
        let sql =
            "UPDATE deliveries SET state = 'expired', settled_at = ?1 WHERE state = 'waiting' AND notification_id IN
                     (SELECT d.notification_id FROM deliveries d JOIN notifications n ON n.id = d.notification_id
                       WHERE d.state = 'waiting' AND n.expires_at <= ?1)";
        let expired = write.transaction.execute(sql, [now.get()])?;
        write.commit()?;
        Ok(expired)
    }

    /// Takes due messages of a channel, the gravest and then the oldest first. Nobody else takes them before `until`.
    pub fn claim_due(
        &mut self,
        channel: &str,
        most: usize,
        now: UtcMillis,
        until: UtcMillis,
    ) -> Result<Vec<Claimed>, StoreError> {
        let write = self.write()?;
        let claimed = write.take_due(channel, most, now)?;
        for one in &claimed {
            let sql = "UPDATE deliveries SET next_attempt_at = ?3, attempts = attempts + 1
                        WHERE notification_id = ?1 AND channel = ?2";
            write.transaction.prepare_cached(sql)?.execute(params![one.message.id, one.channel, until.get()])?;
        }
        write.commit()?;
        Ok(claimed)
    }

    /// Notes what became of an attempt.
    pub fn settle_delivery(
        &mut self,
        id: i64,
        channel: &str,
        settled: &Settled,
        now: UtcMillis,
    ) -> Result<(), StoreError> {
        let (state, next, error) = match settled {
            Settled::Sent => ("sent", None, None),
            Settled::Refused(error) => ("refused", None, Some(error.as_str())),
            Settled::Later(at, error) => ("waiting", Some(at.get()), Some(error.as_str())),
            Settled::Untried(at) => return self.put_off(id, channel, *at),
        };
        let settled_at = (state != "waiting").then_some(now.get());
        let sql = "UPDATE deliveries SET state = ?3, settled_at = ?4, next_attempt_at = coalesce(?5, next_attempt_at), error = ?6
                    WHERE notification_id = ?1 AND channel = ?2";
        self.connection.prepare_cached(sql)?.execute(params![id, channel, state, settled_at, next, error])?;
        Ok(())
    }

    fn put_off(&mut self, id: i64, channel: &str, at: UtcMillis) -> Result<(), StoreError> {
        let sql = "UPDATE deliveries SET attempts = max(attempts - 1, 0), next_attempt_at = ?3
                    WHERE notification_id = ?1 AND channel = ?2";
        self.connection.prepare_cached(sql)?.execute(params![id, channel, at.get()])?;
        Ok(())
    }

    /// Messages that wait for another attempt.
    pub fn waiting_deliveries(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM deliveries WHERE state = 'waiting'";
        let count: i64 = self.connection.query_row(sql, [], |r| r.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// What waits and what was not sent, the newest first.
    pub fn unsent(&self, most: u32) -> Result<Table, StoreError> {
        let sql = "SELECT n.id, n.at, n.event, n.level, n.title, d.channel, d.state, d.attempts, d.next_attempt_at, n.expires_at,
                          d.error
                     FROM deliveries d JOIN notifications n ON n.id = d.notification_id
                    WHERE d.state <> 'sent' ORDER BY n.id DESC, d.channel LIMIT ?1";
        let mut statement = self.connection.prepare(sql)?;
        let instant = |ms: i64| Cell::Text(UtcMillis::new(ms).to_string());
        let rows = statement.query_map([most], |r| {
            let text = |i: usize| r.get::<_, Option<String>>(i).map(Cell::from);
            let whole = |i: usize| r.get::<_, i64>(i);
            let is_waiting = r.get::<_, String>(6)? == "waiting";
            let next = if is_waiting { instant(whole(8)?) } else { Cell::Empty };
            Ok(vec![
                Cell::Whole(whole(0)?),
                instant(whole(1)?),
                text(2)?,
                text(3)?,
                text(4)?,
                text(5)?,
                text(6)?,
                Cell::Whole(whole(7)?),
                next,
                instant(whole(9)?),
                text(10)?,
            ])
        })?;
        let columns = vec![
            "id",
            "at",
            "event",
            "level",
            "title",
            "channel",
            "state",
            "attempts",
            "next_attempt",
            "expires",
            "error",
        ];
        Ok(Table { columns, rows: rows.collect::<Result<_, _>>()? })
    }
}

/// What is read of a message.
type Row = (i64, i64, [String; 5], Option<String>, String, String, u32);

impl Write<'_> {
    fn take_due(&self, channel: &str, most: usize, now: UtcMillis) -> Result<Vec<Claimed>, StoreError> {
        let sql =
            "SELECT n.id, n.at, n.event, n.level, n.dedup_key, n.title, n.body, n.html, n.facts, n.run_id, d.attempts
                     FROM deliveries d JOIN notifications n ON n.id = d.notification_id
                    WHERE d.state = 'waiting' AND d.channel = ?1 AND n.expires_at > ?2
                      AND (d.next_attempt_at <= ?2 OR d.next_attempt_at > ?2 + ?3)
                    ORDER BY CASE n.level WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, n.id LIMIT ?4";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![channel, now.get(), LONGEST_PAUSE_MS, most], |r| {
            let words = [r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?];
            Ok::<Row, _>((r.get(0)?, r.get(1)?, words, r.get(7)?, r.get(8)?, r.get(9)?, r.get(10)?))
        })?;
        rows.map(|row| claimed(row?, channel)).collect()
    }
}

fn claimed(row: Row, channel: &str) -> Result<Claimed, StoreError> {
    let (id, at, [event, level, key, title, text], html, facts, run_id, attempts) = row;
    let bad = |what: &str| StoreError::BadRow(format!("notification {id}: {what}"));
    let level = Level::from_word(&level).ok_or_else(|| bad("its level"))?;
    let notice = Notice {
        event: Topical::from_word(&event).ok_or_else(|| bad("its event"))?,
        level,
        reach: level,
        key,
        title,
        text,
        html,
        facts: serde_json::from_str::<Value>(&facts).map_err(|_| bad("its facts"))?,
    };
    let message = Message { id: Some(id), at: UtcMillis::new(at), run_id, notice };
    Ok(Claimed { message, channel: channel.to_owned(), attempts: attempts + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::plans::looked_through;
    use crate::store::{Access, Contents, RunRow};

    const NOW: UtcMillis = UtcMillis::new(1_710_331_200_000);
    const HOUR_MS: i64 = 3_600_000;

    fn open() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        (folder, store)
    }

    fn notice(key: &str, level: Level) -> Notice {
        let (key, title) = (key.to_owned(), key.to_owned());
        Notice { level, reach: level, key, title, ..Notice::test(NOW) }
    }

    fn tell(store: &mut Store, notice: &Notice, channels: &[&str]) -> bool {
        let telling = Telling { at: NOW, run_id: "r", channels, wall: NOW, expires_at: NOW.plus_ms(48 * HOUR_MS) };
        let write = store.write().unwrap();
        let is_new = write.tell(notice, &telling).unwrap();
        write.commit().unwrap();
        is_new
    }

    fn claim(store: &mut Store, channel: &str, at: UtcMillis) -> Vec<String> {
        let claimed = store.claim_due(channel, 2, at, at.plus_ms(1)).unwrap();
        claimed.into_iter().map(|one| one.message.notice.title).collect()
    }

    #[test]
    fn the_same_event_is_told_once_to_each_channel() {
        let (_folder, mut store) = open();
        assert!(tell(&mut store, &notice("a", Level::Info), &["one", "two"]));
        assert!(!tell(&mut store, &notice("a", Level::Critical), &["one", "two", "three"]));
        assert!(store.was_told("a").unwrap() && !store.was_told("b").unwrap());
        assert_eq!(store.waiting_deliveries().unwrap(), 2);
    }

    #[test]
    fn what_one_has_taken_nobody_else_takes_until_its_time_is_over() {
        let (_folder, mut store) = open();
        for (key, level) in [("a", Level::Info), ("b", Level::Critical), ("c", Level::Warning), ("d", Level::Critical)]
        {
            tell(&mut store, &notice(key, level), &["one", "two"]);
        }
        assert_eq!(claim(&mut store, "one", NOW), ["b", "d"], "the gravest, then the oldest");
        assert_eq!(claim(&mut store, "one", NOW), ["c", "a"]);
        assert_eq!(claim(&mut store, "one", NOW), [""; 0]);
        assert_eq!(claim(&mut store, "two", NOW), ["b", "d"]);
        assert_eq!(claim(&mut store, "one", NOW.plus_ms(1)), ["b", "d"], "whoever took them did not come back");
        assert_eq!(claim(&mut store, "one", NOW.plus_ms(49 * HOUR_MS)), [""; 0], "expired");
        assert_eq!(store.expire(NOW.plus_ms(48 * HOUR_MS)).unwrap(), 8);
        assert_eq!(store.waiting_deliveries().unwrap(), 0);
    }

    #[test]
    fn attempts_count_but_for_those_that_were_not_made() {
        let (_folder, mut store) = open();
        tell(&mut store, &notice("a", Level::Info), &["one"]);
        let mut at = NOW;
        for (settled, attempts) in [
            (Settled::Later(NOW.plus_ms(2), "down".to_owned()), 1),
            (Settled::Untried(NOW.plus_ms(4)), 2),
            (Settled::Later(NOW.plus_ms(6), "down".to_owned()), 2),
            (Settled::Sent, 3),
        ] {
            let claimed = store.claim_due("one", 9, at, at.plus_ms(100)).unwrap();
            assert_eq!(claimed[0].attempts, attempts, "{settled:?}");
            store.settle_delivery(claimed[0].message.id.unwrap(), "one", &settled, at).unwrap();
            at = at.plus_ms(2);
        }
        assert_eq!(store.claim_due("one", 9, at.plus_ms(1000), at).unwrap(), []);
    }

    #[test]
    fn runs_fail_since_the_first_that_did_after_one_that_did_not() {
        let (_folder, mut store) = open();
        let until = |store: &Store, hour: i64| {
            let found = store.failing_since(NOW.plus_ms(hour * HOUR_MS), 0, 6).unwrap();
            found.map(|at| at.since_ms(NOW) / HOUR_MS)
        };
        assert_eq!(until(&store, 0), None);
        let (none, stop, late) = (
            "{}",
            r#"{"errors":[{"code":"emergency_stop"}]}"#,
            r#"{"errors":[{"code":"emergency_stop"},{"code":"timeout"}]}"#,
        );
        let runs = [
            ("cycle", Some(4), none, Some(0)),
            ("cycle", Some(3), none, Some(0)),
            ("cycle", Some(6), stop, None),
            ("cycle", Some(3), none, Some(3)),
            ("close", Some(0), none, Some(3)),
            ("cycle", None, none, Some(3)),
            ("cycle", Some(0), none, None),
            ("backfill", Some(4), none, None),
            ("cycle", None, none, None),
            ("cycle", Some(6), late, Some(9)),
            ("cycle", Some(6), late, Some(9)),
            ("cycle", Some(6), none, None),
        ];
        for (hour, (command, exit, summary, expected)) in (0..).zip(runs) {
            let (run_id, started_at) = (format!("r{hour}"), NOW.plus_ms(hour * HOUR_MS));
            let write = store.write().unwrap();
            write.add_run(&RunRow { run_id: &run_id, command, started_at, strategy_hash: None }).unwrap();
            if let Some(exit) = exit {
                write.end_run(&run_id, started_at, 1, exit, summary).unwrap();
            }
            write.commit().unwrap();
            assert_eq!(until(&store, hour), expected, "after run {hour}");
        }
        // What a clock that was ahead has left does not count before its time comes.
        assert_eq!([2, 4, 10, 11].map(|hour| until(&store, hour)), [None, Some(3), Some(9), None]);
    }

    #[test]
    fn a_message_that_cannot_be_written_leaves_the_facts_alone_and_may_be_told_later() {
        let (_folder, mut store) = open();
        let trigger = "CREATE TRIGGER x BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'x'); END";
        store.connection.execute_batch(trigger).unwrap();
        let write = store.write().unwrap();
        write.add_run(&RunRow { run_id: "r", command: "cycle", started_at: NOW, strategy_hash: None }).unwrap();
        let telling = Telling { at: NOW, run_id: "r", channels: &["one"], wall: NOW, expires_at: NOW };
        assert!(!write.tell(&notice("a", Level::Info), &telling).unwrap());
        write.commit().unwrap();
        assert_eq!(store.newest_run_at().unwrap(), Some(NOW));
        assert!(!store.was_told("a").unwrap(), "a message that nobody is to be sent was not told");
        store.connection.execute_batch("DROP TRIGGER x").unwrap();
        assert!(tell(&mut store, &notice("a", Level::Info), &["one"]));
    }

    #[test]
    fn sending_looks_through_what_waits_and_nothing_else() {
        let (_folder, mut store) = open();
        drop(crate::store::plans::heard());
        tell(&mut store, &notice("a", Level::Info), &["one"]);
        claim(&mut store, "one", NOW);
        store.settle_delivery(1, "one", &Settled::Sent, NOW).unwrap();
        store.told_of_failure(NOW).unwrap();
        store.expire(NOW).unwrap();
        let statements = crate::store::plans::heard();
        assert!(statements.len() > 6, "{statements:?}");
        for sql in
            statements.iter().filter(|sql| ["SELECT", "INSERT", "UPDATE"].iter().any(|word| sql.starts_with(word)))
        {
            let through = looked_through(&store, sql, &["deliveries_waiting"]);
            assert!(through.is_empty(), "{through:?} by {sql}");
        }
    }
}
