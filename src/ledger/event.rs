//! Events: the facts that the books are folded from. Append-only.

use super::order::{Order, OrderId, Side};
use crate::unit::{Decimal, Money, Price, Quantity, Symbol, Timeframe, UtcMillis};

/// Money put into the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// When.
    pub at: UtcMillis,
    /// Of which asset; the account is kept in it.
    pub asset: String,
    /// How much.
    pub amount: Money,
}

/// A part of an order that was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    /// Of which order.
    pub order: OrderId,
    /// The position it opens or leaves.
    pub position: OrderId,
    /// Which part of it, from 1.
    pub part: u32,
    /// The pair.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// When.
    pub at: UtcMillis,
    /// The price that the market traded at, before spread and slippage.
    pub reference: Price,
    /// The price that was paid or got, spread and slippage inside.
    pub price: Price,
    /// How much was bought or sold, before the fee.
    pub quantity: Quantity,
    /// What was paid or got for it, before the fee.
    pub notional: Money,
    /// The fee, in the asset it is taken in: coins for a buy, money for a sale.
    pub fee: Decimal,
    /// What an entry has at risk at this price: the loss when the planned stop is hit without a gap; nothing for an exit.
    pub risk: Money,
    /// The candle it was filled on; none where the book was known.
    pub candle: Option<(Timeframe, UtcMillis)>,
    /// That candle held stop and target both; the stop was taken to be first.
    pub is_ambiguous: bool,
    /// Finer candles were missing; a longer one decided.
    pub is_coarse: bool,
}

impl Fill {
    /// The asset that the fee is taken in.
    pub fn fee_asset(&self) -> &str {
        match self.side {
            Side::Buy => self.symbol.base(),
            Side::Sell => self.symbol.quote(),
        }
    }

    /// Coins that came or went, the fee taken off.
    pub fn coins(&self) -> Decimal {
        match self.side {
            Side::Buy => self.quantity.get() - self.fee,
            Side::Sell => -self.quantity.get(),
        }
    }

    /// Money that came or went, the fee taken off.
    pub fn money(&self) -> Money {
        match self.side {
            Side::Buy => -self.notional,
            Side::Sell => self.notional - Money::new(self.fee),
        }
    }
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it was done that will be.
    Filled,
    /// Nothing of it was done: no candle came in time.
    Expired,
    /// Nothing of it was done: the market had fallen to the stop before the entry.
    Gapped,
    /// Nothing of it was done: entries were stopped before it met a candle.
    Withdrawn,
    /// Nothing of it was done: what the market, the cash or the risk left was too small an order.
    TooSmall,
}

impl End {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Filled, Self::Expired, Self::Gapped, Self::Withdrawn, Self::TooSmall];

    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Filled => "filled",
            Self::Expired => "expired",
            Self::Gapped => "gapped",
            Self::Withdrawn => "withdrawn",
            Self::TooSmall => "too_small",
        }
    }

    /// The end of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.word() == word)
    }
}

/// The end of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which one.
    pub order: OrderId,
    /// When.
    pub at: UtcMillis,
    /// How.
    pub how: End,
}

/// What protects a position from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Protection {
    /// Which one.
    pub position: OrderId,
    /// Every candle before this instant has been walked.
    pub at: UtcMillis,
    /// The stop.
    pub stop: Price,
    /// The highest price since the entry.
    pub high: Price,
}

/// Something that happened to our money or to our word about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Money was put in.
    Deposited(Deposit),
    /// An order was written down.
    Placed(Box<Order>),
    /// A part of it was done.
    Filled(Box<Fill>),
    /// It is over.
    Ended(Ended),
    /// A stop stands here now.
    Protected(Protection),
}

impl Event {
    /// When it happened.
    pub const fn moment(&self) -> UtcMillis {
        match self {
            Self::Deposited(deposit) => deposit.at,
            Self::Placed(order) => order.placed_at,
            Self::Filled(fill) => fill.at,
            Self::Ended(ended) => ended.at,
            Self::Protected(protection) => protection.at,
        }
    }
}
