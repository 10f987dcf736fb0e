//! What anybody could have done in the time of many results: the baselines that a sweep or a walk forward is held against.

use std::collections::BTreeMap;

use super::history::History;
use super::judge::market;
use crate::backtest::{Baseline, Course, Tape, baselines};
use crate::report::{Measure, YardstickReport};
use crate::settings::Settings;
use crate::unit::{Timeframe, UtcMillis};

/// What each of them would have made of the money from one instant to another, at so many times the configured costs.
pub(in crate::command) fn yardsticks(
    settings: &Settings,
    history: &History,
    costs: u32,
    (from, to): (UtcMillis, UtcMillis),
) -> Vec<YardstickReport> {
    let mut settings = settings.clone();
    settings.trading = settings.trading.at_costs(costs);
    let market = market(&settings, &history.tapes, (from, to));
    let timeframe = settings.strategy.timeframe;
    let moments = (0..=to.since_ms(from) / timeframe.ms()).map(|n| timeframe.step(from, n)).collect();
    let course = Course { moments, equity: vec![settings.trading.start.real()], weights: Vec::new() };
    let pairs = history.tapes.iter().zip(&history.closes_before);
    let between = (last_unseen(history.span.from), last_unseen(from));
    let earlier: Vec<Vec<f64>> = pairs.map(|(tape, before)| closes(tape, before, between)).collect();
    baselines(&course, &market, &earlier).iter().map(report).collect()
}

/// The day that the first midnight from an instant on closes: whoever begins there sees it close by itself.
fn last_unseen(from: UtcMillis) -> UtcMillis {
    Timeframe::D1.step(Timeframe::D1.ceil(from), -1)
}

/// The daily closes of a pair before it began, and after them the last close of each of its days from one to before another.
fn closes(tape: &Tape, before: &[f64], (first, end): (UtcMillis, UtcMillis)) -> Vec<f64> {
    let candles = tape.decided_on().candles().iter();
    let inside = candles.filter(|candle| candle.open_time() >= first && candle.open_time() < end);
    let days: BTreeMap<UtcMillis, f64> = inside.map(|c| (Timeframe::D1.floor(c.open_time()), c.close())).collect();
    before.iter().copied().chain(days.into_values()).collect()
}

fn report(baseline: &Baseline) -> YardstickReport {
    YardstickReport {
        name: baseline.yardstick.name(),
        total_return_pct: Measure::percent(baseline.growth.total_return),
        cagr_pct: Measure::percent(baseline.growth.cagr),
        sharpe_daily: Measure::plain(baseline.growth.sharpe),
        max_drawdown_pct: Measure::percent(baseline.growth.max_drawdown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples::{btc, candle, terms};
    use crate::market::Series;

    #[test]
    fn days_before_a_later_beginning_close_with_their_last_candle_and_none_is_counted_twice() {
        let at = |text: &str| -> UtcMillis { text.parse().unwrap() };
        let hour = |open: &str, close: f64| candle(at(open), [close; 4], 1.0);
        // The candles of the first day are the view of the first decision, and its close is known already.
        let candles = [
            ("2024-03-01T23:00", 1.0),
            ("2024-03-02T00:00", 7.0),
            ("2024-03-02T23:00", 2.0),
            ("2024-03-03T05:00", 3.0),
            ("2024-03-04T00:00", 4.0),
        ];
        let series = candles.map(|(open, close)| hour(open, close)).to_vec();
        let tape = Tape::new(btc(), terms(), vec![Series::new(Timeframe::H1, series).unwrap()]).unwrap();
        for (from, all) in [
            ("2024-03-03", &[0.5, 1.0][..]),
            ("2024-03-04", &[0.5, 1.0, 2.0]),
            ("2024-03-04T12:00", &[0.5, 1.0, 2.0, 3.0]),
        ] {
            let between = (last_unseen(at("2024-03-03")), last_unseen(at(from)));
            assert_eq!(closes(&tape, &[0.5, 1.0], between), all, "{from}");
        }
    }
}
