//! The cost of costs: the same decisions where trading costs more.

use super::{Record, Run};
use crate::backtest::{Figure, Growth, Replayed, Tape};
use crate::ledger::Terms;
use crate::report::{CostReport, FigureReport};

/// How many times the costs of the run are charged beside it.
const TIMES: [u32; 2] = [2, 3];

/// What the run made at its own and at higher costs.
pub(super) struct AtHigherCosts {
    /// Told of each, the run itself first.
    pub(super) told: Vec<CostReport>,
    /// The total return at twice the costs of the run, as a share.
    pub(super) twice: Option<Figure>,
}

/// Replays the tapes at higher costs.
pub(super) fn at_higher_costs(
    run: &Run<'_>,
    tapes: &[Tape],
    charged: u32,
    (record, replayed): (&Record<'_>, &Replayed),
) -> anyhow::Result<AtHigherCosts> {
    let own = record.course().growth(run.market);
    let (mut told, mut twice) = (vec![cost_report(charged, own, replayed)], None);
    for times in TIMES {
        let trading = run.settings.trading.at_costs(times);
        let dear = |tape: &Tape| tape.on_terms(Terms { costs: trading.costs(&tape.symbol), ..tape.terms.clone() });
        let (record, replayed) = run.over(&tapes.iter().map(dear).collect::<Vec<_>>())?;
        let growth = record.course().growth(run.market);
        told.push(cost_report(charged.saturating_mul(times), growth, &replayed));
        if times == 2 {
            twice = Some(growth.total_return);
        }
    }
    Ok(AtHigherCosts { told, twice })
}

fn cost_report(times: u32, growth: Growth, replayed: &Replayed) -> CostReport {
    CostReport {
        times,
        total_return_pct: FigureReport::percent(growth.total_return),
        sharpe_daily: FigureReport::plain(growth.sharpe),
        trades: replayed.trades.len(),
    }
}
