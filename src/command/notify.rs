//! `trader notify`: a test message, what waits, sending it now, the daily page as a message.

use std::time::Duration;

use super::digest::{digest_of, last_day};
use super::run::Begun;
use super::say::{Output, Style};
use super::usage;
use crate::clock;
use crate::exit::Exit;
use crate::notice::{Attempt, at_once, drain};
use crate::report::{Cell, DeliveryReport, Format, Notice, NotifyDocument, Sending, Table, to_json};
use crate::settings::{ChannelSettings, Settings};
use crate::store::{Access, Message, Store, StoreError};
use crate::unit::{Timeframe, UtcMillis};

/// `trader notify send` ends within this: it holds no run up.
const LONGEST: Duration = Duration::from_mins(1);
/// So many rows are shown.
const SHOWN: u32 = 200;

/// The daily page as a message.
pub(super) struct DailyDigest {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) html: Option<String>,
}

/// The daily page of a UTC day.
pub(super) fn daily_digest(store: &Store, settings: &Settings, day: UtcMillis) -> Result<DailyDigest, StoreError> {
    let report = digest_of(store, settings, day)?;
    Ok(DailyDigest { title: report.subject(), text: report.to_text(), html: Some(report.to_html()) })
}

/// Sends a test message over every channel, or over one.
pub fn notify_test(settings: &Settings, channel: Option<&str>, style: Style) -> anyhow::Result<Output> {
    let channels = chosen(settings, channel)?;
    let now = clock::wall();
    let message = Message { id: None, at: now, run_id: Begun::now(now).run_id, notice: Notice::test(now) };
    let attempts = at_once(&channels, &message, patience(&channels));
    Ok(answer("test", settings, &attempts, 0, style))
}

/// Sends what waits.
pub fn notify_send(settings: &Settings, style: Style) -> anyhow::Result<Output> {
    let channels = chosen(settings, None)?;
    let mut store = Store::open(&settings.db, Access::Change)?;
    let (watch, longest) = (clock::Stopwatch::start(), LONGEST.max(patience(&channels)));
    let (mut notify, mut attempts) = (settings.notify.clone(), Vec::new());
    loop {
        let left = longest.saturating_sub(Duration::from_millis(watch.ms()));
        let more = drain(&mut store, &notify, left, fastrand::f64)?;
        // A channel that is down is left alone until its next attempt is due.
        let is_down = |name: &str| more.iter().any(|a| a.channel == name && a.result() == Sending::Failed);
        notify.channels.retain(|channel| !is_down(&channel.name));
        let is_done = more.is_empty() || left.is_zero();
        attempts.extend(more);
        if is_done {
            break;
        }
    }
    Ok(answer("send", settings, &attempts, store.waiting_deliveries()?, style))
}

/// Sends the daily page now, or shows it.
pub fn notify_digest(settings: &Settings, day: Option<UtcMillis>, print: bool, style: Style) -> anyhow::Result<Output> {
    let store = Store::open(&settings.db, Access::Read)?;
    let last = || last_day(&store)?.ok_or_else(|| usage("there is no day yet: the first `trader cycle` begins it"));
    let day = Timeframe::D1.floor(day.map_or_else(last, Ok)?);
    let digest = daily_digest(&store, settings, day)?;
    if print {
        return Ok(Output::ok(format!("{}\n\n{}", digest.title, digest.text)));
    }
    let channels = chosen(settings, None)?;
    let now = clock::wall();
    let notice = Notice::digest(format!("digest:{day}:{now}"), digest.title, digest.text, digest.html);
    let message = Message { id: None, at: now, run_id: Begun::now(now).run_id, notice };
    let attempts = at_once(&channels, &message, patience(&channels));
    Ok(answer("digest", settings, &attempts, 0, style))
}

/// Shows what waits and what was not sent.
pub fn notify_list(settings: &Settings, style: Style) -> anyhow::Result<Output> {
    let rows = Store::open(&settings.db, Access::Read)?.unsent(SHOWN)?;
    Ok(Output::table(&rows, style))
}

/// The channels to send over; there is at least one.
fn chosen(settings: &Settings, name: Option<&str>) -> anyhow::Result<Vec<ChannelSettings>> {
    let all = &settings.notify.channels;
    let names: Vec<&str> = all.iter().map(|channel| channel.name.as_str()).collect();
    if all.is_empty() {
        let text = "no channel is set up: see [notify.mail] and [notify.webhooks.NAME] in the configuration that \
                    `trader config init` writes";
        return Err(usage(text));
    }
    let found: Vec<ChannelSettings> =
        all.iter().filter(|channel| name.is_none_or(|name| channel.name == name)).cloned().collect();
    match name {
        Some(name) if found.is_empty() => {
            Err(usage(format!("there is no channel `{name}`; there are: {}", names.join(", "))))
        }
        _ => Ok(found),
    }
}

/// As long as the slowest channel may take.
fn patience(channels: &[ChannelSettings]) -> Duration {
    // Mail has its time-out for each step of the conversation.
    channels.iter().map(|channel| 3 * channel.timeout).max().unwrap_or_default()
}

fn report_of(attempt: &Attempt) -> DeliveryReport {
    let notice = &attempt.message.notice;
    DeliveryReport {
        notification: attempt.message.id,
        event: notice.event,
        level: notice.level,
        title: notice.title.clone(),
        channel: attempt.channel.clone(),
        result: attempt.result(),
        error: attempt.error(),
        duration_ms: attempt.duration_ms,
    }
}

fn answer(command: &'static str, settings: &Settings, attempts: &[Attempt], waiting: u64, style: Style) -> Output {
    let deliveries: Vec<DeliveryReport> = attempts.iter().map(report_of).collect();
    let is_fine = deliveries.iter().all(|delivery| delivery.result == Sending::Sent);
    let exit = if is_fine { Exit::Ok } else { Exit::Degraded };
    let table = table_of(&deliveries);
    let text = match style.format {
        Format::Json => {
            let channels = settings.notify.channels.iter().map(|channel| channel.name.clone()).collect();
            let (status, exit_code) = (exit.name(), exit.code());
            let schema = "trader.notify.v1";
            to_json(&NotifyDocument { schema, command, status, exit_code, channels, deliveries, waiting }, style.pretty)
        }
        Format::Csv => table.to_csv(),
        Format::Table if table.rows.is_empty() => "nothing is due".to_owned(),
        Format::Table => Output::table(&table, style).text,
    };
    Output { text, exit }
}

fn table_of(deliveries: &[DeliveryReport]) -> Table {
    let row = |d: &DeliveryReport| {
        vec![
            Cell::from(d.notification),
            Cell::Text(d.event.word().to_owned()),
            Cell::Text(d.title.clone()),
            Cell::Text(d.channel.clone()),
            Cell::Text(d.result.word().to_owned()),
            Cell::from(d.error.clone()),
            Cell::Whole(i64::try_from(d.duration_ms).unwrap_or(i64::MAX)),
        ]
    };
    let columns = vec!["id", "event", "title", "channel", "result", "error", "duration_ms"];
    Table { columns, rows: deliveries.iter().map(row).collect() }
}
