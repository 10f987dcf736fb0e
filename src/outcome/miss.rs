//! Why a trade did not earn what was forecast. The parts sum to the miss, realised less predicted:
//!
//! | part | is |
//! |---|---|
//! | market | the gross return over the horizon, less the gross return that was forecast |
//! | policy | the gross return until the exit, less the one over the horizon |
//! | delay | the same between the market's prices at entry and exit, less the one from the close decided on |
//! | slippage | the return at the prices paid and got, less the one at the market's, beside what was assumed |
//! | fees | the return after fees, less the one before, beside what was assumed |
//! | rounding | what is left: ticks, steps, crumbs |

use crate::ledger::Costs;

/// A trade and the forecast it is compared with. Returns are shares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// The mean that was forecast, costs inside.
    pub predicted: f64,
    /// The costs inside.
    pub assumed: Costs,
    /// The gross return over the horizon of the forecast.
    pub horizon_gross: f64,
    /// The close that was decided on.
    pub decided: f64,
    /// What the market traded at, at entry and exit.
    pub reference: (f64, f64),
    /// What was paid and got for a coin, without fees.
    pub price: (f64, f64),
    /// What the fees took, of the coins bought and of the money got.
    pub fee: (f64, f64),
    /// What was earned.
    pub realised: f64,
}

/// The parts of a miss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Miss {
    /// The market went another way.
    pub market: f64,
    /// The exit came before or after the horizon.
    pub policy: f64,
    /// The entry was not at the close that was decided on.
    pub delay: f64,
    /// Spread and slippage were others than assumed.
    pub slippage: f64,
    /// Fees were others than assumed.
    pub fees: f64,
    /// Ticks, steps and crumbs.
    pub rounding: f64,
}

/// Why the miss of a closed trade cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// The horizon has no outcome.
    Gap,
    /// Nothing was forecast: there were too few candles.
    NoMean,
}

impl Untold {
    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::NoMean => "no_mean",
        }
    }
}

impl Miss {
    /// The miss of a trade.
    pub fn of(trade: &Compared) -> Self {
        let (cost, assumed_fees) = (trade.assumed.round_trip(), 2.0 * trade.assumed.fee.real());
        let until_exit = trade.reference.1 / trade.decided - 1.0;
        let at_market = trade.reference.1 / trade.reference.0 - 1.0;
        let at_prices = trade.price.1 / trade.price.0 - 1.0;
        let after_fees = trade.price.1 / trade.price.0 * (1.0 - trade.fee.0) * (1.0 - trade.fee.1) - 1.0;
        Self {
            market: trade.horizon_gross - (trade.predicted + cost),
            policy: until_exit - trade.horizon_gross,
            delay: at_market - until_exit,
            slippage: at_prices - at_market + (cost - assumed_fees),
            fees: after_fees - at_prices + assumed_fees,
            rounding: trade.realised - after_fees,
        }
    }

    /// All of it.
    pub fn sum(&self) -> f64 {
        self.market + self.policy + self.delay + self.slippage + self.fees + self.rounding
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::unit::Bps;

    fn costs() -> Costs {
        let bps = Bps::from_real;
        Costs { fee: bps(10.0), slippage: bps(2.0), half_spread: bps(1.0) }
    }

    #[test]
    fn each_part_of_a_miss_is_told_by_itself() {
        // Forecast −0.26 % net of 0.26 % costs: no move expected. The horizon brought 3 %; the exit came at 102, the entry
        // at 101 instead of 100, bought at 101.101 (10 bps worse) and sold at 101.898 (10 bps worse).
        let trade = Compared {
            predicted: -0.0026,
            assumed: costs(),
            horizon_gross: 0.03,
            decided: 100.0,
            reference: (101.0, 102.0),
            price: (101.101, 101.898),
            fee: (0.001, 0.001),
            realised: 101.898 / 101.101 * 0.999 * 0.999 - 1.0 - 0.0001,
        };
        let miss = Miss::of(&trade);
        let ratio = 101.898 / 101.101;
        for (part, expected) in [
            (miss.market, 0.03),
            (miss.policy, 0.02 - 0.03),
            (miss.delay, 102.0 / 101.0 - 1.0 - 0.02),
            (miss.slippage, ratio - 102.0 / 101.0 + 0.0006),
            (miss.fees, ratio * (0.998_001 - 1.0) + 0.002),
            (miss.rounding, -0.0001),
        ] {
            assert!((part - expected).abs() < 1e-12, "{part} instead of {expected}: {miss:?}");
        }
        // Fees that were twice what was assumed are told as fees, not as rounding.
        let dear = Compared { fee: (0.002, 0.002), realised: ratio * 0.998 * 0.998 - 1.0, ..trade };
        let miss = Miss::of(&dear);
        assert!((miss.fees - (ratio * (0.998 * 0.998 - 1.0) + 0.002)).abs() < 1e-12 && miss.rounding.abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_miss(
            predicted in -0.1f64..0.1, horizon_gross in -0.5f64..0.5, decided in 1.0f64..9.0,
            reference in (1.0f64..9.0, 1.0f64..9.0), price in (1.0f64..9.0, 1.0f64..9.0), realised in -0.9f64..2.0,
        ) {
            let (assumed, fee) = (costs(), (0.001, 0.002));
            let trade = Compared { predicted, assumed, horizon_gross, decided, reference, price, fee, realised };
            prop_assert!((Miss::of(&trade).sum() - (realised - predicted)).abs() < 1e-9);
        }
    }
}
