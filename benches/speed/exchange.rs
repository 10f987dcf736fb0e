//! The exchange for measurements: it knows all its answers before it is asked, so that none of its own work is on the
//! client's way, and gives each of them a fixed time after the request arrived.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::candles;

/// The default pairs and timeframes of the program: 30 series.
const SYMBOLS: [&str; 5] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "AVAXUSDT", "POLUSDT"];
const INTERVALS: [&str; 6] = ["1m", "5m", "15m", "1h", "4h", "1d"];
/// Candles in a full page.
const PAGE: i64 = 1000;
/// Candles it remembers: a first run looks back over two pages.
const HISTORY: i64 = 2000;

/// A running exchange; it listens until the program ends.
pub(crate) struct Exchange {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    delay: Duration,
    gzip: AtomicBool,
    requests: AtomicUsize,
    market: RwLock<Market>,
}

/// Everything there is to be told at one instant.
struct Market {
    clock: i64,
    series: HashMap<(&'static str, &'static str), Tail>,
}

/// The newest candles of a series, as many as a view may hold.
struct Tail {
    step: i64,
    first: i64,
    rows: Vec<String>,
    /// All of them as an answer, plain and compressed.
    page: [Arc<[u8]>; 2],
}

impl Exchange {
    /// Listens on a free port of this machine; every answer is held back for `delay`.
    pub(crate) fn start(clock: i64, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            delay,
            gzip: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            market: RwLock::new(Market::at(clock)),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the clock and prepares all answers.
    pub(crate) fn set_clock(&self, clock: i64) {
        let market = Market::at(clock);
        *self.shared.market.write().expect("no thread panics while it holds the market") = market;
    }

    pub(crate) fn set_gzip(&self, gzip: bool) {
        self.shared.gzip.store(gzip, Ordering::SeqCst);
    }

    /// How many requests came since this was asked last.
    pub(crate) fn take_requests(&self) -> usize {
        self.shared.requests.swap(0, Ordering::SeqCst)
    }
}

impl Market {
    fn at(clock: i64) -> Self {
        let names = SYMBOLS.iter().flat_map(|symbol| INTERVALS.map(|interval| (*symbol, interval)));
        Self { clock, series: names.map(|name| (name, Tail::at(clock, name))).collect() }
    }

    fn answer(&self, target: &str, gzip: bool) -> Arc<[u8]> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let parameter = |name: &str| query.split('&').filter_map(|p| p.split_once('=')).find(|(n, _)| *n == name);
        let symbol = parameter("symbol").map_or("", |(_, symbol)| symbol);
        let body = match path {
            "/api/v3/time" => json!({ "serverTime": self.clock }).to_string(),
            "/api/v3/exchangeInfo" => exchange_info(self.clock, symbol).to_string(),
            "/api/v3/ticker/bookTicker" => book_ticker(self.clock, symbol).to_string(),
            "/api/v3/klines" => {
                let interval = parameter("interval").map_or("", |(_, interval)| interval);
                let tail = self.series.get(&(symbol, interval)).expect("only the 30 series are asked for");
                let instant = |name| parameter(name).and_then(|(_, instant)| instant.parse().ok());
                match instant("startTime") {
                    Some(from) => tail.between(from, instant("endTime").unwrap_or(self.clock)),
                    None => return Arc::clone(&tail.page[usize::from(gzip)]),
                }
            }
            other => panic!("{other} is never asked for"),
        };
        whole_answer(body.as_bytes(), gzip).into()
    }
}

impl Tail {
    fn at(clock: i64, (symbol, interval): (&str, &str)) -> Self {
        let step = candles::interval_ms(interval).expect("a known interval");
        let first = clock.div_euclid(step) * step - (HISTORY - 1) * step;
        let rows: Vec<_> =
            (0..HISTORY).map(|n| candles::row(symbol, first + n * step, step, false, None).to_string()).collect();
        let newest = rows.len() - usize::try_from(PAGE).expect("a page of candles");
        let body = format!("[{}]", rows[newest..].join(","));
        let page = [false, true].map(|gzip| whole_answer(body.as_bytes(), gzip).into());
        Self { step, first, rows, page }
    }

    /// The oldest page from one instant to another, both included.
    fn between(&self, from: i64, to: i64) -> String {
        let places = |length: i64| usize::try_from(length.max(0) / self.step).expect("a count of candles");
        let end = places(to - self.first + self.step).min(self.rows.len());
        let skipped = places(from - self.first).min(end);
        let page = usize::try_from(PAGE).expect("a page of candles");
        format!("[{}]", self.rows[skipped..end.min(skipped + page)].join(","))
    }
}

/// What the real exchange says of a pair, cut to the filters that matter.
fn exchange_info(clock: i64, symbol: &str) -> Value {
    json!({
        "timezone": "UTC",
        "serverTime": clock,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [{
            "symbol": symbol,
            "status": "TRADING",
            "baseAsset": symbol.trim_end_matches("USDT"),
            "quoteAsset": "USDT",
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00000000", "tickSize": "0.01000000"},
                {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
                {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "104.34142329", "stepSize": "0.00000000"},
                {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
                 "askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5},
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": true}
            ]
        }]
    })
}

fn book_ticker(clock: i64, symbol: &str) -> Value {
    let [bid, ask] = candles::quote(symbol, clock, None);
    json!({"symbol": symbol, "bidPrice": bid, "bidQty": "0.16356700", "askPrice": ask, "askQty": "0.18635000"})
}

fn whole_answer(body: &[u8], gzip: bool) -> Vec<u8> {
    let packed = if gzip { pack(body) } else { body.to_vec() };
    let coding = if gzip { "Content-Encoding: gzip\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nX-MBX-USED-WEIGHT-1M: 7\r\n{coding}\
         Content-Length: {}\r\n\r\n",
        packed.len()
    );
    [head.as_bytes(), &packed].concat()
}

fn pack(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// Serves one connection until the other side hangs up.
fn serve(mut stream: TcpStream, shared: &Shared) {
    let Ok(reading) = stream.try_clone() else { return };
    drop(stream.set_nodelay(true));
    let mut lines = BufReader::new(reading);
    while let Some(target) = next_request(&mut lines) {
        let arrived = Instant::now();
        shared.requests.fetch_add(1, Ordering::SeqCst);
        let gzip = shared.gzip.load(Ordering::SeqCst);
        let answer = shared.market.read().expect("no thread panics while it holds the market").answer(&target, gzip);
        thread::sleep(shared.delay.saturating_sub(arrived.elapsed()));
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Path and query of the next request, read to the end of its head.
fn next_request(lines: &mut impl BufRead) -> Option<String> {
    let mut target = None;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim_end().is_empty() {
            return target;
        }
        target = target.or_else(|| line.split(' ').nth(1).map(str::to_owned));
    }
}
