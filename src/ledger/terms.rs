//! On what terms a pair is traded: the costs, and the exchange's rules for prices and amounts.
//!
//! The source of the numbers: fees as Binance charges a regular account (0.1 % a side, from what is received); slippage
//! and spread are estimates, never 0 unless the configuration says so.

use crate::market::{Instrument, Quote};
use crate::unit::{Bps, Decimal, Money, Price, Quantity, counted_down, counted_up, real};

/// What trading costs beside the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// The taker's fee, of what is received: coins for a buy, money for a sale.
    pub fee: Bps,
    /// How much worse than the market an order is filled.
    pub slippage: Bps,
    /// Half of the difference between bid and ask, where only a traded price is known.
    pub half_spread: Bps,
}

impl Costs {
    /// What a round trip is expected to cost, as a share of the money put in: both fees, spreads and slippages.
    pub fn round_trip(&self) -> f64 {
        2.0 * (self.fee.real() + self.slippage.real() + self.half_spread.real())
    }

    /// The net return of buying at one traded price and selling at another, every cost inside. What a buy brings is fewer
    /// coins by the fee, and what they bring is less money by it.
    pub fn net_return(&self, bought_at: f64, sold_at: f64, slips: Slips) -> f64 {
        let (slippage, half_spread, kept) = (self.slippage.real(), self.half_spread.real(), 1.0 - self.fee.real());
        let below = match slips {
            Slips::None => 0.0,
            Slips::Once => half_spread + slippage,
            Slips::Twice => half_spread + 2.0 * slippage,
        };
        sold_at * (1.0 - below) * kept * kept / (bought_at * (1.0 + half_spread + slippage)) - 1.0
    }
}

/// How hard a sale presses: the slippage is paid so many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slips {
    /// A resting order at its own price.
    None,
    /// A market order.
    Once,
    /// A stop: everybody else sells too.
    Twice,
}

impl Slips {
    const fn count(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Once => 1,
            Self::Twice => 2,
        }
    }
}

/// The terms of one pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// What it costs.
    pub costs: Costs,
    /// The share of a candle's quote volume that one order may be.
    pub participation: Bps,
    /// What the exchange allows.
    pub instrument: Instrument,
}

impl Terms {
    /// What a coin costs when the market last traded at `traded`: spread and slippage above it, on the next tick.
    pub fn buy_near(&self, traded: Price) -> Option<Price> {
        self.above(traded, self.costs.half_spread + self.costs.slippage)
    }

    /// What a coin costs at the ask: slippage above it, on the next tick.
    pub fn buy_at(&self, quote: &Quote) -> Option<Price> {
        self.above(quote.ask, self.costs.slippage)
    }

    /// What a coin brings when the market trades at `traded`: spread and slippage below it, on the next tick down.
    pub fn sell_near(&self, traded: Price, slips: Slips) -> Option<Price> {
        self.below(traded, self.costs.half_spread + self.costs.slippage.times(slips.count()))
    }

    /// What a coin brings at the bid: slippage below it, on the next tick down.
    pub fn sell_at(&self, quote: &Quote, slips: Slips) -> Option<Price> {
        self.below(quote.bid, self.costs.slippage.times(slips.count()))
    }

    fn above(&self, price: Price, rate: Bps) -> Option<Price> {
        self.instrument.ceil_to_tick(price.get().saturating_mul(Decimal::ONE + rate.share()))
    }

    fn below(&self, price: Price, rate: Bps) -> Option<Price> {
        self.instrument.floor_to_tick(price.get().saturating_mul(Decimal::ONE - rate.share()))
    }

    /// The fee on coins that are bought, in coins.
    pub fn fee_on_coins(&self, bought: Quantity) -> Quantity {
        let fee = counted_up(bought.get().saturating_mul(self.costs.fee.share()));
        Quantity::new(fee).unwrap_or_default()
    }

