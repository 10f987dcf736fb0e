//! `trader backtest`: the same decisions over stored candles.

mod history;
mod judge;
mod tapes;

use std::collections::BTreeMap;

pub(super) use self::history::{History, read};
pub(super) use self::tapes::rules_of;
pub use self::tapes::{Span, rules, tapes};

use self::judge::{Judgement, market, seed};
use self::tapes::data_hash;
use super::say::{Output, Style};
use crate::backtest::{Course, Market, Moment, Replayed, Rules, Witness, replay};
use crate::clock;
use crate::decision::{Action, Decision, Objection};
use crate::ledger::{Event, OrderId};
use crate::report::{
    AccountReport, BacktestDocument, BaselineReport, Cell, DecisionCounts, FigureReport, FiguresReport, Format,
    Manifest, StrategyReport, Table, TradeReport, to_json,
};
use crate::settings::{Settings, digest};
use crate::statistics::{TrackRecord, Trials};
use crate::store::{Access, Store, StoreError};
use crate::unit::{Money, Price, Symbol, Timeframe, UtcMillis, real};

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
    let history = History::open(&settings, &store, asked)?;
    let History { span, tapes, delay_ms } = &history;
    let rules = rules(&settings, *delay_ms);
    let market = market(&settings, tapes, (span.from, span.to));
    let mut record = Record::new(&market);
    let replayed = replay(tapes, &read(&settings, tapes), &rules, (span.from, span.to), &mut record)
        .map_err(|e| StoreError::BadRow(e.to_string()))?;
    let manifest = manifest(&settings, &history, asked.costs);
    let document = judged(&settings, store, &market, (&rules, &manifest), &record, &replayed)?;
    Ok(match style.format {
        Format::Json => Output::ok(to_json(&document, style.pretty)),
        Format::Csv => Output::table(&trades(&document), style),
        Format::Table => Output::ok(story(&document, style)),
    })
}

/// Keeps the trial, and says what the result was worth beside all trials there ever were.
fn judged(
    settings: &Settings,
    store: Store,
    market: &Market,
    (rules, manifest): (&Rules, &Manifest),
    record: &Record<'_>,
    replayed: &Replayed,
) -> anyhow::Result<BacktestDocument> {
    let text = to_json(manifest, false);
    let hash = digest(text.as_bytes());
    let daily = record.course().daily_returns(market).ok().and_then(|daily| TrackRecord::of(&daily));
    drop(store);
    let mut store = Store::open(&settings.db, Access::Change)?;
    let write = store.write()?;
    write.add_trial(clock::wall(), (&hash, &text), daily.as_ref())?;
    write.commit()?;
    let sharpes = store.trials()?;
    let judgement = Judgement::of(market, record, &replayed.trades, Trials::of(&sharpes).as_ref(), seed(&hash));
    Ok(document(rules, manifest.clone(), record, replayed, (&judgement, sharpes.len())))
}

/// What is kept of a run for its report.
struct Record<'m> {
    market: &'m Market,
    counts: DecisionCounts,
    states: BTreeMap<&'static str, u64>,
    moments: Vec<UtcMillis>,
    /// What was put in, and the equity of each moment.
    equity: Vec<Money>,
    /// The coins of each pair now, and their share of equity at each moment.
    held: Vec<f64>,
    weights: Vec<Vec<f64>>,
    /// The targets of entries, by their names.
    targets: BTreeMap<OrderId, Price>,
}

impl<'m> Record<'m> {
    fn new(market: &'m Market) -> Self {
        let pairs = market.pairs.len();
        Self {
            market,
            counts: DecisionCounts::default(),
            states: BTreeMap::new(),
            moments: Vec::new(),
            equity: Vec::new(),
            held: vec![0.0; pairs],
            weights: vec![Vec::new(); pairs],
            targets: BTreeMap::new(),
        }
    }

    fn course(&self) -> Course {
        let equity = self.equity.iter().map(|equity| equity.real()).collect();
        Course { moments: self.moments.clone(), equity, weights: self.weights.clone() }
    }
}

impl Witness for Record<'_> {
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

    fn happened(&mut self, event: &Event) {
        match event {
            Event::Deposited(deposit) => self.equity.push(deposit.amount),
            Event::Placed(order) => {
                let target = order.plan().and_then(|plan| plan.target);
                self.targets.extend(target.map(|target| (order.id.clone(), target)));
            }
            Event::Filled(fill) => {
                let pair = self.market.pairs.iter().position(|pair| *pair == fill.symbol);
                if let Some(held) = pair.and_then(|k| self.held.get_mut(k)) {
                    *held += real(fill.coins());
                }
            }
            Event::Ended(_) | Event::Protected(_) => {}
        }
    }

    fn stood(&mut self, moment: &Moment) {
        let n = self.moments.len();
        self.moments.push(moment.now);
        self.equity.push(moment.equity);
        *self.states.entry(moment.state.word()).or_insert(0) += 1;
        for (k, weights) in self.weights.iter_mut().enumerate() {
            let close = self.market.closes[k].get(n).copied().flatten().unwrap_or_default();
            weights.push(self.held[k].max(0.0) * close / moment.equity.real());
        }
    }
}

