//! A schedule as property lists of launchd: one for each job. launchd counts in local time, as cron does, and its jobs are the
//! same commands of the shell.

use super::cron::shell_command;
use super::job::{Job, When, jobs};
use super::word::{self, Unspeakable};
use super::{Plan, ScheduleFile, block};

/// The files of a schedule: `trader.….plist`.
pub fn agents(plan: &Plan) -> Result<Vec<ScheduleFile>, Unspeakable> {
    let file = |job: &Job| Ok(ScheduleFile { name: format!("trader.{}.plist", job.name), text: list(plan, job)? });
    jobs(plan).iter().map(file).collect()
}

fn list(plan: &Plan, job: &Job) -> Result<String, Unspeakable> {
    // A comment cannot hold `--`, and JSON can be written without.
    let made = block::made_from(&plan.made).replace("--", r"-\u002d");
    let account = match &plan.account {
        Some(account) => format!("    <key>UserName</key>\n    <string>{}</string>\n", word::xml(account)?),
        None => String::new(),
    };
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<!--
{}
{made}
-->
<plist version=\"1.0\">
<dict>
    <key>Label</key>
    <string>trader.{}</string>
    <key>ProgramArguments</key>
    <array>
        <string>/bin/sh</string>
        <string>-c</string>
        <string>{}</string>
    </array>
    <key>StartCalendarInterval</key>
    <array>
{}    </array>
{account}</dict>
</plist>
",
        block::BEGIN,
        job.name,
        word::xml(&shell_command(plan, job)?)?,
        moments(plan, job.when)
    ))
}

/// When, by hour and minute; without an hour in every one.
fn moments(plan: &Plan, when: When) -> String {
    let moment = |hour: Option<u32>, minute: u32| {
        let hour = hour.map(|hour| format!("<key>Hour</key><integer>{hour}</integer>")).unwrap_or_default();
        format!("        <dict>{hour}<key>Minute</key><integer>{minute}</integer></dict>\n")
    };
    match when {
        When::Cycle => moment(None, (plan.local_minute + plan.made.delay_s / 60) % 60),
        When::Hourly(minute) => moment(None, minute),
        When::FourHourly(minute) => (0..24).step_by(4).map(|hour| moment(Some(hour), minute)).collect(),
        When::Minutes(minutes) => {
            (0..60).step_by(usize::try_from(minutes).unwrap_or(1).max(1)).map(|minute| moment(None, minute)).collect()
        }
        When::Daily(hour, minute) => moment(Some(hour), minute),
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn a_list_holds_the_command_and_its_moments_in_xml() {
        let mut plan = plan();
        plan.made.logs = "/a<b>&c--d".to_owned();
        let files = agents(&plan).unwrap();
        let text = |name: &str| &files.iter().find(|file| file.name == name).unwrap().text;
        let cycle = text("trader.cycle.plist");
        assert!(cycle.contains("<string>sleep 20; XDG_CONFIG_HOME=/etc"), "{cycle}");
        assert!(cycle.contains("&gt;&gt; '/a&lt;b&gt;&amp;c--d/cycle.jsonl'"), "{cycle}");
        assert!(cycle.contains("<dict><key>Minute</key><integer>0</integer></dict>"));
        assert_eq!(text("trader.backup.plist").matches("<key>Hour</key>").count(), 6);
        let comment = cycle.split("<!--").nth(1).and_then(|rest| rest.split("-->").next()).unwrap();
        assert!(!comment.contains("--"), "{comment}");
        assert_eq!(super::super::Made::of(cycle), Some(plan.made.clone()));
        assert!(super::super::is_ours(cycle));
    }
}
