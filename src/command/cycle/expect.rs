//! What each decision expects, told and stored before anybody can know.

use super::decide::Fresh;
use super::orders::true_range;
use super::{Cycle, Stop};
use crate::command::account::Account;
use crate::decision::ExitPolicy;
use crate::market::Candle;
use crate::outcome::{Experience, Forecast, Question, forecast};
use crate::report::{ForecastReport, HorizonReport, exact};
use crate::signal::Score;
use crate::store::{ForecastRow, Stance, Store, StoreError, Write};
use crate::unit::{Decimal, Money, Symbol, UtcMillis};

/// A decision's forecasts, and the exit policy they assume.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    from: UtcMillis,
    reference: f64,
    stop: Option<f64>,
    target: Option<f64>,
    trail: Option<f64>,
    forecasts: Vec<(Forecast, &'static str)>,
}

impl Cycle<'_> {
    /// Forecasts every decision that is final: BUY, SELL and HOLD alike.
    pub(super) fn expect(&self, store: &Store, fresh: &mut [&mut Fresh]) -> Result<(), Stop> {
        let mut taught = Vec::new();
        for &horizon_ms in &self.trading.horizons_ms {
            taught.push((horizon_ms, store.experience((horizon_ms, self.timeframe()), self.now)?.0));
        }
        for fresh in fresh.iter_mut() {
            fresh.expectation = self.expectation(fresh, &taught);
            fresh.report.forecast = fresh.expectation.as_ref().map(Expectation::report);
        }
        Ok(())
    }

    fn expectation(&self, fresh: &Fresh, taught: &[(i64, Experience)]) -> Option<Expectation> {
        let series = fresh.judged.view.series();
        let (from, reference) = (series.end()?, series.newest().map(Candle::close)?);
        let (score, costs) = (fresh.decision.score.map(Score::get), self.trading.costs(fresh.symbol()));
        let ExitPolicy { stop_atr, target_atr, trail_atr, .. } = self.trading.exits;
        let atr = true_range(series, self.trading.atr_timeframe);
        let each = taught.iter().map(|(horizon_ms, experience)| {
            (forecast(series, score, *horizon_ms, &costs, experience), experience.calibration.name())
        });
        Some(Expectation {
            from,
            reference,
            stop: atr.map(|atr| reference - stop_atr * atr).filter(|stop| *stop > 0.0),
            target: atr.zip(target_atr).map(|(atr, atrs)| reference + atrs * atr),
            trail: atr.zip(trail_atr).map(|(atr, atrs)| atrs * atr),
            forecasts: each.collect(),
        })
    }

    /// Stores what a decision expects; `bought` is what its order costs, where there is one.
    pub(super) fn store_expectation(
        &self,
        write: &Write<'_>,
        fresh: &Fresh,
        decision_id: i64,
        bought: Option<Money>,
    ) -> Result<(), StoreError> {
        let Some(expected) = &fresh.expectation else { return Ok(()) };
        let (costs, stance) = (self.trading.costs(fresh.symbol()), self.stance(fresh.symbol(), bought));
        for (forecast, _) in &expected.forecasts {
            let question = Question {
                from: expected.from,
                timeframe: self.timeframe(),
                reference: expected.reference,
                horizon_ms: forecast.horizon_ms,
                stop: expected.stop,
                target: expected.target,
                trail: expected.trail,
                hold_ms: self.trading.exits.hold_ms,
                costs,
            };
            write.add_forecast(&ForecastRow {
                decision_id,
                symbol: fresh.symbol(),
                question,
                arrival: self.quotes.get(fresh.symbol()).map(|quote| quote.ask),
                score: fresh.decision.score.map(Score::get),
                forecast,
                notional: bought.unwrap_or_else(|| self.usual_notional()),
                stance,
            })?;
        }
        Ok(())
    }

    /// What the account does about a pair; its orders of this run are in the books already.
    fn stance(&self, pair: &Symbol, bought: Option<Money>) -> Stance {
        let holds = |account: &Account| {
            let stays = account.books.position(pair).is_some_and(|position| position.leaving.is_none());
            stays || account.books.entries().any(|(order, _)| order.symbol == *pair)
        };
        match bought {
            Some(_) => Stance::Ordered,
            None if self.account.as_ref().is_some_and(holds) => Stance::Held,
            None => Stance::Out,
        }
    }

    /// What a position costs when nothing but the cap holds it back.
    fn usual_notional(&self) -> Money {
        let equity = self.account.as_ref().map_or(self.trading.start, |account| account.standings.equity);
        equity.share(self.trading.limits.position_cap.share())
    }
}

impl Expectation {
    fn report(&self) -> ForecastReport {
        ForecastReport {
            stop: self.stop.and_then(price),
            target: self.target.and_then(price),
            horizons: self.forecasts.iter().map(|(forecast, basis)| HorizonReport::of(forecast, basis)).collect(),
        }
    }
}

/// A price that was computed, to eight decimals.
fn price(value: f64) -> Option<String> {
    Decimal::from_f64_retain(value).map(|price| exact(price.round_dp(8)))
}
