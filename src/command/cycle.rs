//! `trader cycle`: collect → analyse → decide → record.
//!
//! Three stages, one transaction each, so that a run may be killed at any instant: the next one finds whole stages and
//! goes on from there. A repeated run for a candle that was decided prints what stands on record.

mod analyse;
mod decide;
mod finish;

use std::path::PathBuf;

use super::collect::Collection;
use super::notes::{About, Notes};
use super::say::SummaryFile;
use super::{Begun, Said};
use crate::clock;
use crate::exchange::{Binance, Fault, MarketData, Recording, Usage};
use crate::exit::Exit;
use crate::market::{Instrument, Rename, SeriesKey, Status, renamed, traded_as};
use crate::report::{Agent, AgentName, AgentStatus, Collected, Pair};
use crate::settings::{Paths, Settings, Strategy};
use crate::store::{Access, Contents, Execution, Lock, Origin, RunRow, Store, StoreError};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// What `trader cycle` was asked for, besides the settings.
#[derive(Clone, Debug, Default)]
pub struct CycleOptions {
    /// A recording instead of the exchange.
    pub replay: Option<PathBuf>,
    /// Its clock.
    pub now: Option<UtcMillis>,
    /// The summary is also written here.
    pub summary_file: Option<PathBuf>,
    /// JSON on many lines.
    pub pretty: bool,
    /// Everything but writing.
    pub dry_run: bool,
}

/// What is said of a pair is asked anew after this long.
const INSTRUMENT_AGE_MS: i64 = 86_400_000;
/// A local clock further off than this is worth a warning.
const SKEW_MS: i64 = 5_000;
/// Readings of these are stored.
const INDICATED: [Timeframe; 3] = [Timeframe::H1, Timeframe::H4, Timeframe::D1];

/// Why a cycle ends before it has decided.
#[derive(Debug)]
enum Stop {
    Store(StoreError),
    Market(Fault),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A cycle under way.
struct Cycle<'a> {
    strategy: &'a Strategy,
    timeframes: Vec<Timeframe>,
    options: &'a CycleOptions,
    symbols: Vec<Symbol>,
    begun: Begun,
    source: &'static str,
    now: UtcMillis,
    trust_unknown_status: bool,
    /// Pairs the exchange does not know: nothing else is asked about them.
    unknown: Vec<Symbol>,
    notes: Notes,
    agents: Vec<Agent>,
    /// So many of them are in the execution log.
    logged: usize,
    collected: Collected,
    usage: Usage,
    pairs: Vec<Pair>,
    repeat: bool,
}

/// Runs one cycle.
pub fn cycle(settings: &Settings, paths: &Paths, options: &CycleOptions) -> anyhow::Result<Said> {
    let summary_file = options.summary_file.as_deref().map(SummaryFile::open).transpose()?;
    let mut recording = None;
    let mut binance = None;
    let market: &mut dyn MarketData = match &options.replay {
        Some(folder) => match Recording::open(folder, options.now) {
            Ok(opened) => recording.insert(opened),
            Err(fault) => return Err(super::say::usage(format!("{fault}\n  {}", fault.remedy()))),
        },
        None => binance.insert(Binance::for_a_run(&settings.exchange).map_err(|e| super::say::usage(e.to_string()))?),
    };
    let contents = if options.replay.is_some() { Contents::Replay } else { Contents::Live };
    let db = if contents == Contents::Replay && !settings.db_named { &paths.replay_db } else { &settings.db };
    let mut cycle = Cycle::begin(settings, options, market);
    let outcome = cycle.open(db, contents).and_then(|(_lock, mut store)| {
        let decided = cycle.go(&mut store, market);
        cycle.end(&mut store, decided)
    });
    let exit = outcome.unwrap_or_else(|stop| cycle.stopped(stop));
    Ok(cycle.say(exit, summary_file))
}

impl<'a> Cycle<'a> {
    fn begin(settings: &'a Settings, options: &'a CycleOptions, market: &mut dyn MarketData) -> Self {
        let replay = options.replay.is_some();
        // A recording's clock is there from the start; the exchange's is asked for, and until then ours must do.
        let recorded = replay.then(|| market.open(&[]).server_time.ok()).flatten();
        let now = recorded.unwrap_or_else(clock::wall);
        let mut notes = Notes::default();
        for name in &settings.strangers {
            notes.warn(
                "unknown_variable",
                About::Run,
                format!("the environment variable {name} means nothing to trader"),
            );
        }
        Self {
            strategy: &settings.strategy,
            timeframes: settings.cycle_timeframes(),
            options,
            symbols: settings.pairs.clone(),
            begun: Begun::now(now),
            source: market.source().word(),
            now,
            trust_unknown_status: false,
            unknown: Vec::new(),
            notes,
            agents: Vec::new(),
            logged: 0,
            collected: Collected::default(),
            usage: Usage::default(),
            pairs: Vec::new(),
            repeat: false,
        }
    }

