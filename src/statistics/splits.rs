//! Splits of a series that do not leak: purged and embargoed folds, combinations of them, windows that walk forward.

use std::ops::Range;

/// Contiguous parts of `n` rows in order, as even as possible: earlier ones get the rows that are left over.
///
/// Empty without parts or when there are fewer rows than parts.
pub fn folds(n: usize, parts: usize) -> Vec<Range<usize>> {
    if parts == 0 || n < parts {
        return Vec::new();
    }
    let start = |part: usize| part * (n / parts) + part.min(n % parts);
    (0..parts).map(|part| start(part)..start(part + 1)).collect()
}

/// The bars at which labels over a fixed horizon are resolved: label i at bar i + `horizon`.
pub fn fixed_horizon(n: usize, horizon: usize) -> Vec<usize> {
    (0..n).map(|label| label + horizon).collect()
}

/// The labels that may be trained on while `tests` are held out (López de Prado, *Advances in Financial Machine Learning*,
/// 2018, ch. 7).
///
/// Label i is decided at bar i and resolved at bar `resolved[i]`. It is purged when its span meets the span of a test
/// block, from its first decision to its last resolution, and embargoed when it is decided within `embargo` bars after
/// that. Blocks reach no further than there are labels; an empty one holds nothing out.
pub fn training(resolved: &[usize], tests: &[Range<usize>], embargo: usize) -> Vec<usize> {
    let spans: Vec<(usize, usize)> = tests.iter().filter_map(|test| span(resolved, test)).collect();
    let apart = |label: usize, (from, to): (usize, usize)| resolved[label] < from || label > to.saturating_add(embargo);
    (0..resolved.len()).filter(|label| spans.iter().all(|span| apart(*label, *span))).collect()
}

/// From the first decision of a block to its last resolution.
fn span(resolved: &[usize], test: &Range<usize>) -> Option<(usize, usize)> {
    let held_out = resolved.get(test.start..test.end.min(resolved.len()))?;
    held_out.iter().max().map(|last| (test.start, *last))
}

/// Every choice of `k` of the numbers below `n`, each ascending, in lexicographic order: `n` over `k` of them.
pub fn combinations(n: usize, k: usize) -> Vec<Vec<usize>> {
    let first = (k <= n).then(|| (0..k).collect::<Vec<_>>());
    std::iter::successors(first, |choice| following(choice, n)).collect()
}

/// The next choice of as many in lexicographic order.
fn following(choice: &[usize], n: usize) -> Option<Vec<usize>> {
    let k = choice.len();
    let place = (0..k).rev().find(|place| choice[*place] < n - k + place)?;
    let kept = choice[..place].iter().copied();
    Some(kept.chain((0..k - place).map(|step| choice[place] + 1 + step)).collect())
}

/// How many paths through all of `groups` the splits with `tested` groups held out make: each group is held out in so many.
///
/// 0 when there are no groups, nothing is held out, or more than there is.
pub fn path_count(groups: usize, tested: usize) -> usize {
    if groups == 0 || tested == 0 || tested > groups {
        return 0;
    }
    // (groups − 1) over (tested − 1): each step stays whole.
    (1..tested).fold(1, |count, step| count * (groups - step) / step)
}

/// The paths of combinatorial purged cross-validation (ch. 12 there): for each path, which split supplies each group.
///
/// Splits are numbered from 0 in the order of [`combinations`]; the j-th that holds a group out supplies it to path j.
pub fn paths(groups: usize, tested: usize) -> Vec<Vec<usize>> {
    let splits = combinations(groups, tested);
    let supplier = |group: usize| (0..splits.len()).filter(|split| splits[*split].contains(&group)).collect();
    let suppliers: Vec<Vec<usize>> = (0..groups).map(supplier).collect();
    (0..path_count(groups, tested)).map(|path| suppliers.iter().map(|supplier| supplier[path]).collect()).collect()
}

/// Where a training window begins when it walks on. The two are different strategies: store which one it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Training {
    /// It moves on and keeps its length.
    Rolling,
    /// It stays at the first row and grows.
    Anchored,
}

/// A window to fit on and the one to test on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What everything is fitted on.
    pub train: Range<usize>,
    /// What it is tested on: as many rows in each window, and no row twice.
    pub test: Range<usize>,
}

