//! A schedule as lines of a crontab. Each line stands for itself: what is set for our jobs is set in their own lines, and
//! other jobs of the same crontab go on as they were.

use super::job::{Job, When, Words, jobs};
use super::word::{self, Unspeakable};
use super::{Every, Plan, block};

/// So many characters of a command cron reads (`MAX_COMMAND` of Vixie's, with its end).
pub const COMMAND_MAX: usize = 998;

const HEAD: &str = "\
# Jobs of trader, made by `trader schedule`. `trader schedule install` takes this block into a crontab or brings it up
# to date; `trader schedule remove` takes it out. Lines outside of it are never touched.
#
# Things to know about cron:
# - It knows no shell profile: paths are absolute, and where configuration and database are stands in each line. What you
#   set in a shell (TRADER_PAIRS, …) it does not know: that belongs into the configuration.
# - A `%` in a command ends it, unless written `\\%`.
# - It counts in whole minutes and in local time; Debian's takes no other time zone. Candles close on the UTC hour: where
#   that is not a full hour here, the minute below is another one, and a run that is due every four hours or every day
#   looks at the UTC hour itself. When the clocks change, a daily job may be left out or run twice; neither does harm.
# - It mails what a job prints (to MAILTO; \"\" for no mail at all). What is fine is printed to files, so that a mail is
#   something to look at.
";

/// The block of a user's crontab, from its first line to its last.
pub fn crontab(plan: &Plan) -> Result<String, Unspeakable> {
    Ok(block::marked(&body(plan, None)?))
}

/// A file for `/etc/cron.d`, whose lines name the account.
pub fn system_crontab(plan: &Plan, account: &str) -> Result<String, Unspeakable> {
    Ok(block::marked(&body(plan, Some(account))?))
}

fn body(plan: &Plan, account: Option<&str>) -> Result<String, Unspeakable> {
    let mut lines = vec![format!("{}\n{HEAD}", block::made_from(&plan.made))];
    if let Some(mailto) = &plan.made.mailto {
        lines.push(format!("\nMAILTO={}\n", word::cron_value(mailto)?));
    }
    let account = account.map(|account| format!("{account} ")).unwrap_or_default();
    for job in jobs(plan) {
        lines.push("\n".to_owned());
        lines.extend(job.about.iter().map(|line| format!("# {line}\n")));
        lines.push(format!("{} {account}{}\n", field(plan, job.when), command(plan, &job)?));
    }
    Ok(lines.concat())
}

/// When, in the five fields of a crontab.
fn field(plan: &Plan, when: When) -> String {
    match when {
        // The seconds are waited for by the command, and so is the UTC hour.
        When::Cycle => format!("{} * * * *", (plan.local_minute + plan.made.delay_s / 60) % 60),
        When::Hourly(minute) => format!("{minute} * * * *"),
        When::FourHourly(minute) => format!("{minute} */4 * * *"),
        When::Minutes(minutes) => format!("*/{minutes} * * * *"),
        When::Daily(hour, minute) => format!("{minute} {hour} * * *"),
    }
}

fn command(plan: &Plan, job: &Job) -> Result<String, Unspeakable> {
    let command = shell_command(plan, job)?;
    if command.replace(r"'\''", "").contains('\\') {
        return Err(Unspeakable::Backslash(command));
    }
    let command = word::cron(&command);
    let length = command.chars().count();
    if length > COMMAND_MAX { Err(Unspeakable::Long { job: job.name, length, most: COMMAND_MAX }) } else { Ok(command) }
}

/// A job as one command of the shell: POSIX, so that it does not matter which shell that is.
pub(super) fn shell_command(plan: &Plan, job: &Job) -> Result<String, Unspeakable> {
    let mut words = Vec::new();
    for (name, value) in &plan.environment {
        words.push(format!("{name}={}", word::shell(value)?));
    }
    for argument in [&plan.program].into_iter().chain(&job.arguments) {
        words.push(word::shell(argument)?);
    }
    let file = |name: &str| word::shell(&format!("{}/{name}", plan.made.logs.trim_end_matches('/')));
    let run = words.join(" ");
    let run = match job.words {
        Words::Logged(said, log) => format!("{run} >> {} 2>> {}", file(said)?, file(log)?),
        Words::Kept(said) => format!("{run} >> {}", file(said)?),
        Words::ToldOnFailure(said) => format!("{run} > {0} 2>&1 || cat {0}", file(said)?),
    };
    Ok(if job.when == When::Cycle { at_its_time(plan, &run) } else { run })
}

