//! The facts of a report, read and put together.

use std::collections::BTreeMap;

use super::ReportAsked;
use crate::clock;
use crate::command::outcomes::{judged, score};
use crate::exit::Exit;
use crate::report::{
    Bucket, DigestRiskEvent, Judgement, LifeAccount, LifeDay, LifeDocument, LifeHorizon, LifeRuns, LifeSignals,
    LifeTrade, LifeTrades, MissParts, Number, RunFact, percent,
};
use crate::settings::Settings;
use crate::store::{
    Contents, Opinion, OutcomeFilter, OutcomeKind, Period, Resolved, RunOfDay, Stood, Store, StoreError, TradeAndMiss,
};
use crate::unit::{Money, Timeframe, UtcMillis};

/// The document, and what only the page draws.
pub(super) struct Told {
    pub(super) document: LifeDocument,
    /// The equity after each run.
    pub(super) equity: Vec<(UtcMillis, f64)>,
    /// Predicted and actual net return of each resolved forecast, as shares, for each horizon of the document.
    pub(super) judged: Vec<Vec<(f64, f64)>>,
}

/// Reads all of it.
pub(super) fn document(store: &Store, settings: &Settings, asked: &ReportAsked) -> Result<Told, StoreError> {
    let period = (asked.since.unwrap_or(UtcMillis::new(0)), asked.until.unwrap_or(UtcMillis::END));
    let contents = store.contents()?;
    let now = match contents {
        Some(Contents::Replay) => store.newest_run_at()?.unwrap_or_else(clock::wall),
        Some(Contents::Live) | None => clock::wall(),
    };
    let cycles = store.cycles_within(period)?;
    let facts: Vec<RunFact> = cycles.iter().map(fact).collect();
    let stood = store.stood_within(period)?;
    let (horizons, judged) = horizons(store, asked)?.into_iter().unzip();
    let runs = LifeRuns {
        agents: store.agents_within(period)?,
        freshness: store.freshness(now.min(period.1))?,
        ..LifeRuns::of(&facts, settings.health.every, store.first_cycle()?, (period.0, now.min(period.1)))
    };
    let document = LifeDocument {
        schema: "trader.report.v1",
        version: env!("CARGO_PKG_VERSION"),
        since: asked.since,
        until: asked.until,
        first_run: cycles.first().map(|run| run.started_at),
        last_run: cycles.last().map(|run| run.started_at),
        as_of: now,
        contents: contents.map(Contents::word),
        strategy: settings.strategy.name.to_owned(),
        timeframe: settings.strategy.timeframe.name(),
        pairs: store.decided_pairs()?,
        account: account(store, settings, &stood, period)?,
        trades: LifeTrades::of(store.trades_and_misses_within(period)?.into_iter().map(trade).collect()),
        horizons,
        signals: signals(&store.opinions_within(period)?),
        runs,
    };
    Ok(Told { document, equity: stood.iter().map(|row| (row.time, row.equity.real())).collect(), judged })
}

type Drawn = (LifeHorizon, Vec<(f64, f64)>);

fn horizons(store: &Store, asked: &ReportAsked) -> Result<Vec<Drawn>, StoreError> {
    let mut all = Vec::new();
    for subject in store.horizons()? {
        let filter =
            OutcomeFilter { subject, kind: OutcomeKind::Horizon, since: asked.since, until: asked.until, symbol: None };
        let (rows, waiting) = (store.resolved(&filter)?, store.waiting(&filter)?);
        if rows.is_empty() && waiting == 0 {
            continue;
        }
        let judgements: Vec<Judgement> = rows.iter().filter_map(judgement).collect();
        let pairs = judgements.iter().map(|j| (j.judged.predicted, j.judged.net)).collect();
        all.push((LifeHorizon::of(&judgements, score(&rows, waiting, &filter)), pairs));
    }
    Ok(all)
}

fn judgement(row: &Resolved) -> Option<Judgement> {
    Some(Judgement { judged: judged(row)?, score: row.score, gross: row.gross? })
}

