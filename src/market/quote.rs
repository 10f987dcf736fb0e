//! What a pair can be bought and sold for at one moment.

use crate::unit::{Price, UtcMillis};

/// The best bid and ask of a pair's order book, in the quote asset. The ask is never below the bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The most that somebody would pay.
    pub bid: Price,
    /// The least that somebody would take.
    pub ask: Price,
    /// When, by the clock of the one who asked.
    pub at: UtcMillis,
}

impl Quote {
    /// A quote, unless its ask lies below its bid: such a book cannot be.
    pub fn new(bid: Price, ask: Price, at: UtcMillis) -> Option<Self> {
        (bid <= ask).then_some(Self { bid, ask, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_is_never_below_its_bid() {
        let at = UtcMillis::new(1_710_288_000_000);
        for (bid, ask, is_quote) in [(1.0, 1.01, true), (1.0, 1.0, true), (1.01, 1.0, false)] {
            let [bid, ask] = [bid, ask].map(|price| Price::from_candle(price).unwrap());
            assert_eq!(Quote::new(bid, ask, at), is_quote.then_some(Quote { bid, ask, at }), "{bid} and {ask}");
        }
    }
}