/// All that a run over these candles follows from, at so many times the costs.
pub(super) fn manifest(settings: &Settings, history: &History, costs: u32) -> Manifest {
    let History { span, tapes, delay_ms } = history;
    let strategy = &settings.strategy;
    Manifest {
        version: env!("CARGO_PKG_VERSION"),
        from: span.from,
        to: span.to,
        pairs: tapes.iter().map(|tape| tape.symbol.clone()).collect(),
        fine: tapes.iter().map(|tape| (tape.symbol.to_string(), tape.finest().name())).collect(),
        delay_s: *delay_ms as f64 / 1000.0,
        start: settings.trading.start,
        costs,
        strategy: StrategyReport {
            name: strategy.name.to_owned(),
            timeframe: strategy.timeframe.name(),
            hash: strategy.hash.clone(),
        },
        parameters: serde_json::from_str(&strategy.parameters).unwrap_or_default(),
        data_hash: data_hash(tapes),
    }
}

fn document(
    rules: &Rules,
    manifest: Manifest,
    record: &Record<'_>,
    replayed: &Replayed,
    (judgement, trials): (&Judgement, usize),
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
    let (manifest, account, decisions) = (&document.manifest, &document.account, &document.decisions);
    let names: Vec<&str> = manifest.pairs.iter().map(Symbol::as_str).collect();
    let states: Vec<String> = account.states.iter().map(|(state, n)| format!("{state} {n}")).collect();
    let (strategy, from, to) = (&manifest.strategy, manifest.from, manifest.to);
    let mut lines = vec![
        format!("{from} to {to}: {} on {} candles of {}", strategy.name, strategy.timeframe, names.join(", ")),
        format!("{}", document.verdict),
        format!("  {} {} became {}", account.start, account.asset, account.end),
    ];
    lines.extend(figures(&document.figures).into_iter().map(|(name, figure)| format!("  {name}: {}", told(figure))));
    lines.push(format!("  {} moments: {}", document.moments, states.join(", ")));
    let DecisionCounts { buy, sell, hold, .. } = decisions;
    lines.push(format!("  decisions: {buy} to buy, {sell} to sell or stay out, {hold} to hold"));
    lines.extend(decisions.blocked.iter().map(|(code, count)| format!("    {count} held back: {code}")));
    lines.push(format!("  {} trades, {} positions still open", document.trades.len(), account.open_positions));
    lines.push(Output::table(&beside(document), style).text);
    lines.join("\n")
}

fn figures(f: &FiguresReport) -> [(&'static str, &FigureReport); 13] {
    [
        ("return of a year, %", &f.cagr_pct),
        ("Sharpe ratio (daily returns)", &f.sharpe_daily),
        ("Sortino ratio", &f.sortino),
        ("deepest drawdown, %", &f.max_drawdown_pct),
        ("exposure, %", &f.exposure_pct),
        ("turnover of a year", &f.annual_turnover),
        ("trades won, %", &f.trading.win_rate_pct),
        ("profit factor", &f.trading.profit_factor),
        ("expectancy, R", &f.trading.expectancy_r),
        ("cost of a side, bps", &f.trading.cost_per_side_bps),
        ("could have cost, bps", &f.trading.break_even_cost_bps),
        ("deflated Sharpe ratio", &f.luck.deflated),
        ("as well by chance (p)", &f.luck.random_timing_p),
    ]
}

fn told(figure: &FigureReport) -> String {
    let why = || figure.why.unwrap_or("unknown").to_owned();
    figure.value.map_or_else(why, |value| format!("{:.3}", value.get()))
}

/// The account beside what anybody could have done.
fn beside(document: &BacktestDocument) -> Table {
    let cell = |figure: &FigureReport| match (figure.value, figure.why) {
        (Some(value), _) => Cell::Real((value.get() * 1e3).round() / 1e3),
        (None, why) => Cell::Text(why.unwrap_or("unknown").to_owned()),
    };
    let row = |name: &str, [total, cagr, sharpe, drawdown]: [&FigureReport; 4]| {
        vec![Cell::Text(name.to_owned()), cell(total), cell(cagr), cell(sharpe), cell(drawdown)]
    };
    let f = &document.figures;
    let own = row("this account", [&f.total_return_pct, &f.cagr_pct, &f.sharpe_daily, &f.max_drawdown_pct]);
    let other =
        |b: &BaselineReport| row(&b.name, [&b.total_return_pct, &b.cagr_pct, &b.sharpe_daily, &b.max_drawdown_pct]);
    let columns = vec!["beside", "total_return_pct", "cagr_pct", "sharpe_daily", "max_drawdown_pct"];
    Table { columns, rows: std::iter::once(own).chain(document.baselines.iter().map(other)).collect() }
}
