//! Binance's shapes on the wire, besides candles.

use std::str::FromStr;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Fault;
use crate::market::{Instrument, PriceFactors, Quote, Status};
use crate::unit::{Decimal, Price, Symbol, UtcMillis, parse_candle_price};
use crate::web::plain;

/// `GET /api/v3/time`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Time {
    pub(super) server_time: i64,
}

impl Time {
    /// The exchange's clock, unless it tells a time that cannot be.
    pub(super) fn read(&self, host: &str) -> Result<UtcMillis, Fault> {
        clock(self.server_time).ok_or_else(|| Fault::BadJson {
            host: host.to_owned(),
            text: format!("a serverTime of {} cannot be", self.server_time),
        })
    }
}

/// A clock that a program of this century can be told.
pub(super) fn clock(milliseconds: i64) -> Option<UtcMillis> {
    Some(UtcMillis::new(milliseconds)).filter(|t| (UtcMillis::EXCHANGE_START..UtcMillis::END).contains(t))
}

/// `GET /api/v3/exchangeInfo`. Unknown fields, filters and words are passed over: new ones keep arriving.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExchangeInfo {
    pub(super) server_time: Option<i64>,
    #[serde(default)]
    pub(super) symbols: Vec<SymbolInfo>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SymbolInfo {
    base_asset: String,
    quote_asset: String,
    status: String,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    #[serde(rename = "filterType")]
    kind: String,
    tick_size: Option<String>,
    step_size: Option<String>,
    min_qty: Option<String>,
    max_qty: Option<String>,
    min_notional: Option<String>,
    ask_multiplier_down: Option<Number>,
    ask_multiplier_up: Option<Number>,
    multiplier_down: Option<Number>,
    multiplier_up: Option<Number>,
}

/// A number that is written as text or as a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Plain(serde_json::Number),
    Else(IgnoredAny),
}

impl SymbolInfo {
    /// Whether it describes `symbol`. A pair's name is never taken apart: the assets are named.
    pub(super) fn describes(&self, symbol: &Symbol) -> bool {
        self.base_asset == symbol.base() && self.quote_asset == symbol.quote()
    }

    /// The instrument it describes.
    pub(super) fn instrument(&self, symbol: &Symbol, fetched_at: UtcMillis) -> Instrument {
        let least = |filter| self.limit(filter, |f| f.min_notional.as_deref());
        let most = |filter| self.limit(filter, |f| f.max_qty.as_deref());
        Instrument {
            symbol: symbol.clone(),
            status: Status::from_word(&self.status),
            tick_size: self.limit("PRICE_FILTER", |f| f.tick_size.as_deref()),
            step_size: self.limit("LOT_SIZE", |f| f.step_size.as_deref()),
            min_quantity: self.limit("LOT_SIZE", |f| f.min_qty.as_deref()),
            max_quantity: ["LOT_SIZE", "MARKET_LOT_SIZE"].into_iter().filter_map(most).min(),
            min_notional: least("NOTIONAL").or_else(|| least("MIN_NOTIONAL")),
            sell_price_factor: self.sell_price_factor(),
            fetched_at,
        }
    }

    /// How far from the market the price of a sale may lie: a pair has one of the two filters.
    fn sell_price_factor(&self) -> Option<PriceFactors> {
        let by_side = |f: &Filter| factors(f.ask_multiplier_down.as_ref(), f.ask_multiplier_up.as_ref());
        let of_both = |f: &Filter| factors(f.multiplier_down.as_ref(), f.multiplier_up.as_ref());
        let sale = self.filter("PERCENT_PRICE_BY_SIDE").and_then(by_side);
        sale.or_else(|| self.filter("PERCENT_PRICE").and_then(of_both))
    }

    fn filter(&self, kind: &str) -> Option<&Filter> {
        self.filters.iter().find(|f| f.kind == kind)
    }

    /// A limit of a filter.
    fn limit(&self, filter: &str, field: impl Fn(&Filter) -> Option<&str>) -> Option<Decimal> {
        self.filter(filter).and_then(field).and_then(limit)
    }
}

/// A limit; 0 switches it off.
fn limit(text: &str) -> Option<Decimal> {
    Decimal::from_str(text).ok().filter(|d| *d > Decimal::ZERO).map(|d| d.normalize())
}

impl Number {
    fn limit(&self) -> Option<Decimal> {
        match self {
            Self::Text(text) => limit(text),
            Self::Plain(number) => limit(&number.to_string()),
            Self::Else(_) => None,
        }
    }
}

/// Both factors, or none.
fn factors(down: Option<&Number>, up: Option<&Number>) -> Option<PriceFactors> {
    Some(PriceFactors { down: down?.limit()?, up: up?.limit()? })
}

/// `GET /api/v3/ticker/bookTicker`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BookTicker {
    symbol: String,
    bid_price: String,
    ask_price: String,
}

