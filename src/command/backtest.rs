//! `trader backtest`: the same decisions over stored candles.

mod costs;
mod earlier;
mod history;
mod judge;
mod record;
mod story;
mod tapes;
mod yardsticks;

use std::path::Path;

pub(super) use self::history::{History, read};
pub(super) use self::tapes::rules_of;
pub use self::tapes::{Span, rules, tapes};
pub(super) use self::yardsticks::yardsticks;

use self::costs::{AtHigherCosts, at_higher_costs};
use self::judge::{Judgement, SEED, market};
use self::record::Record;
use self::story::{story, trades};
use self::tapes::{data_hash, rules_hash};
use super::output_file::OutputFile;
use super::say::{Output, Style};
use super::trials::{Trial, kept};
use crate::backtest::{Bar, Evidence, Market, Replayed, Rules, Tape, replay};
use crate::exit::Exit;
use crate::report::{
    AccountReport, BacktestDocument, BacktestPage, CostReport, Format, Manifest, StrategyReport, TradeReport, to_json,
};
use crate::settings::{Settings, digest};
use crate::statistics::TrackRecord;
use crate::store::{Access, AllTrials, Store, StoreError, files_of};
use crate::unit::{Money, Timeframe, UtcMillis};

/// What a backtest is asked, beside the settings.
#[derive(Clone, Copy, Debug)]
pub struct BacktestAsked {
    /// The first instant that is decided at.
    pub from: Option<UtcMillis>,
    /// The last one.
    pub to: Option<UtcMillis>,
    /// The length that fills are walked on; none for every configured one that is stored.
    pub fine: Option<Timeframe>,
    /// How many times the configured costs are charged.
    pub costs: u32,
}

/// Replays stored candles and says what came of it; on a page as well, where one was asked for.
pub fn backtest(
    settings: &Settings,
    asked: &BacktestAsked,
    html: Option<&Path>,
    style: Style,
) -> anyhow::Result<Output> {
    let page = html.map(|file| page_file(settings, file)).transpose()?;
    let mut settings = settings.clone();
    settings.trading = settings.trading.at_costs(asked.costs);
    let store = Store::open(&settings.db, Access::Read)?;
    let history = History::open(&settings, &store, asked)?;
    drop(store);
    let ends = (history.span.from, history.span.to);
    let market = market(&settings, &history.tapes, ends);
    let (rules, bars) = (rules(&settings, history.delay_ms), read(&settings, &history.tapes));
    let run = Run { settings: &settings, rules: &rules, bars: &bars, market: &market, ends };
    let (record, replayed) = run.over(&history.tapes)?;
    let manifest = manifest(&settings, &history, asked.costs);
    let costs = at_higher_costs(&run, &history.tapes, asked.costs, (&record, &replayed))?;
    let (all, exit) = keep_trial(&run, &manifest, &record)?;
    let (document, judgement) = judged(&run, manifest, &history.closes_before, costs, (&record, &replayed), &all);
    if let Some(page) = page {
        page.write(&drawn(&run, &document, &judgement, (&record, &replayed)))?;
    }
    let said = match style.format {
        Format::Json => Output::ok(to_json(&document, style.pretty)),
        Format::Csv => Output::table(&trades(&document), style),
        Format::Table => Output::ok(story(&document, style)),
    };
    Ok(Output { exit, ..said })
}

/// A page never takes the place of a file that the program lives on.
fn page_file(settings: &Settings, file: &Path) -> anyhow::Result<OutputFile> {
    let ours: Vec<_> = files_of(&settings.db).into_iter().chain(settings.file.clone()).collect();
    OutputFile::open("the page", file, &ours)
}

/// What every replay of this command goes by.
struct Run<'a> {
    settings: &'a Settings,
    rules: &'a Rules,
    bars: &'a [Vec<Bar>],
    market: &'a Market,
    /// From when to when.
    ends: (UtcMillis, UtcMillis),
}

impl<'a> Run<'a> {
    /// One replay, on the terms of these tapes.
    fn over(&self, tapes: &[Tape]) -> anyhow::Result<(Record<'a>, Replayed)> {
        let mut record = Record::new(self.market);
        let replayed = replay(tapes, self.bars, self.rules, self.ends, &mut record)
            .map_err(|e| StoreError::BadRow(e.to_string()))?;
        Ok((record, replayed))
    }
}

