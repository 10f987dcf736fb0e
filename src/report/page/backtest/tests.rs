use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::backtest::{Growth, Undefined, Yardstick};
use crate::ledger::samples::{btc, decimal, money};
use crate::ledger::{ExitReason, OrderId};
use crate::report::{
    AccountReport, BaselineReport, CostReport, DecisionCounts, FigureReport, FiguresReport, LuckReport, Manifest,
    StrategyReport, TradeReport, TradingReport,
};
use crate::statistics::PeriodsPerYear;
use crate::unit::{Decimal, Money, Timeframe};

/// What must never be read as markup.
const EVIL: &str = "<img src=x onerror='a'>&\"";
const SAFE: &str = "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;";

fn hour(n: usize) -> UtcMillis {
    Timeframe::H1.step(UtcMillis::new(1_704_067_200_000), i64::try_from(n).unwrap())
}

fn figures(figure: FigureReport) -> FiguresReport {
    let trading = TradingReport {
        count: 3,
        win_rate_pct: figure,
        win_interval_pct: figure,
        profit_factor: figure,
        expectancy_r: figure,
        system_quality: figure,
        break_even_cost_bps: figure,
        cost_per_side_bps: figure,
        fees: money("1.5"),
        fills: 6,
        coarse_fills_pct: figure,
        ambiguous_pct: figure,
        total_return_other_way_pct: figure,
    };
    let luck = LuckReport {
        probability_above_zero: figure,
        deflated: figure,
        days_needed: figure,
        sharpe_interval: figure,
        mean_daily_return_interval_pct: figure,
        block_days: 1,
        random_timing_p: figure,
    };
    FiguresReport {
        days: figure,
        total_return_pct: figure,
        cagr_pct: figure,
        sharpe_daily: figure,
        sharpe_bars: figure,
        sharpe_lo: figure,
        sortino: figure,
        calmar: figure,
        max_drawdown_pct: figure,
        longest_drawdown_bars: figure,
        drawdown_recovered: None,
        ulcer_index_pct: figure,
        var_pct: figure,
        cvar_pct: figure,
        exposure_pct: figure,
        time_in_market_pct: figure,
        annual_turnover: figure,
        trading,
        luck,
    }
}

/// A round trip of one coin from 100, won or lost by 5, that began so many hours after the midnight.
fn trade(begun: usize, has_won: bool) -> Trade {
    let sold = decimal(if has_won { "105" } else { "95" });
    Trade {
        id: OrderId::entry(&btc(), hour(begun), "x"),
        symbol: btc(),
        opened_at: hour(begun),
        closed_at: hour(begun + 1),
        reason: ExitReason::TrailingStop,
        bought: Decimal::ONE,
        sold: Decimal::ONE,
        decided_at_price: crate::ledger::samples::price("100"),
        reference: (decimal("100"), sold),
        price: (decimal("100"), sold),
        cost: money("100"),
        proceeds: Money::new(sold),
        fees: Money::ZERO,
        risk: money("10"),
        was_ambiguous: false,
    }
}

/// A page of so many hours and these trades, whose texts are all evil and whose figures are all the same.
fn drawn(hours: usize, trades: &[Trade], figure: FigureReport) -> String {
    drawn_as(Verdict::WorseThanHolding, hours, trades, figure)
}

fn drawn_as(verdict: Verdict, hours: usize, trades: &[Trade], figure: FigureReport) -> String {
    let manifest = Manifest {
        version: "0.0.0",
        from: hour(0),
        to: hour(hours.saturating_sub(1)),
        pairs: vec![btc()],
        fine: BTreeMap::from([(EVIL.to_owned(), "1h")]),
        fine_asked: "1m",
        delay_s: 30.0,
        start: money("1000"),
        costs: 2,
        strategy: StrategyReport { name: EVIL.to_owned(), timeframe: "1h", hash: EVIL.to_owned() },
        parameters: json!({ EVIL: EVIL }),
        data_hash: EVIL.to_owned(),
        exchange_rules_hash: EVIL.to_owned(),
        seed: 1,
        asset: "USDT".to_owned(),
    };
    let account = AccountReport {
        asset: EVIL.to_owned(),
        start: money("1000"),
        end: money("1010"),
        lowest: money("990"),
        highest: money("1020"),
        open_positions: 1,
        states: BTreeMap::from([("halted", 9), ("normal", 1)]),
    };
    let baseline = BaselineReport {
        name: EVIL.to_owned(),
        total_return_pct: figure,
        cagr_pct: figure,
        sharpe_daily: figure,
        max_drawdown_pct: figure,
    };
    let document = BacktestDocument {
        schema: "trader.backtest.v1",
        manifest,
        moments: 10,
        account,
        verdict: verdict.words(),
        trials: 1,
        figures: figures(figure),
        baselines: vec![baseline],
        costs: vec![CostReport { times: 2, total_return_pct: figure, sharpe_daily: figure, trades: 3 }],
        decisions: DecisionCounts { buy: 1, sell: 2, hold: 3, blocked: BTreeMap::from([("heat", 7)]) },
        trades: trades.iter().map(TradeReport::from).collect(),
    };
    let moments: Vec<UtcMillis> = (0..hours).map(|n| hour(n).plus_ms(30_000)).collect();
    let course = Course { moments, equity: vec![1000.0; hours + 1], weights: vec![vec![0.5; hours]] };
    let market = Market {
        pairs: vec![btc()],
        closes: vec![(0..hours).map(|n| (n > 1).then_some(100.0)).collect()],
        costs: vec![0.001],
        bars_per_day: 24,
        per_year: PeriodsPerYear::HOURLY,
    };
    let equity = vec![1000.0; hours + 1];
    let growth = Growth::of(&equity, &course.moments, &market);
    let baselines = [Baseline { yardstick: Yardstick::EqualWeight, equity, growth }];
    let page =
        BacktestPage { document: &document, verdict, course: &course, market: &market, baselines: &baselines, trades };
    assert_eq!(page.html(), page.html());
    page.html()
}

