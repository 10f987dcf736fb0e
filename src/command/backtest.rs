//! `trader backtest`: the same decisions over stored candles.

mod tapes;

use std::collections::BTreeMap;

pub use self::tapes::{Span, rules, tapes};

use self::tapes::data_hash;
use super::say::{Output, Style};
use super::usage;
use crate::backtest::{Bar, Moment, Replayed, Rules, Tape, Witness, bars, replay};
use crate::decision::{Action, Decision, Objection};
use crate::market::{SeriesKey, View};
use crate::report::{
    AccountReport, BacktestDocument, Cell, DecisionCounts, Format, Manifest, StrategyReport, Table, TradeReport,
    to_json,
};
use crate::settings::Settings;
use crate::store::{Access, Store, StoreError};
use crate::unit::{Money, Symbol, Timeframe, UtcMillis};

/// Half a minute after the candle, where there are finer candles than those that are decided on.
const DELAY_MS: i64 = 30_000;

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

/// Replays stored candles and says what came of it.
pub fn backtest(settings: &Settings, asked: &BacktestAsked, style: Style) -> anyhow::Result<Output> {
    let mut settings = settings.clone();
    settings.trading = settings.trading.at_costs(asked.costs);
    let store = Store::open(&settings.db, Access::Read)?;
    let span = span(&settings, &store, asked)?;
    let tapes = tapes(&settings, &store, &span)?;
    let Some(finest) = tapes.iter().map(Tape::finest).min() else { return Err(nothing_stored(&settings)) };
    let delay_ms = if finest < settings.strategy.timeframe { DELAY_MS } else { 0 };
    let rules = rules(&settings, delay_ms);
    let mut record = Record::default();
    let replayed = replay(&tapes, &read(&settings, &tapes), &rules, (span.from, span.to), &mut record)
        .map_err(|e| StoreError::BadRow(e.to_string()))?;
    let document = document(&settings, &tapes, &rules, (&span, asked.costs), &record, &replayed);
    Ok(match style.format {
        Format::Json => Output::ok(to_json(&document, style.pretty)),
        Format::Csv => Output::table(&trades(&document), style),
        Format::Table => Output::ok(story(&document, style)),
    })
}

fn nothing_stored(settings: &Settings) -> anyhow::Error {
    let (pairs, timeframe) = (&settings.pairs, settings.strategy.timeframe);
    let names: Vec<&str> = pairs.iter().map(Symbol::as_str).collect();
    usage(format!(
        "no {timeframe} candles of {} are stored in that time\n  fetch them: trader backfill --from DATE, or trader import",
        names.join(", ")
    ))
}

/// From when to when, where that was not said: from a thousand candles after the first stored one to the newest.
fn span(settings: &Settings, store: &Store, asked: &BacktestAsked) -> anyhow::Result<Span> {
    let timeframe = settings.strategy.timeframe;
    let mut ends: Option<(UtcMillis, UtcMillis)> = None;
    for pair in &settings.pairs {
        if let Some((first, last)) = store.reach(&SeriesKey { symbol: pair.clone(), timeframe })? {
            let (oldest, newest) = ends.unwrap_or((first, last));
            ends = Some((oldest.min(first), newest.max(last)));
        }
    }
    let Some((first, last)) = ends else { return Err(nothing_stored(settings)) };
    let warm = timeframe.step(first, i64::try_from(View::CANDLES).unwrap_or_default());
    let (from, to) = (asked.from.unwrap_or(warm), asked.to.unwrap_or_else(|| timeframe.step(last, 1)));
    if from > to {
        return Err(usage(format!("--from {from} lies after --to {to}")));
    }
    let configured = || settings.timeframes.iter().copied().filter(|t| *t < timeframe).collect();
    let lengths = asked.fine.map_or_else(configured, |fine| vec![fine]);
    Ok(Span { from: timeframe.ceil(from), to: timeframe.floor(to), lengths })
}

fn read(settings: &Settings, tapes: &[Tape]) -> Vec<Vec<Bar>> {
    let (analyst, warm_up) = (settings.strategy.analyst(), settings.strategy.policy.warm_up);
    tapes.iter().map(|tape| bars(tape, &analyst, settings.trading.atr_timeframe, warm_up)).collect()
}

/// What is kept of a run for its report.
#[derive(Default)]
struct Record {
    counts: DecisionCounts,
    states: BTreeMap<&'static str, u64>,
    moments: u64,
    /// The lowest and the highest equity.
    range: Option<(Money, Money)>,
}

