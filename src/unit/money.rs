//! Amounts of money and rates: exact decimals. The account's asset and coins alike are counted to eight decimals, as the
//! exchange does (`baseAssetPrecision` and `quoteAssetPrecision` are 8), and what does not fit is rounded against us.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::RoundingStrategy;
use rust_decimal::prelude::ToPrimitive;
use serde::{Serialize, Serializer};

use super::short::Short;
use super::{Decimal, Price, Quantity};

/// Decimals that the exchange counts every asset to.
const DECIMALS: u32 = 8;

/// A decimal as a float, for ratios and statistics: the bridge from money to `f64`. Money never comes back over it.
pub fn real(value: Decimal) -> f64 {
    let short = Short::of(value).and_then(Short::real);
    short.unwrap_or_else(|| value.to_f64().unwrap_or_default())
}

/// An amount rounded up to what the exchange counts.
pub fn counted_up(amount: Decimal) -> Decimal {
    let short = Short::of(amount).and_then(|amount| amount.up(DECIMALS));
    let general = || amount.round_dp_with_strategy(DECIMALS, RoundingStrategy::ToPositiveInfinity);
    short.map_or_else(general, Short::decimal)
}

/// An amount rounded down to what the exchange counts.
pub fn counted_down(amount: Decimal) -> Decimal {
    let short = Short::of(amount).and_then(|amount| amount.down(DECIMALS));
    let general = || amount.round_dp_with_strategy(DECIMALS, RoundingStrategy::ToNegativeInfinity);
    short.map_or_else(general, Short::decimal)
}

/// What an amount is of another one, rounded down to what the exchange counts; nothing of nothing.
pub fn quotient_counted_down(amount: Decimal, of: Decimal) -> Decimal {
    let short = || Short::of(amount)?.of_another(Short::of(of)?, DECIMALS);
    let general = || counted_down(amount.checked_div(of).unwrap_or_default());
    short().map_or_else(general, Short::decimal)
}

/// The largest multiple of a step above zero that is not above a value that is not negative; none for numbers that lie beyond
/// what can be counted.
pub fn in_steps(value: Decimal, step: Decimal) -> Option<Decimal> {
    let short = || Short::of(value)?.in_steps(Short::of(step)?);
    short().map_or_else(|| value.checked_sub(value.checked_rem(step)?), |steps| Some(steps.decimal()))
}

/// An amount of the account's asset, exact; negative where it is owed or lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(Decimal);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// This amount.
    pub const fn new(amount: Decimal) -> Self {
        Self(amount)
    }

    /// What so much costs at this price, rounded up.
    pub fn cost(price: Price, quantity: Quantity) -> Self {
        Self(counted_up(price.get().saturating_mul(quantity.get())))
    }

    /// What so much brings at this price, rounded down.
    pub fn proceeds(price: Price, quantity: Quantity) -> Self {
        let short = || Short::of(price.get())?.times(Short::of(quantity.get())?)?.down(DECIMALS);
        let general = || counted_down(price.get().saturating_mul(quantity.get()));
        Self(short().map_or_else(general, Short::decimal))
    }

    /// This share of it, rounded down.
    #[must_use]
    pub fn share(self, share: Decimal) -> Self {
        Self(counted_down(self.0.saturating_mul(share)))
    }

    /// What of it falls to `own` of `all` coins, rounded down; all of it where they are all.
    #[must_use]
    pub fn brought_by(self, own: Quantity, all: Quantity) -> Self {
        if own == all { self } else { Self(counted_down(self.per(own, all))) }
    }

    /// What of it falls to `own` of `all` coins, rounded up; all of it where they are all.
    #[must_use]
    pub fn charged_for(self, own: Quantity, all: Quantity) -> Self {
        if own == all { self } else { Self(counted_up(self.per(own, all))) }
    }

    fn per(self, own: Quantity, all: Quantity) -> Decimal {
        self.0.saturating_mul(own.get()).checked_div(all.get()).unwrap_or_default()
    }

    /// The decimal itself.
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// As a float, for ratios.
    pub fn real(self) -> f64 {
        real(self.0)
    }

    /// Its ratio to another amount; none where that is nothing or less.
    pub fn ratio(self, whole: Self) -> Option<f64> {
        (whole.0 > Decimal::ZERO).then(|| self.real() / whole.real())
    }

    /// Whether there is any.
    pub fn is_positive(self) -> bool {
        self.0 > Decimal::ZERO
    }
}

