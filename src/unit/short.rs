//! Decimals of few digits, computed in machine words: nearly every price and amount there is. The results are those of the
//! general arithmetic, to the last digit; what does not fit is left to it.

use rust_decimal::Decimal;

/// The powers of ten that a word holds.
const TENS: [u64; 20] = {
    let mut tens = [1; 20];
    let mut power = 1;
    while power < tens.len() {
        tens[power] = tens[power - 1] * 10;
        power += 1;
    }
    tens
};

/// A decimal that is not negative and whose digits fit into a word.
#[derive(Clone, Copy)]
pub(super) struct Short {
    digits: u64,
    places: u32,
}

impl Short {
    /// This decimal, where it is short.
    #[inline]
    pub(super) const fn of(value: Decimal) -> Option<Self> {
        let parts = value.unpack();
        if parts.negative || parts.hi != 0 {
            return None;
        }
        Some(Self { digits: (parts.mid as u64) << 32 | parts.lo as u64, places: parts.scale })
    }

    /// The product, where it is short.
    #[inline]
    pub(super) fn times(self, other: Self) -> Option<Self> {
        let (digits, places) = (self.digits.checked_mul(other.digits)?, self.places + other.places);
        (places <= Decimal::MAX_SCALE).then_some(Self { digits, places })
    }

    /// Rounded down to so many places.
    #[inline]
    pub(super) fn down(self, places: u32) -> Option<Self> {
        Some(if self.places <= places { self } else { self.cut(places)?.0 })
    }

    /// Rounded up to so many places.
    #[inline]
    pub(super) fn up(self, places: u32) -> Option<Self> {
        if self.places <= places {
            return Some(self);
        }
        let (whole, rest) = self.cut(places)?;
        Some(Self { digits: whole.digits + u64::from(rest > 0), ..whole })
    }

    /// What it is of another one, rounded down to so many places, where there is something left to round: 28 digits of it,
    /// which is what the general arithmetic rounds it to before, are then surely enough to tell.
    #[inline]
    pub(super) fn of_another(self, other: Self, places: u32) -> Option<Self> {
        const MOST: u128 = 1_000_000_000_000_000;
        const LARGEST: u64 = 10_000_000_000_000;
        let shift = (places + other.places).checked_sub(self.places)?;
        if other.digits == 0 || other.digits >= LARGEST {
            return None;
        }
        let whole = u128::from(self.digits) * u128::from(*TENS.get(shift as usize)?);
        let (digits, rest) = match u64::try_from(whole) {
            Ok(whole) => (u128::from(whole / other.digits), u128::from(whole % other.digits)),
            Err(_) => (whole / u128::from(other.digits), whole % u128::from(other.digits)),
        };
        let digits = u64::try_from(digits).ok().filter(|digits| u128::from(*digits) < MOST && rest > 0)?;
        Some(Self { digits, places })
    }

    /// The largest multiple of a step that is not above it, where the step has no more places.
    #[inline]
    pub(super) fn in_steps(self, step: Self) -> Option<Self> {
        let finer = TENS.get(self.places.checked_sub(step.places)? as usize).filter(|_| self.digits > 0)?;
        let step = step.digits.checked_mul(*finer).filter(|step| *step > 0)?;
        Some(Self { digits: self.digits - self.digits % step, ..self })
    }

    /// The digits down to a place, and those behind it.
    #[inline]
    fn cut(self, places: u32) -> Option<(Self, u64)> {
        let unit = TENS.get((self.places - places) as usize)?;
        Some((Self { digits: self.digits / unit, places }, self.digits % unit))
    }

    /// As a decimal again.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "halves of a word")]
    pub(super) const fn decimal(self) -> Decimal {
        let (low, middle) = (self.digits & 0xffff_ffff, self.digits >> 32);
        Decimal::from_parts(low as u32, middle as u32, 0, false, self.places)
    }

    /// As a float, the same that `Decimal::to_f64` gives.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "rounded as the general arithmetic does")]
    pub(super) fn real(self) -> Option<f64> {
        let unit = TENS.get(self.places as usize)?;
        let (whole, part) = ((self.digits / unit) as f64, (self.digits % unit) as f64 / *unit as f64);
        let unit = *unit as f64;
        Some(if part > 0.0 { nearest((whole + part) * unit) / unit } else { whole })
    }
}

/// The nearest whole number, away from zero at the half: `f64::round` for numbers that are not negative, without a call.
#[inline]
pub(super) fn nearest(value: f64) -> f64 {
    // From here on every float is whole.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    if value >= WHOLE {
        return value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is below 2^52")]
    let whole = value as i64 as f64;
    if value - whole >= 0.5 { whole + 1.0 } else { whole }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::RoundingStrategy::{ToNegativeInfinity, ToPositiveInfinity};
    use rust_decimal::prelude::ToPrimitive;

    use super::*;

    /// Numbers of any length up to a word's, so that some products and roundings do not fit.
    fn decimals() -> impl Strategy<Value = Decimal> {
        (any::<u64>(), 0u32..64, 0u32..=28)
            .prop_map(|(digits, bits, places)| Decimal::from_i128_with_scale(i128::from(digits >> bits), places))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn whatever_is_short_comes_out_as_the_general_arithmetic_has_it(a in decimals(), b in decimals(), places in 0u32..12) {
            let short = Short::of(a).unwrap();
            prop_assert_eq!(short.decimal(), a);
            if let Some(product) = short.times(Short::of(b).unwrap()) {
                prop_assert_eq!(product.decimal(), a * b);
            }
            for (rounded, way) in [(short.down(places), ToNegativeInfinity), (short.up(places), ToPositiveInfinity)] {
                let general = a.round_dp_with_strategy(places, way);
                prop_assert!(rounded.is_none_or(|short| (short.decimal(), short.places) == (general, general.scale())));
            }
            if let Some(share) = short.of_another(Short::of(b).unwrap(), places) {
                let general = (a / b).round_dp_with_strategy(places, ToNegativeInfinity);
                prop_assert_eq!((share.decimal(), share.places), (general, general.scale()));
            }
            if let Some(steps) = short.in_steps(Short::of(b).unwrap()) {
                let general = a.checked_sub(a.checked_rem(b).unwrap()).unwrap();
                prop_assert_eq!((steps.decimal(), steps.places), (general, general.scale()), "{} in {}", a, b);
            }
            if let Some(real) = short.real() {
                prop_assert_eq!(real.to_bits(), a.to_f64().unwrap().to_bits());
            }
        }
    }

    #[test]
    fn what_is_negative_or_long_is_not_short() {
        assert!(Short::of(Decimal::NEGATIVE_ONE).is_none());
        assert!(Short::of(Decimal::MAX).is_none());
        let word = Short::of(Decimal::from(u64::MAX)).unwrap();
        assert!(word.times(Short::of(Decimal::TWO).unwrap()).is_none());
        assert!(Short::of(Decimal::new(1, 28)).unwrap().down(8).is_none(), "a divisor beyond a word");
    }

    #[test]
    fn the_nearest_whole_number_is_that_of_the_standard_library() {
        for value in [
            0.0,
            0.499_999_999_999_999_94,
            0.5,
            1.5,
            2.499_999,
            4_503_599_627_370_495.5,
            4_503_599_627_370_496.0,
            1e300,
        ] {
            assert_eq!(nearest(value).to_bits(), f64::round(value).to_bits(), "{value}");
        }
    }
}
