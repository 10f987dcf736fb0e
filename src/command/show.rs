//! `trader show`: the newest rows of a topic.

use std::path::Path;

use super::say::{Output, Style};
use crate::report::Format;
use crate::store::{Access, Filter, Store, Topic};

/// Shows rows of a topic.
pub fn show(db: &Path, topic: Topic, filter: &Filter, style: Style) -> anyhow::Result<Output> {
    if topic == Topic::Runs && (filter.symbol.is_some() || filter.timeframe.is_some()) {
        return Err(super::usage("a run is not of one pair: show runs takes --since and --limit only"));
    }
    let table = Store::open(db, Access::Read)?.show(topic, filter)?;
    // People look at a line; scripts get everything.
    let people = style.format == Format::Table && topic != Topic::Runs;
    let table = if people { table.without(&["strategy_hash", "run_id"]) } else { table };
    Ok(Output::table(&table, style))
}
