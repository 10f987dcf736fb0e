//! From what was observed to samples.

use std::collections::BTreeMap;

use super::text::Sheet;
use super::{AccountMeasured, Decided, Limits, Measured, Metric, Observed, OutcomeSums, Total};
use crate::decision::RiskState;
use crate::report::{AgentName, AgentStatus};
use crate::unit::{Symbol, UtcMillis};

/// Exit codes that a cycle on record can have: counters begin at 0, so that the first one is seen as a rise.
const RECORDED: [&str; 6] = ["0", "1", "3", "4", "6", "7"];
/// Those after which everything had worked.
const SUCCESSES: [&str; 2] = ["0", "6"];
const DECISIONS: [&str; 3] = ["BUY", "SELL", "HOLD"];
const CYCLE: &str = "cycle";

pub(super) fn of(observed: &Observed<'_>) -> Sheet {
    let mut sheet = Sheet::new();
    let (name, timeframe, hash) = observed.strategy;
    sheet.add(Metric::BuildInfo, &[observed.version], 1.0);
    sheet.add(Metric::StrategyInfo, &[name, timeframe.name(), hash], 1.0);
    sheet.add(Metric::DatabaseUp, &[], f64::from(observed.measured.is_some()));
    add_run(&mut sheet, observed);
    if let Some(measured) = observed.measured {
        add_totals(&mut sheet, &measured.totals, observed.pairs);
        add_market(&mut sheet, measured);
        measured.decisions.iter().for_each(|decided| add_decision(&mut sheet, decided));
        add_outcomes(&mut sheet, measured);
        measured.account.iter().for_each(|account| add_account(&mut sheet, account));
        sheet.add(Metric::DatabaseBytes, &[], measured.bytes.map(count));
        sheet.add(Metric::Unsent, &[], count(measured.unsent));
    }
    sheet
}

fn count(number: u64) -> f64 {
    number as f64
}

/// Seconds since 1970.
fn seconds(at: UtcMillis) -> f64 {
    at.get() as f64 / 1000.0
}

fn milliseconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn horizon(ms: i64) -> String {
    format!("{}h", ms / 3_600_000)
}

/// The totals of one name.
fn named<'t>(totals: &'t [Total], name: &'static str) -> impl Iterator<Item = &'t Total> {
    totals.iter().filter(move |total| total.name == name)
}

/// The newest run of a cycle; one that could not be recorded is told by whoever ran it.
fn add_run(sheet: &mut Sheet, observed: &Observed<'_>) {
    let totals = observed.measured.map(|measured| measured.totals.as_slice()).unwrap_or_default();
    let cycles = || named(totals, "runs").filter(|total| total.subject == CYCLE);
    let unrecorded = observed.run.and_then(|run| run.unrecorded_at);
    let newest = cycles().max_by_key(|total| total.newest_at).filter(|_| unrecorded.is_none());
    let code = observed.run.map(|run| f64::from(run.exit_code)).or_else(|| newest?.kind.parse().ok());
    sheet.add(Metric::LastRunTimestamp, &[], unrecorded.or(newest.map(|total| total.newest_at)).map(seconds));
    sheet.add(Metric::LastRunDuration, &[], newest.and_then(|total| total.newest_ms).map(milliseconds));
    sheet.add(Metric::LastRunExitCode, &[], code);
    let successes = cycles().filter(|total| SUCCESSES.contains(&total.kind.as_str()));
    let success = successes.map(|total| seconds(total.newest_at)).reduce(f64::max);
    sheet.add(Metric::LastSuccessTimestamp, &[], success.or(observed.told_success_at));
}

/// Counters of one name; those that have a rise to show from the beginning stand at 0 before it.
fn add_counters(sheet: &mut Sheet, metric: Metric, totals: &[Total], name: &'static str, zeros: &[(&str, &str)]) {
    let mut values: BTreeMap<(&str, &str), f64> = zeros.iter().map(|labels| (*labels, 0.0)).collect();
    values.extend(named(totals, name).map(|total| ((total.subject.as_str(), total.kind.as_str()), total.total)));
    for ((subject, kind), value) in values {
        sheet.add(metric, &[subject, kind][..metric.labels().len()], value);
    }
}

/// Every pair of the two.
fn product<'a>(subjects: &[&'a str], kinds: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    subjects.iter().flat_map(|subject| kinds.iter().map(move |kind| (*subject, *kind))).collect()
}

