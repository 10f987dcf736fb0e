//! `trader show`: the newest rows of a topic.

use std::path::Path;

use super::say::{Output, Style};
use super::usage;
use crate::report::Format;
use crate::store::{Access, Filter, Store, Topic};
use crate::unit::{Symbol, Timeframe};

/// Columns that people have no use for at a glance.
const FOR_SCRIPTS: [&str; 7] = ["strategy_hash", "run_id", "order_id", "position_id", "sold", "was_ambiguous", "fees"];

/// Shows rows of a topic.
pub fn show(db: &Path, topic: Topic, filter: &Filter, style: Style) -> anyhow::Result<Output> {
    refuse_what_does_not_apply(topic, filter.symbol.as_ref(), filter.timeframe)?;
    let table = Store::open(db, Access::Read)?.show(topic, filter)?;
    // People look at a line; scripts get everything.
    let people = style.format == Format::Table && topic != Topic::Runs;
    let table = if people { table.without(&FOR_SCRIPTS) } else { table };
    Ok(Output::table(&table, style))
}

/// Rows that are of no pair, or of no candles of one length, are not chosen by it.
pub(super) fn refuse_what_does_not_apply(
    topic: Topic,
    symbol: Option<&Symbol>,
    timeframe: Option<Timeframe>,
) -> anyhow::Result<()> {
    let (of_pair, of_length) = topic.is_about();
    if !of_pair && symbol.is_some() {
        return Err(usage("these rows are not of one pair: leave --symbol away"));
    }
    if !of_length && timeframe.is_some() {
        return Err(usage("these rows are not of candles of one length: leave --timeframe away"));
    }
    Ok(())
}
