//! An instant, as whole milliseconds since 1970-01-01T00:00:00Z.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC, whole milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcMillis(i64);

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no instant; write 2024-03-13T12:00:30Z, 2024-03-13 or milliseconds since 1970")]
pub struct BadInstant(String);

impl UtcMillis {
    /// The first instant the exchange knows: 2017-01-01 (its API clamps anything earlier).
    pub const EXCHANGE_START: Self = Self(1_483_228_800_000);

    /// The end of the time we know how to write down: 2100-01-01.
    pub const END: Self = Self(4_102_444_800_000);

    /// An instant from milliseconds since the epoch.
    pub const fn new(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the epoch.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// This instant moved by `milliseconds`, held at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to this instant (negative when this one comes first).
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with exactly three decimals.
    pub fn with_millis(self) -> String {
        self.format(SecondsFormat::Millis)
    }

    /// An instant from a date as HTTP writes it: `Wed, 21 Oct 2015 07:28:00 GMT`.
    pub fn from_http_date(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc2822(text).ok().map(|t| Self(t.timestamp_millis()))
    }

    /// Year, month and day in UTC, from 1 each; none of an instant that no calendar holds.
    pub fn date(self) -> Option<(i32, u32, u32)> {
        let day = DateTime::<Utc>::from_timestamp_millis(self.0)?;
        Some((day.year(), day.month(), day.day()))
    }

    /// The midnight that a day begins with; none where the calendar has no such day.
    pub fn of_date((year, month, day): (i32, u32, u32)) -> Option<Self> {
        let midnight = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0)?;
        Some(Self(midnight.and_utc().timestamp_millis()))
    }

    fn format(self, precision: SecondsFormat) -> String {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(instant) => instant.to_rfc3339_opts(precision, true),
            None => format!("{} ms", self.0),
        }
    }
}

/// RFC 3339 in UTC; the milliseconds only when there are any.
impl fmt::Display for UtcMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.rem_euclid(1000) == 0;
        f.write_str(&self.format(if whole { SecondsFormat::Secs } else { SecondsFormat::Millis }))
    }
}

impl FromStr for UtcMillis {
    type Err = BadInstant;

    fn from_str(text: &str) -> Result<Self, BadInstant> {
        let text = text.trim();
        rfc3339(text)
            .or_else(|| date_and_time(text))
            .or_else(|| date(text))
            .or_else(|| milliseconds(text))
            .filter(|t| (Self(0)..Self::END).contains(t))
            .ok_or_else(|| BadInstant(text.to_owned()))
    }
}

fn rfc3339(text: &str) -> Option<UtcMillis> {
    DateTime::parse_from_rfc3339(text).ok().map(|t| UtcMillis(t.timestamp_millis()))
}

fn date_and_time(text: &str) -> Option<UtcMillis> {
    let forms = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let parsed = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    Some(UtcMillis(parsed.and_utc().timestamp_millis()))
}

fn date(text: &str) -> Option<UtcMillis> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(UtcMillis(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis()))
}

/// Plain digits are milliseconds, and only where they can be meant so: ten digits would be seconds, sixteen microseconds.
fn milliseconds(text: &str) -> Option<UtcMillis> {
    let plain = (12..=13).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok().map(UtcMillis)).flatten()
}

impl<'de> Deserialize<'de> for UtcMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for UtcMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for UtcMillis {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time", "description": "RFC 3339, UTC"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_in_the_forms_people_write() {
        let noon = UtcMillis::new(1_710_331_200_000);
        for text in [
            "2024-03-13T12:00:00Z",
            "2024-03-13T12:00:00",
            "2024-03-13 12:00",
            "2024-03-13T14:00:00+02:00",
            "1710331200000",
        ] {
            assert_eq!(text.parse(), Ok(noon), "{text}");
        }
        assert_eq!("2024-03-13".parse(), Ok(UtcMillis::new(1_710_288_000_000)));
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for text in [
            "",
            "yesterday",
            "1710331200",
            "1710331200000000",
            "2024-13-01",
            "12:00",
            "+9999-01-01T00:00:00Z",
            "1969-12-31",
            "-262143-01-01",
        ] {
            assert!(text.parse::<UtcMillis>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_instant_has_a_date_and_a_date_its_midnight() {
        let midnight = UtcMillis::new(1_709_164_800_000);
        assert_eq!(UtcMillis::of_date((2024, 2, 29)), Some(midnight));
        assert_eq!(midnight.date(), Some((2024, 2, 29)));
        assert_eq!(midnight.plus_ms(-1).date(), Some((2024, 2, 28)));
        assert_eq!(UtcMillis::of_date((2023, 2, 29)), None);
        assert_eq!(UtcMillis::new(i64::MAX).date(), None);
    }

    #[test]
    fn milliseconds_are_printed_only_when_there_are_any() {
        assert_eq!(UtcMillis::new(1_710_331_230_000).to_string(), "2024-03-13T12:00:30Z");
        assert_eq!(UtcMillis::new(1_710_331_230_007).to_string(), "2024-03-13T12:00:30.007Z");
        assert_eq!(UtcMillis::new(1_710_331_230_000).with_millis(), "2024-03-13T12:00:30.000Z");
        let date = "Wed, 13 Mar 2024 12:00:30 GMT";
        assert_eq!(UtcMillis::from_http_date(date), Some(UtcMillis::new(1_710_331_230_000)));
    }
}
