//! What is kept of a run for its report.

use std::collections::BTreeMap;

use crate::backtest::{Course, Figure, Market, Moment, Undefined, Witness};
use crate::decision::{Action, Decision, Objection};
use crate::ledger::{Event, OrderId};
use crate::report::DecisionCounts;
use crate::unit::{Money, Price, Symbol, UtcMillis, real};

/// What is kept of a run for its report.
pub(super) struct Record<'m> {
    market: &'m Market,
    pub(super) counts: DecisionCounts,
    pub(super) states: BTreeMap<&'static str, u64>,
    pub(super) moments: Vec<UtcMillis>,
    /// What was put in, and the equity of each moment.
    pub(super) equity: Vec<Money>,
    /// The coins of each pair now, and their share of equity at each moment.
    held: Vec<f64>,
    weights: Vec<Vec<f64>>,
    /// The targets of entries, by their names.
    pub(super) targets: BTreeMap<OrderId, Price>,
    pub(super) fills: Fills,
}

/// How many fills there were, and how many of them stood on candles too long for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fills {
    pub(super) all: u64,
    /// Finer candles were missing; a longer one decided.
    pub(super) coarse: u64,
}

impl Fills {
    fn add(&mut self, is_coarse: bool) {
        self.all += 1;
        self.coarse += u64::from(is_coarse);
    }

    /// The share of coarse ones, 0 to 1.
    pub(super) fn coarse_share(self) -> Figure {
        if self.all == 0 { Err(Undefined::NeverInvested) } else { Ok(self.coarse as f64 / self.all as f64) }
    }
}

impl<'m> Record<'m> {
    pub(super) fn new(market: &'m Market) -> Self {
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
            fills: Fills::default(),
        }
    }

    pub(super) fn course(&self) -> Course {
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
                self.fills.add(fill.is_coarse);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_coarse_fills_is_that_of_all_fills_and_unknown_without_any() {
        let mut fills = Fills::default();
        assert_eq!(fills.coarse_share(), Err(Undefined::NeverInvested));
        for is_coarse in [false, true, false, false] {
            fills.add(is_coarse);
        }
        assert_eq!((fills.all, fills.coarse_share()), (4, Ok(0.25)));
    }
}
