//! Double entry: whatever comes into one account goes out of another, asset by asset, so that all of them sum to nothing.

use super::event::{Deposit, Event, Fill};
use super::order::Side;
use crate::unit::Decimal;

/// Where an asset lies, or where it came from and went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// What we own.
    Wallet,
    /// What was put in.
    Capital,
    /// What we bought from and sold to.
    Market,
    /// What the exchange took.
    Fees,
}

impl Account {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Wallet, Self::Capital, Self::Market, Self::Fees];

    /// Its word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Capital => "capital",
            Self::Market => "market",
            Self::Fees => "fees",
        }
    }
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting<'a> {
    /// Into or out of which account.
    pub account: Account,
    /// Of which asset.
    pub asset: &'a str,
    /// How much; negative goes out.
    pub amount: Decimal,
}

const fn posting(account: Account, asset: &str, amount: Decimal) -> Posting<'_> {
    Posting { account, asset, amount }
}

impl<'a> Posting<'a> {
    /// The entries of an event; none for what moves nothing.
    pub fn of(event: &'a Event) -> impl Iterator<Item = Self> {
        let (deposit, fill) = match event {
            Event::Deposited(deposit) => (Some(Self::of_deposit(deposit)), None),
            Event::Filled(fill) => (None, Some(Self::of_fill(fill))),
            Event::Placed(_) | Event::Ended(_) | Event::Protected(_) => (None, None),
        };
        deposit.into_iter().flatten().chain(fill.into_iter().flatten())
    }

    /// A deposit: out of the capital into the wallet.
    pub fn of_deposit(deposit: &'a Deposit) -> [Self; 2] {
        let amount = deposit.amount.get();
        [posting(Account::Wallet, &deposit.asset, amount), posting(Account::Capital, &deposit.asset, -amount)]
    }

    /// A fill: one asset for the other between wallet and market, and the fee out of what came in.
    pub fn of_fill(fill: &'a Fill) -> [Self; 5] {
        let (base, quote) = (fill.symbol.base(), fill.symbol.quote());
        let (coins, money) = match fill.side {
            Side::Buy => (fill.quantity.get(), -fill.notional.get()),
            Side::Sell => (-fill.quantity.get(), fill.notional.get()),
        };
        [
            posting(Account::Wallet, base, fill.coins()),
            posting(Account::Market, base, -coins),
            posting(Account::Wallet, quote, fill.money().get()),
            posting(Account::Market, quote, -money),
            posting(Account::Fees, fill.fee_asset(), fill.fee),
        ]
    }
}
