//! Why an exit goes on waiting, told from what could be sold now.

use super::settle::slips_of;
use crate::ledger::{Order, Terms};
use crate::unit::{Price, Quantity};

/// What stands between an exit and its sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// All that is left is too small an order for the exchange.
    TooSmall,
    /// It would be large enough; what the candles trade leaves too little of it.
    TooThin,
}

impl Hindrance {
    /// What keeps an exit from selling so many coins when the market trades at this price.
    pub fn of(order: &Order, held: Quantity, newest: Price, terms: &Terms) -> Self {
        let price = terms.sell_near(newest, slips_of(order.exit_reason()));
        match price.filter(|price| terms.is_large_enough(*price, terms.sellable(held))) {
            Some(_) => Self::TooThin,
            None => Self::TooSmall,
        }
    }

    /// What it is, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::TooSmall => "at the newest price that is less than the smallest order that the exchange takes",
            Self::TooThin => "the candles trade too little to take them",
        }
    }

    /// What can be done about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::TooSmall => "nothing: it is sold once the price has risen far enough",
            Self::TooThin => {
                "it is sold as the market trades; costs.participation_pct says how much of a candle it may be"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ExitReason;
    use crate::ledger::samples::{NOON, btc, coins, decimal, entry_of, exit_of, plan, price, terms};

    #[test]
    fn an_exit_waits_for_the_price_where_it_is_too_small_and_else_for_the_market() {
        use ExitReason::{Manual, Stop};
        use Hindrance::{TooSmall, TooThin};
        for (reason, held, newest, least_coins, hindrance) in [
            // 100 × 0.9997 = 99.97; × 0.051 = 5.09847, above the 5 that are the least.
            (Manual, "0.051", "100", "0.001", TooThin),
            (Manual, "2.997", "100", "0.001", TooThin),
            // 0.05 × 100 is 5, but the sale would bring 4.9985.
            (Manual, "0.05", "100", "0.001", TooSmall),
            // 100.04 × 0.9997 = 100.009988 → 100.00: 5 are enough. A stop slips twice: 100.04 × 0.9995 = 99.98998 → 99.98.
            (Manual, "0.05", "100.04", "0.001", TooThin),
            (Stop, "0.05", "100.04", "0.001", TooSmall),
            // What lies below a step of 0.001 cannot be sold.
            (Manual, "0.0509", "100", "0.001", TooSmall),
            (Manual, "0.0009", "100000", "0.001", TooSmall),
            (Manual, "0", "100", "0.001", TooSmall),
            // The exchange counts coins as well.
            (Manual, "0.9", "100", "1", TooSmall),
            (Manual, "1", "100", "1", TooThin),
            // A price below a tick after costs is none.
            (Manual, "1000", "0.01", "0.001", TooSmall),
        ] {
            let order = exit_of(&entry_of(&btc(), NOON, "3", plan()), NOON, held, reason);
            let mut terms = terms();
            terms.instrument.min_quantity = Some(decimal(least_coins));
            let told = Hindrance::of(&order, coins(held), price(newest), &terms);
            assert_eq!(told, hindrance, "{held} at {newest}, {reason:?}, at least {least_coins}");
        }
    }
}
