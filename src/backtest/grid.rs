//! Combinations of parameters, each by its number: nothing of a grid is ever written out.
//!
//! A combination's number is read like a clock: the last axis turns fastest. Axes that change what is read of the candles come
//! first, however they were given, so that combinations that follow each other mostly share their readings.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::unit::Decimal;

/// More combinations than this cannot be numbered: a reader of JSON may keep numbers as floating point, which holds whole
/// numbers up to 2⁵³. Chance draws from as many.
const MOST: u64 = 1 << 53;
/// More values than this on one axis are one too.
const MOST_VALUES: usize = 100_000;

/// A parameter and the values that are tried, as they are written in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Given")]
pub struct Axis {
    /// The key: section and name, `exits.stop_atr`.
    pub key: String,
    /// Its values, in the order in which they were given.
    pub values: Vec<String>,
}

/// What is no grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// It cannot be read.
    #[error("`{0}` is no axis: write KEY=FROM..TO:STEP or KEY=VALUE,VALUE, like exits.stop_atr=2..4:0.5")]
    Unreadable(String),
    /// There is no way from the first value to the last.
    #[error("`{0}` leads nowhere: FROM lies below TO, and STEP is above 0")]
    Nowhere(String),
    /// There are more values than anybody means.
    #[error("`{0}` has more than {most} values; take a larger STEP", most = MOST_VALUES)]
    TooManyValues(String),
    /// A value is there twice.
    #[error("{key} has {value} twice")]
    Twice {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// An axis is there twice.
    #[error("there are two axes of {0}")]
    TwoAxes(String),
    /// There is nothing to try.
    #[error("there is nothing to try: name an axis, like --grid exits.stop_atr=2..4:0.5")]
    Empty,
    /// There is too much.
    #[error("these are more than {most} combinations; fewer values, or fewer axes", most = MOST)]
    TooMany,
}

/// An axis as a file gives it.
#[derive(Deserialize)]
struct Given {
    key: String,
    values: Vec<String>,
}

impl TryFrom<Given> for Axis {
    type Error = GridError;

    fn try_from(given: Given) -> Result<Self, GridError> {
        Self::new(given.key, given.values)
    }
}

impl Axis {
    /// Of a key and its values, which are different ones.
    pub fn new(key: String, values: Vec<String>) -> Result<Self, GridError> {
        let told = |key: &str| key.escape_debug().take(60).collect::<String>();
        let is_word = |text: &String| !text.is_empty() && !text.contains(char::is_control);
        if values.len() > MOST_VALUES {
            return Err(GridError::TooManyValues(told(&key)));
        }
        if !is_word(&key) || values.is_empty() || !values.iter().all(is_word) {
            return Err(GridError::Unreadable(told(&key)));
        }
        let mut seen = BTreeSet::new();
        match values.iter().find(|value| !seen.insert(meant(value))) {
            Some(value) => Err(GridError::Twice { value: value.clone(), key }),
            None => Ok(Self { key, values }),
        }
    }
}

impl FromStr for Axis {
    type Err = GridError;

    fn from_str(text: &str) -> Result<Self, GridError> {
        let unreadable = || GridError::Unreadable(text.to_owned());
        let (key, values) = text.split_once('=').ok_or_else(unreadable)?;
        let values: Vec<String> = match range(values) {
            Some(range) => range.steps().ok_or_else(|| GridError::Nowhere(text.to_owned()))?,
            None => values.split(',').map(|value| value.trim().to_owned()).collect(),
        };
        Self::new(key.trim().to_owned(), values).map_err(|error| match error {
            GridError::Unreadable(_) => unreadable(),
            GridError::TooManyValues(_) => GridError::TooManyValues(text.to_owned()),
            other => other,
        })
    }
}

/// However a number is written: 2 and 2.0 are the same.
fn meant(value: &str) -> String {
    value.parse::<Decimal>().map_or_else(|_| value.to_owned(), |number| number.normalize().to_string())
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.values.join(","))
    }
}

/// From one decimal to another, both included, where the step leads to it.
struct Range {
    from: Decimal,
    to: Decimal,
    step: Decimal,
}

