//! `trader cycle`: collect → settle → look back → analyse → decide → carry out, and a record of the run at the end.
//!
//! Each stage writes what it has come to in a transaction of its own, looking back in one for each of its parts, so that a
//! run may be killed at any instant: the next one finds whole stages and goes on from there. A repeated run for a
//! candle that was decided prints what stands on record, and looks after the account when no run has in this hour: stops,
//! limits and sales do not wait until a long candle closes.

mod analyse;
mod decide;
mod expect;
mod finish;
mod hindsight;
mod opening;
mod orders;
#[cfg(test)]
mod plans;
mod prices;
mod settle;
mod tell;

pub(super) use opening::offset;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::collect::{Collection, Prospects};
use super::notes::{About, Notes};
use super::output_file::OutputFile;
use super::run::Begun;
use super::{Output, usage};
use crate::clock;
use crate::exchange::{Binance, Fault, MarketData, Recording, Usage};
use crate::exit::Exit;
use crate::ledger::{Fill, Order};
use crate::market::{Instrument, Quote, Standing, Status};
use crate::report::{Agent, Collected, Pair, Problem};
use crate::settings::{Settings, Strategy, Trading};
use crate::store::{Access, Contents, Execution, Lock, RunRow, Store, StoreError, files_of};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// What `trader cycle` was asked for, besides the settings.
#[derive(Clone, Debug, Default)]
pub struct CycleOptions {
    /// A recording instead of the exchange.
    pub replay: Option<PathBuf>,
    /// Its clock.
    pub now: Option<UtcMillis>,
    /// Where metrics are written after the run, whatever the settings say.
    pub metrics_file: Option<PathBuf>,
    /// JSON on many lines.
    pub pretty: bool,
    /// Everything but writing.
    pub dry_run: bool,
}

/// Readings of these are stored.
const READINGS_KEPT: [Timeframe; 3] = [Timeframe::H1, Timeframe::H4, Timeframe::D1];

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
    /// Whom messages are written down for; none where nobody is to be told.
    telling: Option<&'a Settings>,
    strategy: &'a Strategy,
    trading: &'a Trading,
    timeframes: Vec<Timeframe>,
    options: &'a CycleOptions,
    begun: Begun,
    source: &'static str,
    now: UtcMillis,
    /// The exchange's clock less this machine's.
    clock_offset_ms: Option<i64>,
    symbols: Vec<Symbol>,
    listings: Listings,
    /// The market at this moment, of the pairs that are traded; a recording has none.
    quotes: BTreeMap<Symbol, Quote>,
    notes: Notes,
    agents: Vec<Agent>,
    /// So many of them are in the execution log.
    logged: usize,
    collected: Collected,
    /// Of which series missing candles may still come.
    prospects: Prospects,
    usage: Usage,
    pairs: Vec<Pair>,
    repeat: bool,
    /// Pairs with a position or an order under way, whether they are decided on or not.
    held: Vec<Symbol>,
    /// The account, once it was settled.
    account: Option<Account>,
    /// Orders that this run placed.
    orders: Vec<Order>,
    /// Fills that it booked.
    fills: Vec<Fill>,
}

/// What is known of the pairs at the exchange.
#[derive(Debug, Default)]
struct Listings {
    /// Told today, by this run or an earlier one.
    known: Vec<Instrument>,
    /// Those of them that this run was told.
    fetched: Vec<Instrument>,
    /// Pairs the exchange does not know: nothing else is asked about them.
    unknown: Vec<Symbol>,
    /// The source is a recording that tells nothing of pairs.
    assumed: bool,
}

impl Listings {
    fn standing(&self, symbol: &Symbol) -> Standing {
        match self.known.iter().find(|i| i.symbol == *symbol) {
            Some(instrument) => Standing::Told(instrument.status.clone()),
            None if self.assumed => Standing::Assumed,
            None => Standing::Unknown,
        }
    }

    /// Whether the pair may be traded, as far as is known: neither stopped nor unknown to the exchange.
    fn may_be_traded(&self, symbol: &Symbol) -> bool {
        let is_stopped = matches!(self.standing(symbol), Standing::Told(Status::Stopped(_)));
        !is_stopped && !self.unknown.contains(symbol)
    }
}

