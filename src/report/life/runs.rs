//! The health of the runs: how they ended, which were missed, what their parts did, how old the newest candles are.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::health::{Begun, Slots};
use crate::outcome::wilson;
use crate::report::{Number, percent};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// A run of `trader cycle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunFact {
    /// When it began.
    pub at: UtcMillis,
    /// The name of its exit code; none for one that was cut off or is under way.
    pub ended: Option<&'static str>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
}

/// The runs.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct LifeRuns {
    /// How often a run is to be started.
    pub every: &'static str,
    /// Times at which one was, since the first run there ever was.
    pub expected: u64,
    /// Those at which one began.
    pub met: u64,
    /// All runs; more than one may begin at a time.
    pub count: u64,
    /// How many ended how, by the name of the exit code; `unfinished` ones were cut off, or are under way.
    pub by_exit: BTreeMap<&'static str, u64>,
    /// Half of them took at most so long.
    pub duration_ms_median: Option<i64>,
    /// 95 of 100 took at most so long.
    pub duration_ms_p95: Option<i64>,
    /// Day by day, in UTC.
    pub days: Vec<DayOfRuns>,
    /// What the parts of the runs did.
    pub agents: Vec<AgentHealth>,
    /// How old the newest candles are.
    pub freshness: Vec<Freshness>,
}

/// The runs of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DayOfRuns {
    /// The day, like `2024-03-13`.
    pub date: String,
    /// Its midnight.
    pub from: UtcMillis,
    /// Times at which a run was to be started.
    pub expected: u64,
    /// Those at which one began.
    pub met: u64,
    /// How many runs ended how.
    pub by_exit: BTreeMap<&'static str, u64>,
}

impl DayOfRuns {
    /// Times at which none began.
    pub const fn missed(&self) -> u64 {
        self.expected.saturating_sub(self.met)
    }
}

/// A part of the runs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AgentHealth {
    /// Its name.
    pub name: String,
    /// How often it worked.
    pub executions: u64,
    /// How often all was well.
    pub ok: u64,
    /// How often only a part was.
    pub degraded: u64,
    /// How often nothing was.
    pub failed: u64,
    /// The share of `ok`.
    pub success_pct: Option<Number>,
    /// Its 95 % interval.
    pub success_interval_pct: [Option<Number>; 2],
    /// How long it takes on average.
    pub duration_ms_mean: Option<Number>,
}

impl AgentHealth {
    /// From counts of ok, degraded and failed, and the mean duration.
    pub fn of(name: String, [ok, degraded, failed]: [u64; 3], duration_ms: Option<f64>) -> Self {
        let executions = ok + degraded + failed;
        let interval = wilson(ok as f64, executions as f64);
        Self {
            name,
            executions,
            ok,
            degraded,
            failed,
            success_pct: (executions > 0).then(|| ok as f64 / executions as f64).and_then(percent),
            success_interval_pct: interval.map_or([None; 2], |i| [percent(i.low), percent(i.high)]),
            duration_ms_mean: duration_ms.and_then(|ms| Number::exact((ms * 10.0).round() / 10.0)),
        }
    }
}

/// How old the newest candle of a pair is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Freshness {
    /// The pair.
    pub symbol: Symbol,
    /// The length of the candles.
    pub timeframe: &'static str,
    /// The end of the newest one.
    pub newest: UtcMillis,
    /// How long before `as_of` that was.
    pub age_s: i64,
}

impl LifeRuns {
    /// The runs of a time. One is expected so often from the first one there ever was until now, the present one once it has
    /// begun.
    pub fn of(
        runs: &[RunFact],
        every: Timeframe,
        first: Option<UtcMillis>,
        (from, to): (UtcMillis, UtcMillis),
    ) -> Self {
        let from = first.map_or(to, |first| every.floor(first)).max(from);
        let mut by_day: BTreeMap<UtcMillis, Vec<&RunFact>> = BTreeMap::new();
        for run in runs {
            by_day.entry(Timeframe::D1.floor(run.at)).or_default().push(run);
        }
        let mut days = Vec::new();
        let mut day = Timeframe::D1.floor(from);
        while day < to {
            let end = Timeframe::D1.step(day, 1);
            let of = by_day.get(&day).map(Vec::as_slice).unwrap_or_default();
            days.push(day_of(of, (every, first), (day.max(from), end.min(to))));
            day = end;
        }
        let mut durations: Vec<i64> = runs.iter().filter_map(|run| run.duration_ms).collect();
        durations.sort_unstable();
        let at = |part: f64| durations.get(place(durations.len(), part)).copied();
        Self {
            every: every.name(),
            expected: days.iter().map(|day| day.expected).sum(),
            met: days.iter().map(|day| day.met).sum(),
            count: runs.len() as u64,
            by_exit: by_exit(runs.iter()),
            duration_ms_median: at(0.5),
            duration_ms_p95: at(0.95),
            days,
            agents: Vec::new(),
            freshness: Vec::new(),
        }
    }