    fn open(&self, db: &std::path::Path, contents: Contents) -> Result<(Option<Lock>, Store), Stop> {
        if self.options.dry_run {
            return Ok((None, Store::open(db, Access::Peek)?));
        }
        let lock = Lock::take(db)?;
        Ok((Some(lock), Store::open(db, Access::Write(contents))?))
    }

    fn go(&mut self, store: &mut Store, market: &mut dyn MarketData) -> Result<(), Stop> {
        let instruments = self.greet(store, market)?;
        self.take_names_of_the_day();
        if self.recall(store)? {
            return Ok(());
        }
        let collection = self.collect(store, market, &instruments)?;
        let opinions = self.analyse(store, &collection, &instruments)?;
        self.decide(store, opinions)
    }

    /// Asks for the exchange's clock, and for what it says of pairs where our knowledge is older than a day.
    fn greet(&mut self, store: &Store, market: &mut dyn MarketData) -> Result<Vec<Instrument>, Stop> {
        let live = self.options.replay.is_none();
        if let Some(ban) = store.ban(self.now)?.filter(|_| live) {
            return Err(Stop::Market(Fault::StillBanned { until: ban.until, reason: ban.reason }));
        }
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for symbol in self.symbols.iter().map(|s| traded_as(s, self.now).map_or_else(|| s.clone(), |(old, _)| old)) {
            match store.instrument(&symbol)?.filter(|i| self.now.since_ms(i.fetched_at) < INSTRUMENT_AGE_MS) {
                Some(instrument) => known.push(instrument),
                None => unknown.push(symbol),
            }
        }
        let before = clock::wall();
        let opening = market.open(&unknown);
        let after = clock::wall();
        self.usage = market.usage();
        match opening.server_time {
            Ok(server) => self.set_clock(server, before, after, live),
            Err(fault) if fault.leaves_nothing_to_ask() => return Err(Stop::Market(fault)),
            Err(fault) => {
                let text = format!("the exchange's clock could not be had, this machine's is used: {fault}");
                self.notes.warn("clock_unknown", About::Run, text);
            }
        }
        self.take_instruments(opening.instruments, &mut known);
        Ok(known)
    }

    fn set_clock(&mut self, server: UtcMillis, before: UtcMillis, after: UtcMillis, live: bool) {
        self.now = server;
        let there_and_back = after.since_ms(before);
        let offset = server.since_ms(before.plus_ms(there_and_back / 2));
        if live && offset.abs() > SKEW_MS + there_and_back / 2 {
            let text = format!(
                "this machine's clock is {:.1} s {} the exchange's, whose is used",
                offset.abs() as f64 / 1000.0,
                if offset > 0 { "behind" } else { "ahead of" }
            );
            self.notes.warn("clock_skew", About::Run, text);
        }
    }

    fn take_instruments(&mut self, answers: Vec<(Symbol, Result<Instrument, Fault>)>, known: &mut Vec<Instrument>) {
        for (symbol, answer) in answers {
            match answer {
                Ok(instrument) => known.push(instrument),
                Err(Fault::Absent { .. }) => self.trust_unknown_status = true,
                Err(fault) => {
                    self.notes.fault(About::Pair(&symbol), &fault);
                    self.unknown.extend(matches!(fault, Fault::UnknownSymbol { .. }).then_some(symbol));
                }
            }
        }
        if self.trust_unknown_status {
            let text = "the recording has no exchangeInfo.json: all pairs are taken to be traded";
            self.notes.warn("status_assumed", About::Run, text.to_owned());
        }
    }

    /// Takes the pairs by the names they are traded under at this moment.
    fn take_names_of_the_day(&mut self) {
        let mut symbols: Vec<Symbol> = Vec::new();
        for symbol in std::mem::take(&mut self.symbols) {
            let name = self.name_of_the_day(symbol);
            if !symbols.contains(&name) {
                symbols.push(name);
            }
        }
        self.symbols = symbols;
    }

    fn name_of_the_day(&mut self, symbol: Symbol) -> Symbol {
        if let Some(Rename { from, to, day, .. }) = renamed(&symbol, self.now) {
            let text = format!(
                "{from} was renamed to {to} on {day}, one for one: go on with {to}/{}; what is stored of {symbol} stays",
                symbol.quote()
            );
            self.notes.warn("symbol_renamed", About::Pair(&symbol), text);
        }
        let Some((old, rename)) = traded_as(&symbol, self.now) else { return symbol };
        let text = format!("traded as {old} until {}: that is used", rename.day);
        self.notes.warn("symbol_renamed", About::Pair(&symbol), text);
        old
    }

    /// Whether every pair was decided for the newest candle; then what was decided is printed again.
    fn recall(&mut self, store: &Store) -> Result<bool, StoreError> {
        let mut recorded = Vec::new();
        for symbol in &self.symbols {
            recorded.extend(self.recorded(store, symbol, self.timeframe().newest_closed(self.now))?);
        }
        self.repeat = recorded.len() == self.symbols.len();
        if self.repeat {
            self.pairs = recorded;
        }
        Ok(self.repeat)
    }

