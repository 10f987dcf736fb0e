//! `trader show`: the newest rows of a topic.

use std::path::Path;

use super::say::{Said, Style};
use crate::store::{Access, Filter, Store, Topic};

/// Shows rows of a topic.
pub fn show(db: &Path, topic: Topic, filter: &Filter, style: Style) -> anyhow::Result<Said> {
    if topic == Topic::Runs && (filter.symbol.is_some() || filter.timeframe.is_some()) {
        return Err(super::say::usage("a run is not of one pair: show runs takes --since and --limit only"));
    }
    let table = Store::open(db, Access::Read)?.show(topic, filter)?;
    Ok(Said::table(&table, style))
}
