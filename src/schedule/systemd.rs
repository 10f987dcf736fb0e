//! A schedule as units of systemd: a service and a timer for each job. Timers count in UTC.

use super::job::{Job, When, Words, jobs};
use super::word::{self, Unspeakable};
use super::{Plan, ScheduleFile, block};

/// What a service of ours never needs, wherever it runs.
const CONFINED: &str = "\
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
";

/// What only the system's own manager can take away.
const CONFINED_BY_THE_SYSTEM: &str = "\
CapabilityBoundingSet=
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
";

/// The files of a schedule: `trader-….service` and `trader-….timer`.
pub fn units(plan: &Plan) -> Result<Vec<ScheduleFile>, Unspeakable> {
    let mut files = Vec::new();
    for job in jobs(plan) {
        let name = |kind: &str| format!("trader-{}.{kind}", job.name);
        files.push(ScheduleFile { name: name("service"), text: whole(plan, &service(plan, &job)?) });
        files.push(ScheduleFile { name: name("timer"), text: whole(plan, &timer(plan, &job)) });
    }
    Ok(files)
}

/// With our markers, so that a file of somebody else is told from ours.
fn whole(plan: &Plan, body: &str) -> String {
    block::marked(&format!("{}\n{body}", block::made_from(&plan.made)))
}

fn service(plan: &Plan, job: &Job) -> Result<String, Unspeakable> {
    let mut lines = vec![format!(
        "[Unit]\nDescription={}\nWants=network-online.target\nAfter=network-online.target time-sync.target\n\n[Service]\n\
         Type=oneshot\n",
        job.title
    )];
    for (name, value) in &plan.environment {
        lines.push(format!("Environment={}\n", word::systemd_word(&format!("{name}={value}"))?));
    }
    let words = job.arguments.iter().map(|argument| word::systemd_argument(argument));
    let words = [program(&plan.program)].into_iter().chain(words).collect::<Result<Vec<_>, _>>()?;
    lines.push(format!("ExecStart={}\n", words.join(" ")));
    lines.push("TimeoutStartSec=600\n".to_owned());
    if !job.fine.is_empty() {
        let codes: Vec<String> = job.fine.iter().map(u8::to_string).collect();
        lines.push(format!("SuccessExitStatus={}\n", codes.join(" ")));
    }
    lines.extend([outputs(plan, job.words)?, account(plan)?]);
    Ok(lines.concat())
}

/// The program. In its name systemd bears neither quotes nor backslashes, and reads no `$$`: where there are such, a shell
/// that becomes it is told it as an argument.
fn program(path: &str) -> Result<String, Unspeakable> {
    let word = word::systemd_argument(path)?;
    let is_borne = !path.contains(['"', '\'', '\\', '$']);
    Ok(if is_borne { word } else { format!("/bin/sh -c \"exec \\\"$$0\\\" \\\"$$@\\\"\" {word}") })
}

/// Where its words go; what people are to be told stands in the journal.
fn outputs(plan: &Plan, words: Words) -> Result<String, Unspeakable> {
    let logs = word::systemd(plan.made.logs.trim_end_matches('/'))?;
    Ok(match words {
        Words::Logged(said, log) => {
            format!("StandardOutput=append:{logs}/{said}\nStandardError=append:{logs}/{log}\n")
        }
        Words::Kept(said) => format!("StandardOutput=append:{logs}/{said}\n"),
        Words::ToldOnFailure(_) => String::new(),
    })
}

/// Under which account it runs, and what it cannot do there.
fn account(plan: &Plan) -> Result<String, Unspeakable> {
    let Some(account) = &plan.account else { return Ok(CONFINED.to_owned()) };
    let folders = [&plan.data, &plan.made.logs, &plan.made.backups].map(|folder| word::systemd_word(folder));
    let folders: Vec<String> = folders.into_iter().collect::<Result<_, _>>()?;
    let account = word::systemd(account)?;
    Ok(format!("User={account}\n{CONFINED}{CONFINED_BY_THE_SYSTEM}ReadWritePaths={}\n", folders.join(" ")))
}

fn timer(plan: &Plan, job: &Job) -> String {
    // The run's second is this installation's own; the others need not be on time.
    let (accuracy, spread) = if job.when == When::Cycle { ("1s", "2s") } else { ("1min", "60s") };
    format!(
        "[Unit]\nDescription={} (timer)\n\n[Timer]\nOnCalendar={}\nAccuracySec={accuracy}\nRandomizedDelaySec={spread}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        job.title,
        calendar(plan, job.when)
    )
}

