//! What a pair can be bought and sold for at one moment.

use crate::unit::{Decimal, Price, UtcMillis};

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

    /// Whether it can be believed beside the newest close: bid and ask at most 2 % apart, and neither more than 10 % away
    /// from it. A book that is empty, or swept, is no price to buy at or to value anything by.
    pub fn fits(&self, close: Price) -> bool {
        let far = |price: Price| (price.get() - close.get()).abs() > close.get().saturating_mul(Decimal::new(10, 2));
        let apart = self.ask.get() - self.bid.get() > self.bid.get().saturating_mul(Decimal::new(2, 2));
        !apart && !far(self.bid) && !far(self.ask)
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

    #[test]
    fn a_quote_is_believed_near_the_close_with_bid_and_ask_near_each_other() {
        let price = |value| Price::from_candle(value).unwrap();
        for (bid, ask, fits) in [
            (99.9, 100.1, true),
            (100.0, 102.0, true),
            (100.0, 102.01, false),
            (90.0, 91.0, true),
            (89.99, 91.0, false),
            (109.0, 110.0, true),
            (109.0, 110.01, false),
            (0.01, 1000.0, false),
        ] {
            let quote = Quote::new(price(bid), price(ask), UtcMillis::new(0)).unwrap();
            assert_eq!(quote.fits(price(100.0)), fits, "{bid} and {ask} beside 100");
        }
    }
}
