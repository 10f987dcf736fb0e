//! A loopback exchange: it answers the market-data requests of the program by the real exchange's
//! rules, for any clock, remembers what it was asked, and misbehaves on request.
//!
//! `Exchange::start()` listens on a free port of 127.0.0.1 until it is dropped.

mod candles;
mod market;
mod probe;
mod wire;

pub(crate) use wire::gzip;

use std::collections::{HashMap, HashSet};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// 2026-09-01T12:00:30Z: half a minute after the hour, when a cron run would start.
pub(crate) const NOON: i64 = 1_788_264_030_000;
/// Hourly candles that a decision at [`NOON`] looks back to. Noon is hour 496,740 since 1970. A thousand candles back is hour
/// 495,740, and the block of 960 hours in which that lies begins with hour 516 × 960 = 495,360.
pub(crate) const LOOKED_BACK: i64 = 496_740 - 516 * 960;
/// One hour in milliseconds.
pub(crate) const HOUR: i64 = 3_600_000;

/// What may go wrong with one answer.
#[derive(Clone)]
pub(crate) enum Fault {
    /// This status, these headers, this body.
    Status(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// 200 with a web page.
    Html,
    /// A whole answer whose JSON ends half-way.
    Truncated,
    /// `Content-Length` promises more than is sent before the connection closes.
    CutMidBody,
    /// One byte now and then.
    Slow,
    /// The request is read and never answered.
    Never,
    /// The connection is reset.
    Reset,
    /// 200 with these bytes.
    RawBody(Vec<u8>),
    /// So many bytes of a JSON array, with or without saying so in `Content-Length`.
    HugeBody { bytes: usize, announced: bool },
    /// A redirect to `/elsewhere`, which redirects again.
    RedirectLoop,
    /// The right answer with its rows edited.
    EditRows(fn(&mut Vec<Value>)),
    /// The right answer with its text edited.
    EditText(fn(&str) -> Vec<u8>),
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) at: Instant,
}

impl Seen {
    /// The value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// The paths and queries of requests.
pub(crate) fn targets(requests: &[Seen]) -> Vec<String> {
    requests.iter().map(|request| request.target.clone()).collect()
}

/// This machine's clock in milliseconds.
pub(crate) fn local_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_millis()).expect("before the year 292 million")
}

/// A fault waiting for requests whose target contains all the parts.
struct Rule {
    parts: Vec<String>,
    left: Option<usize>,
    fault: Fault,
}

/// Everything a test may set.
struct State {
    clock: i64,
    delay: Duration,
    gzip: bool,
    weight: u64,
    statuses: HashMap<String, String>,
    listed: HashMap<String, i64>,
    stopped: HashMap<String, i64>,
    holes: HashSet<(String, String, i64)>,
    revised: HashSet<(String, String, i64)>,
    falls: HashMap<String, candles::Fall>,
    rules: Vec<Rule>,
    seen: Vec<Seen>,
}

impl State {
    fn new() -> Self {
        let known = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "AVAXUSDT", "POLUSDT"];
        let mut statuses: HashMap<_, _> = known.iter().map(|name| ((*name).into(), "TRADING".into())).collect();
        statuses.insert("MATICUSDT".into(), "BREAK".into());
        Self {
            clock: NOON,
            delay: Duration::ZERO,
            gzip: false,
            weight: 0,
            statuses,
            listed: HashMap::new(),
            // The day the old name stopped trading: its last candle opened at 02:00 UTC.
            stopped: HashMap::from([("MATICUSDT".into(), 1_725_937_200_000)]),
            holes: HashSet::new(),
            revised: HashSet::new(),
            falls: HashMap::new(),
            rules: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// The fault due for this target, used up by one.
    fn fault_for(&mut self, target: &str) -> Option<Fault> {
        let fits =
            |rule: &&mut Rule| rule.left != Some(0) && rule.parts.iter().all(|part| target.contains(part.as_str()));
        let rule = self.rules.iter_mut().find(fits)?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.fault.clone())
    }
}

/// What the connection threads share.
struct Shared {
    state: Mutex<State>,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
    closing: AtomicBool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds the state")
    }
}

