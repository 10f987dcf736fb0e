//! Recordings cut to what a test needs, so that it does not unpack eight years for each of its runs.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use trader::unit::{Timeframe, UtcMillis};

use crate::world::World;

/// More candles than a run looks at, and the hours of the runs.
const CANDLES: i64 = 4000;

/// The lines of a file that open from one instant to another, and those that are no candles.
pub(crate) fn rows(file: &Path, from: i64, to: i64) -> String {
    let lines = BufReader::new(MultiGzDecoder::new(File::open(file).unwrap())).lines().map(Result::unwrap);
    let open_time = |line: &str| line.split(',').next().and_then(|field| field.parse::<i64>().ok());
    let wanted = |line: &String| open_time(line).is_none_or(|at| (from..=to).contains(&at));
    lines.filter(wanted).fold(String::new(), |text, line| text + &line + "\n")
}

/// The days in a name that ends in `FIRSTDAY_LASTDAY.csv.gz`.
fn days(name: &str) -> Option<(i64, i64)> {
    let (first, last) = name.strip_suffix(".csv.gz")?.split_once('_')?;
    let day = |text: &str| text.parse::<UtcMillis>().ok().map(UtcMillis::get);
    Some((day(&first[first.len() - 10..])?, day(last)? + Timeframe::D1.ms()))
}

/// A folder with what runs from one instant to another look at, under the same names; of these pairs or of all.
pub(crate) fn recording(folder: &Path, world: &World, first: i64, last: i64, symbols: &[&str]) -> PathBuf {
    let cut = world.path("cut");
    std::fs::create_dir(&cut).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut parts = name.split('-');
        let (symbol, timeframe) = (parts.next().unwrap(), parts.next().unwrap());
        let from = first - CANDLES * timeframe.parse::<Timeframe>().unwrap().ms();
        let (starts, ends) = days(&name).unwrap();
        let is_wanted = symbols.is_empty() || symbols.contains(&symbol);
        if is_wanted && starts <= last && ends >= from {
            std::fs::write(cut.join(name.replace(".gz", "")), rows(&path, from, last)).unwrap();
        }
    }
    cut
}
