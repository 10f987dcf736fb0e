//! The cost of costs: the same decisions where trading costs more.

use super::{Record, Run};
use crate::backtest::{Figure, Growth, Replayed, Tape};
use crate::report::{CostReport, FigureReport};

/// How many times the costs of the run are charged beside it.
const TIMES: [u32; 2] = [2, 3];

/// What the run made at its own and at higher costs.
pub(super) struct Costs {
    /// Told of each, the run itself first.
    pub(super) told: Vec<CostReport>,
    /// The total return at twice the costs of the run, as a share.
    pub(super) twice: Option<Figure>,
}

/// Replays the tapes at higher costs, and leaves them at the highest.
pub(super) fn at_higher_costs(
    run: &Run<'_>,
    tapes: &mut [Tape],
    charged: u32,
    (record, replayed): (&Record<'_>, &Replayed),
) -> anyhow::Result<Costs> {
    let own = record.course().growth(run.market);
    let (mut told, mut twice) = (vec![cost_report(charged, own, replayed)], None);
    for times in TIMES {
        let trading = run.settings.trading.at_costs(times);
        for tape in &mut *tapes {
            tape.terms.costs = trading.costs(&tape.symbol);
        }
        let (record, replayed) = run.over(tapes)?;
        let growth = record.course().growth(run.market);
        told.push(cost_report(charged.saturating_mul(times), growth, &replayed));
        twice = twice.or(Some(growth.total_return));
    }
    Ok(Costs { told, twice })
}

fn cost_report(times: u32, growth: Growth, replayed: &Replayed) -> CostReport {
    CostReport {
        times,
        total_return_pct: FigureReport::percent(growth.total_return),
        sharpe_daily: FigureReport::plain(growth.sharpe),
        trades: replayed.trades.len(),
    }
}
