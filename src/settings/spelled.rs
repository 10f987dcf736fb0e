//! Values that are written as text in their own spelling, so that a wrong one is refused where it stands in the file.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that is read and written by its own `FromStr` and `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelled<T>(pub T);

impl<T: Display> Serialize for Spelled<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Spelled<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// At least one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AtLeastOne<T>(Vec<T>);

impl<T: Clone + PartialEq> AtLeastOne<T> {
    /// A first one and what follows it.
    pub fn of(first: T, rest: impl IntoIterator<Item = T>) -> Self {
        Self([first].into_iter().chain(rest).collect())
    }

    /// These values, if there are any.
    pub fn from_vec(values: Vec<T>) -> Option<Self> {
        (!values.is_empty()).then_some(Self(values))
    }

    /// The values, none twice.
    pub fn distinct(&self) -> Vec<T> {
        let mut kept: Vec<T> = Vec::with_capacity(self.0.len());
        for value in &self.0 {
            if !kept.contains(value) {
                kept.push(value.clone());
            }
        }
        kept
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for AtLeastOne<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Vec::deserialize(deserializer)?;
        if values.is_empty() { Err(D::Error::custom("at least one is needed")) } else { Ok(Self(values)) }
    }
}