fn calendar(plan: &Plan, when: When) -> String {
    match when {
        When::Cycle => {
            let (hours, delay) = (plan.made.every.of_day(), plan.made.delay_s);
            let hours = if hours.len() == 24 {
                vec!["*".to_owned()]
            } else {
                hours.iter().map(|h| format!("{h:02}")).collect()
            };
            format!("*-*-* {}:{:02}:{:02} UTC", hours.join(","), delay / 60, delay % 60)
        }
        When::Hourly(minute) => format!("*-*-* *:{minute:02}:00 UTC"),
        When::FourHourly(minute) => format!("*-*-* 00/4:{minute:02}:00 UTC"),
        When::Minutes(minutes) => format!("*-*-* *:00/{minutes}:00 UTC"),
        When::Daily(hour, minute) => format!("*-*-* {hour:02}:{minute:02}:00 UTC"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Every;
    use super::super::plan::tests::plan;
    use super::*;

    fn unit(plan: &Plan, name: &str) -> String {
        units(plan).unwrap().into_iter().find(|file| file.name == name).unwrap().text
    }

    #[test]
    fn a_service_names_its_environment_its_account_and_what_it_may_write() {
        let mut plan = plan();
        plan.account = Some("robot".to_owned());
        plan.made.backups = "/mnt/100% safe".to_owned();
        plan.environment.push(("TRADER_DB".to_owned(), "/a \"b\"/$c%".to_owned()));
        let text = unit(&plan, "trader-backup.service");
        for line in [
            "Environment=\"XDG_CONFIG_HOME=/etc\"",
            "Environment=\"TRADER_DB=/a \\\"b\\\"/$c%%\"",
            "ExecStart=/usr/local/bin/trader -q db backup --into \"/mnt/100%% safe\" --keep 12 --keep-daily 30",
            "StandardOutput=append:/var/log/trader/jobs.jsonl",
            "User=robot",
            "ProtectSystem=strict",
            "ReadWritePaths=\"/var/lib/trader\" \"/var/log/trader\" \"/mnt/100%% safe\"",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is missing in:\n{text}");
        }
        plan.account = None;
        let text = unit(&plan, "trader-backup.service");
        assert!(text.contains("NoNewPrivileges=yes") && !text.contains("User=") && !text.contains("ProtectSystem="));
    }

    #[test]
    fn a_program_whose_name_systemd_does_not_bear_is_started_by_a_shell() {
        let mut plan = plan();
        for (program, starts) in [
            ("/a b/100% ü/trader", "\"/a b/100%% ü/trader\" -q "),
            ("/it's/trader", "/bin/sh -c \"exec \\\"$$0\\\" \\\"$$@\\\"\" \"/it's/trader\" -q "),
            ("/$x/trader", "/bin/sh -c \"exec \\\"$$0\\\" \\\"$$@\\\"\" \"/$$x/trader\" -q "),
        ] {
            plan.program = program.to_owned();
            let text = unit(&plan, "trader-check.service");
            assert!(text.contains(&format!("ExecStart={starts}")), "{text}");
        }
    }

    #[test]
    fn timers_count_in_utc() {
        let mut plan = plan();
        plan.made.notify = true;
        for (every, delay_s, calendar) in [
            (Every::Hour, 20, "*-*-* *:00:20 UTC"),
            (Every::FourHours, 75, "*-*-* 00,04,08,12,16,20:01:15 UTC"),
            (Every::Day, 0, "*-*-* 00:00:00 UTC"),
        ] {
            (plan.made.every, plan.made.delay_s) = (every, delay_s);
            let text = unit(&plan, "trader-cycle.timer");
            assert!(text.contains(&format!("OnCalendar={calendar}\nAccuracySec=1s\n")), "{text}");
            assert!(text.contains("Persistent=true"));
        }
        for (job, calendar) in [
            ("watch", "*-*-* *:25:00 UTC"),
            ("backup", "*-*-* 00/4:10:00 UTC"),
            ("notify", "*-*-* *:00/15:00 UTC"),
            ("check", "*-*-* 01:20:00 UTC"),
        ] {
            assert!(unit(&plan, &format!("trader-{job}.timer")).contains(&format!("OnCalendar={calendar}\n")));
        }
    }

    #[test]
    fn codes_that_need_nobody_are_no_failure_of_a_cycle() {
        assert!(unit(&plan(), "trader-cycle.service").contains("SuccessExitStatus=3 5 6\n"));
        assert!(!unit(&plan(), "trader-check.service").contains("SuccessExitStatus"));
    }
}
