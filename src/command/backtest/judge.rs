//! What a replayed account went through, and what that was worth.

use super::record::Fills;
use crate::backtest::{
    Baseline, Evidence, Figure, Grounds, Market, Performance, RandomTiming, Tape, Trading, Verdict, baselines,
    random_timing,
};
use crate::outcome::Interval;
use crate::report::{BaselineReport, FigureReport, FiguresReport, LuckReport, TradingReport};
use crate::settings::Settings;
use crate::statistics::PeriodsPerYear;
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// The market beside the account, at each moment from one to another.
pub(super) fn market(settings: &Settings, tapes: &[Tape], (from, to): (UtcMillis, UtcMillis)) -> Market {
    let timeframe = settings.strategy.timeframe;
    let moments = (to.since_ms(from) / timeframe.ms() + 1).max(0);
    let day = Timeframe::D1.ms() / timeframe.ms();
    let costs = |symbol: &Symbol| settings.trading.costs(symbol).round_trip() / 2.0;
    Market {
        pairs: tapes.iter().map(|tape| tape.symbol.clone()).collect(),
        closes: tapes.iter().map(|tape| closes(tape, from, moments)).collect(),
        costs: tapes.iter().map(|tape| costs(&tape.symbol)).collect(),
        bars_per_day: usize::try_from(day.max(1)).unwrap_or(1),
        per_year: PeriodsPerYear::of_bars(timeframe.ms()).unwrap_or(PeriodsPerYear::HOURLY),
    }
}

/// The newest close at each moment.
fn closes(tape: &Tape, from: UtcMillis, moments: i64) -> Vec<Option<f64>> {
    let series = tape.decided_on();
    let (timeframe, candles) = (series.timeframe(), series.candles());
    let mut next = 0;
    let at = |n: i64| {
        let as_of = timeframe.step(from, n);
        while candles.get(next).is_some_and(|c| timeframe.step(c.open_time(), 1) <= as_of) {
            next += 1;
        }
        next.checked_sub(1).map(|newest| candles[newest].close())
    };
    (0..moments).map(at).collect()
}

/// Everything that is said of a result beside the account itself.
pub(super) struct Judgement {
    performance: Performance,
    pub(super) baselines: Vec<Baseline>,
    timing: Figure<RandomTiming>,
    pub(super) verdict: Verdict,
    fills: Fills,
}

impl Judgement {
    /// `closes_before` are daily closes before the first moment, of each pair, the oldest first. Chance is drawn from a
    /// generator whose seed stands in the manifest, so that the same manifest gives the same figures.
    pub(super) fn of(
        evidence: &Evidence<'_>,
        closes_before: &[Vec<f64>],
        at_twice_costs: Option<Figure>,
        fills: Fills,
        seed: u64,
    ) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut uniform = || chance.f64();
        let performance = Performance::of(evidence, &mut uniform);
        let baselines = baselines(evidence.course, evidence.market, closes_before);
        let timing = random_timing(evidence.course, evidence.market, &mut uniform);
        let verdict = Verdict::of(&Grounds::of(&performance, &baselines, &timing, at_twice_costs));
        Self { performance, baselines, timing, verdict, fills }
    }

    pub(super) fn figures(&self) -> FiguresReport {
        let Performance { growth, trading, luck, .. } = &self.performance;
        let p = &self.performance;
        let whole = |bars: usize| bars as f64;
        FiguresReport {
            days: FigureReport::plain(Ok(p.days)),
            total_return_pct: FigureReport::percent(growth.total_return),
            cagr_pct: FigureReport::percent(growth.cagr),
            sharpe_daily: FigureReport::plain(growth.sharpe),
            sharpe_bars: FigureReport::plain(p.sharpe_of_bars),
            sharpe_lo: FigureReport::plain(p.sharpe_by_lo),
            sortino: FigureReport::plain(p.sortino),
            calmar: FigureReport::plain(p.calmar),
            max_drawdown_pct: FigureReport::percent(growth.max_drawdown),
            longest_drawdown_bars: FigureReport::plain(p.longest_drawdown.map(|under| whole(under.bars))),
            drawdown_recovered: p.longest_drawdown.ok().map(|under| under.recovered),
            ulcer_index_pct: FigureReport::percent(p.ulcer_index),
            var_pct: FigureReport::percent(p.tail.map(|tail| tail.var)),
            cvar_pct: FigureReport::percent(p.tail.map(|tail| tail.cvar)),
            exposure_pct: FigureReport::percent(p.exposure),
            time_in_market_pct: FigureReport::percent(p.time_in_market),
            annual_turnover: FigureReport::plain(p.annual_turnover),
            trading: trading_report(trading, self.fills),
            luck: LuckReport {
                probability_above_zero: FigureReport::plain(luck.above_zero),
                deflated: FigureReport::plain(luck.deflated),
                days_needed: FigureReport::plain(luck.days_needed),
                sharpe_interval: FigureReport::ends(luck.sharpe_interval),
                mean_daily_return_interval_pct: FigureReport::ends(luck.mean_interval.map(in_percent)),
                block_days: luck.block_days,
                random_timing_p: FigureReport::plain(self.timing.map(|timing| timing.p)),
            },
        }
    }

    pub(super) fn baseline_reports(&self) -> Vec<BaselineReport> {
        let report = |baseline: &Baseline| BaselineReport {
            name: baseline.yardstick.name(),
            total_return_pct: FigureReport::percent(baseline.growth.total_return),
            cagr_pct: FigureReport::percent(baseline.growth.cagr),
            sharpe_daily: FigureReport::plain(baseline.growth.sharpe),
            max_drawdown_pct: FigureReport::percent(baseline.growth.max_drawdown),
        };
        self.baselines.iter().map(report).collect()
    }
}

fn in_percent(interval: Interval) -> Interval {
    Interval { low: 100.0 * interval.low, high: 100.0 * interval.high }
}

fn trading_report(trading: &Trading, fills: Fills) -> TradingReport {
    TradingReport {
        count: trading.count,
        win_rate_pct: FigureReport::percent(trading.win_rate),
        win_interval_pct: FigureReport::ends(trading.win_interval.map(in_percent)),
        profit_factor: FigureReport::plain(trading.profit_factor),
        expectancy_r: FigureReport::plain(trading.expectancy),
        system_quality: FigureReport::plain(trading.system_quality),
        break_even_cost_bps: FigureReport::plain(trading.break_even_cost.map(|share| 1e4 * share)),
        cost_per_side_bps: FigureReport::plain(trading.cost_per_side.map(|share| 1e4 * share)),
        fees: trading.fees,
        fills: fills.all,
        coarse_fills_pct: FigureReport::percent(fills.coarse_share()),
        ambiguous_pct: FigureReport::percent(trading.ambiguous_share),
        total_return_other_way_pct: FigureReport::percent(trading.other_way),
    }
}

/// What chance begins with, always: a verdict must not turn with the order of words or a day more of candles.
pub(super) const SEED: u64 = 1;