fn trade(row: TradeAndMiss) -> LifeTrade {
    let TradeAndMiss { trade, miss, why } = row;
    LifeTrade {
        symbol: trade.symbol,
        opened_at: trade.opened_at,
        closed_at: trade.closed_at,
        reason: trade.reason,
        profit: trade.profit,
        r_multiple: trade.r_multiple.and_then(|r| Number::exact((r * 1e4).round() / 1e4)),
        predicted_pct: trade.predicted.and_then(percent),
        realised_pct: percent(trade.roi),
        miss: miss.map(|parts| MissParts::of(parts.map(Some))),
        miss_why: why,
    }
}

fn fact(run: &RunOfDay) -> RunFact {
    let name = |code: u8| Exit::ALL.into_iter().find(|exit| exit.code() == code).map_or("unknown", Exit::name);
    RunFact { at: run.started_at, ended: run.exit_code.map(name), duration_ms: run.duration_ms }
}

fn account(
    store: &Store,
    settings: &Settings,
    stood: &[Stood],
    period: Period,
) -> Result<Option<LifeAccount>, StoreError> {
    let Some((first, last)) = stood.first().zip(stood.last()) else { return Ok(None) };
    let equities = || stood.iter().map(|row| row.equity);
    let mut states: BTreeMap<&'static str, u64> = BTreeMap::new();
    for row in stood {
        *states.entry(row.state.word()).or_default() += 1;
    }
    let events = store.risk_events_within(period)?.into_iter();
    let days = days(stood);
    // Of the account's first row the beginning is what was put in; later ones begin where they stand.
    Ok(Some(LifeAccount {
        asset: store.account_asset()?.unwrap_or_else(|| settings.trading.asset.clone()),
        start: first.equity,
        end: last.equity,
        lowest: equities().min().unwrap_or(first.equity),
        highest: equities().max().unwrap_or(first.equity),
        return_pct: (last.equity - first.equity).ratio(first.equity).and_then(percent),
        max_drawdown_pct: deepest(stood).and_then(percent),
        state: last.state.word(),
        states,
        days,
        events: events.map(|e| DigestRiskEvent { at: e.at, kind: e.kind, reason: e.reason }).collect(),
    }))
}

/// How far each row lies below the highest until then, as a share.
fn falls(stood: &[Stood]) -> Vec<f64> {
    let mut peak = Money::ZERO;
    let fall = |row: &Stood| {
        peak = peak.max(row.equity);
        (peak - row.equity).ratio(peak).unwrap_or_default()
    };
    stood.iter().map(fall).collect()
}

fn deepest(stood: &[Stood]) -> Option<f64> {
    falls(stood).into_iter().max_by(f64::total_cmp)
}

/// The last row of each day.
fn days(stood: &[Stood]) -> Vec<LifeDay> {
    let rows: Vec<(&Stood, f64)> = stood.iter().zip(falls(stood)).collect();
    let same = |a: &(&Stood, f64), b: &(&Stood, f64)| Timeframe::D1.floor(a.0.time) == Timeframe::D1.floor(b.0.time);
    let last = |day: &[(&Stood, f64)]| {
        let (row, fall) = day.last()?;
        let date = row.time.to_string();
        let date = date.get(..10).unwrap_or(&date).to_owned();
        Some(LifeDay { date, equity: row.equity, drawdown_pct: percent(*fall) })
    };
    rows.chunk_by(same).filter_map(last).collect()
}

fn signals(opinions: &[Opinion]) -> LifeSignals {
    let decided = |word: &str| opinions.iter().filter(|o| o.decision == word).count() as u64;
    let mut blocked: BTreeMap<String, u64> = BTreeMap::new();
    for code in opinions.iter().filter_map(|o| o.blocked_by.as_ref()) {
        *blocked.entry(code.clone()).or_default() += 1;
    }
    LifeSignals {
        decisions: opinions.len() as u64,
        buy: decided("BUY"),
        sell: decided("SELL"),
        hold: decided("HOLD"),
        without_opinion: opinions.iter().filter(|o| o.score.is_none()).count() as u64,
        blocked,
        scores: Bucket::over(-100.0, 10.0, 20, opinions.iter().filter_map(|o| o.score)),
        confidences: Bucket::over(50.0, 5.0, 10, opinions.iter().filter_map(|o| o.confidence)),
    }
}
