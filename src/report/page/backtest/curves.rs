//! What the account went through, over time, and beside what anybody could have done.

use std::collections::BTreeMap;

use super::BacktestPage;
use super::told::{bps, told, value};
use crate::backtest::{Baseline, Yardstick};
use crate::ledger::Trade;
use crate::report::page::axis::{Axis, Spacing};
use crate::report::page::calendar::{Span, day};
use crate::report::page::chart::{Chart, Curve, Deal, Layer, Stroke, averaged, legend};
use crate::report::page::markup::{Markup, Tag, tag};
use crate::report::page::months::{months_table, years};
use crate::report::page::numeral::{self, fixed, percent, telling};
use crate::report::page::table::{Column, scrolling, table};
use crate::report::page::{figure, section};
use crate::report::{BaselineReport, CostReport, FigureReport};
use crate::unit::Symbol;

/// Points of the exposure, which may come and go by the hour, over years.
const SLICES: usize = 190;

impl BacktestPage<'_> {
    pub(super) fn over_time(&self) -> Markup {
        section("time", "Over time", [self.equity(), self.drawdown(), self.exposure()])
    }

    fn span(&self) -> Span {
        Span { from: self.document.manifest.from, to: self.document.manifest.to }
    }

    /// Those that are drawn: not every pair that could have been held, nor cash, which never moves.
    fn drawn_baselines(&self) -> impl Iterator<Item = (Stroke, &Baseline)> {
        let is_drawn = |b: &&Baseline| !matches!(b.yardstick, Yardstick::Cash | Yardstick::Hold(_));
        self.baselines.iter().filter(is_drawn).enumerate().map(|(n, baseline)| (Stroke::Other(n), baseline))
    }

    fn equity(&self) -> Markup {
        let own = self.equity_curve(&self.course.equity);
        let others: Vec<(Stroke, Curve)> =
            self.drawn_baselines().map(|(s, b)| (s, self.equity_curve(&b.equity))).collect();
        let start = self.document.account.start.real();
        let all = others.iter().map(|(_, curve)| curve).chain([&own]).flatten().map(|(_, value)| *value);
        let axis = Axis::of(all.chain([start]));
        let words = self.equity_words();
        let mut layers = vec![Layer::Level(start)];
        layers.extend(others.into_iter().map(|(stroke, curve)| Layer::Line(stroke, curve)));
        layers.push(Layer::Line(Stroke::Own, own));
        let chart = Chart { words, span: self.span(), axis, tell: numeral::tick, height: 320, layers };
        let scale = if axis.spacing() == Spacing::Log { "; equal heights are equal ratios" } else { "" };
        let note =
            format!("{} in cash and coins after all costs, marked at every close{scale}.", self.document.account.asset);
        figure("Equity", Markup::text(note), [self.equity_legend().into(), chart.drawn()])
    }

    fn equity_legend(&self) -> Tag {
        let total = |figure: &FigureReport| value(figure, percent).unwrap_or_default();
        let own = (Stroke::Own, "this account".to_owned(), total(&self.document.figures.total_return_pct));
        let other = |(stroke, baseline): (Stroke, &Baseline)| {
            let figure = FigureReport::percent(baseline.growth.total_return);
            (stroke, numeral::unparted(&baseline.yardstick.name()), total(&figure))
        };
        legend(std::iter::once(own).chain(self.drawn_baselines().map(other)))
    }

    fn equity_words(&self) -> String {
        let account = &self.document.account;
        let ends = [account.start, account.end, account.lowest, account.highest].map(|money| fixed(money.real(), 2));
        let [start, end, lowest, highest] = ends;
        let span = self.span();
        format!(
            "Equity from {} to {}: from {start} to {end} {}, lowest {lowest}, highest {highest}. The table below tells what \
             the other lines came to.",
            day(span.from),
            day(span.to),
            account.asset
        )
    }

    fn drawdown(&self) -> Markup {
        let mut peak = f64::MIN;
        let below = |equity: &f64| {
            peak = peak.max(*equity);
            100.0 * (equity / peak - 1.0)
        };
        let under: Vec<f64> = self.course.equity.iter().map(below).collect();
        let curve = self.equity_curve(&under);
        let deepest = value(&self.document.figures.max_drawdown_pct, percent).unwrap_or_else(|| "unknown".to_owned());
        let axis = Axis::from_zero(curve.iter().map(|(_, value)| *value).chain([-1.0]));
        let words = format!("Drawdown over time; the deepest was {deepest}.");
        let chart =
            Chart { words, span: self.span(), axis, tell: share, height: 120, layers: vec![Layer::Area(curve)] };
        figure("Drawdown", Markup::text("Below the highest equity so far, in percent of it."), [chart.drawn()])
    }

    fn exposure(&self) -> Markup {
        let held = self.course.held().into_iter().map(|share| 100.0 * share);
        let (curve, each) = averaged(self.curve(held), SLICES);
        let mean = value(&self.document.figures.exposure_pct, percent).unwrap_or_else(|| "unknown".to_owned());
        let axis = Axis::from_zero(curve.iter().map(|(_, value)| *value));
        let words = format!("Share of the equity in coins over time; on average {mean}.");
        let chart =
            Chart { words, span: self.span(), axis, tell: share, height: 110, layers: vec![Layer::Area(curve)] };
        let days = each as f64 / self.market.bars_per_day.max(1) as f64;
        let points = match days.round() {
            _ if each == 1 => String::new(),
            days if days > 1.0 => format!("; each point is the mean of {} days", numeral::tick(days)),
            _ => "; each point is the mean of a day".to_owned(),
        };
        let note = format!("Share of the equity in coins; on average {mean}{points}.");
        figure("Exposure", Markup::text(note), [chart.drawn()])
    }

    /// Beside what anybody could have done.
    pub(super) fn beside(&self) -> Markup {
        let f = &self.document.figures;
        let row = |name: Markup, [total, cagr, sharpe, drawdown]: [&FigureReport; 4]| {
            vec![name, told(total, percent), told(cagr, percent), told(sharpe, telling), told(drawdown, percent)]
        };
        let own = row(
            tag("strong").text("this account").into(),
            [&f.total_return_pct, &f.cagr_pct, &f.sharpe_daily, &f.max_drawdown_pct],
        );
        let other = |b: &BaselineReport| {
            row(
                Markup::text(numeral::unparted(&b.name)),
                [&b.total_return_pct, &b.cagr_pct, &b.sharpe_daily, &b.max_drawdown_pct],
            )
        };
        let columns = [
            Column::Name(""),
            Column::Numbers("Return"),
            Column::Numbers("A year"),
            Column::Numbers("Sharpe"),
            Column::Numbers("Drawdown"),
        ];
        let rows = std::iter::once(own).chain(self.document.baselines.iter().map(other));
        let caption = "At the same costs, over the same candles";
        section("beside", "Beside what anybody could have done", [table(caption, &columns, rows).into()])
    }

    /// By month, and by what trading costs.
    pub(super) fn by_month(&self) -> Markup {
        // The first moment sees what was put in: it ends no month.
        let curve = self.equity_curve(&self.course.equity);
        let years = years(self.document.account.start.real(), curve.get(1..).unwrap_or_default());
        let months =
            section("", "Month by month", [scrolling("Returns of months and years", months_table(&years)).into()]);
        tag("div").class("two").put(months).put(self.costs()).into()
    }

    fn costs(&self) -> Markup {
        let costs = &self.document.costs;
        let most =
            costs.iter().filter_map(|c| c.total_return_pct.value).fold(0.0, |most: f64, v| most.max(v.get().abs()));
        let row = |cost: &CostReport| {
            let times = Markup::text(format!("{}\u{d7}", cost.times));
            let trades = Markup::text(numeral::count(cost.trades as u64));
            vec![
                times,
                bar(&cost.total_return_pct, most),
                told(&cost.total_return_pct, percent),
                told(&cost.sharpe_daily, telling),
                trades,
            ]
        };
        let columns = [
            Column::Name("Costs"),
            Column::Words(""),
            Column::Numbers("Return"),
            Column::Numbers("Sharpe"),
            Column::Numbers("Trades"),
        ];
        let table = table("The same rules where fees, spread and slippage are higher", &columns, costs.iter().map(row));
        section("", "The cost of costs", [table.into(), tag("p").class("prose").text(self.break_even()).into()])
    }

    fn break_even(&self) -> String {
        let trading = &self.document.figures.trading;
        let Some(side) = value(&trading.cost_per_side_bps, bps) else {
            return "No trade was closed: nothing was paid.".to_owned();
        };
        let bound = match trading.break_even_cost_bps.value {
            Some(bound) if bound.get() > 0.0 => {
                format!("at {} the closed trades would have earned nothing", bps(bound.get()))
            }
            _ => "without any costs the closed trades would have earned nothing either".to_owned(),
        };
        let fees = fixed(trading.fees.real(), 2);
        format!(
            "One side of a trade cost {side} on average; {bound}. All fees together: {fees} {}.",
            self.document.account.asset
        )
    }

    /// The price of each pair with what was bought and sold on it.
    pub(super) fn prices(&self) -> impl Iterator<Item = Markup> {
        self.market.pairs.iter().zip(&self.market.closes).map(|(pair, closes)| self.price(pair, closes))
    }

    fn price(&self, pair: &Symbol, closes: &[Option<f64>]) -> Markup {
        let curve: Curve = self.ends().zip(closes).filter_map(|(at, close)| Some((at, (*close)?))).collect();
        let trades: Vec<&Trade> = self.trades.iter().filter(|trade| trade.symbol == *pair).collect();
        let deals: Vec<Deal> = trades.iter().map(|trade| deal(trade)).collect();
        let fills = deals.iter().flat_map(|deal| [deal.from.1, deal.to.1]);
        let axis = Axis::of(curve.iter().map(|(_, close)| *close).chain(fills));
        let won = deals.iter().filter(|deal| deal.has_won).count();
        let profit = trades.iter().map(|trade| trade.profit().real()).sum::<f64>();
        let asset = &self.document.account.asset;
        let note = match deals.len() {
            0 => "No trade.".to_owned(),
            1 => format!("One trade, {} {asset}.", fixed(profit, 2)),
            n => format!("{n} trades, {won} of them won; {} {asset} together.", fixed(profit, 2)),
        };
        let words = format!("Closes of {pair} over time, with entries and exits. {note}");
        let layers = vec![Layer::Line(Stroke::Price, curve), Layer::Deals(deals)];
        let chart = Chart { words, span: self.span(), axis, tell: numeral::tick, height: 190, layers };
        figure(pair.as_str(), Markup::text(note), [chart.drawn()])
    }
}

