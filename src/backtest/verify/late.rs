//! The same run a candle late.
//!
//! A forecast of hours or days is still worth something an hour later. What is gone by then was never a forecast, but the
//! price of the fill: a signal that knows its own candle's end, or a move that is over when it is acted on.

use super::trail::Trail;
use super::{Break, Check, Finding, Gauge, Subject, Verified};
use crate::backtest::bar::Bar;
use crate::backtest::course::daily_returns;
use crate::ledger::{Event, Unbalanced};
use crate::statistics::{PeriodSharpe, TrackRecord};
use crate::unit::Timeframe;

/// As sure as this a run must be to have a Sharpe ratio above 0 (the probabilistic one, of daily returns): only then there
/// is something to lose.
const SURE: f64 = 0.95;
/// Days that a run must have.
const DAYS: usize = 30;

/// What a run came to.
struct Outturn {
    total_return: f64,
    /// How sure its Sharpe ratio is above 0.
    sure: Option<f64>,
    days: usize,
    entries: usize,
}

/// The rule: a run that earns for sure, and nothing at all when every opinion comes one candle later, lives on the fill.
pub(super) fn one_bar_late(subject: &Subject<'_>) -> Result<Verified, Unbalanced> {
    let check = Check::OneBarLate;
    let on_time = Outturn::of(subject, &subject.trail);
    let late: Vec<Vec<Bar>> = subject.bars.iter().map(|bars| delayed(bars)).collect();
    let late = Outturn::of(subject, &subject.replayed(subject.tapes, &late, subject.span)?);
    if on_time.entries == 0 {
        return Ok(Verified::skipped(check, "nothing was bought in that time"));
    }
    if on_time.days < DAYS {
        return Ok(Verified::skipped(check, format!("{} days are too few: {DAYS} at least", on_time.days)));
    }
    let returns = format!("{:.2} % on time, {:.2} % a candle late", on_time.percent(), late.percent());
    let earns = on_time.sure.is_some_and(|sure| sure >= SURE);
    let (finding, text) = if earns && late.total_return <= 0.0 {
        let expected = format!("something left of {:.2} % when every opinion comes a candle late", on_time.percent());
        let came = format!("{:.2} %", late.percent());
        let broken = Break { symbol: None, at: None, expected, came };
        (Finding::Failed(broken), format!("it lives on the fill, not on a forecast: {returns}"))
    } else if earns {
        (Finding::Passed, returns)
    } else {
        (Finding::Passed, format!("{returns}: it does not earn for sure on time, so there is nothing to lose"))
    };
    let gauges =
        [Gauge::of("return on time, %", on_time.percent()), Gauge::of("return a candle late, %", late.percent())];
    let sure = on_time.sure.map(|sure| Gauge::of("how sure the Sharpe ratio on time is above 0, 0 to 1", sure));
    Ok(Verified { check, finding, comparisons: 1, text, gauges: gauges.into_iter().chain(sure).collect() })
}

/// Each candle has what was known a candle earlier.
fn delayed(bars: &[Bar]) -> Vec<Bar> {
    bars.first().into_iter().chain(bars).take(bars.len()).copied().collect()
}

impl Outturn {
    fn of(subject: &Subject<'_>, trail: &Trail) -> Self {
        let mut equity = vec![subject.rules.start.real()];
        equity.extend(trail.moments().map(|moment| moment.equity.real()));
        let moments: Vec<_> = trail.moments().map(|moment| moment.now).collect();
        let bars_per_day = usize::try_from(Timeframe::D1.ms() / subject.timeframe.ms()).unwrap_or(1);
        let daily = daily_returns(&equity, &moments, bars_per_day).unwrap_or_default();
        let is_entry = |event: &&Event| matches!(event, Event::Placed(order) if order.plan().is_some());
        Self {
            total_return: equity.last().copied().unwrap_or_default() / equity[0] - 1.0,
            sure: TrackRecord::of(&daily).and_then(|record| record.probability_above(PeriodSharpe::ZERO)),
            days: daily.len(),
            entries: trail.events().filter(is_entry).count(),
        }
    }

    fn percent(&self) -> f64 {
        100.0 * self.total_return
    }
}
