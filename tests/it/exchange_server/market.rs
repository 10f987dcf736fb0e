//! The right answers: server time, symbol status, bid and ask, klines by the exchange's range rules.

use serde_json::{Value, json};

use super::{Seen, State, candles};

/// Nothing is older than this in the generated market: 2019-01-01T00:00:00Z.
const BEGINNING: i64 = 1_546_300_800_000;
const PAGE: i64 = 1000;

/// A status and a JSON body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Answers one request and counts its weight.
pub(super) fn answer(state: &mut State, request: &Seen) -> Answer {
    let path = request.target.split('?').next().unwrap_or_default();
    let (weight, answer) = match (request.method.as_str(), path) {
        ("GET", "/api/v3/time") => (1, Ok(json!({"serverTime": state.clock}))),
        ("GET", "/api/v3/exchangeInfo") => (20, exchange_info(state, request)),
        ("GET", "/api/v3/klines") => (2, klines(state, request)),
        ("GET", "/api/v3/ticker/bookTicker") => (2, book_ticker(state, request)),
        _ => (1, Err((404, json!({"code": -1000, "msg": "Path not found."})))),
    };
    state.weight += weight;
    match answer {
        Ok(body) => Answer { status: 200, body },
        Err((status, body)) => Answer { status, body },
    }
}

type Outcome = Result<Value, (u16, Value)>;

fn refuse(code: i32, message: &str) -> (u16, Value) {
    (400, json!({"code": code, "msg": message}))
}

/// The asked symbol when it exists.
fn symbol<'a>(state: &State, request: &'a Seen) -> Result<&'a str, (u16, Value)> {
    let symbol =
        request.parameter("symbol").ok_or_else(|| refuse(-1102, "Mandatory parameter 'symbol' was not sent."))?;
    if state.statuses.contains_key(symbol) { Ok(symbol) } else { Err(refuse(-1121, "Invalid symbol.")) }
}

fn exchange_info(state: &State, request: &Seen) -> Outcome {
    let symbol = symbol(state, request)?;
    let base = symbol.strip_suffix("USDT").unwrap_or(symbol);
    Ok(json!({
        "timezone": "UTC",
        "serverTime": state.clock,
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}
        ],
        "exchangeFilters": [],
        "symbols": [{
            "symbol": symbol,
            "status": state.statuses[symbol],
            "baseAsset": base,
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
            "ocoAllowed": true,
            "quoteOrderQtyMarketAllowed": true,
            "isSpotTradingAllowed": true,
            "isMarginTradingAllowed": true,
            "filters": filters(),
            "permissions": [],
            "permissionSets": [["SPOT", "MARGIN"]],
        }],
    }))
}

fn filters() -> Value {
    json!([
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00000000", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "104.34142329", "stepSize": "0.00000000"},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "1.2", "bidMultiplierDown": "0.5",
         "askMultiplierUp": "2", "askMultiplierDown": "0.8", "avgPriceMins": 5},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": true,
         "maxNotional": "9000000.00000000", "applyMaxToMarket": false, "avgPriceMins": 5},
        {"filterType": "A_FILTER_OF_THE_FUTURE", "anything": 1}
    ])
}

/// A pair that is no longer traded keeps answering, with zeros.
fn book_ticker(state: &State, request: &Seen) -> Outcome {
    let symbol = symbol(state, request)?;
    let has_stopped = state.stopped.get(symbol).is_some_and(|at| *at <= state.clock);
    let zeros = || ["0.00000000"; 2].map(str::to_owned);
    let [bid, ask] = if has_stopped { zeros() } else { candles::quote(symbol, state.clock, fall_of(state, symbol)) };
    Ok(json!({"symbol": symbol, "bidPrice": bid, "bidQty": "0.16356700", "askPrice": ask, "askQty": "0.18635000"}))
}

