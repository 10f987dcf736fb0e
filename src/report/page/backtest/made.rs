//! What was traded, what was decided, every figure, and what the result was made from.

use super::curves::tally;
use super::told::{bps, probability, told};
use super::{BacktestPage, joined};
use crate::report::page::markup::{Markup, Tag, tag};
use crate::report::page::numeral::{count, fixed, percent, price, telling, with_unit};
use crate::report::page::section;
use crate::report::page::table::{Column, Told, figures, table, trade_table};
use crate::report::{FigureReport, Number, TradeReport};
use crate::unit::Symbol;

impl BacktestPage<'_> {
    pub(super) fn traded(&self) -> Markup {
        let key = |shape: &str, name: &str| {
            let mark = tag("svg").class("swatch").set("aria-hidden", "true").set("width", 14).set("height", 14);
            tag("li").put(mark.put(tag("use").set("href", shape))).put(tag("span").text(name))
        };
        let keys = [key("#in", "entry"), key("#won", "exit with a gain"), key("#lost", "exit with a loss")];
        let legend: Markup = tag("ul").class("legend").all(keys).into();
        let charts = self.prices();
        let parts = std::iter::once(legend).chain(charts).chain([self.trade_list()]).chain(self.still_open());
        section("prices", "Trades on price", parts)
    }

    /// That the end came before some exits.
    fn still_open(&self) -> Option<Markup> {
        let words = match self.document.account.open_positions {
            0 => return None,
            1 => "One position is still open at the end: in the equity, but no trade.".to_owned(),
            n => format!("{n} positions are still open at the end: in the equity, but no trades."),
        };
        Some(tag("p").class("prose").text(words).into())
    }

    fn trade_list(&self) -> Markup {
        let trades = &self.document.trades;
        let columns = [
            Column::Name("Pair"),
            Column::Words("Opened"),
            Column::Words("Closed"),
            Column::Words("Left by"),
            Column::Numbers("Bought at"),
            Column::Numbers("Sold at"),
            Column::Numbers("Profit"),
            Column::Numbers("Return"),
            Column::Numbers("R"),
        ];
        if trades.is_empty() {
            return tag("p").class("prose").text("No trade was closed.").into();
        }
        trade_table("--format csv prints all", &columns, trades.iter().map(trade_row).collect())
    }

    /// The end of the page.
    pub(super) fn ending(&self) -> Markup {
        let all = section("", "Every figure", [figures("all", self.every_figure()).into()]);
        [all, self.decided(), self.manifest()].into_iter().collect()
    }

    fn every_figure(&self) -> Vec<Told> {
        let (f, t, l) = (&self.document.figures, &self.document.figures.trading, &self.document.figures.luck);
        let days = |value: f64| with_unit(&fixed(value, 0), "days");
        let bars = |value: f64| with_unit(&fixed(value, 0), "candles");
        let times = |value: f64| with_unit(&telling(value), "\u{d7} equity");
        let one = |name, figure: &FigureReport, tell: &dyn Fn(f64) -> String| plain(name, told(figure, tell));
        vec![
            one("Length", &f.days, &days),
            one("Sharpe ratio, of candles", &f.sharpe_bars, &telling),
            one("Sharpe ratio by Lo", &f.sharpe_lo, &telling),
            one("Sortino ratio", &f.sortino, &telling),
            one("Calmar ratio", &f.calmar, &telling),
            one("Longest drawdown", &f.longest_drawdown_bars, &bars),
            one("Ulcer index", &f.ulcer_index_pct, &percent),
            one("One day in twenty loses", &f.var_pct, &percent),
            one("and then on average", &f.cvar_pct, &percent),
            one("Turnover of a year", &f.annual_turnover, &times),
            one("Trades won", &t.win_rate_pct, &percent),
            one("95\u{202f}% interval of that", &t.win_interval_pct, &percent),
            one("Profit factor", &t.profit_factor, &telling),
            one("Expectancy", &t.expectancy_r, &|r| with_unit(&telling(r), "R")),
            one("System quality number", &t.system_quality, &telling),
            one("Cost of a side", &t.cost_per_side_bps, &bps),
            one("Break-even cost of a side", &t.break_even_cost_bps, &bps),
            one("Fills on coarse candles", &t.coarse_fills_pct, &percent),
            one("Trades on ambiguous candles", &t.ambiguous_pct, &percent),
            one("Return had these gone the other way", &t.total_return_other_way_pct, &percent),
            one("Sharpe ratio above 0, probability", &l.probability_above_zero, &probability),
            one("Days needed to show that", &l.days_needed, &days),
            one("95\u{202f}% interval of the mean day", &l.mean_daily_return_interval_pct, &daily),
        ]
    }

    fn decided(&self) -> Markup {
        let decisions = &self.document.decisions;
        let kinds = [("Buy", decisions.buy), ("Sell or stay out", decisions.sell), ("Hold", decisions.hold)];
        let kinds = kinds.map(|(name, n)| plain(name, Markup::text(count(n))));
        let blocked = decisions
            .blocked
            .iter()
            .map(|(code, n)| vec![Markup::text(code.replace('_', " ")), Markup::text(count(*n))]);
        let columns = [Column::Name("What stood in the way"), Column::Numbers("Times")];
        let table = table("Of these decisions, held back", &columns, blocked);
        let table = (!decisions.blocked.is_empty()).then(|| Markup::from(table));
        let states = joined(tally(&self.document.account.states));
        let states = tag("p").class("prose").text("Candles in each state of the risk rules: ").put(states);
        let parts = [Markup::from(figures("all", kinds)), states.into()];
        section("", "What was decided", parts.into_iter().chain(table))
    }

    fn manifest(&self) -> Markup {
        let manifest = &self.document.manifest;
        let pairs: Vec<&str> = manifest.pairs.iter().map(Symbol::as_str).collect();
        let fine = manifest.fine.iter().map(|(pair, length)| format!("{pair} {length}"));
        let all = [
            plain("Program", Markup::text(format!("trader {}", manifest.version))),
            plain("From", Markup::text(manifest.from)),
            plain("To", Markup::text(manifest.to)),
            plain("Pairs", Markup::text(pairs.join(", "))),
            plain("Fills walked on", joined(fine)),
            plain("Decided after the close by", Markup::text(with_unit(&fixed(manifest.delay_s, 0), "s"))),
            plain("Put in", Markup::text(format!("{} {}", manifest.start, self.document.account.asset))),
            plain("Costs", Markup::text(format!("{}\u{d7}", manifest.costs))),
            plain("Strategy", Markup::text(format!("{} on {}", manifest.strategy.name, manifest.strategy.timeframe))),
            plain("Strategy hash", code(&manifest.strategy.hash)),
            plain("Data hash", code(&manifest.data_hash)),
            plain("Exchange rules hash", code(&manifest.exchange_rules_hash)),
            plain("Seed", code(&manifest.seed.to_string())),
        ];
        let parameters = serde_json::to_string_pretty(&manifest.parameters).unwrap_or_default();
        let parameters = tag("details").put(tag("summary").text("Parameters")).put(tag("pre").text(parameters));
        let words = "The same program gives the same page for the same hashes; what it counts as trials is kept in the database. \
                     With the same configuration this line makes the result again:";
        section(
            "made",
            "Made from",
            [
                figures("all", all).into(),
                tag("p").class("prose").text(words).into(),
                tag("pre").put(tag("code").text(self.command(&pairs))).into(),
                parameters.into(),
            ],
        )
    }

    /// The line that makes the result again, with the same configuration.
    fn command(&self, pairs: &[&str]) -> String {
        let manifest = &self.document.manifest;
        let fine = match manifest.fine_asked {
            "auto" => String::new(),
            length => format!(" --fine {length}"),
        };
        let costs = if manifest.costs == 1 { String::new() } else { format!(" --costs {}x", manifest.costs) };
        let (from, to, name) = (manifest.from, manifest.to, &manifest.strategy.name);
        format!("trader backtest --from {from} --to {to} --pairs {} --strategy {name}{fine}{costs}", pairs.join(","))
    }
}