fn add_totals(sheet: &mut Sheet, totals: &[Total], pairs: &[Symbol]) {
    let pairs: Vec<&str> = pairs.iter().map(Symbol::as_str).collect();
    // Which analyst is at work is seen from what it did.
    let known = [AgentName::PriceCollector, AgentName::Orchestrator].map(AgentName::name);
    let seen = named(totals, "executions").map(|total| total.subject.as_str());
    let agents: Vec<&str> = known.into_iter().chain(seen).collect();
    let statuses = [AgentStatus::Ok, AgentStatus::Degraded, AgentStatus::Failed].map(AgentStatus::word);
    for (metric, name, zeros) in [
        (Metric::Runs, "runs", product(&[CYCLE], &RECORDED)),
        (Metric::AgentExecutions, "executions", product(&agents, &statuses)),
        (Metric::Candles, "candles", product(&[CYCLE], &["new", "revised"])),
        (Metric::Requests, "requests", product(&[CYCLE], &[""])),
        (Metric::Decisions, "decisions", product(&pairs, &DECISIONS)),
        (Metric::Fills, "fills", product(&pairs, &["BUY", "SELL"])),
        (Metric::Fees, "fees", Vec::new()),
        (Metric::Trades, "trades", Vec::new()),
        (Metric::Wins, "wins", product(&pairs, &[""])),
        (Metric::Profit, "profit", product(&pairs, &[""])),
    ] {
        add_counters(sheet, metric, totals, name, &zeros);
    }
    add_agents(sheet, totals);
}

fn add_agents(sheet: &mut Sheet, totals: &[Total]) {
    let mut newest: BTreeMap<&str, &Total> = BTreeMap::new();
    for total in named(totals, "executions") {
        let of_agent = newest.entry(&total.subject).or_insert(total);
        if total.newest_at > of_agent.newest_at {
            *of_agent = total;
        }
        if total.kind == AgentStatus::Ok.word() {
            sheet.add(Metric::AgentSuccess, &[&total.subject], seconds(total.newest_at));
        }
    }
    for (agent, total) in newest {
        sheet.add(Metric::AgentDuration, &[agent], total.newest_ms.map(milliseconds));
    }
}

fn add_market(sheet: &mut Sheet, measured: &Measured) {
    sheet.add(Metric::ClockOffset, &[], measured.clock_offset_ms.map(milliseconds));
    for (symbol, timeframe, closed) in &measured.newest {
        sheet.add(Metric::CandleClose, &[symbol.as_str(), timeframe.name()], seconds(*closed));
    }
    sheet.add(Metric::GapsOpen, &[], count(measured.gaps_open));
    let Limits { weight, weight_at, banned_until } = measured.limits;
    sheet.add(Metric::Weight, &[], weight.map(|weight| weight as f64));
    sheet.add(Metric::WeightTimestamp, &[], weight_at.map(seconds));
    sheet.add(Metric::BanUntil, &[], banned_until.map(seconds));
}

fn add_decision(sheet: &mut Sheet, decided: &Decided) {
    let symbol = decided.symbol.as_str();
    sheet.add(Metric::DecisionTimestamp, &[symbol], seconds(decided.at));
    for word in DECISIONS {
        sheet.add(Metric::Decision, &[symbol, word], f64::from(word == decided.decision));
    }
    sheet.add(Metric::Score, &[symbol], decided.score);
    sheet.add(Metric::Confidence, &[symbol], decided.confidence_pct.map(|percent| percent / 100.0));
    sheet.add(Metric::Price, &[symbol], decided.price);
    for (horizon_ms, mean, p_gain) in &decided.forecasts {
        sheet.add(Metric::PredictedRoi, &[symbol, &horizon(*horizon_ms)], *mean);
        sheet.add(Metric::PredictedGain, &[symbol, &horizon(*horizon_ms)], *p_gain);
    }
}

fn add_outcomes(sheet: &mut Sheet, measured: &Measured) {
    for resolved in &measured.resolved {
        let labels = [resolved.symbol.as_str(), &horizon(resolved.horizon_ms)];
        sheet.add(Metric::ResolvedPredicted, &labels, resolved.predicted);
        sheet.add(Metric::ResolvedActual, &labels, resolved.actual);
    }
    for (horizon_ms, waiting) in &measured.waiting {
        sheet.add(Metric::Waiting, &[&horizon(*horizon_ms)], count(*waiting));
    }
    let mut subjects: BTreeMap<(&str, i64, &str), Vec<&OutcomeSums>> = BTreeMap::new();
    for sums in &measured.outcomes {
        subjects.entry((&sums.kind, sums.horizon_ms, &sums.timeframe)).or_default().push(sums);
    }
    for ((kind, horizon_ms, timeframe), fifths) in subjects {
        add_scores(sheet, &[kind, &horizon(horizon_ms), timeframe], &fifths);
    }
}

