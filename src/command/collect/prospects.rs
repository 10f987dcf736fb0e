//! What may be hoped for: candles that are missing now and may come with a later run.

use std::collections::BTreeSet;

use super::Collection;
use crate::exchange::Fault;
use crate::market::SeriesKey;

/// Of which series candles that are missing may still come: what has failed, and what lies in an open gap, is asked for
/// again by the next run.
#[derive(Debug, Default)]
pub(in crate::command) struct Prospects {
    asked: BTreeSet<SeriesKey>,
    /// Those whose newest candles could not be had.
    behind: BTreeSet<SeriesKey>,
}

impl Prospects {
    /// Whether open gaps of the series are asked for again.
    pub(in crate::command) fn fills_gaps_of(&self, key: &SeriesKey) -> bool {
        self.asked.contains(key)
    }

    /// Whether its newest candles could not be had this time.
    pub(in crate::command) fn is_behind(&self, key: &SeriesKey) -> bool {
        self.behind.contains(key)
    }
}

impl Collection {
    /// Of which series missing candles may still come.
    pub(in crate::command) fn prospects(&self) -> Prospects {
        let all = || self.faults.iter().chain(&self.faults_aside);
        let hopeless = |(_, fault): &&(SeriesKey, Fault)| fault.is_final();
        let lost: BTreeSet<&SeriesKey> = all().chain(&self.gap_faults).filter(hopeless).map(|(key, _)| key).collect();
        let hopeful = |key: &&SeriesKey| !lost.contains(key);
        Prospects {
            asked: self.series.keys().filter(hopeful).cloned().collect(),
            behind: all().map(|(key, _)| key).filter(hopeful).cloned().collect(),
        }
    }
}
