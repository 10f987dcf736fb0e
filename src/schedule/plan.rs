//! What is to be scheduled, as one value.

use serde::{Deserialize, Serialize};

use crate::unit::UtcMillis;

const HOUR_MS: i64 = 3_600_000;

/// How often the cycle runs, counted in UTC, as candles close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Every {
    /// Every hour.
    #[serde(rename = "1h")]
    Hour,
    /// At 00, 04, 08, 12, 16 and 20 o'clock.
    #[serde(rename = "4h")]
    FourHours,
    /// At 00 o'clock.
    #[serde(rename = "1d")]
    Day,
}

impl Every {
    /// Its length in hours.
    pub const fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::FourHours => 4,
            Self::Day => 24,
        }
    }

    /// The full hours of a UTC day at which a cycle is due.
    pub fn of_day(self) -> Vec<i64> {
        (0..24).filter(|hour| hour % self.hours() == 0).collect()
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::FourHours => "4h",
            Self::Day => "1d",
        }
    }
}

/// What a schedule was made from, as far as somebody chose it; it stands in the schedule, so that it can be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// How often the cycle runs.
    pub every: Every,
    /// Seconds after the hour.
    pub delay_s: u32,
    /// The folder of the logs.
    pub logs: String,
    /// The folder of the backups.
    pub backups: String,
    /// Who gets cron's mail; none leaves that to the crontab.
    pub mailto: Option<String>,
    /// Whether notifications that could not be sent are sent again.
    pub notify: bool,
}

/// Everything a schedule says. Paths are absolute and UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What was chosen.
    pub made: Made,
    /// This program.
    pub program: String,
    /// Where configuration and database are: `XDG_…` folders, or `TRADER_CONFIG` and `TRADER_DB`.
    pub environment: Vec<(String, String)>,
    /// The folder of the database, where the last summary is kept as well.
    pub data: String,
    /// The account that system-wide jobs run under; none is whoever installs it.
    pub account: Option<String>,
    /// How many minutes the local clock is past the UTC hour when that is full: 0, but for a few time zones.
    pub local_minute: u32,
}

impl Plan {
    /// When the next cycle is due.
    pub fn next_cycle(&self, now: UtcMillis) -> UtcMillis {
        let (every_ms, delay_ms) = (self.made.every.hours() * HOUR_MS, i64::from(self.made.delay_s) * 1000);
        let begun = (now.get() - delay_ms).div_euclid(every_ms);
        UtcMillis::new((begun + 1) * every_ms + delay_ms)
    }
}

/// So many seconds, below forty, that are always the same for one installation and others for the next: not all the
/// world should ask the exchange in the same second. (The seed's FNV-1a hash, Fowler, Noll & Vo.)
pub fn jitter_s(seed: &str) -> u32 {
    let hash = seed
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // The low bits of an FNV hash are the weak ones.
    u32::try_from((hash >> 32) % 40).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The plan of a service account.
    pub(in crate::schedule) fn plan() -> Plan {
        let own = |text: &str| text.to_owned();
        Plan {
            made: Made {
                every: Every::Hour,
                delay_s: 20,
                logs: own("/var/log/trader"),
                backups: own("/var/lib/trader/backups"),
                mailto: None,
                notify: false,
            },
            program: own("/usr/local/bin/trader"),
            environment: vec![(own("XDG_CONFIG_HOME"), own("/etc")), (own("XDG_DATA_HOME"), own("/var/lib"))],
            data: own("/var/lib/trader"),
            account: None,
            local_minute: 0,
        }
    }

    #[test]
    fn the_next_cycle_is_the_delay_after_the_next_full_hours_of_utc() {
        for (every, delay_s, now, next) in [
            (Every::Hour, 20, "2026-09-01T12:00:19Z", "2026-09-01T12:00:20Z"),
            (Every::Hour, 20, "2026-09-01T12:00:20Z", "2026-09-01T13:00:20Z"),
            (Every::FourHours, 65, "2026-09-01T12:01:04Z", "2026-09-01T12:01:05Z"),
            (Every::FourHours, 65, "2026-09-01T12:01:05Z", "2026-09-01T16:01:05Z"),
            (Every::Day, 0, "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let mut plan = plan();
            (plan.made.every, plan.made.delay_s) = (every, delay_s);
            assert_eq!(plan.next_cycle(now.parse().unwrap()).to_string(), next, "{now}");
        }
    }

    #[test]
    fn the_jitter_of_an_installation_stays_and_those_of_many_are_spread() {
        assert_eq!(jitter_s("a host:/var/lib/trader/trader.db"), jitter_s("a host:/var/lib/trader/trader.db"));
        let mut counts = [0_u32; 40];
        (0..4000).for_each(|host| counts[jitter_s(&format!("host-{host}:/var/lib/trader/trader.db")) as usize] += 1);
        assert!(counts.iter().all(|count| (50..=160).contains(count)), "{counts:?}");
    }
}
