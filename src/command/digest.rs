//! `trader digest`: one UTC day, as a trader wants to read it the next morning.

use std::collections::BTreeMap;

use super::account::Sources;
use super::say::Output;
use super::usage;
use crate::clock;
use crate::exit::Exit;
use crate::health::{Begun, Slots};
use crate::ledger::{Mark, Position};
use crate::outcome::effective_n;
use crate::report::{
    DigestAccount, DigestBlocked, DigestDecisions, DigestExit, DigestForecast, DigestGap, DigestGaps, DigestHolding,
    DigestMiss, DigestPosition, DigestReport, DigestRiskEvent, DigestRuns, DigestTrade, DigestVerdict, Number, exact,
    percent, to_json,
};
use crate::settings::Settings;
use crate::store::{Access, Contents, Period, Ripe, RunOfDay, Stood, Store, StoreError, Taught};
use crate::unit::{Money, Timeframe, UtcMillis, real};

const HOUR_MS: i64 = 3_600_000;

/// How the daily page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestFormat {
    /// For a terminal, and for mail without markup.
    Text,
    /// For mail with markup.
    Html,
    /// For scripts.
    Json,
}

/// Prints the page of a day; the newest one that has ended where none is named.
pub fn digest(
    settings: &Settings,
    day: Option<UtcMillis>,
    format: DigestFormat,
    pretty: bool,
) -> anyhow::Result<Output> {
    let store = Store::open(&settings.db, Access::Read)?;
    let day = match day {
        Some(day) => day,
        None => last_day(&store)?.ok_or_else(|| usage("there is no day yet: the first `trader cycle` begins it"))?,
    };
    let now = present(&store)?.unwrap_or_else(clock::wall);
    if Timeframe::D1.floor(day) > now {
        return Err(usage(format!("{} has not begun: what is known ends {now}", date(Timeframe::D1.floor(day)))));
    }
    let report = digest_of(&store, settings, day)?;
    Ok(Output::ok(match format {
        DigestFormat::Text => report.to_text(),
        DigestFormat::Html => report.to_html(),
        DigestFormat::Json => to_json(&report, pretty),
    }))
}

/// The day that is told when none is named: the one that ended last; of a recording the newest one it has. None before the
/// first run.
pub(in crate::command) fn last_day(store: &Store) -> Result<Option<UtcMillis>, StoreError> {
    let Some(newest) = store.newest_run_at()? else { return Ok(None) };
    Ok(Some(match store.contents()? {
        Some(Contents::Replay) => Timeframe::D1.floor(newest),
        Some(Contents::Live) | None => Timeframe::D1.step(Timeframe::D1.floor(clock::wall()), -1),
    }))
}

/// What the UTC day of an instant brought, told from stored rows alone.
pub(in crate::command) fn digest_of(
    store: &Store,
    settings: &Settings,
    day: UtcMillis,
) -> Result<DigestReport, StoreError> {
    let _snapshot = store.snapshot()?;
    Day::of(store, settings, day)?.report()
}

/// The newest moment there is: of a recording its newest run, none before there is one; otherwise what the clock says.
fn present(store: &Store) -> Result<Option<UtcMillis>, StoreError> {
    match store.contents()? {
        Some(Contents::Replay) => store.newest_run_at(),
        Some(Contents::Live) | None => Ok(Some(clock::wall())),
    }
}

fn date(day: UtcMillis) -> String {
    let text = day.to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

/// The day under way.
struct Day<'a> {
    store: &'a Store,
    settings: &'a Settings,
    period: Period,
    contents: Option<Contents>,
    /// The newest moment there is: of a recording its newest run, otherwise the clock.
    now: UtcMillis,
}

impl<'a> Day<'a> {
    fn of(store: &'a Store, settings: &'a Settings, at: UtcMillis) -> Result<Self, StoreError> {
        let from = Timeframe::D1.floor(at);
        let contents = store.contents()?;
        let now = present(store)?.unwrap_or(from);
        Ok(Self { store, settings, period: (from, Timeframe::D1.step(from, 1)), contents, now })
    }

    fn report(&self) -> Result<DigestReport, StoreError> {
        let ((from, to), timeframe) = (self.period, self.settings.strategy.timeframe);
        let mut report = DigestReport {
            schema: "trader.digest.v1",
            date: date(from),
            from,
            to,
            is_over: self.now >= to,
            contents: self.contents.map(Contents::word),
            timeframe: timeframe.name(),
            verdict: DigestVerdict::UNKNOWN,
            account: self.account()?,
            positions: self.positions()?,
            risk_events: self.risk_events()?,
            decisions: self.decisions()?,
            fills: self.store.fills_within(self.period)?,
            trades: self.trades()?,
            forecasts: self.forecasts()?,
            runs: self.runs()?,
            gaps: self.gaps()?,
        };
        report.verdict = DigestVerdict::of(&report);
        Ok(report)
    }