/// The command, some seconds into its minute, and only in the UTC hours in which it is due.
fn at_its_time(plan: &Plan, run: &str) -> String {
    let wait = match plan.made.delay_s % 60 {
        0 => String::new(),
        seconds => format!("sleep {seconds}; "),
    };
    if plan.made.every == Every::Hour {
        return format!("{wait}{run}");
    }
    let hours: Vec<String> = plan.made.every.of_day().iter().map(|hour| format!("{hour:02}")).collect();
    format!("case $(date -u +%H) in {}) {wait}{run};; esac", hours.join("|"))
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan;
    use super::*;

    fn line(plan: &Plan, job: &str) -> String {
        let text = crontab(plan).unwrap();
        text.lines().find(|line| !line.starts_with('#') && line.contains(job)).unwrap().to_owned()
    }

    #[test]
    fn lines_name_what_they_need_and_wait_for_their_second() {
        assert_eq!(
            line(&plan(), " cycle "),
            "0 * * * * sleep 20; XDG_CONFIG_HOME=/etc XDG_DATA_HOME=/var/lib /usr/local/bin/trader -v --log-format json \
             cycle --summary-file /var/lib/trader/last-cycle.json >> /var/log/trader/cycle.jsonl 2>> \
             /var/log/trader/trader.log"
        );
        assert_eq!(
            line(&plan(), "db check"),
            "20 1 * * * XDG_CONFIG_HOME=/etc XDG_DATA_HOME=/var/lib /usr/local/bin/trader -q db check > \
             /var/log/trader/check.json 2>&1 || cat /var/log/trader/check.json"
        );
    }

    #[test]
    fn longer_steps_are_taken_by_the_utc_hour_and_odd_time_zones_by_their_minute() {
        let mut plan = plan();
        plan.made.every = Every::FourHours;
        assert!(
            line(&plan, " cycle ").starts_with(r"0 * * * * case $(date -u +\%H) in 00|04|08|12|16|20) sleep 20; XDG")
        );
        plan.made.every = Every::Day;
        (plan.made.delay_s, plan.local_minute) = (125, 30);
        assert!(line(&plan, " cycle ").starts_with(r"32 * * * * case $(date -u +\%H) in 00) sleep 5; XDG"));
        assert!(line(&plan, " cycle ").ends_with(";; esac"));
        (plan.made.every, plan.made.delay_s, plan.local_minute) = (Every::Hour, 960, 45);
        assert!(line(&plan, " cycle ").starts_with("1 * * * * XDG"), "{}", line(&plan, " cycle "));
    }

    #[test]
    fn strange_paths_are_quoted_and_what_cron_cannot_read_is_refused() {
        let mut plan = plan();
        plan.made.logs = "/var/it's 100% mine".to_owned();
        assert!(line(&plan, "db check").ends_with(r"|| cat '/var/it'\''s 100\% mine/check.json'"));
        plan.made.logs = r"/a\b".to_owned();
        assert!(matches!(crontab(&plan), Err(Unspeakable::Backslash(_))));
        plan.made.logs = format!("/{}", "x".repeat(500));
        assert!(matches!(crontab(&plan), Err(Unspeakable::Long { job: "cycle", .. })));
        plan.made.logs = "/a\nb".to_owned();
        assert!(matches!(crontab(&plan), Err(Unspeakable::Control(_))));
    }

    #[test]
    fn a_system_wide_line_names_the_account_and_mail_goes_where_it_is_told_to() {
        let mut plan = plan();
        assert!(!crontab(&plan).unwrap().contains("\nMAILTO"));
        plan.made.mailto = Some(String::new());
        let text = system_crontab(&plan, "robot").unwrap();
        assert!(text.contains("\nMAILTO=\"\"\n") && text.contains("\n0 * * * * robot sleep 20; "), "{text}");
    }

    #[test]
    fn notifications_are_sent_only_where_they_are_wanted() {
        let mut plan = plan();
        assert!(!crontab(&plan).unwrap().contains(" notify "));
        plan.made.notify = true;
        assert!(line(&plan, "notify send").starts_with("*/15 * * * * "));
    }
}