impl Witness for Record {
    fn decided(&mut self, _: &Symbol, _: UtcMillis, decision: &Decision, objection: Option<&Objection>) {
        let blocked = objection.map(Objection::code).or_else(|| Some(decision.refusal.as_ref()?.gate().code()));
        if let Some(code) = blocked {
            *self.counts.blocked.entry(code).or_insert(0) += 1;
        }
        let action = if objection.is_some() { Action::Hold } else { decision.action };
        let count = match action {
            Action::Buy => &mut self.counts.buy,
            Action::Sell => &mut self.counts.sell,
            Action::Hold => &mut self.counts.hold,
        };
        *count += 1;
    }

    fn stood(&mut self, moment: &Moment) {
        self.moments += 1;
        *self.states.entry(moment.state.word()).or_insert(0) += 1;
        let (low, high) = self.range.unwrap_or((moment.equity, moment.equity));
        self.range = Some((low.min(moment.equity), high.max(moment.equity)));
    }
}

fn document(
    settings: &Settings,
    tapes: &[Tape],
    rules: &Rules,
    (span, costs): (&Span, u32),
    record: &Record,
    replayed: &Replayed,
) -> BacktestDocument {
    let strategy = &settings.strategy;
    let (lowest, highest) = record.range.unwrap_or((rules.start, rules.start));
    BacktestDocument {
        schema: "trader.backtest.v1",
        manifest: Manifest {
            version: env!("CARGO_PKG_VERSION"),
            from: span.from,
            to: span.to,
            pairs: tapes.iter().map(|tape| tape.symbol.clone()).collect(),
            fine: tapes.iter().map(|tape| (tape.symbol.to_string(), tape.finest().name())).collect(),
            delay_s: rules.delay_ms as f64 / 1000.0,
            costs,
            strategy: StrategyReport {
                name: strategy.name.clone(),
                timeframe: strategy.timeframe.name(),
                hash: strategy.hash.clone(),
            },
            parameters: serde_json::from_str(&strategy.parameters).unwrap_or_default(),
            data_hash: data_hash(tapes),
        },
        moments: record.moments,
        account: AccountReport {
            asset: rules.asset.clone(),
            start: rules.start,
            end: replayed.last.map_or(rules.start, |moment| moment.equity),
            lowest,
            highest,
            open_positions: replayed.books.positions.len(),
            states: record.states.clone(),
        },
        decisions: record.counts.clone(),
        trades: replayed.trades.iter().map(TradeReport::from).collect(),
    }
}

fn trades(document: &BacktestDocument) -> Table {
    let columns = vec![
        "opened_at",
        "closed_at",
        "symbol",
        "reason",
        "quantity",
        "entry_price",
        "exit_price",
        "profit",
        "roi_pct",
        "r",
    ];
    let row = |trade: &TradeReport| {
        vec![
            Cell::Text(trade.opened_at.to_string()),
            Cell::Text(trade.closed_at.to_string()),
            Cell::Text(trade.symbol.to_string()),
            Cell::Text(trade.reason.to_owned()),
            Cell::Text(trade.quantity.clone()),
            Cell::Text(trade.entry_price.clone()),
            Cell::Text(trade.exit_price.clone()),
            Cell::Text(trade.profit.to_string()),
            Cell::from(trade.roi_pct.map(crate::report::Number::get)),
            Cell::from(trade.r_multiple.map(crate::report::Number::get)),
        ]
    };
    Table { columns, rows: document.trades.iter().map(row).collect() }
}

/// For people.
fn story(document: &BacktestDocument, style: Style) -> String {
    let (manifest, account) = (&document.manifest, &document.account);
    let names: Vec<&str> = manifest.pairs.iter().map(Symbol::as_str).collect();
    let states: Vec<String> = account.states.iter().map(|(state, n)| format!("{state} {n}")).collect();
    let decisions = &document.decisions;
    let mut lines = vec![
        format!(
            "{} to {}: {} on {} candles of {}",
            manifest.from,
            manifest.to,
            manifest.strategy.name,
            manifest.strategy.timeframe,
            names.join(", ")
        ),
        format!(
            "  {} {} became {} (lowest {}, highest {})",
            account.start, account.asset, account.end, account.lowest, account.highest
        ),
        format!("  {} moments: {}", document.moments, states.join(", ")),
        format!(
            "  decisions: {} to buy, {} to sell or stay out, {} to hold",
            decisions.buy, decisions.sell, decisions.hold
        ),
    ];
    lines.extend(decisions.blocked.iter().map(|(code, count)| format!("    {count} held back: {code}")));
    lines.push(format!("  {} trades, {} positions still open", document.trades.len(), account.open_positions));
    if !document.trades.is_empty() {
        lines.push(Output::table(&trades(document), style).text);
    }
    lines.join("\n")
}
