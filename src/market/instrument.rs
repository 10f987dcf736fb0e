//! What the exchange says about a pair: may it be traded, and in which steps.

use std::fmt;

use crate::unit::{Decimal, Price, Quantity, Symbol, UtcMillis, in_steps};

/// A pair's state at the exchange. Only `TRADING` permits trading; every other word means: keep reading, do not trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Orders are taken.
    Trading,
    /// Orders are not taken; the exchange's own word for it (`BREAK`, `HALT`, `CANCEL_ONLY`, …).
    Stopped(String),
}

impl Status {
    /// The state from the exchange's word; new words keep arriving and all mean "do not trade".
    pub fn from_word(word: &str) -> Self {
        let letters = word.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '?' });
        if word == "TRADING" { Self::Trading } else { Self::Stopped(letters.take(40).collect()) }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trading => f.write_str("TRADING"),
            Self::Stopped(word) => f.write_str(word),
        }
    }
}

/// How far from the market a price may lie: so many times the exchange's reference price, which is its average of some
/// minutes. Both are above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceFactors {
    /// At least this many times.
    pub down: Decimal,
    /// At most this many times.
    pub up: Decimal,
}

/// A pair as the exchange describes it. A limit that is not there is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// The pair.
    pub symbol: Symbol,
    /// Whether it may be traded.
    pub status: Status,
    /// Prices are multiples of this (`PRICE_FILTER`); `None` where the exchange sets no step.
    pub tick_size: Option<Decimal>,
    /// Quantities are multiples of this (`LOT_SIZE`).
    pub step_size: Option<Decimal>,
    /// The smallest quantity of an order, in the base asset (`LOT_SIZE`).
    pub min_quantity: Option<Decimal>,
    /// The largest quantity of an order, in the base asset: the smaller one of `LOT_SIZE` and `MARKET_LOT_SIZE`. The
    /// latter follows the market's depth and is another one each day.
    pub max_quantity: Option<Decimal>,
    /// The smallest order, in the quote asset (`NOTIONAL` or `MIN_NOTIONAL`).
    pub min_notional: Option<Decimal>,
    /// How far from the market the price of a sale may lie (`PERCENT_PRICE_BY_SIDE` or `PERCENT_PRICE`).
    pub sell_price_factor: Option<PriceFactors>,
    /// When the exchange said so.
    pub fetched_at: UtcMillis,
}

impl Instrument {
    /// A pair of which a recording says nothing: it is taken to be traded, in steps of a hundred-thousandth of a coin and
    /// from five units of money on, as Binance's larger pairs are; prices are as fine as they come.
    pub fn assumed(symbol: Symbol, at: UtcMillis) -> Self {
        Self {
            symbol,
            status: Status::Trading,
            tick_size: Some(Decimal::new(1, 8)),
            step_size: Some(Decimal::new(1, 5)),
            min_quantity: Some(Decimal::new(1, 5)),
            max_quantity: None,
            min_notional: Some(Decimal::from(5)),
            sell_price_factor: None,
            fetched_at: at,
        }
    }

    /// The largest quantity in whole steps that is not above this one; the same where there is no step.
    pub fn floor_to_step(&self, quantity: Quantity) -> Quantity {
        floor(quantity.get(), self.step_size).and_then(Quantity::new).unwrap_or_default()
    }

    /// The highest price on a tick that is not above this value, which need not be one; none where that is not above zero.
    pub fn floor_to_tick(&self, value: Decimal) -> Option<Price> {
        floor(value, self.tick_size).and_then(Price::new)
    }

    /// The lowest price on a tick that is not below this value; none for a value that is not above zero.
    pub fn ceil_to_tick(&self, value: Decimal) -> Option<Price> {
        let below = floor(value, self.tick_size).filter(|_| value > Decimal::ZERO)?;
        let on_tick = if below < value { below.checked_add(self.tick_size?)? } else { below };
        Price::new(on_tick)
    }

    /// The lowest price at which a sale is taken while the exchange's reference price is this one; none where it sets no
    /// such limit.
    pub fn lowest_sale(&self, reference: Price) -> Option<Price> {
        let down = self.sell_price_factor?.down;
        self.ceil_to_tick(reference.get().checked_mul(down)?)
    }
}