impl BookTicker {
    /// The quote of `symbol`, or why it is none. A pair that is no longer traded has a bid and an ask of 0.
    pub(super) fn quote(&self, symbol: &Symbol, at: UtcMillis) -> Result<Quote, String> {
        if self.symbol != symbol.exchange_name() {
            return Err(format!("the answer is about {}", plain(&self.symbol)));
        }
        let (bid, ask) = (price("bid", &self.bid_price)?, price("ask", &self.ask_price)?);
        Quote::new(bid, ask, at).ok_or_else(|| format!("the ask of {ask} lies below the bid of {bid}"))
    }
}

/// A price in an answer, exact and above zero; what is wrong with it otherwise.
fn price(what: &str, text: &str) -> Result<Price, String> {
    let told = |why: &str| format!("the {what} is {}, {why}", plain(text));
    let number = parse_candle_price(text.as_bytes()).map_err(|e| told(&e.to_string()))?;
    Price::from_candle(number).ok_or_else(|| told("as of a pair that is not traded"))
}

/// What the exchange says when it refuses.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(default)]
    pub(super) code: i64,
    #[serde(default)]
    msg: String,
}

impl ErrorBody {
    /// Nothing is said by a body that is no JSON: the status speaks for itself then.
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// `-1121`: the pair is not known. Everything else is the exchange's own words, without control characters.
    pub(super) fn refusal(self, host: String, status: u16) -> Fault {
        match self.code {
            -1000 | -1001 | -1007 | -1008 => Fault::Status { host, status },
            -1121 => Fault::UnknownSymbol { host, symbol: String::new() },
            code => Fault::Refused { host, code, message: plain(&self.msg) },
        }
    }

    /// "…; IP banned until 1660090423228. …".
    pub(super) fn banned_until(&self) -> Option<UtcMillis> {
        let (_, after) = self.msg.split_once("banned until ")?;
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        (digits.len() == 13).then(|| digits.parse().ok().map(UtcMillis::new))?
    }
}

/// `X-MBX-USED-WEIGHT-1M`.
pub(super) fn used_weight(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-mbx-used-weight-1m")?.to_str().ok()?.trim().parse().ok()
}

/// `Date`: when the answer was made, to the second.
pub(super) fn date(headers: &HeaderMap) -> Option<UtcMillis> {
    UtcMillis::from_http_date(headers.get("date")?.to_str().ok()?.trim()).and_then(|t| clock(t.get()))
}

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), held at three days: the longest ban there is.
pub(super) fn retry_after_ms(headers: &HeaderMap, now: UtcMillis) -> Option<i64> {
    const LONGEST: i64 = 3 * 86_400_000;
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    let seconds = text.parse::<i64>().ok().map(|s| s.saturating_mul(1000));
    let until = || Some(UtcMillis::from_http_date(text)?.since_ms(now));
    seconds.or_else(until).map(|ms| ms.clamp(1000, LONGEST))
}

/// Reads a JSON answer, telling apart what ends too early and what is not understood.
pub(super) fn json<'a, T: Deserialize<'a>>(host: &str, body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|e| not_understood(host, &e))
}

/// Whether an answer is a page for people: a login, a maintenance notice, a block page.
pub(super) fn is_for_people(body: &[u8]) -> bool {
    body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
}

