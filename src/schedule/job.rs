//! The jobs: one table for all kinds of schedules.

use super::Plan;

/// When a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// So many seconds after the full hour of UTC at which a candle closes.
    Cycle,
    /// In this minute of every hour.
    Hourly(u32),
    /// In this minute of every fourth hour.
    FourHourly(u32),
    /// Every so many minutes.
    Minutes(u32),
    /// At this hour and minute: of the local day for cron and launchd, of UTC for systemd.
    Daily(u32, u32),
}

/// Where a job's words go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// stdout is added to one file and stderr to another, in the folder of the logs.
    Logged(&'static str, &'static str),
    /// stdout is added to a file; stderr is for people: cron mails it.
    Kept(&'static str),
    /// Both go to a file that holds the newest ones only; a person is told them when the job fails.
    ToldOnFailure(&'static str),
}

/// A job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Its name, as part of a file's name.
    pub(super) name: &'static str,
    /// What it does, for people: in a line of a unit.
    pub(super) title: &'static str,
    /// The same at length, for a crontab.
    pub(super) about: &'static [&'static str],
    pub(super) when: When,
    pub(super) arguments: Vec<String>,
    pub(super) words: Words,
    /// Exit codes besides 0 that are no failure of the job.
    pub(super) fine: &'static [u8],
}

/// Every job of a plan.
pub(super) fn jobs(plan: &Plan) -> Vec<Job> {
    let mut jobs = vec![cycle(plan), backup(plan), watch(), check(), prune()];
    if plan.made.notify {
        jobs.push(notify());
    }
    jobs
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn cycle(plan: &Plan) -> Job {
    let summary = format!("{}/last-cycle.json", plan.data.trim_end_matches('/'));
    Job {
        name: "cycle",
        title: "trader: one run",
        about: &[
            "One run, some seconds after the candle closed: it has surely been served by then, and not everybody asks in the",
            "same second. One line of JSON a run is added to cycle.jsonl, and the log, JSON as well, to trader.log.",
            "Codes 3 (degraded) and 4 (unavailable) mend themselves with the next run, mostly. 5 (busy) means that the run before",
            "still works; once is nothing, every hour is a run that hangs. 2 and 7 need a person. The codes are in the README.",
        ],
        when: When::Cycle,
        arguments: [words("-v --log-format json cycle --summary-file"), vec![summary]].concat(),
        words: Words::Logged("cycle.jsonl", "trader.log"),
        fine: &[3, 5, 6],
    }
}

fn backup(plan: &Plan) -> Job {
    let (into, keep) = (vec![plan.made.backups.clone()], words("--keep 12 --keep-daily 30"));
    Job {
        name: "backup",
        title: "trader: a copy of the database",
        about: &[
            "A copy of the database, ten minutes past so that the run has ended (it need not have). The newest twelve are kept,",
            "and one of each of the newest thirty days. Older ones go only after the new one was made and found whole: of a",
            "damaged database there is none.",
        ],
        when: When::FourHourly(10),
        arguments: [words("-q db backup --into"), into, keep].concat(),
        words: Words::Kept("jobs.jsonl"),
        fine: &[],
    }
}

fn watch() -> Job {
    Job {
        name: "watch",
        title: "trader: is everything as it should be",
        about: &["The watcher: nothing is said while all is well; else what is not, once an hour."],
        when: When::Hourly(25),
        arguments: words("-q status --format table"),
        words: Words::ToldOnFailure("status.txt"),
        fine: &[],
    }
}

fn check() -> Job {
    Job {
        name: "check",
        title: "trader: examine the database",
        about: &["Examine the whole database; what is wrong is told."],
        when: When::Daily(1, 20),
        arguments: words("-q db check"),
        words: Words::ToldOnFailure("check.json"),
        fine: &[],
    }
}

fn prune() -> Job {
    Job {
        name: "prune",
        title: "trader: delete what is older than the configuration keeps",
        about: &["Delete what is older than `[retention]` says. By default everything is kept, and this does nothing."],
        when: When::Daily(1, 40),
        arguments: words("-q db prune"),
        words: Words::Kept("jobs.jsonl"),
        fine: &[],
    }
}

fn notify() -> Job {
    Job {
        name: "notify",
        title: "trader: send what could not be sent",
        about: &["Send again what could not be sent when it happened."],
        when: When::Minutes(15),
        arguments: words("-q notify send"),
        words: Words::Kept("jobs.jsonl"),
        fine: &[],
    }
}
