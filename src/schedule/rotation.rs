//! Which backups are kept: the newest ones, and the newest one of each of so many hours and days.

use std::collections::BTreeSet;

use crate::unit::UtcMillis;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How many are kept; all zero keeps every one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The newest ones.
    pub newest: usize,
    /// One of each of the newest hours of which there is one.
    pub hourly: usize,
    /// One of each of the newest days (UTC) of which there is one.
    pub daily: usize,
}

/// A backup by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backup {
    /// When it was made.
    pub at: UtcMillis,
    /// The file's name.
    pub name: String,
}

impl Backup {
    /// The name of a backup of this database: `trader-20260901T120030Z.db`.
    pub fn of(database: &str, at: UtcMillis) -> Self {
        let seconds = UtcMillis::new(at.get().div_euclid(1000) * 1000);
        let name = format!("{database}-{}.db", seconds.to_string().replace(['-', ':'], ""));
        Self { at: seconds, name }
    }

    /// The backup of this database that has such a name; none where it is anything else.
    pub fn read(database: &str, name: &str) -> Option<Self> {
        let stamp = name.strip_prefix(database)?.strip_prefix('-')?.strip_suffix("Z.db")?;
        let (day, time) = stamp.split_once('T').filter(|(day, time)| day.len() == 8 && time.len() == 6)?;
        let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(day) || !is_number(time) {
            return None;
        }
        let text = format!("{}-{}-{}T{}:{}:{}Z", &day[..4], &day[4..6], &day[6..], &time[..2], &time[2..4], &time[4..]);
        let at = text.parse().ok()?;
        // Only what we would have named so: February has no 31st, whatever a parser makes of it.
        Some(Self::of(database, at)).filter(|backup| backup.name == name)
    }
}

impl Rotation {
    /// Whether anything is ever dropped.
    pub const fn drops(self) -> bool {
        self.newest > 0 || self.hourly > 0 || self.daily > 0
    }

    /// Those that are no longer kept, the oldest first.
    pub fn dropped(self, mut backups: Vec<Backup>) -> Vec<Backup> {
        if !self.drops() {
            return Vec::new();
        }
        backups.sort();
        let mut kept: BTreeSet<&Backup> = backups.iter().rev().take(self.newest).collect();
        for (count, length_ms) in [(self.hourly, HOUR_MS), (self.daily, DAY_MS)] {
            let mut seen = BTreeSet::new();
            let newest_of_each =
                backups.iter().rev().filter(|backup| seen.insert(backup.at.get().div_euclid(length_ms)));
            kept.extend(newest_of_each.take(count));
        }
        let kept: Vec<bool> = backups.iter().map(|backup| kept.contains(backup)).collect();
        backups.into_iter().zip(kept).filter_map(|(backup, is_kept)| (!is_kept).then_some(backup)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Backup {
        Backup::of("trader", text.parse().unwrap())
    }

    #[test]
    fn names_tell_when_and_nothing_else_passes_for_one() {
        let backup = made("2026-09-01T12:00:30.789Z");
        assert_eq!(backup.name, "trader-20260901T120030Z.db");
        assert_eq!(Backup::read("trader", &backup.name), Some(backup));
        for other in [
            "trader.db",
            "trader-20260901.db",
            "trader-20260901T120030Z.db-wal",
            "trader-20260901T120030Z.db.part",
            "trader-20260231T120030Z.db",
            "trader-20260901T250030Z.db",
            "trader-2026+901T120030Z.db",
            "mine-20260901T120030Z.db",
            "trader-x-20260901T120030Z.db",
            "trader-20260901T120030.db",
        ] {
            assert_eq!(Backup::read("trader", other), None, "{other}");
        }
    }

    #[test]
    fn the_newest_stay_and_the_newest_of_each_hour_and_day() {
        let all = || {
            ["08-30T01", "08-30T23", "08-31T05", "09-01T10", "09-01T12", "09-01T12"]
                .iter()
                .enumerate()
                .map(|(n, hour)| made(&format!("2026-{hour}:0{n}:00Z")))
                .collect::<Vec<_>>()
        };
        for (newest, hourly, daily, dropped) in [
            (0, 0, 0, vec![]),
            (2, 0, 0, vec![0, 1, 2, 3]),
            (0, 2, 0, vec![0, 1, 2, 4]),
            (0, 0, 2, vec![0, 1, 3, 4]),
            (0, 0, 9, vec![0, 3, 4]),
            (2, 2, 3, vec![0]),
            (9, 0, 0, vec![]),
        ] {
            let told = Rotation { newest, hourly, daily }.dropped(all());
            let wanted: Vec<Backup> = dropped.into_iter().map(|n: usize| all()[n].clone()).collect();
            assert_eq!(told, wanted, "{newest} {hourly} {daily}");
        }
    }
}