/// The windows that walk through `n` rows: `train` rows to fit on (at first, when anchored), a `gap` of horizon and
/// embargo, `test` rows, and on by `test` rows: ⌊(n − train − gap − test)/test⌋ + 1 of them.
///
/// Empty when not even one fits, and without rows to fit or test on.
pub fn walk_forward(n: usize, train: usize, gap: usize, test: usize, training: Training) -> Vec<Window> {
    let first = train.saturating_add(gap);
    let count = if train == 0 { 0 } else { n.saturating_sub(first).checked_div(test).unwrap_or(0) };
    let window = |step: usize| {
        let start = if training == Training::Rolling { step * test } else { 0 };
        let tested = first + step * test;
        Window { train: start..train + step * test, test: tested..tested + test }
    };
    (0..count).map(window).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn five_folds_of_a_hundred_labels_keep_what_was_computed_elsewhere() {
        let resolved = fixed_horizon(100, 10);
        let kept: Vec<Vec<usize>> = folds(100, 5).into_iter().map(|fold| training(&resolved, &[fold], 5)).collect();
        assert_eq!(kept.iter().map(Vec::len).collect::<Vec<_>>(), [65, 55, 55, 55, 70]);
        // The second, 20 to 39.
        assert_eq!(kept[1], (0..10).chain(55..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_label_counts_until_it_was_really_resolved() {
        // Decided at bars 0 to 5; the first is resolved late, those held out (2 and 3) early.
        let resolved = [3, 1, 2, 4, 6, 7];
        for (what, tests, embargo, kept) in [
            ("one block", vec![2..4, 2..4], 0, vec![1, 5]),
            ("with an embargo", vec![2..4, 2..4], 1, vec![1]),
            ("two blocks", vec![2..4, 1..2], 0, vec![5]),
            ("to the end", vec![4..9, 4..6], 0, vec![0, 1, 2]),
            ("nothing held out", vec![3..3, 4..4], 9, vec![0, 1, 2, 3, 4, 5]),
            ("beyond", vec![9..12, 6..7], 9, vec![0, 1, 2, 3, 4, 5]),
        ] {
            assert_eq!(training(&resolved, &tests, embargo), kept, "{what}");
        }
    }

    #[test]
    fn rows_that_are_left_over_go_to_the_earlier_parts() {
        let lengths = |n, parts| folds(n, parts).iter().map(ExactSizeIterator::len).collect::<Vec<_>>();
        assert_eq!(lengths(10, 4), [3, 3, 2, 2]);
        assert_eq!(lengths(4, 4), [1; 4]);
        assert_eq!((folds(3, 4), folds(3, 0)), (vec![], vec![]));
    }

    #[test]
    fn choices_come_in_lexicographic_order() {
        assert_eq!(combinations(4, 2), [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        assert_eq!(combinations(3, 0), [[0; 0]]);
        assert_eq!(combinations(2, 3), [[0; 0]; 0]);
    }

    #[test]
    fn so_many_splits_make_so_many_paths() {
        for (groups, tested, splits, count) in
            [(6, 2, 15, 5), (8, 2, 28, 7), (10, 2, 45, 9), (10, 3, 120, 36), (16, 8, 12870, 6435)]
        {
            assert_eq!((combinations(groups, tested).len(), path_count(groups, tested)), (splits, count));
        }
        assert_eq!((path_count(0, 0), path_count(3, 0), path_count(3, 4), path_count(3, 3)), (0, 0, 0, 1));
        assert_eq!(paths(3, 0), [[0; 0]; 0]);
    }

    #[test]
    fn the_published_paths_through_six_groups_are_met() {
        let published = [
            [1, 1, 2, 3, 4, 5],
            [2, 6, 6, 7, 8, 9],
            [3, 7, 10, 10, 11, 12],
            [4, 8, 11, 13, 13, 14],
            [5, 9, 12, 14, 15, 15],
        ];
        // There they count from 1.
        assert_eq!(paths(6, 2), published.map(|path| path.map(|split| split - 1)));
    }

    #[test]
    fn windows_walk_through_a_year_of_hours() {
        let rolling = walk_forward(8760, 4380, 0, 720, Training::Rolling);
        assert_eq!(rolling.len(), 6);
        assert_eq!(rolling[5], Window { train: 3600..7980, test: 7980..8700 });
        let anchored = walk_forward(8760, 4380, 30, 720, Training::Anchored);
        assert_eq!(anchored[1], Window { train: 0..5100, test: 5130..5850 });
        for (n, train, gap, test, count) in [(10, 5, 1, 4, 1), (9, 5, 1, 4, 0), (9, 0, 1, 4, 0), (9, 5, 1, 0, 0)] {
            assert_eq!(walk_forward(n, train, gap, test, Training::Rolling).len(), count, "{n} {train} {gap} {test}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_trained_on_was_decided_or_resolved_during_a_test(
            horizons in prop::collection::vec(0usize..12, 10..80), parts in 2usize..6, embargo in 0usize..5,
        ) {
            let resolved: Vec<usize> = horizons.iter().enumerate().map(|(label, horizon)| label + horizon).collect();
            for test in folds(resolved.len(), parts) {
                let last = test.clone().map(|label| resolved[label]).max().unwrap();
                for label in training(&resolved, std::slice::from_ref(&test), embargo) {
                    prop_assert!(resolved[label] < test.start || label > last + embargo);
                }
            }
        }

        #[test]
        fn windows_never_overlap_what_they_are_tested_on(
            n in 1usize..500, train in 1usize..100, gap in 0usize..20, test in 1usize..60,
        ) {
            for training in [Training::Rolling, Training::Anchored] {
                let windows = walk_forward(n, train, gap, test, training);
                let formula = if n < train + gap + test { 0 } else { (n - train - gap - test) / test + 1 };
                prop_assert_eq!(windows.len(), formula);
                for (step, window) in windows.iter().enumerate() {
                    prop_assert_eq!(window.train.end + gap, window.test.start);
                    prop_assert_eq!(window.test.start, train + gap + step * test);
                    prop_assert!(window.test.len() == test && window.test.end <= n);
                }
            }
        }

        #[test]
        fn every_path_meets_every_group_where_it_is_held_out(groups in 2usize..8, part in 0usize..8) {
            let tested = 1 + part % groups;
            let splits = combinations(groups, tested);
            for path in paths(groups, tested) {
                for (group, split) in path.into_iter().enumerate() {
                    prop_assert!(splits[split].contains(&group));
                }
            }
        }
    }
}