/// Runs one cycle.
pub fn cycle(settings: &Settings, options: &CycleOptions) -> anyhow::Result<Output> {
    let (contents, db) = match &options.replay {
        Some(folder) => (Contents::Replay, settings.replay_db(folder)),
        None => (Contents::Live, settings.db.clone()),
    };
    let summary_file = open_summary_file(settings, &db)?;
    let mut market = open_source(settings, options)?;
    log::info!("the database is {}", db.display());
    let mut cycle = Cycle::begin(settings, options, market.as_mut());
    let outcome = cycle.open(&db, contents).and_then(|(_lock, mut store)| {
        let decided = cycle.run_stages(&mut store, market.as_mut());
        cycle.end(&mut store, decided)
    });
    let exit = outcome.unwrap_or_else(|stop| cycle.stopped(stop));
    Ok(cycle.say(exit, summary_file))
}

/// The file for the summary, which is none of those that the program lives on.
fn open_summary_file(settings: &Settings, db: &Path) -> anyhow::Result<Option<OutputFile>> {
    let Some(path) = &settings.summary_file else { return Ok(None) };
    let databases = [files_of(db), files_of(&settings.db)].into_iter().flatten();
    let ours: Vec<PathBuf> = databases.chain(settings.file.clone()).collect();
    OutputFile::open("the summary", path, &ours).map(Some)
}

fn open_source(settings: &Settings, options: &CycleOptions) -> anyhow::Result<Box<dyn MarketData>> {
    match &options.replay {
        Some(folder) => match Recording::open(folder, options.now) {
            Ok(recording) => Ok(Box::new(recording)),
            Err(fault) => Err(usage(format!("{fault}\n  {}", fault.remedy()))),
        },
        None => Ok(Box::new(Binance::for_a_run(&settings.exchange).map_err(|e| usage(e.to_string()))?)),
    }
}

impl<'a> Cycle<'a> {
    fn begin(settings: &'a Settings, options: &'a CycleOptions, market: &mut dyn MarketData) -> Self {
        let replay = options.replay.is_some();
        // A recording's clock is there from the start; the exchange's is asked for, and until then ours must do.
        let recorded = replay.then(|| market.open(&[]).server_time.ok()).flatten();
        let now = recorded.unwrap_or_else(clock::wall);
        let mut notes = Notes::default();
        for name in &settings.unknown_variables {
            let text = format!("the environment variable {name} means nothing to trader");
            notes.warn("unknown_variable", About::Run, text);
        }
        Self {
            telling: tell::whom(settings, options),
            strategy: &settings.strategy,
            trading: &settings.trading,
            timeframes: settings.cycle_timeframes(),
            options,
            begun: Begun::now(now),
            source: market.source().word(),
            now,
            clock_offset_ms: None,
            symbols: settings.pairs.clone(),
            listings: Listings::default(),
            quotes: BTreeMap::new(),
            notes,
            agents: Vec::new(),
            logged: 0,
            collected: Collected::default(),
            prospects: Prospects::default(),
            usage: Usage::default(),
            pairs: Vec::new(),
            repeat: false,
            held: Vec::new(),
            account: None,
            orders: Vec::new(),
            fills: Vec::new(),
        }
    }

    fn open(&self, db: &Path, contents: Contents) -> Result<(Option<Lock>, Store), Stop> {
        let lock = if self.options.dry_run { None } else { Some(Lock::take(db)?) };
        let access = if self.options.dry_run { Access::Peek(contents) } else { Access::Write(contents) };
        let store = Store::open(db, access)?;
        if let Some(folder) = &self.options.replay {
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            store.expect_recording(&folder.display().to_string())?;
        }
        Ok((lock, store))
    }