fn plain(name: &'static str, figure: Markup) -> Told {
    Told { name, figure, note: Markup::default() }
}

fn code(text: &str) -> Markup {
    tag("code").text(text).into()
}

/// The mean of a day is small.
fn daily(value: f64) -> String {
    with_unit(&fixed(value, 3), "%")
}

fn trade_row(trade: &TradeReport) -> Vec<Markup> {
    let number = |text: &str, tell: fn(f64) -> String| {
        text.parse().map_or_else(|_| Markup::text(text), |n| Markup::text(tell(n)))
    };
    let known = |number: Option<Number>, tell: fn(f64) -> String| number.map_or_else(String::new, |n| tell(n.get()));
    vec![
        Markup::text(&trade.symbol),
        minute(&trade.opened_at.to_string()),
        minute(&trade.closed_at.to_string()),
        Markup::text(trade.reason.replace('_', " ")),
        number(&trade.entry_price, price),
        number(&trade.exit_price, price),
        signed(trade.profit.real(), fixed(trade.profit.real(), 2)).into(),
        Markup::text(known(trade.roi_pct, percent)),
        Markup::text(known(trade.r_multiple, telling)),
    ]
}

/// Coloured by its sign, which it has before it as well.
fn signed(value: f64, text: String) -> Tag {
    tag("span").class(if value > 0.0 { "gain" } else { "loss" }).text(text)
}

/// An instant to the minute, without the letter between day and hour; a narrow screen shows the day alone.
fn minute(instant: &str) -> Markup {
    let Some((day, time)) = instant.split_once('T') else { return Markup::text(instant) };
    let time = tag("span").class("x").text(format!(" {}", time.get(..5).unwrap_or(time)));
    [Markup::text(day), time.into()].into_iter().collect()
}