const NONE: FigureReport = FigureReport { value: None, interval: None, why: Some("nothing is known") };

#[test]
fn whatever_a_text_holds_it_is_no_markup() {
    let page = drawn(48, &[trade(3, true)], NONE);
    assert!(!page.contains("<img") && !page.contains("onerror='"), "something evil got through");
    assert!(page.matches(SAFE).count() >= 8, "{}", page.matches(SAFE).count());
}

#[test]
fn a_page_of_nothing_still_tells_why() {
    for hours in [0, 1, 2] {
        let page = drawn(hours, &[], FigureReport::plain(Err(Undefined::TooFew)));
        assert!(page.contains("too few values") && page.contains("No trade was closed."), "{hours}");
        for broken in ["NaN", "inf", "\"-0", "-0%", "−0.00\u{202f}%"] {
            assert!(!page.contains(broken), "{hours}: {broken}");
        }
    }
}

#[test]
fn every_trade_is_marked_by_how_it_ended() {
    let page = drawn(48, &[trade(3, true), trade(9, false), trade(20, false)], NONE);
    let marks = ["#in", "#won", "#lost"].map(|shape| page.matches(&format!("href=\"{shape}\"")).count());
    // Each shape is once in the key.
    assert_eq!(marks, [4, 2, 3]);
    assert!(page.contains("3 trades, 1 of them won; −5.00 "), "each of them is 5 of the asset");
    assert!(page.contains("One position is still open at the end"));
    assert!(page.contains("All 3 trades") && !page.contains("<details><summary>All 3"), "few trades are not folded");
}

#[test]
fn a_long_list_of_trades_is_folded_and_a_longer_one_is_cut_and_says_so() {
    let rows = |page: &str| page.matches("trailing stop</td>").count();
    for (trades, listed, told) in
        [(12, 12, "All 12 trades"), (300, 300, "All 300 trades"), (1301, 300, "of 1,301 trades")]
    {
        let all: Vec<Trade> = (0..trades).map(|n| trade(n % 40, n % 2 == 0)).collect();
        let page = drawn(48, &all, NONE);
        assert_eq!(rows(&page), listed);
        assert_eq!(page.contains("<details><summary>All"), trades == 300, "{trades}");
        assert!(page.contains(told), "{told}");
    }
}

#[test]
fn luck_is_told_by_the_tests_that_were_not_passed() {
    // 2 is a probability of nothing, but passes and fails where it should: not below 0.05, at least 0.95, no interval.
    let page = drawn_as(Verdict::Luck, 48, &[], FigureReport::plain(Ok(2.0)));
    let words = "luck may explain it: the same holdings at random times do as well with a probability of over 0.999; the \
                 interval of the mean daily return is not known.";
    assert!(page.contains(words), "{}", &page[page.find("<h1>").unwrap()..][..600]);
}

#[test]
fn a_state_that_lasted_is_told_and_the_line_that_makes_it_again() {
    let page = drawn(48, &[], NONE);
    assert!(page.contains("in the state “halted” 90.0\u{202f}% of the time"));
    let line = "trader backtest --from 2024-01-01T00:00:00Z --to 2024-01-02T23:00:00Z --pairs BTC/USDT";
    assert!(page.contains(line) && page.contains("--fine 1m --costs 2x"));
}

#[test]
fn five_years_of_hours_of_a_pair_are_a_small_page() {
    let trades: Vec<Trade> = (0..900).map(|n| trade(n * 48, n % 2 == 0)).collect();
    let length = drawn(43_824, &trades, NONE).len();
    assert!(length < 300_000, "{length}");
}
