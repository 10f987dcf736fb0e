//! A position: coins that are held under a plan. Folded from its orders and fills.
//!
//! A sale takes along what earlier trades of the coin have left in the wallet, below a step or below the smallest order.
//! These crumbs were paid for by those trades and count as lost there, so what they bring is no part of this one: of a
//! sale, a position is credited with its own coins first, and with no more than it holds. The rest is in the wallet and
//! in no trade.

use super::event::{Fill, Protection};
use super::order::{EntryPlan, ExitReason, Order, OrderId, Side};
use crate::unit::{Decimal, Money, Price, Quantity, Symbol, UtcMillis};

/// Coins held under a plan. There is none without a stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// The name of its entry.
    pub id: OrderId,
    /// The pair.
    pub symbol: Symbol,
    /// How it is meant to end.
    pub plan: EntryPlan,
    /// When the entry was filled.
    pub opened_at: UtcMillis,
    /// The price that the market traded at then, before spread and slippage.
    pub reference: Price,
    /// Coins bought, before the fee.
    pub bought: Quantity,
    /// Coins it holds now; never below nothing.
    pub held: Decimal,
    /// What they cost.
    pub cost: Money,
    /// What its own coins brought, fees taken off.
    pub proceeds: Money,
    /// Coins of its own that were sold.
    pub sold: Decimal,
    /// All fees, in money: those taken in coins count at the price of the fill.
    pub fees: Money,
    /// The fees of its sales alone, for its own coins.
    sale_fees: Money,
    /// What its own coins would have brought without spread, slippage and fees.
    pub sold_at_reference: Money,
    /// What is lost at most when the planned stop is hit without a gap, from the price that was really paid.
    pub risk: Money,
    /// The stop.
    pub stop: Price,
    /// The highest price since the entry.
    pub high: Price,
    /// Every candle before this instant has been walked.
    pub walked_to: UtcMillis,
    /// It is being left, for this reason; the order may still wait for a market.
    pub leaving: Option<ExitReason>,
    /// Parts of the exit that were filled.
    pub exits: u32,
    /// A fill rested on a candle that held stop and target both.
    pub was_ambiguous: bool,
}

impl Position {
    /// The position that an entry's fill opens.
    pub(super) fn open(order: &Order, plan: &EntryPlan, fill: &Fill) -> Self {
        Self {
            id: order.id.clone(),
            symbol: order.symbol.clone(),
            plan: plan.clone(),
            opened_at: fill.at,
            reference: fill.reference,
            bought: fill.quantity,
            held: fill.coins(),
            cost: fill.notional,
            proceeds: Money::ZERO,
            sold: Decimal::ZERO,
            fees: fee_in_money(fill),
            sale_fees: Money::ZERO,
            sold_at_reference: Money::ZERO,
            risk: fill.risk,
            stop: plan.stop,
            high: fill.reference.max(plan.stop),
            walked_to: fill.at,
            leaving: None,
            exits: 0,
            was_ambiguous: false,
        }
    }

    /// Takes in what of a sale is its own.
    pub(super) fn sell(&mut self, fill: &Fill) {
        let own = fill.quantity.min(self.quantity());
        let fee = fee_in_money(fill).charged_for(own, fill.quantity);
        self.held -= own.get();
        self.sold += own.get();
        self.proceeds += fill.notional.brought_by(own, fill.quantity) - fee;
        self.fees += fee;
        self.sale_fees += fee;
        self.sold_at_reference += Money::proceeds(fill.reference, own);
        self.exits += 1;
        self.was_ambiguous |= fill.is_ambiguous;
    }

    /// Takes in where its stop stands.
    pub(super) fn protect(&mut self, protection: &Protection) {
        (self.stop, self.high, self.walked_to) = (protection.stop, protection.high, protection.at);
    }

    /// Coins it holds.
    pub fn quantity(&self) -> Quantity {
        Quantity::new(self.held).unwrap_or_default()
    }

    /// What a coin cost on average.
    pub fn entry_price(&self) -> Decimal {
        self.cost.get().checked_div(self.bought.get()).unwrap_or_default()
    }

    /// The fees of its sales, for its own coins.
    pub(super) fn fees_of_sales(&self) -> Money {
        self.sale_fees
    }

    /// Whether its stop stands above where it was planned.
    pub fn has_trailed(&self) -> bool {
        self.stop > self.plan.stop
    }
}

fn fee_in_money(fill: &Fill) -> Money {
    match fill.side {
        Side::Buy => Money::new(crate::unit::counted_up(fill.price.get().saturating_mul(fill.fee))),
        Side::Sell => Money::new(fill.fee),
    }
}
