//! What the account came to, the few figures that say most, and its way over time.

use super::LifePage;
use super::told::{interval, known, many, none, told, worth};
use crate::report::page::axis::Axis;
use crate::report::page::calendar::day;
use crate::report::page::chart::{Chart, Curve, Deal, Layer, Stroke};
use crate::report::page::markup::{Markup, tag};
use crate::report::page::numeral::{self, count, fixed, percent, telling, with_unit};
use crate::report::page::table::{Column, Told, figures, table};
use crate::report::page::{figure, section};
use crate::report::{LifeAccount, LifeHorizon, LifeTrade, Number};
use crate::unit::{Symbol, UtcMillis};

impl LifePage<'_> {
    pub(super) fn title(&self) -> String {
        match &self.document.account {
            None => "nothing has run yet".to_owned(),
            Some(account) => {
                let [start, end] = [account.start, account.end].map(|money| fixed(money.real(), 2));
                match self.equity.len() {
                    1 => format!("{start} {} after one run", account.asset),
                    _ => format!("{start} {} became {end}", account.asset),
                }
            }
        }
    }

    pub(super) fn opening(&self) -> Markup {
        let document = self.document;
        let pairs: Vec<&str> = document.pairs.iter().map(Symbol::as_str).collect();
        let recorded = if document.contents == Some("replay") { " over a recording" } else { "" };
        let time = document.first_run.zip(document.last_run);
        let time = time.map_or_else(|| "no run".to_owned(), |(from, to)| format!("{} to {}", day(from), day(to)));
        let kicker = format!(
            "Paper account{recorded} \u{b7} {} on {} candles \u{b7} {} \u{b7} {time}",
            document.strategy,
            document.timeframe,
            if pairs.is_empty() { "no pairs".to_owned() } else { pairs.join(", ") },
        );
        let header = tag("header").put(tag("p").class("kicker").text(kicker)).put(tag("h1").text(self.heading()));
        let header = header.all(self.sentences().into_iter().map(|words| tag("p").class("lead").text(words)));
        header.put(figures("head", self.headline())).into()
    }

    fn heading(&self) -> String {
        match &self.document.account {
            Some(account) if account.state == "halted" => "Halted.".to_owned(),
            Some(_) => format!("{}.", self.title()),
            None => "Nothing has run yet.".to_owned(),
        }
    }

    fn sentences(&self) -> Vec<String> {
        let Some(account) = &self.document.account else {
            return vec!["The first run of trader cycle opens the account.".to_owned()];
        };
        let mut all = Vec::new();
        if account.state == "halted" {
            all.push(format!("{}.", self.title()));
        }
        let t = &self.document.trades;
        let traded = match t.count {
            0 => "No trade was closed.".to_owned(),
            n => format!(
                "{} closed, {} of them won; together {} {}.",
                many(n as u64, "trade was", "trades were"),
                count(t.won as u64),
                fixed(t.profit.real(), 2),
                account.asset
            ),
        };
        all.push(format!("{traded} {}", self.ran()));
        all.extend(in_force(account));
        all
    }

    fn ran(&self) -> String {
        let runs = &self.document.runs;
        match runs.missed() {
            0 if runs.expected == 1 => "The only run came.".to_owned(),
            0 => format!("All {} runs came.", count(runs.expected)),
            missed => format!("{} of {} runs were missed.", count(missed), count(runs.expected)),
        }
    }

    fn headline(&self) -> Vec<Told> {
        let document = self.document;
        let one = |name, figure, note: String| Told { name, figure, note: Markup::text(note) };
        let account = document.account.as_ref();
        let of_account = |figure: &dyn Fn(&LifeAccount) -> Markup| account.map_or_else(|| none("unknown"), figure);
        let misses = &document.trades.misses;
        let basis = match misses.trades {
            0 => "of trades whose horizon has ended".to_owned(),
            n => format!("mean of {}", many(n as u64, "trade", "trades")),
        };
        let runs = &document.runs;
        let share = (runs.expected > 0).then(|| 100.0 * runs.met as f64 / runs.expected as f64);
        let mut all = vec![
            one("Return", of_account(&|a| known(a.return_pct, percent)), "after all costs".to_owned()),
            one("Deepest drawdown", of_account(&|a| known(a.max_drawdown_pct, percent)), String::new()),
            one("Forecast of trades", known(misses.predicted_pct, percent), basis.clone()),
            one("Realised", known(misses.realised_pct, percent), basis),
        ];
        if let Some(h) = self.middle() {
            let of = format!("{} h, worth {}", h.score.horizon_h, worth(h.score.n_eff.map_or(0.0, Number::get)));
            all.push(one(
                "Direction right",
                told(&h.direction_pct, percent),
                with(&of, &interval(&h.direction_pct, percent)),
            ));
            all.push(one(
                "Information coefficient",
                told(&h.information_coefficient, telling),
                with(&of, &interval(&h.information_coefficient, telling)),
            ));
        }
        let came = share.map_or_else(|| none("no run was due"), |share| Markup::text(percent(share)));
        all.push(one("Runs that came", came, format!("{} of {}", count(runs.met), count(runs.expected))));
        all.push(one("State", of_account(&|a| Markup::text(a.state.replace('_', " "))), String::new()));
        all
    }

    /// The horizon that the head tells: the one in the middle.
    pub(super) fn middle(&self) -> Option<&LifeHorizon> {
        let horizons = &self.document.horizons;
        horizons.get(horizons.len().saturating_sub(1) / 2 + usize::from(horizons.len() == 2)).or(horizons.first())
    }

    pub(super) fn over_time(&self) -> Markup {
        let parts = self.span().filter(|_| self.equity.len() > 1).map(|_| [self.equity(), self.drawdown()]);
        let parts = parts.map_or_else(
            || vec![Markup::from(tag("p").class("prose").text("There is no way to draw yet: it takes two runs."))],
            Vec::from,
        );
        section("time", "Over time", parts.into_iter().chain(self.events()))
    }

    fn equity(&self) -> Markup {
        let (Some(account), Some(span)) = (&self.document.account, self.span()) else { return Markup::default() };
        let curve: Curve = self.equity.to_vec();
        let start = account.start.real();
        let axis = Axis::of(curve.iter().map(|(_, value)| *value).chain([start]));
        let deals: Vec<Deal> = self.document.trades.list.iter().filter_map(|trade| self.deal(trade)).collect();
        let [lowest, highest] = [account.lowest, account.highest].map(|money| fixed(money.real(), 2));
        let words = format!(
            "Equity from {} to {}: {} {}, lowest {lowest}, highest {highest}.",
            day(span.from),
            day(span.to),
            self.title(),
            account.asset
        );
        let layers = vec![Layer::Level(start), Layer::Line(Stroke::Own, curve), Layer::Ends(deals)];
        let chart = Chart { words, span, axis, tell: numeral::tick, height: 300, layers };
        let note = format!(
            "{} in cash and coins after each run, after all costs. A triangle is the entry of a trade, a dot an exit that won, a \
             cross one that lost.",
            account.asset
        );
        figure("Equity", Markup::text(note), [chart.drawn()])
    }

    /// A trade on the curve of the equity, from its entry to its exit.
    fn deal(&self, trade: &LifeTrade) -> Option<Deal> {
        let from = trade.opened_at.max(self.equity.first()?.0);
        let words = format!(
            "{} {}: {} to {}, {}",
            trade.symbol,
            trade.realised_pct.map_or_else(|| "unknown".to_owned(), |n| percent(n.get())),
            day(trade.opened_at),
            day(trade.closed_at),
            trade.reason.replace('_', " ")
        );
        let (from, to) = ((from, self.equity_at(from)?), (trade.closed_at, self.equity_at(trade.closed_at)?));
        Some(Deal { from, to, has_won: trade.profit.is_positive(), words })
    }

    /// The equity after the first run from an instant on.
    fn equity_at(&self, at: UtcMillis) -> Option<f64> {
        let place = self.equity.partition_point(|(time, _)| *time < at);
        self.equity.get(place).or(self.equity.last()).map(|(_, value)| *value)
    }

    fn drawdown(&self) -> Markup {
        let (Some(account), Some(span)) = (&self.document.account, self.span()) else { return Markup::default() };
        let mut peak = f64::MIN;
        let below = |(at, equity): &(UtcMillis, f64)| {
            peak = peak.max(*equity);
            (*at, 100.0 * (equity / peak - 1.0))
        };
        let curve: Curve = self.equity.iter().map(below).collect();
        let axis = Axis::from_zero(curve.iter().map(|(_, value)| *value).chain([-1.0]));
        let deepest = account.max_drawdown_pct.map_or_else(|| "unknown".to_owned(), |n| percent(n.get()));
        let words = format!("Drawdown over time; the deepest was {deepest}.");
        let tell = |value| with_unit(&numeral::tick(value), "%");
        let chart = Chart { words, span, axis, tell, height: 110, layers: vec![Layer::Area(curve)] };
        figure("Drawdown", Markup::text("Below the highest equity so far, in percent of it."), [chart.drawn()])
    }

    /// Who stopped entries, or let them in again.
    fn events(&self) -> Option<Markup> {
        let account = self.document.account.as_ref()?;
        let rows = account
            .events
            .iter()
            .map(|event| vec![super::traded::minute(event.at), Markup::text(&event.kind), Markup::text(&event.reason)]);
        let columns = [Column::Name("When"), Column::Words("What"), Column::Words("Why")];
        (!account.events.is_empty()).then(|| table("Entries were stopped or let in", &columns, rows).into())
    }
}

fn with(words: &str, more: &str) -> String {
    if more.is_empty() { words.to_owned() } else { format!("{words}; {more}") }
}

/// What the risk rules did most of the time, where that was not nothing.
fn in_force(account: &LifeAccount) -> Option<String> {
    let all: u64 = account.states.values().sum();
    let (state, n) = account.states.iter().filter(|(state, _)| **state != "normal").max_by_key(|(_, n)| **n)?;
    let share = 100.0 * *n as f64 / all.max(1) as f64;
    let word = state.replace('_', " ");
    Some(format!("The risk rules held it in the state \u{201c}{word}\u{201d} after {} of the runs.", percent(share)))
}
