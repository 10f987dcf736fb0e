//! The files of shards, joined.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::rows_file::{read, read_head};
use super::usage;
use crate::report::{Shard, SweepHead};

/// A head that says which part of the work its file has.
pub(super) trait Head: PartialEq + Sized {
    /// Which part.
    fn shard(&self) -> Option<Shard>;
    /// The head of all parts together.
    fn of_all(self) -> Self;
}

impl Head for SweepHead {
    fn shard(&self) -> Option<Shard> {
        self.shard
    }

    fn of_all(self) -> Self {
        Self { shard: None, ..self }
    }
}

/// What a file says that it holds.
pub(super) fn schema_of(path: &Path) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    struct Schema {
        schema: String,
    }
    Ok(read_head::<Schema>(path)?.schema)
}

/// The head and the rows of all files, in the order of the shards; each shard has to be there once.
pub(super) fn joined<H: Head + DeserializeOwned, R: DeserializeOwned>(
    files: &[PathBuf],
) -> anyhow::Result<(H, Vec<R>)> {
    let mut parts: Vec<(Shard, &PathBuf, H, Vec<R>)> = Vec::new();
    for path in files {
        let (head, rows) = read::<H, R>(path)?;
        let shard = head.shard().unwrap_or(Shard { number: 1, of: 1 });
        parts.push((shard, path, head.of_all(), rows));
    }
    parts.sort_by_key(|(shard, ..)| shard.number);
    let shards: Vec<Shard> = parts.iter().map(|(shard, ..)| *shard).collect();
    complain_of(&shards)?;
    let mut parts = parts.into_iter();
    let (_, first, head, mut rows) = parts.next().ok_or_else(|| usage("no file is named"))?;
    for (_, path, other, more) in parts {
        if other != head {
            let text = format!("{} and {} come from different sweeps", first.display(), path.display());
            return Err(usage(text));
        }
        rows.extend(more);
    }
    Ok((head, rows))
}

/// Shards that overlap, or lack; in order.
fn complain_of(shards: &[Shard]) -> anyhow::Result<()> {
    let of = shards.iter().map(|shard| shard.of).max().unwrap_or_default();
    let is_there = |number: &u64| shards.iter().any(|shard| shard.number == *number);
    let missing: Vec<String> = (1..=of).filter(|number| !is_there(number)).map(|number| number.to_string()).collect();
    if shards.iter().any(|shard| shard.of != of) {
        Err(usage("the files are parts of different divisions"))
    } else if shards.windows(2).any(|pair| pair[0].number == pair[1].number) {
        Err(usage("a shard is there twice"))
    } else if missing.is_empty() {
        Ok(())
    } else {
        Err(usage(format!("of {of} shards these are missing: {}", missing.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_that_overlap_or_lack_are_told() {
        let shards =
            |numbers: &[u64], of| numbers.iter().map(|number| Shard { number: *number, of }).collect::<Vec<_>>();
        assert!(complain_of(&shards(&[1, 2, 3], 3)).is_ok());
        for (shards, words) in [
            (shards(&[1, 3], 4), "missing: 2, 4"),
            (shards(&[1, 1, 2], 2), "twice"),
            ([shards(&[1], 2), shards(&[2], 3)].concat(), "different divisions"),
        ] {
            assert!(complain_of(&shards).unwrap_err().to_string().contains(words), "{words}");
        }
    }
}
