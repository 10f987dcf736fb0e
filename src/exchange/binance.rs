//! Binance's SPOT REST interface, public market data only.

use futures_util::stream::{self, StreamExt};
use tokio::runtime::Runtime;

use super::klines::read_json;
use super::transport::{CannotConnect, Reply, Transport};
use super::wire::{self, BookTicker, ExchangeInfo, Time};
use super::{Answer, Fault, MarketData, Opening, PAGE, Usage, Wanted, Wave};
use crate::clock;
use crate::market::{Batch, Instrument, Quote, Sifter, Source};
use crate::settings::ExchangeSettings;
use crate::unit::{Symbol, UtcMillis};

/// The exchange. Its requests share one thread; the trait's calls return when all of them have ended.
pub struct Binance {
    transport: Transport,
    runtime: Option<Runtime>,
}

impl Binance {
    /// A connection for one run, which ends within the deadline of the settings. Sends nothing yet.
    pub fn for_a_run(settings: &ExchangeSettings) -> Result<Self, CannotConnect> {
        Self::new(Transport::new(settings, true)?)
    }

    /// A connection for work that takes as long as it takes; each request has its time-outs all the same.
    pub fn for_history(settings: &ExchangeSettings) -> Result<Self, CannotConnect> {
        Self::new(Transport::new(settings, false)?)
    }

    fn new(transport: Transport) -> Result<Self, CannotConnect> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| CannotConnect::Client(e.to_string()))?;
        Ok(Self { transport, runtime: Some(runtime) })
    }
}

impl MarketData for Binance {
    fn source(&self) -> Source {
        Source::Rest
    }

    fn origin(&self) -> String {
        self.transport.origin()
    }

    fn open(&mut self, symbols: &[Symbol]) -> Opening {
        let transport = &self.transport;
        self.runtime().block_on(async {
            transport.start_deadline();
            let instruments = ask_all(transport, symbols, |symbol| instrument(transport, symbol));
            let (server_time, instruments) = futures_util::future::join(server_time(transport), instruments).await;
            Opening {
                server_time,
                date: transport.date(),
                instruments: Some(symbols.iter().cloned().zip(instruments).collect()),
            }
        })
    }

    fn candles(&mut self, wanted: &[Wanted], now: UtcMillis) -> Vec<Answer> {
        self.candles_and_quotes(wanted, &[], now).candles
    }

    fn candles_and_quotes(&mut self, wanted: &[Wanted], quoted: &[Symbol], now: UtcMillis) -> Wave {
        let transport = &self.transport;
        // Quotes first: each is a short answer, and a long series may take many pages.
        let questions = quoted.iter().map(Question::Quote).chain(wanted.iter().map(Question::Candles));
        let questions: Vec<Question<'_>> = questions.collect();
        let told = self.runtime().block_on(async {
            transport.start_deadline();
            ask_all(transport, &questions, |question| question.ask(transport, now)).await
        });
        let mut wave = Wave::default();
        for told in told {
            told.join(&mut wave);
        }
        wave
    }

    fn usage(&self) -> Usage {
        self.transport.budget.usage()
    }
}

impl Binance {
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("the runtime is only taken away when this is dropped")
    }
}

