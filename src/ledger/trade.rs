//! A trade: a closed round trip, and how good it was. It is told of the coins that it bought, and of no others: what it
//! leaves in the wallet is lost to it, and what earlier trades have left there brings it nothing, though its sale takes
//! that along.

use super::order::{ExitReason, OrderId};
use super::position::Position;
use crate::unit::{Decimal, Money, Price, Symbol, UtcMillis};

/// A closed round trip.
#[derive(Clone, Debug, PartialEq)]
pub struct Trade {
    /// The name of its entry.
    pub id: OrderId,
    /// The pair.
    pub symbol: Symbol,
    /// When it was entered.
    pub opened_at: UtcMillis,
    /// When it was left.
    pub closed_at: UtcMillis,
    /// Why it was left.
    pub reason: ExitReason,
    /// Coins bought, before the fee.
    pub bought: Decimal,
    /// Coins of its own that were sold; what is left of a step stays in the wallet.
    pub sold: Decimal,
    /// The close that was decided on.
    pub decided_at_price: Price,
    /// What the market traded at when it was entered, and on average when it was left: without costs.
    pub reference: (Decimal, Decimal),
    /// What a coin cost and brought on average, spread and slippage inside, fees not.
    pub price: (Decimal, Decimal),
    /// What it cost.
    pub cost: Money,
    /// What its own coins brought, fees taken off.
    pub proceeds: Money,
    /// All fees for its own coins, in money.
    pub fees: Money,
    /// What was at risk at the entry.
    pub risk: Money,
    /// It rested on a candle that held stop and target both.
    pub was_ambiguous: bool,
}

impl Trade {
    /// The trade that a position has become, now that its last sale is done.
    pub(super) fn close(position: &Position, reason: ExitReason, at: UtcMillis) -> Self {
        let each = |money: Decimal, coins: Decimal| money.checked_div(coins).unwrap_or_default();
        let gross = position.proceeds + position.fees_of_sales();
        Self {
            id: position.id.clone(),
            symbol: position.symbol.clone(),
            opened_at: position.opened_at,
            closed_at: at,
            reason,
            bought: position.bought.get(),
            sold: position.sold,
            decided_at_price: position.plan.reference,
            reference: (position.reference.get(), each(position.sold_at_reference.get(), position.sold)),
            price: (position.entry_price(), each(gross.get(), position.sold)),
            cost: position.cost,
            proceeds: position.proceeds,
            fees: position.fees,
            risk: position.risk,
            was_ambiguous: position.was_ambiguous,
        }
    }

    /// What it earned, every cost inside. Crumbs below a step, which stay in the wallet, count as lost; what a later sale
    /// brings for them is in no trade, only in the cash.
    pub fn profit(&self) -> Money {
        self.proceeds - self.cost
    }

    /// What it earned, in multiples of what was at risk (Tharp's R); none where nothing was.
    pub fn r_multiple(&self) -> Option<f64> {
        self.risk.is_positive().then(|| self.profit().real() / self.risk.real())
    }

    /// What it earned, as a share of what it cost.
    pub fn roi(&self) -> f64 {
        self.profit().ratio(self.cost).unwrap_or_default()
    }
}