/// Both bounds are inclusive and compare with the open time; without a start the newest candles
/// come; the candle that is still open comes too.
fn klines(state: &State, request: &Seen) -> Outcome {
    let symbol = symbol(state, request)?;
    let interval = request.parameter("interval").unwrap_or_default();
    let step = candles::interval_ms(interval).ok_or_else(|| refuse(-1120, "Invalid interval."))?;
    let number = |name: &str| request.parameter(name).and_then(|text| text.parse::<i64>().ok());
    let limit = number("limit").unwrap_or(500).clamp(1, PAGE);
    let first = state.listed.get(symbol).map_or(BEGINNING, |at| *at.max(&BEGINNING));
    let first = up(number("startTime").unwrap_or(first).max(first), step);
    let end = state.stopped.get(symbol).map_or(state.clock, |at| state.clock.min(at - 1));
    let last = number("endTime").unwrap_or(end).min(end).div_euclid(step) * step;
    let there = |open: &i64| !is_in(&state.holes, symbol, interval, *open);
    let fall = fall_of(state, symbol);
    let row = |open: i64| candles::row(symbol, open, step, is_in(&state.revised, symbol, interval, open), fall);
    let count = usize::try_from(limit).unwrap_or(1);
    let opens: Vec<i64> = if request.parameter("startTime").is_some() {
        grid(first, last, step).filter(there).take(count).collect()
    } else {
        let newest: Vec<_> = grid(first, last, step).rev().filter(there).take(count).collect();
        newest.into_iter().rev().collect()
    };
    Ok(opens.into_iter().map(row).collect())
}

fn fall_of(state: &State, symbol: &str) -> Option<candles::Fall> {
    state.falls.get(symbol).copied()
}

/// The open times from `first` to `last`, both on the grid.
fn grid(first: i64, last: i64, step: i64) -> impl DoubleEndedIterator<Item = i64> {
    let count = (last - first).div_euclid(step) + 1;
    (0..count.max(0)).map(move |n| first + n * step)
}

/// The first open time at or after `at`.
fn up(at: i64, step: i64) -> i64 {
    at.div_euclid(step) * step + if at.rem_euclid(step) == 0 { 0 } else { step }
}

fn is_in(set: &std::collections::HashSet<(String, String, i64)>, symbol: &str, interval: &str, open: i64) -> bool {
    !set.is_empty() && set.contains(&(symbol.into(), interval.into(), open))
}

#[cfg(test)]
fn get(target: String) -> Seen {
    Seen { method: "GET".into(), target, headers: Vec::new(), at: std::time::Instant::now() }
}

#[test]
fn a_quote_costs_its_weight_and_a_delisted_pair_is_quoted_at_zero() {
    let mut state = State::new();
    let mut ask = |symbol: &str| answer(&mut state, &get(format!("/api/v3/ticker/bookTicker?symbol={symbol}")));
    let (btc, matic) = (ask("BTCUSDT").body, ask("MATICUSDT").body);
    assert_eq!([&btc["bidPrice"], &btc["askPrice"]], candles::quote("BTCUSDT", super::NOON, None).each_ref());
    assert_eq!([&matic["bidPrice"], &matic["askPrice"]], ["0.00000000"; 2]);
    assert_eq!(ask("NOPEUSDT").body["code"], -1121);
    assert_eq!(state.weight, 3 * 2);
}

#[test]
fn klines_follow_the_range_rules_of_the_exchange() {
    let ask = |query: &str| -> Vec<i64> {
        let request = get(format!("/api/v3/klines?symbol=BTCUSDT&interval=1h&{query}"));
        let body = answer(&mut State::new(), &request).body;
        let rows = body.as_array().expect("rows");
        rows.iter().filter_map(|row| row[0].as_i64()).collect()
    };
    let noon = super::NOON - 30_000;
    let hours = |from: i64, to: i64| -> Vec<i64> { (from..=to).map(|n| noon + n * super::HOUR).collect() };
    assert_eq!(ask("limit=3"), hours(-2, 0), "the newest, with the open candle");
    assert_eq!(ask(""), hours(-499, 0), "500 when no limit is given");
    assert_eq!(ask("limit=5000"), hours(-999, 0), "never more than 1000");
    let (a, b) = (noon - 5 * super::HOUR, noon - 2 * super::HOUR);
    assert_eq!(ask(&format!("startTime={a}&endTime={b}")), hours(-5, -2), "inclusive bounds");
    assert_eq!(ask(&format!("startTime={}&endTime={b}", a + 1)), hours(-4, -2));
    assert_eq!(ask(&format!("startTime={a}&limit=2")), hours(-5, -4), "the oldest from a start");
    assert_eq!(ask(&format!("endTime={b}&limit=2")), hours(-3, -2), "the newest to an end");
    assert_eq!(ask(&format!("startTime={}", noon + super::HOUR)), Vec::<i64>::new());
}
