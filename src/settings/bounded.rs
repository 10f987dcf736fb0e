//! Numbers that know the range they may lie in, so that every range error speaks well.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Whole<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// The number, which the compiler checks when it is a constant.
    pub const fn new(value: i64) -> Self {
        assert!(MIN <= value && value <= MAX, "a default lies within its range");
        Self(value)
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The number where it cannot be negative.
    pub fn unsigned(self) -> u64 {
        u64::try_from(self.0).unwrap_or_default()
    }

    /// The number as a count.
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or_default()
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = i64::deserialize(deserializer)?;
        let fits = (MIN..=MAX).contains(&value);
        if fits { Ok(Self(value)) } else { Err(D::Error::custom(format!("{value} is out of range: {MIN} to {MAX}"))) }
    }
}

/// A number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Real<const MIN: i64, const MAX: i64>(f64);

impl<const MIN: i64, const MAX: i64> Real<MIN, MAX> {
    /// The number; a default of ours, which a test checks.
    pub const fn new(value: f64) -> Self {
        Self(value)
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// A number in TOML, written with or without a point.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Real(f64),
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Real<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[expect(clippy::cast_precision_loss, reason = "ranges are small")]
        let (value, min, max) =
            match Number::deserialize(deserializer).map_err(|_| D::Error::custom("a number is needed"))? {
                Number::Whole(n) => (n as f64, MIN as f64, MAX as f64),
                Number::Real(x) => (x, MIN as f64, MAX as f64),
            };
        let fits = (min..=max).contains(&value);
        if fits { Ok(Self(value)) } else { Err(D::Error::custom(format!("{value} is out of range: {MIN} to {MAX}"))) }
    }
}
