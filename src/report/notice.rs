//! What somebody may want to be told: the event, how grave it is, and its words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{FillReport, Problem};
use crate::decision::RiskState;
use crate::ledger::{Fill, Side, Trade};
use crate::unit::UtcMillis;

/// So many errors of a run stand in its message.
const ERRORS_TOLD: usize = 5;
/// Errors may quote others: none of them fills the message alone.
const LONGEST_ERROR: usize = 400;

/// How grave a message is; the graver is the larger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    #[default]
    Info,
    /// Deserves a look.
    Warning,
    /// Needs somebody now.
    Critical,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The level of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Topical {
    /// Something was bought or sold.
    Fill,
    /// The risk state changed.
    Halt,
    /// A run did not do all that it should.
    Failure,
    /// Runs do again.
    Recovery,
    /// The day's summary.
    Digest,
    /// Somebody asked for it.
    Test,
}

impl Topical {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Fill, Self::Halt, Self::Failure, Self::Recovery, Self::Digest, Self::Test];

    /// Its word in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fill => "fill",
            Self::Halt => "halt",
            Self::Failure => "failure",
            Self::Recovery => "recovery",
            Self::Digest => "digest",
            Self::Test => "test",
        }
    }

    /// The event of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }
}

/// A message before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What it is about.
    pub event: Topical,
    /// How grave it is.
    pub level: Level,
    /// Channels that want at least this much are told: of a recovery, all that were told of the failure.
    pub reach: Level,
    /// The same key is the same event: it is told once.
    pub key: String,
    /// One line.
    pub title: String,
    /// The message for people.
    pub text: String,
    /// The same as HTML, where it is more than its text.
    pub html: Option<String>,
    /// The same for programs.
    pub facts: Value,
}

/// Runs that fail one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// When the first of them began.
    pub since: UtcMillis,
    /// How this one ended.
    pub exit_code: u8,
    /// The name of that.
    pub status: &'static str,
    /// So many reminders were due by now.
    pub reminder: i64,
}

impl Notice {
    fn new(event: Topical, level: Level, key: String, title: String, text: String) -> Self {
        Self { event, level, reach: level, key, title, text, html: None, facts: Value::Null }
    }

    /// A fill, with the trade that it closed.
    pub fn fill(fill: &Fill, asset: &str, closed: Option<&Trade>) -> Self {
        let verb = match fill.side {
            Side::Buy => "bought",
            Side::Sell => "sold",
        };
        let text = format!(
            "{verb} {} {} at {} for {} {asset}, at {} (paper)",
            fill.quantity, fill.symbol, fill.price, fill.notional, fill.at
        );
        let (end, roi) = closed.map_or_else(Default::default, |trade| {
            let (profit, roi, why) = (trade.profit(), 100.0 * trade.roi(), trade.reason.word());
            let end = format!("\nthe position is closed ({why}): {profit} {asset}, {roi:+.2} %");
            (end, format!(", {roi:+.2} %"))
        });
        let (title, text) = (format!("trader: {verb} {}{roi}", fill.symbol), format!("{text}{end}"));
        let key = format!("fill:{}:{}", fill.order, fill.part);
        let closed = closed.map(|trade| {
            let (reason, profit) = (trade.reason.word(), trade.profit().to_string());
            json!({ "reason": reason, "profit": profit, "roi_pct": 100.0 * trade.roi() })
        });
        let facts = json!({ "fill": FillReport::from(fill), "closed": closed });
        Self { facts, ..Self::new(Topical::Fill, Level::Info, key, title, text) }
    }

    /// The emergency stop began.
    pub fn halted(reason: &str, at: UtcMillis) -> Self {
        let text = format!("{reason}, at {at}\nno entries until: trader resume --reason TEXT");
        let title = "trader: emergency stop, everything is sold".to_owned();
        let facts = json!({ "state": RiskState::Halted.word(), "reason": reason });
        Self { facts, ..Self::new(Topical::Halt, Level::Critical, format!("halt:{at}"), title, text) }
    }