    /// Times at which none began.
    pub const fn missed(&self) -> u64 {
        self.expected.saturating_sub(self.met)
    }
}

/// The place of a quantile among so many, by the nearest rank.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "meant: a place in a list")]
fn place(count: usize, part: f64) -> usize {
    ((count as f64 * part).ceil() as usize).max(1) - 1
}

fn day_of(
    runs: &[&RunFact],
    (every, first): (Timeframe, Option<UtcMillis>),
    (from, to): (UtcMillis, UtcMillis),
) -> DayOfRuns {
    let begun: Vec<Begun> = runs.iter().map(|run| Begun { at: run.at, has_ended: run.ended.is_some() }).collect();
    let slots = Slots::since(every, from, to, first, &begun);
    let date = from.to_string();
    DayOfRuns {
        date: date.get(..10).unwrap_or(&date).to_owned(),
        from: Timeframe::D1.floor(from),
        expected: slots.due,
        met: slots.due - slots.missed,
        by_exit: by_exit(runs.iter().copied()),
    }
}

fn by_exit<'r>(runs: impl Iterator<Item = &'r RunFact>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for run in runs {
        *counts.entry(run.ended.unwrap_or("unfinished")).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcMillis {
        text.parse().unwrap()
    }

    fn run(text: &str, ended: Option<&'static str>) -> RunFact {
        RunFact { at: at(text), ended, duration_ms: Some(10) }
    }

    #[test]
    fn a_run_is_expected_every_hour_and_repeated_ones_count_once() {
        let runs = [
            run("2024-03-01T22:00:30Z", Some("ok")),
            run("2024-03-01T22:05:00Z", Some("ok")),
            // Nobody ran at eleven.
            run("2024-03-02T00:00:10Z", Some("degraded")),
            run("2024-03-02T01:00:10Z", None),
        ];
        let all = LifeRuns::of(&runs, Timeframe::H1, Some(runs[0].at), (at("2024-01-01"), at("2024-03-02T01:30:00Z")));
        assert_eq!((all.expected, all.met, all.count, all.missed()), (4, 3, 4, 1));
        let told: Vec<_> = all.days.iter().map(|day| (day.date.as_str(), day.expected, day.met)).collect();
        assert_eq!(told, [("2024-03-01", 2, 1), ("2024-03-02", 2, 2)]);
        assert_eq!(all.by_exit, BTreeMap::from([("degraded", 1), ("ok", 2), ("unfinished", 1)]));
    }

    #[test]
    fn a_day_on_which_nobody_ran_is_a_day_that_was_missed() {
        let runs = [run("2024-03-01T00:00:30Z", Some("ok")), run("2024-03-03T00:00:30Z", Some("ok"))];
        let all = LifeRuns::of(&runs, Timeframe::H4, Some(runs[0].at), (at("2024-03-01"), at("2024-03-03T00:00:31Z")));
        let told: Vec<_> = all.days.iter().map(|day| (day.expected, day.met)).collect();
        assert_eq!(told, [(6, 1), (6, 0), (1, 1)]);
        assert_eq!(LifeRuns::of(&[], Timeframe::H1, None, (at("2024-03-01"), at("2024-03-03"))).days, []);
    }

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        for (count, part, expected) in [(1, 0.95, 0), (2, 0.5, 0), (3, 0.5, 1), (100, 0.95, 94), (0, 0.5, 0)] {
            assert_eq!(place(count, part), expected, "{count} {part}");
        }
    }
}
