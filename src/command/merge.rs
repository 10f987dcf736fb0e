//! The files of shards, joined.

use std::cmp::Ordering;
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
    /// How many rows all parts together have.
    fn rows(&self) -> usize;
}

impl Head for SweepHead {
    fn shard(&self) -> Option<Shard> {
        self.shard
    }

    fn of_all(self) -> Self {
        Self { shard: None, ..self }
    }

    fn rows(&self) -> usize {
        let drawn = self.random.map_or(self.combinations, |drawn| drawn.count.min(self.combinations));
        usize::try_from(drawn).unwrap_or(usize::MAX)
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
        let part = |head: &H| head.shard().unwrap_or(Shard::WHOLE).part(head.rows()).len();
        let (head, rows) = read::<H, R>(path, part)?;
        let shard = head.shard().unwrap_or(Shard::WHOLE);
        if !(1..=shard.of).contains(&shard.number) {
            return Err(usage(format!("{} is no part of anything: {} of {}", path.display(), shard.number, shard.of)));
        }
        complain_of_rows(path, rows.len(), shard.part(head.rows()).len())?;
        parts.push((shard, path, head.of_all(), rows));
    }
    parts.sort_by_key(|(shard, ..)| shard.number);
    let shards: Vec<(Shard, &Path)> = parts.iter().map(|(shard, path, ..)| (*shard, path.as_path())).collect();
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

/// A file with fewer rows than its part has, or more.
fn complain_of_rows(path: &Path, rows: usize, expected: usize) -> anyhow::Result<()> {
    let path = path.display();
    match rows.cmp(&expected) {
        Ordering::Less => Err(usage(format!(
            "{path} has {rows} rows of {expected}: its shard has not ended yet\n  run it again, it is gone on with"
        ))),
        Ordering::Greater => Err(usage(format!("{path} has {rows} rows where {expected} are right"))),
        Ordering::Equal => Ok(()),
    }
}

/// Missing shards that are named; of more, only that there are more.
const NAMED: usize = 20;

/// Shards that overlap, or lack; in order.
fn complain_of(shards: &[(Shard, &Path)]) -> anyhow::Result<()> {
    let told = |(shard, path): &(Shard, &Path)| format!("{} is part {} of {}", path.display(), shard.number, shard.of);
    for pair in shards.windows(2) {
        let [a, b] = pair else { continue };
        if a.0.of != b.0.of {
            return Err(usage(format!("parts of different divisions: {}, {}", told(a), told(b))));
        } else if a.0.number == b.0.number {
            return Err(usage(format!("a shard is there twice: {}, and so is {}", told(a), b.1.display())));
        }
    }
    let of = shards.first().map_or(0, |(shard, _)| shard.of);
    let is_there = |number: &u64| shards.iter().any(|(shard, _)| shard.number == *number);
    let missing = (1..=of).filter(|number| !is_there(number)).map(|number| number.to_string());
    let named: Vec<String> = missing.take(NAMED + 1).collect();
    match named.split_at_checked(NAMED) {
        Some((some, [_, ..])) => Err(usage(format!("of {of} shards these are missing: {}, …", some.join(", ")))),
        _ if named.is_empty() => Ok(()),
        _ => Err(usage(format!("of {of} shards these are missing: {}", named.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_that_overlap_or_lack_are_told() {
        let shards = |numbers: &[u64], of| {
            numbers.iter().map(|number| (Shard { number: *number, of }, Path::new("rows"))).collect::<Vec<_>>()
        };
        assert!(complain_of(&shards(&[1, 2, 3], 3)).is_ok());
        for (shards, words) in [
            (shards(&[1, 3], 4), "missing: 2, 4"),
            (shards(&[1, 1, 2], 2), "twice: rows is part 1 of 2, and so is rows"),
            (
                [shards(&[1], 2), shards(&[2], 3)].concat(),
                "different divisions: rows is part 1 of 2, rows is part 2 of 3",
            ),
            // Named are twenty of them, however many there are.
            (
                shards(&[2], u64::MAX),
                "missing: 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, …",
            ),
        ] {
            let error = complain_of(&shards).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
    }
}
