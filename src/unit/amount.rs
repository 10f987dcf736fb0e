//! Decimal numbers: read exactly or refused, and the one bridge between decimals and binary floats.
//!
//! Candles are kept as `f64` because indicators need that and SQLite shows it as people write it. A decimal of at most
//! 15 significant digits survives the way to `f64` and back unchanged (IEEE 754, `DBL_DIG`), so a *price* with more
//! digits is refused rather than rounded; Binance's prices have at most 13. Volumes are not money and may be rounded.

use std::fmt;
use std::str::FromStr;

pub use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use super::short::nearest;

/// Why a text was not taken for a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Not plain decimal notation: digits, at most one point, no sign, no exponent, at most 20 digits on either side.
    #[error("not a plain decimal number")]
    Form,
    /// More than 15 significant digits: it could not be kept exactly.
    #[error("more than 15 significant digits")]
    TooPrecise,
}

const DIGITS_EXACT_IN_F64: u64 = 1_000_000_000_000_000;
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// A price: exact, or refused.
pub fn parse_candle_price(text: &[u8]) -> Result<f64, BadNumber> {
    Plain::read(text)?.exact().ok_or(BadNumber::TooPrecise)
}

/// A volume: the nearest `f64`.
pub fn parse_candle_volume(text: &[u8]) -> Result<f64, BadNumber> {
    let nearest = || std::str::from_utf8(text).ok()?.parse().ok();
    Plain::read(text)?.exact().or_else(nearest).ok_or(BadNumber::Form)
}

/// Both numbers are exact in `f64` and one division rounds once, so the result is the nearest one (Clinger 1990).
#[expect(clippy::cast_precision_loss, reason = "the digits are below 10^15, which f64 holds exactly")]
fn exact(digits: u64, places: usize) -> f64 {
    digits as f64 / POWERS[places.min(22)]
}

/// A number in plain notation: its digits, without the zeros that end the part behind the point (they carry no
/// information), and the count of those behind the point.
struct Plain {
    digits: Option<u64>,
    places: usize,
}

impl Plain {
    /// Binance's own grammar: `^([0-9]{1,20})(\.[0-9]{1,20})?$`.
    fn read(text: &[u8]) -> Result<Self, BadNumber> {
        let point = text.iter().position(|&b| b == b'.');
        let (whole, part) = text.split_at(point.unwrap_or(text.len()));
        let part = part.get(1..).unwrap_or_default();
        let fine = |digits: &[u8]| (1..=20).contains(&digits.len());
        if !fine(whole) || (point.is_some() && !fine(part)) {
            return Err(BadNumber::Form);
        }
        let zeros = part.iter().rev().take_while(|b| **b == b'0').count();
        let part = &part[..part.len() - zeros];
        let mut digits = Some(0u64);
        for &byte in whole.iter().chain(part) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Err(BadNumber::Form);
            }
            digits = digits.and_then(|d| d.checked_mul(10)?.checked_add(u64::from(digit)));
        }
        Ok(Self { digits, places: part.len() })
    }

    /// The number, where `f64` holds its digits exactly.
    fn exact(&self) -> Option<f64> {
        self.digits.filter(|d| *d < DIGITS_EXACT_IN_F64).map(|d| exact(d, self.places))
    }
}

/// A price in the quote asset, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(Decimal);

/// An amount of the base asset, exact; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(Decimal);

impl Price {
    /// A price from a decimal above zero.
    pub fn new(value: Decimal) -> Option<Self> {
        (value > Decimal::ZERO).then_some(Self(value))
    }

    /// The decimal a candle's price came from: the bridge from `f64`. `None` for what never was a price.
    pub fn from_candle(price: f64) -> Option<Self> {
        // The shortest decimal that reads back as this float is the one that was parsed: it had at most 15 digits.
        let told = || Decimal::from_str(&price.to_string()).ok();
        short_decimal(price).or_else(told).filter(|p| p.is_sign_positive() && !p.is_zero()).map(Self)
    }

    /// The same, looked for at so many places first, which is sooner where most prices of a pair have no more. It may end in
    /// zeros.
    pub fn from_candle_near(price: f64, places: u32) -> Option<Self> {
        with_places(price, places).and_then(Self::new).or_else(|| Self::from_candle(price))
    }

    /// The places behind the point of a candle's price.
    pub fn places(price: f64) -> Option<u32> {
        short_decimal(price).map(|price| price.scale())
    }

