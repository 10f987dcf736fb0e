//! What the exchange asked us to respect: the table `rate_limits`, shared by every process that uses this database.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError, Write};
use crate::exchange::{Ban, Usage};
use crate::unit::UtcMillis;

const EXCHANGE: &str = "binance";

impl Store {
    /// The pause or ban that is in force at `wall`, the wall clock.
    pub fn ban(&self, wall: UtcMillis) -> Result<Option<Ban>, StoreError> {
        let sql = "SELECT banned_until, reason FROM rate_limits WHERE exchange = ?1 AND banned_until > ?2";
        let row = self.connection.query_row(sql, params![EXCHANGE, wall.get()], |r| {
            Ok(Ban { until: UtcMillis::new(r.get(0)?), reason: r.get::<_, Option<String>>(1)?.unwrap_or_default() })
        });
        Ok(row.optional()?)
    }
}

impl Write<'_> {
    /// Stores what an answer said about limits. A ban is only ever prolonged.
    pub fn set_usage(&self, usage: &Usage, wall: UtcMillis) -> Result<(), StoreError> {
        let weight = usage.weight.and_then(|w| i64::try_from(w).ok());
        if weight.is_none() && usage.ban.is_none() {
            return Ok(());
        }
        let (until, reason) = usage.ban.as_ref().map(|b| (b.until.get(), b.reason.as_str())).unzip();
        self.transaction.execute(
            "INSERT INTO rate_limits VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET
                reason = iif(?2 IS NULL OR ?2 < banned_until, reason, ?3),
                banned_until = nullif(max(coalesce(banned_until, 0), coalesce(?2, 0)), 0),
                used_weight = coalesce(?4, used_weight), weight_at = iif(?4 IS NULL, weight_at, ?5)",
            params![EXCHANGE, until, reason, weight, wall.get()],
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Access, Contents};

    #[test]
    fn a_ban_is_only_ever_prolonged_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        let ban = |until, reason: &str| Some(Ban { until: UtcMillis::new(until), reason: reason.to_owned() });
        for (weight, told, in_force) in [
            (None, None, None),
            (Some(7), None, None),
            (None, ban(100, "a"), ban(100, "a")),
            (None, ban(80, "b"), ban(100, "a")),
            (Some(8), None, ban(100, "a")),
            (Some(9), ban(200, "c"), ban(200, "c")),
        ] {
            let usage = Usage { requests: 1, weight, ban: told };
            let write = store.write().unwrap();
            write.set_usage(&usage, UtcMillis::new(50)).unwrap();
            write.commit().unwrap();
            assert_eq!(store.ban(UtcMillis::new(50)).unwrap(), in_force, "after {usage:?}");
        }
        assert_eq!(store.ban(UtcMillis::new(199)).unwrap(), ban(200, "c"));
        assert_eq!(store.ban(UtcMillis::new(200)).unwrap(), None);
    }
}
