//! A backtest for people: the verdict first, then figures, decisions and what anybody could have done.

use crate::command::say::{Output, Style};
use crate::report::{
    BacktestDocument, BaselineReport, Cell, CostReport, DecisionCounts, FigureReport, FiguresReport, Number, Table,
    TradeReport,
};
use crate::unit::Symbol;

pub(super) fn trades(document: &BacktestDocument) -> Table {
    let columns = vec![
        "opened_at",
        "closed_at",
        "symbol",
        "reason",
        "quantity",
        "entry_price",
        "exit_price",
        "profit",
        "roi_pct",
        "r",
    ];
    let row = |trade: &TradeReport| {
        vec![
            Cell::Text(trade.opened_at.to_string()),
            Cell::Text(trade.closed_at.to_string()),
            Cell::Text(trade.symbol.to_string()),
            Cell::Text(trade.reason.to_owned()),
            Cell::Text(trade.quantity.clone()),
            Cell::Text(trade.entry_price.clone()),
            Cell::Text(trade.exit_price.clone()),
            Cell::Text(trade.profit.to_string()),
            Cell::from(trade.roi_pct.map(Number::get)),
            Cell::from(trade.r_multiple.map(Number::get)),
        ]
    };
    Table { columns, rows: document.trades.iter().map(row).collect() }
}

/// For people: the verdict first.
pub(super) fn story(document: &BacktestDocument, style: Style) -> String {
    let (manifest, account, decisions) = (&document.manifest, &document.account, &document.decisions);
    let names: Vec<&str> = manifest.pairs.iter().map(Symbol::as_str).collect();
    let states: Vec<String> = account.states.iter().map(|(state, n)| format!("{state} {n}")).collect();
    let (strategy, from, to) = (&manifest.strategy, manifest.from, manifest.to);
    let mut lines = vec![
        format!("{from} to {to}: {} on {} candles of {}", strategy.name, strategy.timeframe, names.join(", ")),
        format!("{}", document.verdict),
        format!("  {} {} became {}", account.start, account.asset, account.end),
    ];
    lines.extend(figures(&document.figures).into_iter().map(|(name, figure)| format!("  {name}: {}", told(figure))));
    lines.push(format!("  {} moments: {}", document.moments, states.join(", ")));
    let DecisionCounts { buy, sell, hold, .. } = decisions;
    lines.push(format!("  decisions: {buy} to buy, {sell} to sell or stay out, {hold} to hold"));
    lines.extend(decisions.blocked.iter().map(|(code, count)| format!("    {count} held back: {code}")));
    lines.push(format!("  {} trades, {} positions still open", document.trades.len(), account.open_positions));
    lines.push(format!("  {}", costs(&document.costs)));
    lines.push(Output::table(&beside(document), style).text);
    lines.join("\n")
}

fn figures(f: &FiguresReport) -> [(&'static str, &FigureReport); 15] {
    [
        ("return of a year, %", &f.cagr_pct),
        ("Sharpe ratio (daily returns)", &f.sharpe_daily),
        ("Sortino ratio", &f.sortino),
        ("deepest drawdown, %", &f.max_drawdown_pct),
        ("exposure, %", &f.exposure_pct),
        ("turnover of a year", &f.annual_turnover),
        ("trades won, %", &f.trading.win_rate_pct),
        ("profit factor", &f.trading.profit_factor),
        ("expectancy, R", &f.trading.expectancy_r),
        ("cost of a side, bps", &f.trading.cost_per_side_bps),
        ("could have cost, bps", &f.trading.break_even_cost_bps),
        ("fills on coarse candles, %", &f.trading.coarse_fills_pct),
        ("trades on ambiguous candles, %", &f.trading.ambiguous_pct),
        ("deflated Sharpe ratio", &f.luck.deflated),
        ("as well by chance (p)", &f.luck.random_timing_p),
    ]
}

/// What the result was at each cost.
fn costs(costs: &[CostReport]) -> String {
    let one = |cost: &CostReport| format!("{}x {}", cost.times, told(&cost.total_return_pct));
    format!("return at costs, %: {}", costs.iter().map(one).collect::<Vec<_>>().join(", "))
}

fn told(figure: &FigureReport) -> String {
    let why = || figure.why.unwrap_or("unknown").to_owned();
    figure.value.map_or_else(why, |value| format!("{:.3}", value.get()))
}

/// The account beside what anybody could have done.
fn beside(document: &BacktestDocument) -> Table {
    let cell = |figure: &FigureReport| match (figure.value, figure.why) {
        (Some(value), _) => Cell::Real((value.get() * 1e3).round() / 1e3),
        (None, why) => Cell::Text(why.unwrap_or("unknown").to_owned()),
    };
    let row = |name: &str, [total, cagr, sharpe, drawdown]: [&FigureReport; 4]| {
        vec![Cell::Text(name.to_owned()), cell(total), cell(cagr), cell(sharpe), cell(drawdown)]
    };
    let f = &document.figures;
    let own = row("this account", [&f.total_return_pct, &f.cagr_pct, &f.sharpe_daily, &f.max_drawdown_pct]);
    let other =
        |b: &BaselineReport| row(&b.name, [&b.total_return_pct, &b.cagr_pct, &b.sharpe_daily, &b.max_drawdown_pct]);
    let columns = vec!["beside", "total_return_pct", "cagr_pct", "sharpe_daily", "max_drawdown_pct"];
    Table { columns, rows: std::iter::once(own).chain(document.baselines.iter().map(other)).collect() }
}