/// Sums stop at the end of the range instead of running over; real accounts lie twenty digits below it.
impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl schemars::JsonSchema for Money {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$", "description": "exact decimal"})
    }
}

/// A rate in basis points: a hundredth of a percent. Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bps(Decimal);

impl Bps {
    /// A rate from a number of basis points, kept to a thousandth of one; a negative one is 0.
    pub fn from_real(points: f64) -> Self {
        let nearest = Decimal::from_f64_retain(points).unwrap_or_default().round_dp(3).normalize();
        Self(nearest.max(Decimal::ZERO))
    }

    /// The number of basis points.
    pub fn points(self) -> f64 {
        real(self.0)
    }

    /// As a share: 10 basis points are 0.001.
    pub fn share(self) -> Decimal {
        self.0.saturating_mul(Decimal::new(1, 4))
    }

    /// The share as a float.
    pub fn real(self) -> f64 {
        real(self.share())
    }

    /// So many times this rate.
    #[must_use]
    pub fn times(self, n: u32) -> Self {
        Self(self.0.saturating_mul(Decimal::from(n)))
    }
}

impl Add for Bps {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::from_str(text).unwrap()
    }

    #[test]
    fn what_does_not_fit_eight_decimals_is_rounded_against_us() {
        let (price, quantity) = (Price::new(decimal("0.33333333")), Quantity::new(decimal("0.00000007")));
        let (price, quantity) = (price.unwrap(), quantity.unwrap());
        // 0.0000000233333331
        assert_eq!(Money::cost(price, quantity).to_string(), "0.00000003");
        assert_eq!(Money::proceeds(price, quantity).to_string(), "0.00000002");
        assert_eq!(Money::new(decimal("-0.000000015")).share(Decimal::ONE).to_string(), "-0.00000002");
    }

    #[test]
    fn a_part_is_rounded_against_us_and_the_whole_is_not_touched() {
        let coins = |text: &str| Quantity::new(decimal(text)).unwrap();
        let (one, three) = (coins("1"), coins("3"));
        // A third of 0.1 is 0.03333333…
        let dime = Money::new(decimal("0.1"));
        assert_eq!(dime.brought_by(one, three).to_string(), "0.03333333");
        assert_eq!(dime.charged_for(one, three).to_string(), "0.03333334");
        // More decimals than are counted, as they are.
        let fine = Money::new(decimal("0.123456789"));
        assert_eq!((fine.brought_by(three, three), fine.charged_for(three, three)), (fine, fine));
        let nothing = Quantity::default();
        assert_eq!((dime.brought_by(nothing, three), dime.charged_for(nothing, three)), (Money::ZERO, Money::ZERO));
    }

    #[test]
    fn sums_are_exact_where_floats_are_not() {
        let dimes: Money = std::iter::repeat_n(Money::new(decimal("0.1")), 3).sum();
        assert_eq!(dimes, Money::new(decimal("0.3")));
        assert_eq!(Money::new(Decimal::MAX) + Money::new(Decimal::MAX), Money::new(Decimal::MAX), "no overflow");
    }

    #[test]
    fn ten_basis_points_are_a_thousandth() {
        assert_eq!(Bps::from_real(10.0).share(), decimal("0.001"));
        assert_eq!(Bps::from_real(7.5).times(2).share(), decimal("0.0015"));
        assert_eq!(Bps::from_real(0.1 + 0.2).share(), decimal("0.00003"));
        assert_eq!(Bps::from_real(-1.0).share(), Decimal::ZERO);
        assert_eq!(Bps::from_real(f64::NAN).share(), Decimal::ZERO);
    }

    #[test]
    fn a_ratio_to_nothing_is_unknown() {
        assert_eq!(Money::new(decimal("5")).ratio(Money::new(decimal("20"))), Some(0.25));
        assert_eq!(Money::new(decimal("5")).ratio(Money::ZERO), None);
    }
}