/// The label of a mark in percent.
fn share(value: f64) -> String {
    numeral::with_unit(&numeral::tick(value), "%")
}

fn deal(trade: &Trade) -> Deal {
    let price = |decimal| crate::unit::real(decimal);
    let (entry, exit) = (price(trade.price.0), price(trade.price.1));
    let words = format!(
        "{}: {} at {} to {} at {}, {}",
        percent(100.0 * trade.roi()),
        day(trade.opened_at),
        numeral::price(entry),
        day(trade.closed_at),
        numeral::price(exit),
        trade.reason.word().replace('_', " "),
    );
    Deal { from: (trade.opened_at, entry), to: (trade.closed_at, exit), has_won: trade.profit().is_positive(), words }
}

/// A bar as long as the value beside the largest one.
fn bar(figure: &FigureReport, most: f64) -> Markup {
    let Some(value) = figure.value else { return Markup::default() };
    let width = if most > 0.0 { 100.0 * value.get().abs() / most } else { 0.0 };
    let class = if value.get() < 0.0 { "bar minus" } else { "bar" };
    tag("span").class(class).set("style", format!("width:{width:.1}%")).into()
}

/// So many of each, in the order of their names.
pub(super) fn tally(counts: &BTreeMap<&'static str, u64>) -> Vec<String> {
    counts.iter().map(|(name, n)| format!("{} {}", name.replace('_', " "), numeral::count(*n))).collect()
}