fn add_scores(sheet: &mut Sheet, labels: &[&str], fifths: &[&OutcomeSums]) {
    let sum = |of: fn(&OutcomeSums) -> f64| fifths.iter().map(|sums| of(sums)).sum::<f64>();
    let outcomes = sum(|sums| count(sums.outcomes));
    // Nothing of nothing is no number, and left out.
    let mean = |of: fn(&OutcomeSums) -> f64| sum(of) / outcomes;
    sheet.add(Metric::Outcomes, labels, outcomes);
    sheet.add(Metric::MeanPredicted, labels, mean(|sums| sums.predicted));
    sheet.add(Metric::MeanActual, labels, mean(|sums| sums.actual));
    sheet.add(Metric::MeanMiss, labels, mean(|sums| sums.missed));
    sheet.add(Metric::HitRatio, labels, sum(|sums| count(sums.hits)) / sum(|sums| count(sums.named)));
    sheet.add(Metric::GainRatio, labels, mean(|sums| count(sums.gained)));
    sheet.add(Metric::Brier, labels, mean(|sums| sums.squared));
    sheet.add(Metric::CalibrationError, labels, mean(|sums| (sums.p_gain - count(sums.gained)).abs()));
}

fn add_account(sheet: &mut Sheet, account: &AccountMeasured) {
    let asset = [account.asset.as_str()];
    sheet.add(Metric::Equity, &asset, account.equity);
    sheet.add(Metric::Cash, &asset, account.cash);
    sheet.add(Metric::PeakEquity, &asset, account.peak);
    sheet.add(Metric::Drawdown, &[], account.drawdown_pct / 100.0);
    sheet.add(Metric::DayResult, &[], account.day_pct / 100.0);
    sheet.add(Metric::Heat, &[], account.heat_pct / 100.0);
    sheet.add(Metric::CorrelatedHeat, &[], account.heat_correlated_pct / 100.0);
    sheet.add(Metric::Positions, &[], count(account.positions));
    for state in RiskState::ALL {
        let is_in = account.state.map(|in_force| f64::from(in_force == state));
        sheet.add(Metric::RiskState, &[state.word()], is_in);
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    fn total(name: &str, subject: &str, kind: &str, total: f64, at: i64, ms: Option<i64>) -> Total {
        let (name, subject, kind) = (name.to_owned(), subject.to_owned(), kind.to_owned());
        Total { name, subject, kind, total, newest_at: UtcMillis::new(at), newest_ms: ms }
    }

    fn text(run: Option<EndedRun>, told: Option<f64>, measured: Option<&Measured>) -> String {
        let pairs = ["BTC/USDT".parse().unwrap()];
        let strategy = ("classic", Timeframe::H1, "abc");
        Observed { version: "1", strategy, pairs: &pairs, run, told_success_at: told, measured }.text()
    }

    /// The samples of one metric.
    fn samples(text: &str, name: &str) -> Vec<String> {
        let of = |line: &&str| line.starts_with(&format!("{name} ")) || line.starts_with(&format!("{name}{{"));
        text.lines().filter(of).map(|line| line[name.len()..].trim().to_owned()).collect()
    }

    #[test]
    fn the_last_run_is_the_newest_on_record_and_success_is_that_everything_worked() {
        let totals = vec![
            total("runs", "cycle", "0", 7.0, 1_000, Some(250)),
            total("runs", "cycle", "6", 1.0, 2_000, Some(300)),
            total("runs", "cycle", "3", 2.0, 3_500, Some(1_500)),
            total("runs", "backfill", "0", 1.0, 9_000, Some(9)),
        ];
        let measured = Measured { totals, ..Measured::default() };
        let told = text(None, None, Some(&measured));
        for (name, expected) in [
            ("trader_last_run_timestamp_seconds", vec!["3.5"]),
            ("trader_last_run_duration_seconds", vec!["1.5"]),
            ("trader_last_run_exit_code", vec!["3"]),
            ("trader_last_success_timestamp_seconds", vec!["2"]),
            ("trader_database_up", vec!["1"]),
        ] {
            assert_eq!(samples(&told, name), expected, "{name}");
        }
        let runs = samples(&told, "trader_runs_total");
        assert!(runs.contains(&"{command=\"cycle\",exit_code=\"0\"} 7".to_owned()), "{runs:?}");
        assert!(runs.contains(&"{command=\"cycle\",exit_code=\"7\"} 0".to_owned()), "{runs:?}");
        assert_eq!(runs.len(), 7);
    }

    #[test]
    fn whatever_an_agent_can_come_to_is_told_before_it_does() {
        let totals = vec![total("executions", "Trend Analyst", "ok", 5.0, 1_000, Some(2))];
        let told = samples(
            &text(None, None, Some(&Measured { totals, ..Measured::default() })),
            "trader_agent_executions_total",
        );
        assert_eq!(told.len(), 9, "{told:?}");
        for (status, count) in [("ok", 5), ("degraded", 0), ("failed", 0)] {
            let line = format!("{{agent=\"Trend Analyst\",status=\"{status}\"}} {count}");
            assert!(told.contains(&line), "{line}: {told:?}");
        }
    }

    #[test]
    fn without_the_database_the_run_is_told_and_the_last_success_is_kept() {
        let run = EndedRun { exit_code: 7, unrecorded_at: Some(UtcMillis::new(5_000)) };
        let before = "# HELP x\ntrader_last_success_timestamp_seconds 4.25\n";
        let told = text(Some(run), told_success_at(before), None);
        for (name, expected) in [
            ("trader_last_run_timestamp_seconds", vec!["5"]),
            ("trader_last_run_exit_code", vec!["7"]),
            ("trader_last_success_timestamp_seconds", vec!["4.25"]),
            ("trader_database_up", vec!["0"]),
            ("trader_last_run_duration_seconds", vec![]),
            ("trader_runs_total", vec![]),
            ("trader_equity", vec![]),
        ] {
            assert_eq!(samples(&told, name), expected, "{name}");
        }
        for text in ["", "trader_last_success_timestamp_seconds NaN", "trader_last_success_timestamp_seconds_x 1"] {
            assert_eq!(told_success_at(text), None, "{text}");
        }
    }

    #[test]
    fn scores_are_means_over_all_fifths() {
        let fifth = |outcomes, named, hits, gained, p_gain, squared| OutcomeSums {
            kind: "horizon".to_owned(),
            horizon_ms: 14_400_000,
            timeframe: "1h".to_owned(),
            outcomes,
            predicted: 0.5 * f64::from(u32::try_from(outcomes).unwrap()),
            actual: -1.0,
            missed: 2.0,
            named,
            hits,
            gained,
            p_gain,
            squared,
        };
        // Three told 30 % of which two gained, one told 70 % that gained.
        let outcomes = vec![fifth(3, 2, 1, 2, 0.9, 1.07), fifth(1, 1, 1, 1, 0.7, 0.09)];
        let told = text(None, None, Some(&Measured { outcomes, ..Measured::default() }));
        let labels = "{kind=\"horizon\",horizon=\"4h\",timeframe=\"1h\"}";
        for (name, expected) in [
            ("outcomes_total", 4.0),
            ("predicted_roi_mean_ratio", 0.5),
            ("actual_roi_mean_ratio", -0.5),
            ("absolute_error_mean_ratio", 1.0),
            ("hit_ratio", 2.0 / 3.0),
            ("gain_ratio", 0.75),
            ("brier_score", 0.29),
            // (|0.9 − 2| + |0.7 − 1|) / 4
            ("calibration_error_ratio", 0.35),
        ] {
            let sample = samples(&told, &format!("trader_forecast_{name}")).concat();
            let value: f64 = sample.strip_prefix(labels).unwrap().trim().parse().unwrap();
            assert!((value - expected).abs() < 1e-12, "{name}: {value}");
        }
    }

    #[test]
    fn names_keep_to_the_conventions() {
        let mut seen = std::collections::BTreeSet::new();
        for metric in Metric::ALL {
            let name = metric.name();
            assert!(seen.insert(name), "{name} is there twice");
            assert!(name.starts_with("trader_") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind() == Kind::Counter, "{name}");
            assert!(!metric.help().contains('\n') && metric.help().ends_with('.'), "{name}");
        }
    }
}
