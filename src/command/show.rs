//! `trader show`: the newest rows of a topic.

use std::path::Path;

use super::say::{Said, Style};
use crate::store::{Access, Filter, Store, Topic};

/// Shows rows of a topic.
pub fn show(db: &Path, topic: Topic, filter: &Filter, style: Style) -> anyhow::Result<Said> {
    let table = Store::open(db, Access::Read)?.show(topic, filter)?;
    Ok(Said::table(&table, style))
}
