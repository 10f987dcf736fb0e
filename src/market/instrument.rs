//! What the exchange says about a pair: may it be traded, and in which steps.

use std::fmt;

use crate::unit::{Decimal, Symbol, UtcMillis};

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

/// A pair as the exchange describes it.
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
    /// The smallest order, in the quote asset (`NOTIONAL` or `MIN_NOTIONAL`).
    pub min_notional: Option<Decimal>,
    /// When the exchange said so.
    pub fetched_at: UtcMillis,
}