    fn account(&self) -> Result<Option<DigestAccount>, StoreError> {
        let (_, to) = self.period;
        let rows = self.store.stood_within(self.period)?;
        let Some((first, last)) = rows.first().zip(rows.last()) else { return Ok(None) };
        let (equity_end, equity_end_at) = self.end(last)?;
        let balances = self.store.balances_before(to)?;
        let asset = self.store.account_asset()?.unwrap_or_else(|| self.settings.trading.asset.clone());
        let change = equity_end - first.day_start;
        Ok(Some(DigestAccount {
            equity_start: first.day_start,
            equity_end,
            equity_end_at,
            change,
            change_pct: change.ratio(first.day_start).and_then(percent),
            cash: Money::new(balances.get(&asset).copied().unwrap_or_default()),
            asset,
            drawdown_pct: rounded(last.drawdown_pct),
            heat_pct: rounded(last.heat_pct),
            state: last.state.word(),
            state_text: last.state.meaning(),
        }))
    }

    /// The equity at the end: the first run of the next day tells that of midnight.
    fn end(&self, last: &Stood) -> Result<(Money, UtcMillis), StoreError> {
        let (_, to) = self.period;
        let next = self.store.stood_within((to, Timeframe::D1.step(to, 1)))?;
        Ok(next.first().map_or((last.equity, last.time), |row| (row.day_start, to)))
    }

    fn positions(&self) -> Result<Vec<DigestPosition>, StoreError> {
        let (_, to) = self.period;
        let sources = Sources::of(self.settings, self.store, to)?;
        let held = self.store.positions_before(to)?;
        held.iter().map(|position| Ok(holding(position, sources.mark(&position.symbol, to)?))).collect()
    }

    fn risk_events(&self) -> Result<Vec<DigestRiskEvent>, StoreError> {
        let events = self.store.risk_events_within(self.period)?.into_iter();
        Ok(events.map(|e| DigestRiskEvent { at: e.at, kind: e.kind, reason: e.reason }).collect())
    }

    fn decisions(&self) -> Result<DigestDecisions, StoreError> {
        let mut decisions = DigestDecisions::default();
        let mut blocked: BTreeMap<String, u64> = BTreeMap::new();
        for row in self.store.decided_within(self.period)? {
            match row.decision.as_str() {
                "BUY" => decisions.buy += row.count,
                "SELL" => decisions.sell += row.count,
                _ => decisions.hold += row.count,
            }
            if let Some(code) = row.blocked_by {
                *blocked.entry(code).or_default() += row.count;
            }
        }
        decisions.blocked = blocked.into_iter().map(|(code, count)| DigestBlocked { code, count }).collect();
        decisions.blocked.sort_by_key(|b| std::cmp::Reverse(b.count));
        Ok(decisions)
    }

    fn trades(&self) -> Result<Vec<DigestTrade>, StoreError> {
        let of = |t: crate::store::TradeOfDay| DigestTrade {
            symbol: t.symbol,
            opened_at: t.opened_at,
            closed_at: t.closed_at,
            reason: t.reason,
            profit: t.profit,
            r_multiple: t.r_multiple.and_then(rounded),
            realised_pct: percent(t.roi),
            predicted_pct: t.predicted.and_then(percent),
        };
        Ok(self.store.trades_within(self.period)?.into_iter().map(of).collect())
    }

    fn forecasts(&self) -> Result<Vec<DigestForecast>, StoreError> {
        let mut all = Vec::new();
        let (from, to) = self.period;
        for subject in self.store.horizons()? {
            let rows = self.store.ended_within(subject, (from, to.min(self.now)))?;
            all.extend((!rows.is_empty()).then(|| forecast(subject, &rows)));
        }
        Ok(all)
    }

    /// A run is expected so often from the first one on and until now, the present one once it has begun.
    fn runs(&self) -> Result<DigestRuns, StoreError> {
        let ((from, to), every) = (self.period, self.settings.health.every);
        let runs = self.store.cycles_within(self.period)?;
        let begun: Vec<Begun> =
            runs.iter().map(|run| Begun { at: run.started_at, has_ended: run.exit_code.is_some() }).collect();
        let slots = Slots::since(every, from, self.now.clamp(from, to), self.store.first_cycle()?, &begun);
        Ok(runs_told(&runs, every, slots))
    }