fn range(text: &str) -> Option<Range> {
    let (from, rest) = text.split_once("..")?;
    let (to, step) = rest.split_once(':')?;
    let decimal = |text: &str| text.trim().parse::<Decimal>().ok();
    Some(Range { from: decimal(from)?, to: decimal(to)?, step: decimal(step)? })
}

impl Range {
    /// All of them, or one more than there may be.
    fn steps(&self) -> Option<Vec<String>> {
        let is_sane = self.step > Decimal::ZERO && self.from <= self.to;
        let mut values = Vec::new();
        let mut value = self.from;
        while is_sane && value <= self.to && values.len() <= MOST_VALUES {
            values.push(value.normalize().to_string());
            value = value.checked_add(self.step)?;
        }
        Some(values).filter(|values| !values.is_empty())
    }
}

/// All combinations of the values of some axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    axes: Vec<Axis>,
    combinations: u64,
}

impl Grid {
    /// Of these axes; `first` says which of them change what is read of the candles.
    pub fn new(mut axes: Vec<Axis>, first: impl Fn(&str) -> bool) -> Result<Self, GridError> {
        axes.sort_by_key(|axis| !first(&axis.key));
        let mut keys = BTreeSet::new();
        if let Some(twice) = axes.iter().find(|axis| !keys.insert(axis.key.as_str())) {
            return Err(GridError::TwoAxes(twice.key.clone()));
        }
        let count = |product: u64, axis: &Axis| product.checked_mul(axis.values.len() as u64).filter(|n| *n <= MOST);
        let combinations = axes.iter().try_fold(1, count).ok_or(GridError::TooMany)?;
        if axes.is_empty() || combinations == 0 { Err(GridError::Empty) } else { Ok(Self { axes, combinations }) }
    }

    /// Its axes, the slowest first.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// How many combinations there are.
    pub const fn combinations(&self) -> u64 {
        self.combinations
    }

    /// The key and value of each axis in a combination; numbers beyond the last begin anew.
    pub fn values(&self, number: u64) -> Vec<(&str, &str)> {
        let places = self.places(number);
        self.axes.iter().zip(places).map(|(axis, place)| (axis.key.as_str(), axis.values[place].as_str())).collect()
    }

    /// The combinations one step away on one axis.
    pub fn neighbours(&self, number: u64) -> Vec<u64> {
        let mut all = Vec::new();
        let mut stride = 1;
        for (axis, place) in self.axes.iter().zip(self.places(number)).rev() {
            all.extend((place > 0).then(|| number - stride));
            all.extend((place + 1 < axis.values.len()).then(|| number + stride));
            stride *= axis.values.len() as u64;
        }
        all.sort_unstable();
        all
    }

    /// Of each axis, the place of its value.
    fn places(&self, number: u64) -> Vec<usize> {
        let mut rest = number % self.combinations;
        let mut places: Vec<usize> = Vec::with_capacity(self.axes.len());
        for axis in self.axes.iter().rev() {
            let values = axis.values.len() as u64;
            places.push(usize::try_from(rest % values).unwrap_or_default());
            rest /= values;
        }
        places.reverse();
        places
    }
}