/// Every backtest is a trial; the same one counts once.
fn keep_trial(run: &Run<'_>, manifest: &Manifest, record: &Record<'_>) -> Result<(AllTrials, Exit), StoreError> {
    let daily = record.course().daily_returns(run.market).ok().and_then(|daily| TrackRecord::of(&daily));
    let trial = || Trial { manifest: to_json(manifest, false), record: daily };
    kept(&run.settings.db, || std::iter::once(trial()))
}

/// What the result was worth beside all trials there ever were.
fn judged(
    run: &Run<'_>,
    manifest: Manifest,
    closes_before: &[Vec<f64>],
    costs: AtHigherCosts,
    (record, replayed): (&Record<'_>, &Replayed),
    all: &AllTrials,
) -> (BacktestDocument, Judgement) {
    let course = record.course();
    let trials = all.tried();
    let evidence = Evidence {
        course: &course,
        market: run.market,
        trades: &replayed.trades,
        targets: &record.targets,
        trials: trials.as_ref(),
    };
    let judgement = Judgement::of(&evidence, closes_before, costs.twice, record.fills, SEED);
    let document = document(run.rules, manifest, record, replayed, (&judgement, all.count, costs.told));
    (document, judgement)
}

/// The page.
fn drawn(
    run: &Run<'_>,
    document: &BacktestDocument,
    judgement: &Judgement,
    (record, replayed): (&Record<'_>, &Replayed),
) -> String {
    BacktestPage {
        document,
        verdict: judgement.verdict,
        course: &record.course(),
        market: run.market,
        baselines: &judgement.baselines,
        trades: &replayed.trades,
    }
    .html()
}

/// All that a run over these candles follows from, at so many times the costs.
pub(super) fn manifest(settings: &Settings, history: &History, costs: u32) -> Manifest {
    let History { span, fine, tapes, delay_ms, closes_before } = history;
    let strategy = &settings.strategy;
    Manifest {
        version: env!("CARGO_PKG_VERSION"),
        from: span.from,
        to: span.to,
        pairs: tapes.iter().map(|tape| tape.symbol.clone()).collect(),
        fine: tapes.iter().map(|tape| (tape.symbol.to_string(), tape.finest().name())).collect(),
        fine_asked: fine.map_or("auto", Timeframe::name),
        delay_s: *delay_ms as f64 / 1000.0,
        asset: settings.trading.asset.clone(),
        start: settings.trading.start,
        costs,
        strategy: StrategyReport {
            name: strategy.name.to_owned(),
            timeframe: strategy.timeframe.name(),
            hash: strategy.hash.clone(),
        },
        parameters: serde_json::from_str(&strategy.parameters).unwrap_or_default(),
        data_hash: named(tapes, closes_before),
        exchange_rules_hash: rules_hash(tapes),
        seed: SEED,
    }
}

/// Names the candles, and the daily closes before them.
fn named(tapes: &[Tape], closes_before: &[Vec<f64>]) -> String {
    let mut bytes = data_hash(tapes).into_bytes();
    for closes in closes_before {
        bytes.extend(closes.len().to_le_bytes());
        bytes.extend(closes.iter().flat_map(|close| close.to_bits().to_le_bytes()));
    }
    digest(&bytes)
}

fn document(
    rules: &Rules,
    manifest: Manifest,
    record: &Record<'_>,
    replayed: &Replayed,
    (judgement, trials, costs): (&Judgement, usize, Vec<CostReport>),
) -> BacktestDocument {
    let equity = |extreme: Option<&Money>| extreme.copied().unwrap_or(rules.start);
    BacktestDocument {
        schema: "trader.backtest.v1",
        manifest,
        moments: record.moments.len() as u64,
        account: AccountReport {
            asset: rules.asset.clone(),
            start: rules.start,
            end: equity(record.equity.last()),
            lowest: equity(record.equity.iter().min()),
            highest: equity(record.equity.iter().max()),
            open_positions: replayed.books.positions.len(),
            states: record.states.clone(),
        },
        verdict: judgement.verdict.words(),
        trials: trials as u64,
        figures: judgement.figures(),
        baselines: judgement.baseline_reports(),
        costs,
        decisions: record.counts.clone(),
        trades: replayed.trades.iter().map(TradeReport::from).collect(),
    }
}
