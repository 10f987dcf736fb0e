//! The verdict, what it means, and the few figures that it rests on.

use super::told::{interval, probability, told, value};
use super::{BacktestPage, joined};
use crate::backtest::{Verdict, Yardstick};
use crate::report::page::calendar;
use crate::report::page::markup::{Markup, tag};
use crate::report::page::numeral::{count, fixed, percent, telling, with_unit};
use crate::report::page::table::{Told, figures};
use crate::report::{FigureReport, Number};
use crate::unit::Symbol;

impl BacktestPage<'_> {
    pub(super) fn opening(&self) -> Markup {
        let (manifest, account) = (&self.document.manifest, &self.document.account);
        let pairs: Vec<&str> = manifest.pairs.iter().map(Symbol::as_str).collect();
        let kicker = joined([
            format!("Backtest of {} on {} candles", manifest.strategy.name, manifest.strategy.timeframe),
            pairs.join(", "),
            format!("{} to {}", calendar::day(manifest.from), calendar::day(manifest.to)),
        ]);
        let money =
            format!("{} {} became {}.", fixed(account.start.real(), 0), account.asset, fixed(account.end.real(), 2));
        tag("header")
            .put(tag("p").class("kicker").put(kicker))
            .put(tag("h1").text(capital(self.document.verdict)))
            .put(tag("p").class("lead").text(format!("{money} {}", self.meaning())))
            .all(self.standstill().map(|words| tag("p").class("lead").text(words)))
            .put(figures("head", self.headline()))
            .into()
    }

    /// What the verdict says.
    fn meaning(&self) -> String {
        let words = match self.verdict {
            Verdict::NoTrades => "Nothing was closed and nothing was ever held: there is nothing to judge.",
            Verdict::TooShort => "Under 90 days: no record as short as that tells skill from luck.",
            Verdict::LosesMoney => "After fees, spread and slippage less is left than was put in.",
            Verdict::WorseThanHolding => return self.beside_holding(),
            Verdict::TooFewTrades => "Under 30 round trips were closed: so few can come out like this by chance.",
            Verdict::Luck => return self.may_be_luck(),
            Verdict::DiesAtTwiceCosts => {
                "It passed every test for luck, but earns nothing where trading costs twice as much as was assumed."
            }
            Verdict::Distinguishable => {
                "It earned money, more for its risk than holding did, passed every test for luck and lives on twice the \
                 costs. It did so on this data; what comes is other data."
            }
        };
        words.to_owned()
    }

    /// Which tests for luck were not passed.
    fn may_be_luck(&self) -> String {
        let luck = &self.document.figures.luck;
        let known = |figure: &FigureReport| figure.value.map(Number::get);
        let timing = match known(&luck.random_timing_p) {
            Some(p) if p < Verdict::LEVEL => None,
            Some(p) => {
                Some(format!("the same holdings at random times do as well with a probability of {}", probability(p)))
            }
            None => Some("random timing could not be tried".to_owned()),
        };
        let deflated = match known(&luck.deflated) {
            Some(sure) if sure >= Verdict::SURE => None,
            Some(sure) => Some(format!(
                "the deflated Sharpe ratio is {}, and {} is what it takes",
                probability(sure),
                telling(Verdict::SURE)
            )),
            None => Some("the deflated Sharpe ratio is not known".to_owned()),
        };
        let mean = match luck.mean_daily_return_interval_pct.interval {
            Some([Some(low), _]) if low.get() > 0.0 => None,
            Some(_) => Some("the mean daily return may be nothing".to_owned()),
            None => Some("the interval of the mean daily return is not known".to_owned()),
        };
        let reasons: Vec<String> = [timing, deflated, mean].into_iter().flatten().collect();
        format!("It earned money, but luck may explain it: {}.", reasons.join("; "))
    }

    fn beside_holding(&self) -> String {
        let own = value(&self.document.figures.sharpe_daily, telling).unwrap_or_else(|| "unknown".to_owned());
        let of = |yardstick: &Yardstick| {
            let baseline = self.baselines.iter().find(|baseline| baseline.yardstick == *yardstick);
            baseline.and_then(|b| b.growth.sharpe.ok()).map_or_else(|| "unknown".to_owned(), telling)
        };
        let (equal, volatile) = (of(&Yardstick::EqualWeight), of(&Yardstick::VolatilityTarget));
        format!(
            "For each unit of risk, holding earned more: the Sharpe ratio is {own}, that of holding the same coins {equal} in \
             equal parts and {volatile} at 25\u{202f}% volatility."
        )
    }

    /// That the risk rules stood in the way most of the time, where they did.
    fn standstill(&self) -> Option<String> {
        let states = &self.document.account.states;
        let (state, moments) = states.iter().filter(|(state, _)| **state != "normal").max_by_key(|(_, n)| **n)?;
        let share = 100.0 * *moments as f64 / self.document.moments.max(1) as f64;
        let word = state.replace('_', " ");
        (share >= 10.0).then(|| format!("The risk rules held it in the state “{word}” {} of the time.", percent(share)))
    }

    fn headline(&self) -> [Told; 8] {
        let f = &self.document.figures;
        let one = |name, figure, note: String| Told { name, figure, note: Markup::text(note) };
        let range =
            interval(&f.luck.sharpe_interval, telling).map_or_else(String::new, |ends| format!("95\u{202f}%: {ends}"));
        let time = value(&f.time_in_market_pct, percent)
            .map_or_else(String::new, |t| format!("held anything {t} of the time"));
        let won = value(&f.trading.win_rate_pct, percent).map_or_else(String::new, |won| format!("{won} won"));
        [
            one("Return", told(&f.total_return_pct, percent), "after all costs".to_owned()),
            one("Return of a year", told(&f.cagr_pct, percent), "CAGR".to_owned()),
            one("Sharpe ratio", told(&f.sharpe_daily, telling), range),
            one("Deepest drawdown", told(&f.max_drawdown_pct, percent), self.longest_drawdown()),
            one("Trades", Markup::text(count(f.trading.count as u64)), won),
            one("Exposure", told(&f.exposure_pct, percent), time),
            one("Deflated Sharpe ratio", told(&f.luck.deflated, probability), self.trials()),
            one(
                "Random timing, p",
                told(&f.luck.random_timing_p, probability),
                "chance that other times do as well".to_owned(),
            ),
        ]
    }

    fn trials(&self) -> String {
        let trials = self.document.trials;
        format!("sure beyond the luck of {} {}", count(trials), if trials == 1 { "trial" } else { "trials" })
    }

    fn longest_drawdown(&self) -> String {
        let f = &self.document.figures;
        let Some(bars) = f.longest_drawdown_bars.value else { return String::new() };
        let days = bars.get() / self.market.bars_per_day.max(1) as f64;
        let end = if f.drawdown_recovered == Some(false) { ", not over" } else { "" };
        format!("the longest took {}{end}", with_unit(&fixed(days, 0), "days"))
    }
}

/// With a capital, and a full stop.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(char::to_uppercase);
    format!("{}{}.", first.into_iter().flatten().collect::<String>(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_becomes_a_sentence() {
        assert_eq!((capital("no trades"), capital("")), ("No trades.".to_owned(), ".".to_owned()));
    }
}
