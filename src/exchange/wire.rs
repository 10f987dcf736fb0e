//! Binance's shapes on the wire, besides candles.

use std::str::FromStr;

use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::Fault;
use super::fault::plain;
use crate::market::{Instrument, Status};
use crate::unit::{Decimal, Symbol, UtcMillis};

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
    min_notional: Option<String>,
}

impl SymbolInfo {
    /// Whether it describes `symbol`. A pair's name is never taken apart: the assets are named.
    pub(super) fn describes(&self, symbol: &Symbol) -> bool {
        self.base_asset == symbol.base() && self.quote_asset == symbol.quote()
    }

    /// The instrument it describes.
    pub(super) fn instrument(&self, symbol: &Symbol, fetched_at: UtcMillis) -> Instrument {
        Instrument {
            symbol: symbol.clone(),
            status: Status::from_word(&self.status),
            tick_size: self.limit("PRICE_FILTER", |f| f.tick_size.as_deref()),
            step_size: self.limit("LOT_SIZE", |f| f.step_size.as_deref()),
            min_notional: self
                .limit("NOTIONAL", |f| f.min_notional.as_deref())
                .or_else(|| self.limit("MIN_NOTIONAL", |f| f.min_notional.as_deref())),
            fetched_at,
        }
    }

    /// A limit of a filter; 0 switches it off.
    fn limit(&self, filter: &str, field: impl Fn(&Filter) -> Option<&str>) -> Option<Decimal> {
        let text = self.filters.iter().find(|f| f.kind == filter).and_then(field)?;
        Decimal::from_str(text).ok().filter(|d| d.is_sign_positive() && !d.is_zero()).map(|d| d.normalize())
    }
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
}