    /// The risk state is another one than at the run before.
    pub fn state(state: RiskState, before: RiskState, at: UtcMillis, why: Option<&str>) -> Self {
        let level = match state {
            RiskState::Normal => Level::Info,
            RiskState::Warning | RiskState::DayLoss | RiskState::Paused => Level::Warning,
            RiskState::Halted => Level::Critical,
        };
        let because = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let text = format!("{}: {}{because}\nbefore: {}, at {at}", state.word(), state.meaning(), before.word());
        let title = match state {
            RiskState::Normal => "trader: entries are taken again".to_owned(),
            other => format!("trader: {}, no entries", other.word().replace('_', " ")),
        };
        let facts = json!({ "state": state.word(), "before": before.word(), "reason": why });
        let notice = Self::new(Topical::Halt, level, format!("state:{}:{at}", state.word()), title, text);
        // Whoever was told that entries stopped is told that they go on.
        let reach = if state.takes_entries() { Level::Critical } else { level };
        Self { reach, facts, ..notice }
    }

    /// A run did not do all that it should.
    pub fn failure(failing: &Failing, level: Level, run_id: &str, errors: &[Problem]) -> Self {
        let Failing { since, exit_code, status, reminder } = *failing;
        let still = if reminder > 0 { "still " } else { "" };
        let title = format!("trader: run {still}{status} (exit {exit_code})");
        let mut lines = vec![format!("run {run_id} ended as {status}, exit code {exit_code}; the first since {since}")];
        lines.extend(errors.iter().take(ERRORS_TOLD).map(line_of));
        let left = errors.len().saturating_sub(ERRORS_TOLD);
        lines.extend((left > 0).then(|| format!("and {left} more: trader show runs")));
        let codes: Vec<&str> = errors.iter().map(|error| error.code).collect();
        let facts = json!({ "since": since, "status": status, "exit_code": exit_code, "errors": codes });
        let key = format!("failure:{since}:{status}:{reminder}");
        Self { facts, ..Self::new(Topical::Failure, level, key, title, lines.join("\n")) }
    }

    /// Runs are well again; `told` is how grave the failure was.
    pub fn recovery(since: UtcMillis, at: UtcMillis, told: Level, run_id: &str) -> Self {
        let lasted = duration(at.since_ms(since));
        let text = format!("run {run_id} is well again, at {at}; they had failed since {since}: {lasted}");
        let title = format!("trader: runs are well again after {lasted}");
        let facts = json!({ "since": since, "lasted_s": at.since_ms(since) / 1000 });
        let notice = Self::new(Topical::Recovery, Level::Info, format!("recovery:{since}"), title, text);
        Self { reach: told, facts, ..notice }
    }

    /// The day's summary.
    pub fn digest(key: String, title: String, text: String, html: Option<String>) -> Self {
        Self { html, ..Self::new(Topical::Digest, Level::Info, key, title, text) }
    }

    /// Somebody wants to see a message arrive.
    pub fn test(at: UtcMillis) -> Self {
        let text = format!("this is a test: messages of trader arrive here, sent at {at} & shown as <plain> text");
        Self::new(Topical::Test, Level::Info, format!("test:{at}"), "trader: test message".to_owned(), text)
    }

    /// A run ended in a way that nobody foresaw, and may not even be on record. Told once in each stretch of `reminder_ms`.
    pub fn internal(at: UtcMillis, reminder_ms: i64) -> Self {
        let text =
            format!("a run ended as internal, exit code 1, at {at}\nits log tells why; trader doctor tries each part");
        let key = format!("failure:internal:{}", at.get() / reminder_ms.max(1));
        let title = "trader: run internal (exit 1)".to_owned();
        Self { facts: json!({ "exit_code": 1 }), ..Self::new(Topical::Failure, Level::Critical, key, title, text) }
    }

    /// No run can begin, since another process has held the lock for so long. Told once in each stretch of `reminder_ms`.
    pub fn held_up(since: UtcMillis, at: UtcMillis, reminder_ms: i64) -> Self {
        let lasted = duration(at.since_ms(since));
        let text = format!(
            "another process has held the lock since {since}, and no run can begin, at {at}\n\
             a backfill may take long; what hangs has to be ended: ps tells its number, and kill ends it\n\
             nothing is decided and no stop is looked after until then"
        );
        let title = format!("trader: no run for {lasted}, another process has the lock (exit 5)");
        let key = format!("failure:busy:{since}:{}", at.since_ms(since) / reminder_ms.max(1));
        let facts = json!({ "since": since, "exit_code": 5 });
        Self { facts, ..Self::new(Topical::Failure, Level::Critical, key, title, text) }
    }