    /// The decimal itself.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

/// The decimal of so many places that reads back as this float, if there is one of at most fifteen digits.
#[inline]
fn with_places(price: f64, places: u32) -> Option<Decimal> {
    const LARGEST: f64 = 1e15;
    let scale = POWERS[places.min(8) as usize];
    let whole = nearest((price * scale).max(0.0));
    #[expect(clippy::float_cmp, reason = "it is this float or it is not")]
    let is_it = whole < LARGEST && whole / scale == price;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 10^15")]
    is_it.then(|| Decimal::new(whole as i64, places.min(8)))
}

/// The shortest decimal of at most eight places and fifteen digits that reads back as this float, without writing it down:
/// both whole numbers are exact as floats, so the quotient is the float nearest to the decimal, as reading it would give.
fn short_decimal(price: f64) -> Option<Decimal> {
    (0..=8).find_map(|places| with_places(price, places))
}

impl Quantity {
    /// A quantity from a decimal that is not negative.
    pub fn new(value: Decimal) -> Option<Self> {
        (!value.is_sign_negative() || value.is_zero()).then_some(Self(value))
    }

    /// The decimal itself.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for Price {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Price".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$", "description": "exact decimal"})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_plain_decimals_are_numbers() {
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e400", "1e-8", "NaN", "inf", "1,5", "0x10", " 1", "1 ", "1.2.3", "٣"]
        {
            assert_eq!(parse_candle_price(text.as_bytes()), Err(BadNumber::Form), "{text}");
            assert_eq!(parse_candle_volume(text.as_bytes()), Err(BadNumber::Form), "{text}");
        }
        assert!(parse_candle_volume(b"123456789012345678901").is_err(), "21 digits");
    }

    #[test]
    fn a_price_that_could_not_be_kept_exactly_is_refused_and_a_volume_is_rounded() {
        assert_eq!(parse_candle_price(b"73072.41000000"), Ok(73_072.41));
        assert_eq!(parse_candle_price(b"0.00001234"), Ok(0.000_012_34));
        assert_eq!(parse_candle_price(b"999999999999999"), Ok(999_999_999_999_999.0));
        assert_eq!(parse_candle_price(b"9999999999.123456"), Err(BadNumber::TooPrecise));
        assert_eq!(parse_candle_price(b"99999999999999999999.1"), Err(BadNumber::TooPrecise));
        assert_eq!(parse_candle_volume(b"62415873521.12345678"), Ok(62_415_873_521.123_46));
        assert_eq!(parse_candle_volume(b"99999999999999999999.99999999999999999999"), Ok(1e20));
    }

    #[test]
    fn a_price_is_printed_as_it_was_read() {
        for (text, shown) in
            [("73072.41000000", "73072.41"), ("0.00000123", "0.00000123"), ("10.00", "10"), ("1000000", "1000000")]
        {
            let price = Price::from_candle(parse_candle_price(text.as_bytes()).unwrap()).unwrap();
            assert_eq!(price.to_string(), shown);
        }
        assert_eq!(Price::from_candle(0.0), None);
        assert_eq!(Price::from_candle(f64::NAN), None);
        assert_eq!(Price::new(Decimal::ZERO), None);
        assert_eq!(Price::new(Decimal::NEGATIVE_ONE), None);
        assert_eq!(Price::new(Decimal::ONE), Price::from_candle(1.0));
    }

    proptest! {
        #[test]
        fn our_reader_agrees_with_the_standard_library(whole in 0u64..10_000_000_000, part in "[0-9]{1,10}") {
            let text = format!("{whole}.{part}");
            prop_assert_eq!(parse_candle_volume(text.as_bytes()), Ok(text.parse::<f64>().unwrap()));
        }

        #[test]
        fn fifteen_digits_survive_the_bridge(digits in 1u64..1_000_000_000_000_000, places in 0u32..9) {
            let decimal = Decimal::from_i128_with_scale(i128::from(digits), places);
            let price = Price::from_candle(parse_candle_price(decimal.to_string().as_bytes()).unwrap()).unwrap();
            prop_assert_eq!(price.get(), decimal);
        }
    }

    proptest! {
        #[test]
        fn a_price_is_the_decimal_that_writing_it_down_and_reading_it_would_give(digits in 1i64..999_999_999_999_999, places in 0u32..14) {
            let price = Decimal::new(digits, places).to_string().parse::<f64>().unwrap();
            let written = Decimal::from_str(&price.to_string()).unwrap();
            for near in 0..14 {
                prop_assert_eq!(Price::from_candle_near(price, near).map(Price::get), Some(written));
            }
            prop_assert_eq!(Price::from_candle(price).map(|p| (p.get(), p.get().scale())), Some((written, written.scale())));
        }
    }
}
