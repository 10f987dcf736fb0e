//! Coins that changed their name: one asset, two symbols, and the day it changed.

use crate::unit::{Symbol, UtcMillis};

/// A renamed coin. The two series are never joined: each candle stays under the name it was traded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The old asset.
    pub from: &'static str,
    /// The new asset.
    pub to: &'static str,
    /// When trading under the old name ended.
    pub ended: UtcMillis,
    /// The day of the end, for people.
    pub day: &'static str,
}

/// One for one on Binance: MATIC pairs stopped on 2024-09-10 03:00 UTC, POL pairs opened on 2024-09-13 10:00 UTC
/// (Binance announcement of 2024-08; the recorded klines of MATICUSDT end there).
const RENAMES: [Rename; 1] =
    [Rename { from: "MATIC", to: "POL", ended: UtcMillis::new(1_725_937_200_000), day: "2024-09-10" }];

/// The rename that ended this pair, if it was already over at `now`.
pub fn renamed(symbol: &Symbol, now: UtcMillis) -> Option<Rename> {
    RENAMES.into_iter().find(|r| r.from == symbol.base() && now >= r.ended)
}

/// The pair under which this coin was traded at `now`, with the rename, when that was an older name.
pub fn traded_as(symbol: &Symbol, now: UtcMillis) -> Option<(Symbol, Rename)> {
    let rename = RENAMES.into_iter().find(|r| r.to == symbol.base() && now < r.ended)?;
    Some((Symbol::new(rename.from, symbol.quote()).ok()?, rename))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_coin_is_found_under_the_name_of_its_day() {
        let (matic, pol): (Symbol, Symbol) = ("MATIC/USDT".parse().unwrap(), "POL/USDT".parse().unwrap());
        let (before, after) = ("2024-03-13".parse().unwrap(), "2024-09-10T03:00:00Z".parse().unwrap());
        assert_eq!(traded_as(&pol, before).unwrap().0, matic);
        assert_eq!(traded_as(&pol, after), None);
        assert_eq!(renamed(&matic, before), None);
        assert_eq!(renamed(&matic, after).unwrap().to, "POL");
        assert_eq!(renamed(&"BTC/USDT".parse().unwrap(), after), None);
    }
}
