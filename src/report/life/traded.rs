//! Closed round trips, predicted against realised, and what the difference is made of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::{MissParts, MissReport, Number};
use crate::unit::{Money, Symbol, UtcMillis};

/// Closed round trips.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LifeTrades {
    /// So many.
    pub count: usize,
    /// Those that gained.
    pub won: usize,
    /// What all of them earned, fees inside.
    pub profit: Money,
    /// Why they missed their forecasts, on average.
    pub misses: MissReport,
    /// Each of them, in order of their ends.
    pub list: Vec<LifeTrade>,
}

/// A closed round trip.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LifeTrade {
    /// The pair.
    pub symbol: Symbol,
    /// When it was opened.
    pub opened_at: UtcMillis,
    /// When it was closed.
    pub closed_at: UtcMillis,
    /// Why it was left.
    pub reason: String,
    /// What it earned, fees inside.
    pub profit: Money,
    /// The same beside what it had at risk.
    pub r_multiple: Option<Number>,
    /// The net return that was forecast for the longest horizon.
    pub predicted_pct: Option<Number>,
    /// The one that came.
    pub realised_pct: Option<Number>,
    /// What the difference is made of; null while that is not told.
    pub miss: Option<MissParts>,
    /// Why it cannot be told: `gap`, `no_mean`; or `waiting` for the end of the horizon.
    pub miss_why: Option<String>,
}

impl LifeTrades {
    /// These trades, with the means of those whose miss is told.
    pub fn of(list: Vec<LifeTrade>) -> Self {
        let won = list.iter().filter(|trade| trade.profit.is_positive()).count();
        let misses = means(&list);
        Self { count: list.len(), won, profit: list.iter().map(|trade| trade.profit).sum(), misses, list }
    }
}

fn means(list: &[LifeTrade]) -> MissReport {
    let told: Vec<(&LifeTrade, &MissParts)> = list.iter().filter_map(|t| Some((t, t.miss.as_ref()?))).collect();
    let mean = |of: &dyn Fn(&(&LifeTrade, &MissParts)) -> Option<Number>| {
        let values: Option<Vec<f64>> = told.iter().map(|one| of(one).map(Number::get)).collect();
        let values = values.filter(|values| !values.is_empty())?;
        Number::exact((values.iter().sum::<f64>() / values.len() as f64 * 1e4).round() / 1e4)
    };
    let mut untold: BTreeMap<String, usize> = BTreeMap::new();
    for why in list.iter().filter_map(|trade| trade.miss_why.as_deref()) {
        *untold.entry(why.to_owned()).or_default() += 1;
    }
    MissReport {
        trades: told.len(),
        waiting: untold.remove("waiting").unwrap_or_default(),
        untold,
        predicted_pct: mean(&|(trade, _)| trade.predicted_pct),
        realised_pct: mean(&|(trade, _)| trade.realised_pct),
        parts: MissParts {
            market_pct: mean(&|(_, parts)| parts.market_pct),
            exit_policy_pct: mean(&|(_, parts)| parts.exit_policy_pct),
            entry_delay_pct: mean(&|(_, parts)| parts.entry_delay_pct),
            slippage_pct: mean(&|(_, parts)| parts.slippage_pct),
            fees_pct: mean(&|(_, parts)| parts.fees_pct),
            rounding_pct: mean(&|(_, parts)| parts.rounding_pct),
        },
    }
}
