//! The lengths of a candle, and the grid each of them lies on.

use std::fmt;
use std::str::FromStr;

use super::UtcMillis;

/// The length of a candle. Every length lies on a grid that starts at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timeframe {
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// Fifteen minutes.
    M15,
    /// One hour.
    H1,
    /// Four hours.
    H4,
    /// One day, from midnight to midnight UTC.
    D1,
}

/// A text that names no timeframe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no timeframe; it is one of 1m, 5m, 15m, 1h, 4h, 1d")]
pub struct BadTimeframe(String);

impl Timeframe {
    /// Every timeframe, the shortest first.
    pub const ALL: [Self; 6] = [Self::M1, Self::M5, Self::M15, Self::H1, Self::H4, Self::D1];

    /// Its name, as the exchange writes it (`1m` is a minute: case matters).
    pub const fn name(self) -> &'static str {
        match self {
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::H1 => "1h",
            Self::H4 => "4h",
            Self::D1 => "1d",
        }
    }

    /// Its length in milliseconds.
    pub const fn ms(self) -> i64 {
        match self {
            Self::M1 => 60_000,
            Self::M5 => 300_000,
            Self::M15 => 900_000,
            Self::H1 => 3_600_000,
            Self::H4 => 14_400_000,
            Self::D1 => 86_400_000,
        }
    }

    /// Whether a candle may open at `instant`.
    pub const fn on_grid(self, instant: UtcMillis) -> bool {
        instant.get().rem_euclid(self.ms()) == 0
    }

    /// The newest grid instant that is not after `instant`.
    pub const fn floor(self, instant: UtcMillis) -> UtcMillis {
        UtcMillis::new(instant.get() - instant.get().rem_euclid(self.ms()))
    }

    /// The oldest grid instant that is not before `instant`.
    pub const fn ceil(self, instant: UtcMillis) -> UtcMillis {
        self.floor(instant.plus_ms(self.ms() - 1))
    }

    /// The open time of the newest candle that is closed at `now`: its close time (`open + length - 1 ms`) lies before
    /// `now`.
    pub const fn newest_closed(self, now: UtcMillis) -> UtcMillis {
        self.floor(now).plus_ms(-self.ms())
    }

    /// `instant` moved by a number of candles.
    #[must_use]
    pub const fn step(self, instant: UtcMillis, candles: i64) -> UtcMillis {
        instant.plus_ms(self.ms().saturating_mul(candles))
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Timeframe {
    type Err = BadTimeframe;

    fn from_str(text: &str) -> Result<Self, BadTimeframe> {
        Self::ALL.into_iter().find(|t| t.name() == text).ok_or_else(|| BadTimeframe(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candle_is_closed_when_its_close_time_lies_before_now() {
        // A 1h candle that opens at 11:00 closes at 11:59:59.999: at 12:00:00.000 it is closed, a millisecond earlier not.
        let noon = UtcMillis::new(1_710_331_200_000);
        assert_eq!(Timeframe::H1.newest_closed(noon), noon.plus_ms(-3_600_000));
        assert_eq!(Timeframe::H1.newest_closed(noon.plus_ms(-1)), noon.plus_ms(-7_200_000));
    }

    #[test]
    fn every_grid_starts_at_midnight_utc() {
        let midnight = UtcMillis::new(1_710_288_000_000);
        for timeframe in Timeframe::ALL {
            assert!(timeframe.on_grid(midnight), "{timeframe}");
            assert!(!timeframe.on_grid(midnight.plus_ms(1)), "{timeframe}");
            assert_eq!((timeframe.floor(midnight), timeframe.ceil(midnight)), (midnight, midnight));
            assert_eq!(timeframe.floor(midnight.plus_ms(1)), midnight);
            assert_eq!(timeframe.floor(midnight.plus_ms(-1)), timeframe.step(midnight, -1));
            assert_eq!(timeframe.ceil(midnight.plus_ms(1)), timeframe.step(midnight, 1));
            assert_eq!(timeframe.name().parse(), Ok(timeframe));
        }
        assert!("1H".parse::<Timeframe>().is_err());
    }
}