/// The running exchange. Dropping it stops the listener.
pub(crate) struct Exchange {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Exchange {
    /// Listens on a free port, with the clock at [`NOON`] and every known symbol trading.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new()),
            in_flight: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Self { shared, address }
    }

    /// The base URL to give to the program.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets the exchange's clock, which does not tick by itself.
    pub(crate) fn set_clock(&self, at: i64) {
        self.shared.state().clock = at;
    }

    /// Moves the exchange's clock on.
    pub(crate) fn advance(&self, by: i64) {
        self.shared.state().clock += by;
    }

    /// Every answer is held back for so long.
    pub(crate) fn set_delay(&self, delay: Duration) {
        self.shared.state().delay = delay;
    }

    /// Answers are compressed for clients that accept it.
    pub(crate) fn set_gzip(&self) {
        self.shared.state().gzip = true;
    }

    /// The status `exchangeInfo` gives for a symbol.
    pub(crate) fn set_status(&self, symbol: &str, status: &str) {
        self.shared.state().statuses.insert(symbol.into(), status.into());
    }

    /// The symbol becomes unknown: `-1121` from every endpoint.
    pub(crate) fn forget_symbol(&self, symbol: &str) {
        self.shared.state().statuses.remove(symbol);
    }

    /// No candle of the symbol opens before this instant.
    pub(crate) fn list_symbol(&self, symbol: &str, at: i64) {
        self.shared.state().listed.insert(symbol.into(), at);
    }

    /// No candle of the symbol opens at or after this instant, as with a delisted pair.
    pub(crate) fn stop_symbol(&self, symbol: &str, at: i64) {
        self.shared.state().stopped.insert(symbol.into(), at);
    }

    /// The candle does not exist, as after an outage.
    pub(crate) fn punch_hole(&self, symbol: &str, interval: &str, open_time: i64) {
        self.shared.state().holes.insert((symbol.into(), interval.into(), open_time));
    }

    /// The hole is filled later, as when the exchange repairs its history.
    pub(crate) fn fill_holes(&self) {
        self.shared.state().holes.clear();
    }

    /// The closed candle has another close and volume from now on.
    pub(crate) fn revise(&self, symbol: &str, interval: &str, open_time: i64) {
        self.shared.state().revised.insert((symbol.into(), interval.into(), open_time));
    }

    /// The price falls by so many thousandths within so many minutes from an instant on, and stays there.
    pub(crate) fn let_fall(&self, symbol: &str, from: i64, minutes: i64, permille: i64) {
        self.shared.state().falls.insert(symbol.into(), candles::Fall { from, minutes, permille });
    }

    /// Every request whose path and query contain all the parts fails in this way.
    pub(crate) fn break_always(&self, parts: &[&str], fault: Fault) {
        self.add_rule(parts, None, fault);
    }

    /// The first `times` such requests fail in this way.
    pub(crate) fn break_first(&self, times: usize, parts: &[&str], fault: Fault) {
        self.add_rule(parts, Some(times), fault);
    }

    fn add_rule(&self, parts: &[&str], left: Option<usize>, fault: Fault) {
        let parts = parts.iter().map(|part| (*part).to_owned()).collect();
        self.shared.state().rules.push(Rule { parts, left, fault });
    }

    /// Everything works again.
    pub(crate) fn mend(&self) {
        self.shared.state().rules.clear();
    }

    /// Everything asked since the start or the last [`Self::forget_requests`].
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// The requests whose path and query contain the part.
    pub(crate) fn asked(&self, part: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.target.contains(part)).collect()
    }

    /// Clears the memory of requests and the peak.
    pub(crate) fn forget_requests(&self) {
        self.shared.state().seen.clear();
        self.shared.peak.store(0, Ordering::SeqCst);
    }

    /// The largest number of requests that waited for an answer at the same time.
    pub(crate) fn peak_in_flight(&self) -> usize {
        self.shared.peak.load(Ordering::SeqCst)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees the flag; a failure means that it is gone already.
        let _ = TcpStream::connect(self.address);
    }
}

/// One thread for each connection; they end when the other side hangs up.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closing.load(Ordering::SeqCst) {
            return;
        }
        if let Ok(stream) = stream {
            let shared = Arc::clone(shared);
            thread::spawn(move || wire::serve(stream, &shared));
        }
    }
}