    fn gaps(&self) -> Result<DigestGaps, StoreError> {
        let (_, to) = self.period;
        let of = |gap: crate::store::GapOfDay| DigestGap {
            symbol: gap.symbol,
            timeframe: gap.timeframe.name(),
            from: gap.from,
            missing: gap.missing,
            state: gap.state,
        };
        let found = self.store.gaps_within(self.period)?.into_iter().map(of).collect();
        Ok(DigestGaps { found, open: self.store.gaps_open_at(to)? })
    }
}

/// Four decimals of what is a percentage already.
fn rounded(value: f64) -> Option<Number> {
    Number::exact((value * 10_000.0).round() / 10_000.0)
}

fn holding(p: &Position, mark: Option<Mark>) -> DigestPosition {
    let pnl = mark.map(|mark| Money::proceeds(mark.price, p.quantity()) + p.proceeds - p.cost);
    let away = |mark: Mark| 1.0 - real(p.stop.get()) / real(mark.price.get());
    DigestPosition {
        position: DigestHolding {
            symbol: p.symbol.clone(),
            opened_at: p.opened_at,
            quantity: exact(p.held),
            entry_price: exact(p.entry_price().round_dp(8)),
            mark: mark.map(|mark| mark.price.to_string()),
            mark_time: mark.map(|mark| mark.at),
            pnl,
            pnl_pct: pnl.and_then(|pnl| pnl.ratio(p.cost)).and_then(percent),
            stop: p.stop.to_string(),
            leaving: p.leaving.map(crate::ledger::ExitReason::word),
        },
        stop_distance_pct: mark.map(away).and_then(percent),
    }
}

fn forecast((horizon_ms, timeframe): Taught, rows: &[Ripe]) -> DigestForecast {
    let known: Vec<(&Ripe, f64, f64)> = rows.iter().filter_map(|row| Some((row, row.predicted?, row.net?))).collect();
    let n = known.len() as f64;
    let mean = |of: fn(&(&Ripe, f64, f64)) -> f64| known.iter().map(of).sum::<f64>() / n;
    // A forecast of 0 names no direction; an outcome of 0 is in none.
    let named: Vec<bool> = known.iter().filter(|(_, p, _)| *p != 0.0).map(|(_, p, net)| p * net > 0.0).collect();
    let by_miss = |a: &&(&Ripe, f64, f64), b: &&(&Ripe, f64, f64)| (a.2 - a.1).total_cmp(&(b.2 - b.1));
    let span = |row: &Ripe| (row.from, row.from.plus_ms(horizon_ms));
    DigestForecast {
        horizon_h: horizon_ms / HOUR_MS,
        timeframe: timeframe.name(),
        ended: rows.len(),
        resolved: known.len(),
        n_eff: rounded(effective_n(known.iter().map(|(row, ..)| (span(row), &row.symbol)))),
        unresolvable: rows
            .iter()
            .filter(|row| row.is_unresolvable || (row.net.is_some() && row.predicted.is_none()))
            .count(),
        predicted_pct: percent(mean(|k| k.1)),
        actual_pct: percent(mean(|k| k.2)),
        hits: named.iter().filter(|is_right| **is_right).count(),
        hits_of: named.len(),
        best: known.iter().max_by(by_miss).map(miss),
        worst: known.iter().min_by(by_miss).map(miss),
    }
}

fn miss((row, predicted, net): &(&Ripe, f64, f64)) -> DigestMiss {
    DigestMiss {
        symbol: row.symbol.clone(),
        from: row.from,
        predicted_pct: percent(*predicted),
        actual_pct: percent(*net),
    }
}

fn runs_told(runs: &[RunOfDay], every: Timeframe, slots: Slots) -> DigestRuns {
    let exit = |exit: Exit| {
        let count = runs.iter().filter(|run| run.exit_code == Some(exit.code())).count() as u64;
        (count > 0).then(|| DigestExit { code: exit.code(), name: exit.name(), count })
    };
    let mut durations: Vec<i64> = runs.iter().filter_map(|run| run.duration_ms).collect();
    durations.sort_unstable();
    DigestRuns {
        every: every.name(),
        expected: slots.due,
        met: slots.due - slots.missed,
        count: runs.len() as u64,
        by_exit: Exit::ALL.into_iter().filter_map(exit).collect(),
        unfinished: runs.iter().filter(|run| run.exit_code.is_none()).count() as u64,
        duration_ms: durations.get(durations.len() / 2).copied(),
    }
}