/// What a JSON error means.
pub(super) fn not_understood(host: &str, error: &serde_json::Error) -> Fault {
    let host = host.to_owned();
    if error.is_eof() { Fault::Truncated { host } } else { Fault::BadJson { host, text: plain(&error.to_string()) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_ban_is_read_from_the_exchanges_words() {
        let said =
            |text: &str| ErrorBody::read(format!(r#"{{"code":-1003,"msg":"{text}"}}"#).as_bytes()).banned_until();
        assert_eq!(
            said("Way too much request weight used; IP banned until 1660090423228. Please"),
            Some(UtcMillis::new(1_660_090_423_228))
        );
        assert_eq!(said("Too much request weight used"), None);
        assert_eq!(said("banned until 5"), None);
        assert_eq!(ErrorBody::read(b"<html>").banned_until(), None);
    }

    #[test]
    fn an_instrument_is_read_with_its_limits_and_strange_things_are_passed_over() {
        let text = r#"{"serverTime":1,"new":[1],"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",
            "filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01000000"},{"filterType":"LOT_SIZE","stepSize":"0.00000000"},
            {"filterType":"NOVEL","x":{}},{"filterType":"NOTIONAL","minNotional":"5.00000000"}]}]}"#;
        let info: ExchangeInfo = json("x", text.as_bytes()).unwrap();
        let symbol: Symbol = "BTC/USDT".parse().unwrap();
        assert!(info.symbols[0].describes(&symbol));
        let instrument = info.symbols[0].instrument(&symbol, UtcMillis::new(1));
        assert_eq!(instrument.status, Status::Trading);
        assert_eq!(instrument.tick_size.map(|d| d.to_string()).as_deref(), Some("0.01"));
        assert_eq!(instrument.step_size, None, "a step of 0 is no step");
        assert_eq!(instrument.min_notional.map(|d| d.to_string()).as_deref(), Some("5"));
    }

    /// The instrument of a pair with these filters.
    fn filtered(filters: &str) -> Instrument {
        let text = format!(r#"{{"status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[{filters}]}}"#);
        let info: SymbolInfo = json("x", text.as_bytes()).unwrap();
        info.instrument(&"BTC/USDT".parse().unwrap(), UtcMillis::new(1))
    }

    #[test]
    fn quantities_keep_to_the_stricter_limit_and_0_is_no_limit() {
        let lot = |min: &str, max: &str| format!(r#"{{"filterType":"LOT_SIZE","minQty":"{min}","maxQty":"{max}"}}"#);
        let market = |max: &str| format!(r#"{{"filterType":"MARKET_LOT_SIZE","minQty":"7","maxQty":"{max}"}}"#);
        for (filters, least, most) in [
            (lot("0.00001000", "9000.00000000") + "," + &market("97.09521512"), "0.00001", "97.09521512"),
            (lot("0.1", "9000.00000000") + "," + &market("19104.69909210"), "0.1", "9000"),
            (lot("0.1", "9000.00000000") + "," + &market("0.00000000"), "0.1", "9000"),
            (lot("0.00000000", "0.00000000") + "," + &market("5"), "", "5"),
            (lot("0.1", "9000.00000000"), "0.1", "9000"),
            (market("5"), "", "5"),
            (lot("", "") + "," + &market("-1"), "", ""),
            (String::new(), "", ""),
        ] {
            let instrument = filtered(&filters);
            let told = [instrument.min_quantity, instrument.max_quantity];
            assert_eq!(told.map(|d| d.map(|d| d.to_string()).unwrap_or_default()), [least, most], "{filters}");
        }
    }

    #[test]
    fn a_sale_keeps_to_the_factors_of_its_own_side() {
        for (filters, factors) in [
            (
                r#"{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"1.1","bidMultiplierDown":"0.5",
                    "askMultiplierUp":"2","askMultiplierDown":"0.8","avgPriceMins":5}"#,
                Some(("0.8", "2")),
            ),
            (
                r#"{"filterType":"PERCENT_PRICE","multiplierUp":"5.0000","multiplierDown":"0.2","avgPriceMins":5}"#,
                Some(("0.2", "5")),
            ),
            (r#"{"filterType":"PERCENT_PRICE","multiplierUp":5,"multiplierDown":0.2}"#, Some(("0.2", "5"))),
            (
                r#"{"filterType":"PERCENT_PRICE","multiplierUp":5,"multiplierDown":0.2},
                    {"filterType":"PERCENT_PRICE_BY_SIDE","askMultiplierUp":"2","askMultiplierDown":"0.8"}"#,
                Some(("0.8", "2")),
            ),
            (r#"{"filterType":"PERCENT_PRICE","multiplierUp":"0","multiplierDown":"0.2"}"#, None),
            (r#"{"filterType":"PERCENT_PRICE","multiplierUp":"5"}"#, None),
            (r#"{"filterType":"PERCENT_PRICE","multiplierUp":[5],"multiplierDown":"0.2"}"#, None),
            (r#"{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"1.1","bidMultiplierDown":"0.5"}"#, None),
            ("", None),
        ] {
            let told = filtered(filters).sell_price_factor.map(|f| (f.down.to_string(), f.up.to_string()));
            assert_eq!(told.as_ref().map(|(down, up)| (down.as_str(), up.as_str())), factors, "{filters}");
        }
    }

    #[test]
    fn a_quote_is_told_by_two_exact_prices_above_zero() {
        let at = UtcMillis::new(1_710_288_000_000);
        for (symbol, bid, ask, told) in [
            ("BTCUSDT", "6621.55000000", "6622.10000000", Ok("6621.55 6622.1")),
            ("BTCUSDT", "0.00000123", "0.00000123", Ok("0.00000123 0.00000123")),
            ("BTCUSDT", "0.00000000", "0.00000000", Err("the bid is 0.00000000, as of a pair that is not traded")),
            ("BTCUSDT", "1", "0.00000000", Err("the ask is 0.00000000, as of a pair that is not traded")),
            ("BTCUSDT", "-1", "1", Err("the bid is -1, not a plain decimal number")),
            ("BTCUSDT", "1", "1e3", Err("the ask is 1e3, not a plain decimal number")),
            ("BTCUSDT", "", "1", Err("the bid is , not a plain decimal number")),
            (
                "BTCUSDT",
                "1234567890123456",
                "1234567890123457",
                Err("the bid is 1234567890123456, more than 15 significant digits"),
            ),
            ("BTCUSDT", "2.00", "1.99", Err("the ask of 1.99 lies below the bid of 2")),
            ("ETHUSDT", "1", "1", Err("the answer is about ETHUSDT")),
        ] {
            let text = format!(r#"{{"symbol":"{symbol}","bidPrice":"{bid}","bidQty":"1","askPrice":"{ask}"}}"#);
            let ticker: BookTicker = json("x", text.as_bytes()).unwrap();
            let quote = ticker.quote(&"BTC/USDT".parse().unwrap(), at);
            assert!(quote.as_ref().map_or(true, |quote| quote.at == at), "{text}");
            let quote = quote.map(|quote| format!("{} {}", quote.bid, quote.ask));
            assert_eq!(quote.as_deref().map_err(String::as_str), told, "{text}");
        }
    }
}