    fn run_stages(&mut self, store: &mut Store, market: &mut dyn MarketData) -> Result<(), Stop> {
        if let Err(stop) = self.open_market(store, market) {
            return self.fall_back(store, stop);
        }
        self.take_names_of_the_day();
        if self.recall(store)? && self.is_looked_after(store)? {
            return self.catch_up(store);
        }
        self.held = store.books()?.busy_pairs();
        let collection = self.collect(store, market)?;
        if self.repeat && collection.failed() {
            // Without prices nothing can be looked after; nothing is noted, and the next run tries again.
            self.complain_of_absence(store)?;
            return self.catch_up(store);
        }
        self.settle(store, &collection)?;
        self.look_back(store)?;
        self.conclude(store, &collection)?;
        self.carry_out(store)
    }

    /// Decides, or does what is called for between two decisions.
    fn conclude(&mut self, store: &mut Store, collection: &Collection) -> Result<(), Stop> {
        if self.repeat {
            self.read_on(store, collection)?;
            return self.heed_emergency(store);
        }
        let judged = self.analyse(store, collection)?;
        self.decide(store, judged)
    }

    /// Whether a run has looked after the account in this hour, or since the newest decision candle where those are shorter.
    fn is_looked_after(&self, store: &Store) -> Result<bool, StoreError> {
        let since = self.timeframe().min(Timeframe::H1).floor(self.now);
        Ok(store.remembered()?.is_some_and(|row| row.time >= since))
    }

    /// What is decided is decided, even when nobody can be asked: by this machine's clock then.
    fn fall_back(&mut self, store: &mut Store, stop: Stop) -> Result<(), Stop> {
        let Stop::Market(fault) = stop else { return Err(stop) };
        self.take_names_of_the_day();
        if self.recall(store)? {
            self.notes.warn(fault.code(), About::Run, format!("{fault}; what is on record is shown"));
            self.complain_of_absence(store)?;
            return self.catch_up(store);
        }
        let candle = self.timeframe().newest_closed(self.now);
        let mut pairs = Vec::new();
        for symbol in &self.symbols {
            pairs.push(self.recorded(store, symbol, candle)?.unwrap_or_else(|| decide::failed(symbol)));
        }
        self.pairs = pairs;
        self.account = Account::stored(self.sources(store))?;
        Err(Stop::Market(fault))
    }

    /// Whether every pair was decided for the newest candle; then what was decided is printed again.
    fn recall(&mut self, store: &Store) -> Result<bool, StoreError> {
        let mut recorded = Vec::new();
        for symbol in &self.symbols {
            recorded.extend(self.recorded(store, symbol, self.timeframe().newest_closed(self.now))?);
        }
        self.repeat = recorded.len() == self.symbols.len();
        if self.repeat {
            for pair in &recorded {
                self.complain_again(pair);
            }
            self.pairs = recorded;
        }
        Ok(self.repeat)
    }

    fn recorded(&self, store: &Store, symbol: &Symbol, candle: UtcMillis) -> Result<Option<Pair>, StoreError> {
        let text = store.decided(symbol, self.timeframe(), candle, &self.strategy.hash)?;
        let read = |text: String| serde_json::from_str(&text).map_err(|e| StoreError::BadRow(e.to_string()));
        Ok(text.map(read).transpose()?.map(Pair::Recorded))
    }

    /// Shows the account as it is on record. What an earlier run of this candle was killed before, if it was, is made up
    /// for: carrying out its orders, noting the account.
    fn catch_up(&mut self, store: &mut Store) -> Result<(), Stop> {
        if self.has_gone_back(store)? {
            return Ok(());
        }
        self.account = Account::stored(self.sources(store))?;
        let as_of = self.timeframe().floor(self.now);
        let is_whole = store.remembered()?.is_some_and(|row| row.time >= as_of);
        if !is_whole && !self.options.dry_run {
            return self.carry_out(store);
        }
        if let Some(account) = self.account.take() {
            self.warn_of_state(&account);
            self.account = Some(account);
        }
        Ok(())
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

    /// The first error since there were `noted` of them.
    fn error_since(&self, noted: usize) -> Option<Problem> {
        self.notes.errors.get(noted).cloned()
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

/// Nothing could be decided: which exit it is.
fn exit_of(stop: &Stop) -> Exit {
    match stop {
        Stop::Store(error) => Exit::from(error),
        Stop::Market(_) => Exit::Unavailable,
    }
}
