//! The note beside a database that cannot be used: since when, why, and when that was told. Nothing can be written down in
//! the database then, and without this every run would tell it again, and none that it is over.

use std::path::{Path, PathBuf};

use crate::file::{resolved, with_ending};
use crate::unit::UtcMillis;

/// What follows the database's name.
const ENDING: &str = ".trouble";

/// That a database could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// When that was told first.
    pub(super) since: UtcMillis,
    /// When it was told last.
    pub(super) told_at: UtcMillis,
    /// Why it could not be used.
    pub(super) cause: String,
}

impl Trouble {
    /// What is noted, if anything is.
    pub(super) fn of(db: &Path) -> Option<Self> {
        Self::read(&std::fs::read_to_string(path(db)).ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.splitn(3, '\n');
        let mut instant = || lines.next()?.parse().ok().map(UtcMillis::new);
        let (since, told_at) = (instant()?, instant()?);
        Some(Self { since, told_at, cause: lines.next()?.to_owned() })
    }

    /// Notes it; where there is no room for that either, the next run tells it again.
    pub(super) fn note(&self, db: &Path) {
        let text = format!("{}\n{}\n{}", self.since.get(), self.told_at.get(), self.cause);
        if let Err(error) = std::fs::write(path(db), text) {
            log::debug!("that the database cannot be used was not noted: {error}");
        }
    }

    /// It is over.
    pub(super) fn forget(db: &Path) {
        drop(std::fs::remove_file(path(db)));
    }

    /// Whether the same was told so short a time ago.
    pub(super) fn is_told(&self, cause: &str, now: UtcMillis, reminder_ms: i64) -> bool {
        self.cause == cause && (0..reminder_ms).contains(&now.since_ms(self.told_at))
    }
}

fn path(db: &Path) -> PathBuf {
    with_ending(&resolved(db), ENDING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_back_until_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("t.db");
        let trouble = Trouble { since: UtcMillis::new(1), told_at: UtcMillis::new(5), cause: "no\nroom".to_owned() };
        assert_eq!(Trouble::of(&db), None);
        trouble.note(&db);
        assert_eq!(Trouble::of(&db), Some(trouble));
        Trouble::forget(&db);
        assert_eq!(Trouble::of(&db), None);
        for text in ["", "1", "1\n2", "x\n2\nwhy"] {
            assert_eq!(Trouble::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_same_cause_is_told_again_after_a_while_and_another_one_at_once() {
        let trouble = Trouble { since: UtcMillis::new(0), told_at: UtcMillis::new(100), cause: "full".to_owned() };
        for (cause, now, is_told) in
            [("full", 100, true), ("full", 109, true), ("full", 110, false), ("full", 99, false), ("gone", 101, false)]
        {
            assert_eq!(trouble.is_told(cause, UtcMillis::new(now), 10), is_told, "{cause} at {now}");
        }
    }
}
