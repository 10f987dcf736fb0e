//! Orders: what we mean to buy or sell, written down before it is done.

use std::fmt::{self, Write};
use std::sync::Arc;

use crate::market::Quote;
use crate::unit::{Money, Price, Quantity, Symbol, UtcMillis};

/// An order's name: made from what it is for, so that the same intent always has the same name and is never acted on
/// twice. At most 36 letters, as the exchange's `newClientOrderId` wants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(Arc<str>);

impl OrderId {
    const LONGEST: usize = 36;

    /// The entry that a decision calls for: pair, candle and strategy name it.
    pub fn entry(symbol: &Symbol, candle: UtcMillis, strategy_hash: &str) -> Self {
        let hash = strategy_hash.char_indices().nth(8).map_or(strategy_hash, |(end, _)| &strategy_hash[..end]);
        let mut name = String::with_capacity(2 * Self::LONGEST);
        let (base, quote, seconds) = (symbol.base(), symbol.quote(), candle.get() / 1000);
        write!(name, "{base}{quote}-{seconds}-{hash}").expect("a text takes whatever is written");
        let begin = name.char_indices().rev().nth(Self::LONGEST - 3).map_or(0, |(begin, _)| begin);
        Self(Arc::from(&name[begin..]))
    }

    /// The exit of the position that this entry opened; there is one.
    #[must_use]
    pub fn exit(&self) -> Self {
        let mut name = String::with_capacity(self.0.len() + 2);
        name.push_str(&self.0);
        name.push_str("-x");
        Self(name.into())
    }

    /// A name that was recorded.
    pub fn recorded(name: String) -> Self {
        Self(name.into())
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

impl Side {
    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }
}

/// How a position is meant to end, fixed before it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryPlan {
    /// The close that was decided on.
    pub reference: Price,
    /// What the buy was expected to cost a coin, spread and slippage inside.
    pub price: Price,
    /// Sell when the market falls to this.
    pub stop: Price,
    /// Sell when the market trades through this.
    pub target: Option<Price>,
    /// The stop follows the highest price at this distance.
    pub trail: Option<Price>,
    /// Sell when so much time has passed since the entry, in milliseconds.
    pub hold_ms: Option<i64>,
    /// What is lost at most when the stop is hit without a gap, costs inside.
    pub risk: Money,
    /// What the risk rule would have allowed to lose; cash, heat or the cap on a position may have allowed less.
    pub risk_budget: Money,
}

/// Why a position was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// The market fell to the stop.
    Stop,
    /// The market fell to a stop that had followed it up.
    TrailingStop,
    /// The market traded through the target.
    Target,
    /// It was held long enough.
    Time,
    /// The decision was to sell.
    Signal,
    /// `trader close`.
    Manual,
    /// The emergency stop closed everything.
    Emergency,
}

impl ExitReason {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Stop, Self::TrailingStop, Self::Target, Self::Time, Self::Signal, Self::Manual, Self::Emergency];

    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::TrailingStop => "trailing_stop",
            Self::Target => "target",
            Self::Time => "time",
            Self::Signal => "signal",
            Self::Manual => "manual",
            Self::Emergency => "emergency",
        }
    }

    /// The reason of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }

    /// Whether the coin has to cool down afterwards: a stop or a hand that ended a trade knew better than the score.
    pub const fn cools(self) -> bool {
        matches!(self, Self::Stop | Self::TrailingStop | Self::Manual)
    }

    /// Whether a stop ended it.
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::Stop | Self::TrailingStop)
    }
}

/// What an order is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// To open a position.
    Entry(EntryPlan),
    /// To leave one.
    Exit(ExitReason),
}

/// What we mean to buy or sell, at the market.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its name.
    pub id: OrderId,
    /// The position it opens or leaves, named after its entry.
    pub position: OrderId,
    /// The pair.
    pub symbol: Symbol,
    /// How much: of an entry a multiple of the step, of an exit all that is held, which is sold in whole steps.
    pub quantity: Quantity,
    /// What for.
    pub intent: Intent,
    /// When.
    pub placed_at: UtcMillis,
    /// The market at that moment; without it the order meets the next candle that opens.
    pub quote: Option<Quote>,
}

impl Order {
    /// Buy or sell.
    pub const fn side(&self) -> Side {
        match self.intent {
            Intent::Entry(_) => Side::Buy,
            Intent::Exit(_) => Side::Sell,
        }
    }

    /// Why a position is left; none for an entry.
    pub const fn exit_reason(&self) -> Option<ExitReason> {
        match &self.intent {
            Intent::Entry(_) => None,
            Intent::Exit(reason) => Some(*reason),
        }
    }

    /// How the position it opens is meant to end; none for an exit.
    pub const fn plan(&self) -> Option<&EntryPlan> {
        match &self.intent {
            Intent::Entry(plan) => Some(plan),
            Intent::Exit(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_intent_always_has_the_same_name_that_the_exchange_takes() {
        let candle = UtcMillis::new(1_710_331_200_000);
        for (symbol, name) in [
            ("BTC/USDT", "BTCUSDT-1710331200-0123abcd"),
            ("AVERYLONGCOINNAME/USDT", "LONGCOINNAMEUSDT-1710331200-0123abcd"),
        ] {
            let id = OrderId::entry(&symbol.parse().unwrap(), candle, "0123abcdef012345");
            assert_eq!(id.as_str(), &name[name.len().saturating_sub(34)..]);
            assert!(id.exit().as_str().len() <= 36 && id.exit().as_str().ends_with("-x"));
        }
    }

    #[test]
    fn a_reason_is_found_by_its_word() {
        for reason in ExitReason::ALL {
            assert_eq!(ExitReason::from_word(reason.word()), Some(reason));
        }
        assert_eq!(ExitReason::from_word("whim"), None);
    }
}