    /// The fee on money that a sale brings.
    pub fn fee_on_money(&self, proceeds: Money) -> Money {
        Money::new(counted_up(proceeds.get().saturating_mul(self.costs.fee.share())))
    }

    /// What of so many coins can be sold: whole steps.
    pub fn sellable(&self, held: Quantity) -> Quantity {
        self.instrument.floor_to_step(held)
    }

    /// What is left of a buy after the fee and can be sold again.
    pub fn sellable_after_buying(&self, bought: Quantity) -> Quantity {
        let kept = bought.get().saturating_sub(self.fee_on_coins(bought).get());
        self.sellable(Quantity::new(kept).unwrap_or_default())
    }

    /// What selling so much brings after the fee.
    pub fn net_proceeds(&self, price: Price, sold: Quantity) -> Money {
        let gross = Money::proceeds(price, sold);
        gross - self.fee_on_money(gross)
    }

    /// What is lost when so much is bought at one price and, as far as it can be, sold at the other.
    pub fn loss(&self, bought: Quantity, entry: Price, exit: Price) -> Money {
        Money::cost(entry, bought) - self.net_proceeds(exit, self.sellable_after_buying(bought))
    }

    /// The loss for each coin bought: the fee of the buy is taken in coins, so fewer are there to be sold.
    pub fn loss_per_coin(&self, entry: Price, exit: Price) -> Decimal {
        let kept = Decimal::ONE - self.costs.fee.share();
        entry.get() - exit.get().saturating_mul(kept).saturating_mul(kept)
    }

    /// The most that may be traded against a candle with this quote volume.
    pub fn most_of(&self, quote_volume: f64, price: Price) -> Quantity {
        let volume = Decimal::from_f64_retain(quote_volume).unwrap_or_default();
        let money = volume.saturating_mul(self.participation.share());
        let coins = money.checked_div(price.get()).map(counted_down).and_then(Quantity::new);
        self.sellable(coins.unwrap_or_default())
    }

    /// What of the wanted may be traded against a candle with this quote volume.
    pub fn of_wanted(&self, quote_volume: f64, price: Price, wanted: Quantity) -> Quantity {
        // Mostly it is far more than is wanted, and floats tell that; decimals end somewhere above.
        const LARGEST: f64 = 1e20;
        let step = self.instrument.step_size.unwrap_or_default();
        let plenty = 2.0 * real(price.get()) * (real(wanted.get()) + real(step));
        let is_plenty = quote_volume < LARGEST && quote_volume * self.participation.real() > plenty;
        if is_plenty { wanted } else { self.most_of(quote_volume, price).min(wanted) }
    }

    /// Whether an order of this size is large enough for the exchange.
    pub fn is_large_enough(&self, price: Price, quantity: Quantity) -> bool {
        let notional = price.get().saturating_mul(quantity.get());
        let enough = |least: Option<Decimal>, has: Decimal| least.is_none_or(|least| has >= least);
        !quantity.get().is_zero()
            && enough(self.instrument.min_notional, notional)
            && enough(self.instrument.min_quantity, quantity.get())
    }

    /// Whether the exchange takes the purchase of so much at one price, and the sale of what is left of it at the other.
    pub fn can_be_left(&self, bought: Quantity, entry: Price, exit: Price) -> bool {
        self.is_large_enough(entry, bought) && self.is_large_enough(exit, self.sellable_after_buying(bought))
    }

    /// The loss at the stop, seen from `mark`, of coins that are held: what is still at risk. Never negative.
    pub fn open_risk(&self, held: Quantity, mark: Price, stop: Price) -> Money {
        let Some(stop_fill) = self.sell_near(stop, Slips::Twice) else { return Money::proceeds(mark, held) };
        let loss = Money::proceeds(mark, held) - self.net_proceeds(stop_fill, held);
        loss.max(Money::ZERO)
    }
}

#[cfg(test)]
mod tests;