/// So many different numbers below `all`, in order, each set of them as likely as any other (Floyd's algorithm: Bentley &
/// Floyd, *Programming Pearls*, 1987); `below` draws a number below its argument.
pub fn draw(all: u64, count: u64, mut below: impl FnMut(u64) -> u64) -> Vec<u64> {
    let count = count.min(all);
    let mut drawn = BTreeSet::new();
    for last in all - count..all {
        let number = below(last + 1);
        if !drawn.insert(number) {
            drawn.insert(last);
        }
    }
    drawn.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axis(text: &str) -> Axis {
        text.parse().unwrap()
    }

    fn grid() -> Grid {
        Grid::new(vec![axis("a.x=1,2,3"), axis("b.y=p,q"), axis("c.z=0.1..0.3:0.1")], |key| key == "b.y").unwrap()
    }

    #[test]
    fn ranges_are_exact_and_hold_both_ends_where_the_step_leads_there() {
        for (text, values) in [
            ("k=0.1..0.5:0.1", vec!["0.1", "0.2", "0.3", "0.4", "0.5"]),
            ("k=30..60:15", vec!["30", "45", "60"]),
            ("k=1..2:0.75", vec!["1", "1.75"]),
            ("k=5..5:1", vec!["5"]),
            ("k=-1..1:1", vec!["-1", "0", "1"]),
            ("k= 1h , 4h", vec!["1h", "4h"]),
            // A value may be any text: this one, without a step, is refused by the key.
            ("k=1..2", vec!["1..2"]),
        ] {
            assert_eq!(axis(text).values, values, "{text}");
        }
    }

    #[test]
    fn what_is_no_axis_is_refused_with_the_reason() {
        for (text, words) in [
            ("k", "is no axis"),
            ("=1", "is no axis"),
            ("k=", "is no axis"),
            ("k=1,,2", "is no axis"),
            ("k=3..2:1", "leads nowhere"),
            ("k=1..2:0", "leads nowhere"),
            ("k=1,2,1", "k has 1 twice"),
            ("k=2,2.0", "k has 2.0 twice"),
            ("k=0..1:0.00001", "more than 100000 values"),
        ] {
            let error = text.parse::<Axis>().unwrap_err();
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
        let new = |axes| Grid::new(axes, |_| false);
        assert_eq!(new(vec![]), Err(GridError::Empty));
        assert_eq!(new(vec![axis("k=1"), axis("k=2")]), Err(GridError::TwoAxes("k".to_owned())));
        let long = |key: &str| axis(&format!("{key}=1..2000:1"));
        // All ten weights of a strategy, 25 values each, can be drawn from: 25¹⁰ = 95,367,431,640,625.
        let tenth = |n: usize| axis(&format!("w{n}=0..96:4"));
        assert_eq!(new((0..10).map(tenth).collect()).map(|grid| grid.combinations()), Ok(95_367_431_640_625));
        assert_eq!(new(["a", "b", "c", "d", "e"].map(long).to_vec()), Err(GridError::TooMany));
    }

    #[test]
    fn numbers_are_read_like_a_clock_and_what_changes_readings_turns_slowest() {
        let grid = grid();
        assert_eq!(grid.combinations(), 18);
        let keys: Vec<&str> = grid.axes().iter().map(|axis| axis.key.as_str()).collect();
        assert_eq!(keys, ["b.y", "a.x", "c.z"]);
        for (number, values) in [
            (0, ["p", "1", "0.1"]),
            (1, ["p", "1", "0.2"]),
            (3, ["p", "2", "0.1"]),
            (9, ["q", "1", "0.1"]),
            (17, ["q", "3", "0.3"]),
        ] {
            assert_eq!(grid.values(number).into_iter().map(|(_, value)| value).collect::<Vec<_>>(), values, "{number}");
        }
    }

    #[test]
    fn neighbours_lie_one_step_away_on_one_axis() {
        // 0 is p, 1, 0.1; 4 is p, 2, 0.2.
        assert_eq!(grid().neighbours(0), [1, 3, 9]);
        assert_eq!(grid().neighbours(4), [1, 3, 5, 7, 13]);
    }

    proptest! {
        #[test]
        fn neighbours_are_neighbours_of_each_other(number in 0u64..18) {
            let grid = grid();
            for other in grid.neighbours(number) {
                prop_assert!(grid.neighbours(other).contains(&number));
                let differ = grid.values(number).iter().zip(grid.values(other)).filter(|(a, b)| **a != *b).count();
                prop_assert_eq!(differ, 1);
            }
        }

        #[test]
        fn what_is_drawn_is_different_in_order_and_below_all(all in 0u64..500, count in 0u64..600, seed in 0u64..99) {
            let mut chance = fastrand::Rng::with_seed(seed);
            let drawn = draw(all, count, |below| chance.u64(..below));
            prop_assert_eq!(drawn.len() as u64, count.min(all));
            prop_assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]) && drawn.iter().all(|number| *number < all));
        }
    }

    #[test]
    fn every_number_is_as_likely_as_any_other() {
        let mut chance = fastrand::Rng::with_seed(7);
        let mut hits = [0_u32; 10];
        for _ in 0..10_000 {
            for number in draw(10, 3, |below| chance.u64(..below)) {
                hits[usize::try_from(number).unwrap()] += 1;
            }
        }
        // 3,000 each, with a standard deviation of 46.
        assert!(hits.iter().all(|hits| hits.abs_diff(3000) < 230), "{hits:?}");
    }
}