    /// The database can be used again, and runs are on record.
    pub fn usable_again(since: UtcMillis, at: UtcMillis) -> Self {
        let lasted = duration(at.since_ms(since));
        let text = format!("the database can be used again, at {at}; it could not since {since}: {lasted}");
        let title = format!("trader: the database can be used again after {lasted}");
        let facts = json!({ "since": since, "lasted_s": at.since_ms(since) / 1000 });
        let notice = Self::new(Topical::Recovery, Level::Info, format!("recovery:storage:{since}"), title, text);
        Self { reach: Level::Critical, facts, ..notice }
    }

    /// The database cannot be used: nothing else can be told of this run.
    pub fn no_database(cause: &str, remedy: &str, at: UtcMillis) -> Self {
        let text = format!("{cause}, at {at}\n{remedy}\nnothing is decided and no stop is looked after until then");
        let title = "trader: the database cannot be used (exit 7)".to_owned();
        let key = format!("failure:storage:{at}");
        Self { facts: json!({ "exit_code": 7 }), ..Self::new(Topical::Failure, Level::Critical, key, title, text) }
    }
}

fn line_of(problem: &Problem) -> String {
    let about = problem.symbol.as_ref().map(|symbol| format!("{symbol}: ")).unwrap_or_default();
    let text: String = format!("{about}{} ({})", problem.text, problem.code).chars().take(LONGEST_ERROR).collect();
    format!("- {text}\n  {}", problem.remedy)
}

/// A stretch of time in its two largest units.
fn duration(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h {minutes} min"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_levels_and_events_are_read_back() {
        assert!(Level::ALL.iter().all(|level| Level::from_word(level.word()) == Some(*level)));
        assert!(Topical::ALL.iter().all(|event| Topical::from_word(event.word()) == Some(*event)));
        assert!(Level::Info < Level::Warning && Level::Warning < Level::Critical);
    }

    #[test]
    fn a_stretch_of_time_is_told_in_its_two_largest_units() {
        for (ms, words) in [
            (-5, "0 min"),
            (59_999, "0 min"),
            (3_599_999, "59 min"),
            (3_600_000, "1 h 0 min"),
            (86_399_999, "23 h 59 min"),
            (3 * 86_400_000 + 7_200_000, "3 d 2 h"),
        ] {
            assert_eq!(duration(ms), words, "{ms}");
        }
    }

    #[test]
    fn whoever_was_told_of_trouble_is_told_of_its_end() {
        let at = UtcMillis::new(1_710_331_200_000);
        let recovery = Notice::recovery(at.plus_ms(-7_200_000), at, Level::Critical, "r");
        assert_eq!((recovery.level, recovery.reach), (Level::Info, Level::Critical));
        assert!(recovery.title.ends_with("after 2 h 0 min"), "{}", recovery.title);
        let state = Notice::state(RiskState::Normal, RiskState::Paused, at, None);
        assert_eq!((state.level, state.reach), (Level::Info, Level::Critical));
        let state = Notice::state(RiskState::Paused, RiskState::Normal, at, Some("maintenance"));
        assert_eq!((state.level, state.reach), (Level::Warning, Level::Warning));
        assert!(state.text.contains("(maintenance)"), "{}", state.text);
    }

    #[test]
    fn the_same_failure_has_one_key_until_its_next_reminder() {
        let since = UtcMillis::new(1_710_331_200_000);
        let failing = |status, reminder| Failing { since, exit_code: 4, status, reminder };
        let key = |failing: &Failing| Notice::failure(failing, Level::Critical, "r", &[]).key;
        assert_eq!(key(&failing("unavailable", 0)), key(&failing("unavailable", 0)));
        assert_ne!(key(&failing("unavailable", 0)), key(&failing("unavailable", 1)));
        assert_ne!(key(&failing("unavailable", 0)), key(&failing("degraded", 0)));
    }
}