impl Drop for Binance {
    /// A name server that never answers must not hold the run up: what still waits for it is left behind.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Asks one question of each, as many at the same time as is allowed, and gives the answers in order. A slow one holds
/// nobody up.
async fn ask_all<'a, Q, A, F: Future<Output = A>>(
    transport: &Transport,
    questions: &'a [Q],
    ask: impl Fn(&'a Q) -> F,
) -> Vec<A> {
    let numbered = questions.iter().enumerate().map(|(i, question)| {
        let answer = ask(question);
        async move { (i, answer.await) }
    });
    let mut answers: Vec<(usize, A)> = stream::iter(numbered).buffer_unordered(transport.width()).collect().await;
    answers.sort_by_key(|(i, _)| *i);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// One question of a wave.
enum Question<'a> {
    Candles(&'a Wanted),
    Quote(&'a Symbol),
}

/// What it gave.
enum Told {
    Candles(Answer),
    Quote(Symbol, Result<Quote, Fault>),
}

impl Question<'_> {
    async fn ask(&self, transport: &Transport, now: UtcMillis) -> Told {
        match self {
            Self::Candles(wanted) => Told::Candles(series(transport, wanted, now).await),
            Self::Quote(symbol) => Told::Quote((*symbol).clone(), quote(transport, symbol, now).await),
        }
    }
}

impl Told {
    fn join(self, wave: &mut Wave) {
        match self {
            Self::Candles(answer) => wave.candles.push(answer),
            Self::Quote(symbol, answer) => wave.quotes.push((symbol, answer)),
        }
    }
}

async fn server_time(transport: &Transport) -> Result<UtcMillis, Fault> {
    let Reply { host, body } = transport.get("/api/v3/time", &[]).await?;
    let time: Time = wire::json(&host, &body)?;
    time.read(&host)
}

/// One pair for each request: an unknown pair fails a request for many as a whole.
async fn instrument(transport: &Transport, symbol: &Symbol) -> Result<Instrument, Fault> {
    let name = symbol.exchange_name();
    let query = [("symbol", name.as_str()), ("showPermissionSets", "false")];
    let answer = transport.get("/api/v3/exchangeInfo", &query).await;
    let Reply { host, body } = answer.map_err(|fault| about(fault, symbol))?;
    let info: ExchangeInfo = wire::json(&host, &body)?;
    let described = info.symbols.iter().find(|s| s.describes(symbol));
    let unknown = Fault::UnknownSymbol { host, symbol: symbol.to_string() };
    described.map(|s| s.instrument(symbol, clock::wall())).ok_or(unknown)
}

/// The bid and ask of one pair.
async fn quote(transport: &Transport, symbol: &Symbol, now: UtcMillis) -> Result<Quote, Fault> {
    let name = symbol.exchange_name();
    let answer = transport.get("/api/v3/ticker/bookTicker", &[("symbol", name.as_str())]).await;
    let Reply { host, body } = answer.map_err(|fault| about(fault, symbol))?;
    let ticker: BookTicker = wire::json(&host, &body)?;
    ticker.quote(symbol, now).map_err(|text| Fault::NoQuote { host, text })
}

/// One series, page after page.
async fn series(transport: &Transport, wanted: &Wanted, now: UtcMillis) -> Answer {
    let mut answer = Answer::default();
    let mut from = wanted.from;
    while {
        let page = page(transport, &Wanted { from, ..wanted.clone() }, now).await;
        answer.take(wanted, page)
    } {
        from = answer.next;
    }
    answer
}

async fn page(transport: &Transport, wanted: &Wanted, now: UtcMillis) -> Result<(Batch, Option<UtcMillis>), Fault> {
    let text = |instant: UtcMillis| instant.get().to_string();
    let (name, limit) = (wanted.key.symbol.exchange_name(), PAGE.to_string());
    let (from, to) = (wanted.from.map(text), wanted.to.map(text));
    let mut query = vec![("symbol", name.as_str()), ("interval", wanted.key.timeframe.name()), ("limit", &limit)];
    query.extend(from.as_deref().map(|from| ("startTime", from)));
    query.extend(to.as_deref().map(|to| ("endTime", to)));
    let reply = transport.get("/api/v3/klines", &query).await;
    let Reply { host, body } = reply.map_err(|fault| about(fault, &wanted.key.symbol))?;
    read_page(&host, &body, wanted, now)
}

fn read_page(host: &str, body: &[u8], wanted: &Wanted, now: UtcMillis) -> Result<(Batch, Option<UtcMillis>), Fault> {
    let mut sifter = Sifter::new(wanted.key.timeframe, wanted.from, now);
    let (rows, last) = read_json(body, &mut sifter).map_err(|e| wire::not_understood(host, &e))?;
    // Outages leave holes, so a page ends where its last row says, not a thousand lengths after its start.
    // A page that does not lead on is the last one, or the asking would never end.
    let leads_on = |last: &UtcMillis| rows >= PAGE && wanted.from.is_some_and(|from| *last >= from);
    let next = last.filter(leads_on).map(|last| wanted.key.timeframe.step(last, 1));
    Ok((sifter.finish(), next))
}

fn about(fault: Fault, symbol: &Symbol) -> Fault {
    match fault {
        Fault::UnknownSymbol { host, .. } => Fault::UnknownSymbol { host, symbol: symbol.to_string() },
        other => other,
    }
}
