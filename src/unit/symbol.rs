//! A trading pair.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A trading pair, always written `BASE/QUOTE`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    text: Arc<str>,
    slash: usize,
}

/// A text that names no pair.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSymbol {
    /// Not of the form BASE/QUOTE.
    #[error("`{0}` is no trading pair; write BTC/USDT")]
    Form(String),
    /// No slash, and no quote asset known to us at its end.
    #[error("`{0}`: which part is the quote asset? Write it with a slash, as in BTC/USDT")]
    Quote(String),
}

/// Quote assets recognised at the end of a pair written without a slash. Longer names come first, so that FDUSD is tried
/// before USD.
const QUOTES: [&str; 13] =
    ["FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USD", "EUR", "TRY", "BRL", "BTC", "ETH", "BNB"];
const LONGEST_ASSET: usize = 20;

impl Symbol {
    /// A pair from its two assets, as the exchange names them.
    pub fn new(base: &str, quote: &str) -> Result<Self, BadSymbol> {
        let text = format!("{}/{}", base.to_uppercase(), quote.to_uppercase());
        let fine = |asset: &str| {
            !asset.is_empty() && asset.chars().count() <= LONGEST_ASSET && asset.chars().all(char::is_alphanumeric)
        };
        match text.split_once('/') {
            Some((base, quote)) if fine(base) && fine(quote) => Ok(Self { slash: base.len(), text: text.into() }),
            _ => Err(BadSymbol::Form(text)),
        }
    }

    /// The asset that is bought and sold.
    pub fn base(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The asset it is paid in.
    pub fn quote(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// The exchange's name for it, `BTCUSDT`.
    pub fn exchange_name(&self) -> String {
        format!("{}{}", self.base(), self.quote())
    }

    /// `BTC/USDT`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for Symbol {
    type Err = BadSymbol;

    fn from_str(text: &str) -> Result<Self, BadSymbol> {
        let text = text.trim();
        if let Some((base, quote)) = text.split_once('/') {
            return Self::new(base, quote).map_err(|_| BadSymbol::Form(text.to_owned()));
        }
        let upper = text.to_uppercase();
        if upper.is_empty() || !upper.chars().all(char::is_alphanumeric) {
            return Err(BadSymbol::Form(text.to_owned()));
        }
        let base = QUOTES.iter().find_map(|quote| Some((upper.strip_suffix(quote)?, *quote)));
        match base {
            Some((base, quote)) if !base.is_empty() => Self::new(base, quote),
            _ => Err(BadSymbol::Quote(text.to_owned())),
        }
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl schemars::JsonSchema for Symbol {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Symbol".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[^/]+/[^/]+$", "description": "BASE/QUOTE"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_read_with_or_without_its_slash_and_printed_with_it() {
        for (text, base, quote) in [
            ("BTC/USDT", "BTC", "USDT"),
            ("BTCUSDT", "BTC", "USDT"),
            ("btc/usdt", "BTC", "USDT"),
            ("ETHBTC", "ETH", "BTC"),
            ("BTCFDUSD", "BTC", "FDUSD"),
            ("1000SATSUSDT", "1000SATS", "USDT"),
            ("币安人生USDT", "币安人生", "USDT"),
        ] {
            let symbol: Symbol = text.parse().unwrap();
            assert_eq!((symbol.base(), symbol.quote()), (base, quote), "{text}");
            assert_eq!(symbol.to_string(), format!("{base}/{quote}"));
            assert_eq!(symbol.exchange_name(), format!("{base}{quote}"));
        }
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for text in [
            "",
            "/",
            "BTC/",
            "/USDT",
            "BTC/USDT/EUR",
            "BTC USDT",
            "BTC-USDT",
            "USDT",
            "BTCXYZ",
            "../x/USDT",
            "A&b=1/USDT",
        ] {
            assert!(text.parse::<Symbol>().is_err(), "{text}");
        }
    }
}