    fn recorded(&self, store: &Store, symbol: &Symbol, candle: UtcMillis) -> Result<Option<Pair>, StoreError> {
        let text = store.decided(symbol, self.timeframe(), candle, &self.strategy.hash)?;
        let read = |text: String| serde_json::from_str(&text).map_err(|e| StoreError::BadRow(e.to_string()));
        Ok(text.map(read).transpose()?.map(Pair::Recorded))
    }

    /// The first stage.
    fn collect(
        &mut self,
        store: &mut Store,
        market: &mut dyn MarketData,
        instruments: &[Instrument],
    ) -> Result<Collection, Stop> {
        let watch = clock::Stopwatch::start();
        let decision = self.timeframe();
        let mut collection = Collection::read(store, &self.keys(), self.now, |key| self.reads_many(store, key))?;
        collection.ask(store, market, self.now)?;
        self.usage = market.usage();
        let noted = self.notes.errors.len();
        let traded = |symbol: &Symbol| !matches!(status_of(instruments, symbol), Some(Status::Stopped(_)));
        collection.note(&mut self.notes, market.source(), decision, self.now, traded);
        let status = self.status_since(noted, collection.failed());
        let agent = self.agent(AgentName::PriceCollector, status, watch, collection.asked as u64, noted);
        self.store_collection(store, market, &collection, instruments, &agent)?;
        self.agents.push(agent);
        self.logged = self.agents.len();
        if let Some((_, fault)) = collection.faults.iter().find(|(_, fault)| fault.stops_the_run()) {
            return Err(Stop::Market(fault.clone()));
        }
        Ok(collection)
    }

    /// Many candles are read only of series that are decided on, or whose readings are to be taken.
    fn reads_many(&self, store: &Store, key: &SeriesKey) -> Result<bool, StoreError> {
        if key.timeframe == self.timeframe() || !INDICATED.contains(&key.timeframe) {
            return Ok(key.timeframe == self.timeframe());
        }
        Ok(store.newest_readings(key)? < Some(key.timeframe.newest_closed(self.now)))
    }

    fn store_collection(
        &mut self,
        store: &mut Store,
        market: &dyn MarketData,
        collection: &Collection,
        instruments: &[Instrument],
        agent: &Agent,
    ) -> Result<(), StoreError> {
        self.collected.candles_new = collection.candles();
        self.collected.rows_bad = collection.bad_rows();
        if self.options.dry_run {
            self.collected.gaps_open = store.gaps_open()?;
            return Ok(());
        }
        let origin = Origin {
            run_id: self.begun.run_id.clone(),
            source: market.source(),
            origin: market.origin(),
            sha256: None,
            fetched_at: self.now,
        };
        let write = store.write()?;
        write.run_began(&self.run_row())?;
        for instrument in instruments {
            write.instrument(instrument)?;
        }
        let tally = collection.store(&write, &origin, &mut self.notes)?;
        write.usage(&self.usage, clock::wall())?;
        write.execution(&self.begun.run_id, &execution(agent, self.now))?;
        write.commit()?;
        self.collected.candles_new = tally.added;
        self.collected.candles_revised = tally.revised;
        self.collected.gaps_open = store.gaps_open()?;
        Ok(())
    }

    fn keys(&self) -> Vec<SeriesKey> {
        let of = |symbol: &Symbol| {
            let symbol = symbol.clone();
            self.timeframes.iter().map(move |&timeframe| SeriesKey { symbol: symbol.clone(), timeframe })
        };
        self.symbols.iter().filter(|s| !self.unknown.contains(s)).flat_map(of).collect()
    }

    fn timeframe(&self) -> Timeframe {
        self.strategy.timeframe
    }

    fn run_row(&self) -> RunRow<'_> {
        RunRow {
            run_id: &self.begun.run_id,
            command: "cycle",
            started_at: self.now,
            strategy_hash: Some(&self.strategy.hash),
        }
    }

    fn status_since(&self, noted: usize, failed: bool) -> AgentStatus {
        match (failed, self.notes.errors.len() > noted) {
            (true, _) => AgentStatus::Failed,
            (false, true) => AgentStatus::Degraded,
            (false, false) => AgentStatus::Ok,
        }
    }

    fn agent(&self, name: AgentName, status: AgentStatus, watch: clock::Stopwatch, items: u64, noted: usize) -> Agent {
        Agent { name, status, duration_ms: watch.ms(), items, error: self.notes.errors.get(noted).cloned() }
    }
}

fn execution(agent: &Agent, started_at: UtcMillis) -> Execution<'_> {
    Execution {
        agent_name: agent.name.name(),
        started_at,
        duration_ms: agent.duration_ms,
        status: agent.status.word(),
        items: agent.items,
        error_class: agent.error.as_ref().map(|e| e.code),
        error: agent.error.as_ref().map(|e| e.text.as_str()),
    }
}

fn status_of(instruments: &[Instrument], symbol: &Symbol) -> Option<Status> {
    instruments.iter().find(|i| i.symbol == *symbol).map(|i| i.status.clone())
}

/// Nothing could be decided: which exit it is.
fn exit_of(stop: &Stop) -> Exit {
    match stop {
        Stop::Store(error) => Exit::from(error),
        Stop::Market(_) => Exit::Unavailable,
    }
}
