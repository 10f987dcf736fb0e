//! Numbers as JSON knows them.

use schemars::JsonSchema;
use serde::Serialize;

/// A number as JSON knows it: finite, and never −0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Number {
    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The number to the last digit; `None` for what is not finite.
    pub fn exact(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value + 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_numbers_are_finite_and_have_no_negative_zero() {
        assert_eq!(Number::exact(f64::NAN), None);
        assert_eq!(Number::exact(f64::INFINITY), None);
        let shown = |n: Option<Number>| serde_json::to_string(&n).unwrap();
        assert_eq!(shown(Number::exact(-0.0)), "0.0");
        assert_eq!(shown(Number::exact(0.1 + 0.2)), "0.30000000000000004");
    }
}