/// The largest multiple of a step that is not above a value that is not negative; the value itself without a step or with
/// one that is none. Nothing for numbers that lie beyond what can be counted.
fn floor(value: Decimal, step: Option<Decimal>) -> Option<Decimal> {
    match step.filter(|step| *step > Decimal::ZERO) {
        Some(step) => in_steps(value, step),
        None => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// A pair with this tick, which is its step too.
    fn stepping(step: &str) -> Instrument {
        Instrument {
            symbol: "BTC/USDT".parse().unwrap(),
            status: Status::Trading,
            tick_size: step.parse().ok(),
            step_size: step.parse().ok(),
            min_quantity: None,
            max_quantity: None,
            min_notional: None,
            sell_price_factor: None,
            fetched_at: UtcMillis::new(0),
        }
    }

    #[test]
    fn prices_and_quantities_come_to_lie_on_their_steps_and_nowhere_else() {
        for (step, value, below, above) in [
            ("0.01", "84638.49", "84638.49", "84638.49"),
            ("0.01", "84638.499999", "84638.49", "84638.50"),
            ("0.01", "84638.490000000000000001", "84638.49", "84638.50"),
            ("0.5", "10.74", "10.5", "11"),
            ("0.00001", "0.123456789", "0.12345", "0.12346"),
            ("3", "10", "9", "12"),
            ("0.01", "0.005", "0", "0.01"),
            ("10", "9.99", "0", "10"),
            // No step, and steps that are none.
            ("", "1.23456789", "1.23456789", "1.23456789"),
            ("0", "1.23456789", "1.23456789", "1.23456789"),
            ("-1", "1.23456789", "1.23456789", "1.23456789"),
        ] {
            let (pair, case) = (stepping(step), format!("{value} in steps of {step}"));
            let [value, below, above] = [value, below, above].map(decimal);
            assert_eq!(pair.floor_to_step(Quantity::new(value).unwrap()), Quantity::new(below).unwrap(), "{case}");
            assert_eq!(pair.floor_to_tick(value), Price::new(below), "{case}");
            assert_eq!(pair.ceil_to_tick(value), Price::new(above), "{case}");
        }
    }

    proptest! {
        #[test]
        fn a_rounded_price_is_the_nearest_on_its_side(
            digits in 1i64..1_000_000_000_000_000, places in 0u32..12, tick in 1i64..1_000, tick_places in 0u32..9,
        ) {
            let (value, tick) = (Decimal::new(digits, places), Decimal::new(tick, tick_places));
            let pair = stepping(&tick.to_string());
            let floor = pair.floor_to_tick(value).map_or(Decimal::ZERO, Price::get);
            let ceil = pair.ceil_to_tick(value).unwrap().get();
            prop_assert!(floor <= value && value - floor < tick && (floor % tick).is_zero(), "{floor}");
            prop_assert!(ceil >= value && ceil - value < tick && (ceil % tick).is_zero(), "{ceil}");
        }
    }

    #[test]
    fn nothing_is_rounded_to_a_price_that_is_not_above_zero_or_cannot_be_counted() {
        for step in ["0.01", ""] {
            for value in [Decimal::ZERO, decimal("-0.005"), decimal("-1")] {
                assert_eq!(stepping(step).floor_to_tick(value), None, "{value} in steps of {step}");
                assert_eq!(stepping(step).ceil_to_tick(value), None, "{value} in steps of {step}");
            }
        }
        // The largest decimal ends in 5.
        assert_eq!(stepping("10").ceil_to_tick(Decimal::MAX), None);
    }

    #[test]
    fn a_sale_may_lie_so_far_below_the_reference_price_and_no_further() {
        for (tick, reference, down, lowest) in [
            ("0.01", "50000", "0.2", Some("10000")),
            ("0.01", "0.33", "0.8", Some("0.27")),
            ("", "0.33", "0.8", Some("0.264")),
            ("0.01", "50000", "", None),
        ] {
            let factors = down.parse().ok().map(|down| PriceFactors { down, up: decimal("5") });
            let pair = Instrument { sell_price_factor: factors, ..stepping(tick) };
            let reference = Price::new(decimal(reference)).unwrap();
            assert_eq!(pair.lowest_sale(reference), lowest.and_then(|price| Price::new(decimal(price))), "{reference}");
        }
    }
}
