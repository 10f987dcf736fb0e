//! Curves thinned to what a screen can show: of all points in a column of it the first, the lowest, the highest and the last.
//!
//! What is drawn is the same as if all were drawn (Jugel et al., "M4: a visualization-oriented time series data aggregation",
//! 2014): no peak is lost, and a curve of years takes no more room than one of days.

/// A point: how far along the axis, 0 to 1, and its value.
pub(super) type Point = (f64, f64);

/// The points of a curve, its axis cut into so many columns; in their order, each with its column.
pub(super) fn thinned(points: &[Point], columns: u32) -> Vec<(u32, f64)> {
    let with_column: Vec<(u32, f64)> = points.iter().map(|(along, value)| (column(*along, columns), *value)).collect();
    let mut kept = Vec::new();
    for run in with_column.chunk_by(|a, b| a.0 == b.0) {
        keep(run, &mut kept);
    }
    kept
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "meant: it is held between 0 and the last")]
fn column(along: f64, columns: u32) -> u32 {
    (along.clamp(0.0, 1.0) * f64::from(columns)).round() as u32
}

/// Keeps what is seen of a column.
fn keep(run: &[(u32, f64)], kept: &mut Vec<(u32, f64)>) {
    let by_value = |a: &usize, b: &usize| run[*a].1.total_cmp(&run[*b].1);
    let lowest = (0..run.len()).min_by(by_value).unwrap_or_default();
    let highest = (0..run.len()).max_by(by_value).unwrap_or_default();
    let mut seen = [0, lowest, highest, run.len().saturating_sub(1)];
    seen.sort_unstable();
    for (i, at) in seen.into_iter().enumerate() {
        if i == 0 || at != seen[i - 1] {
            kept.extend(run.get(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_column_keeps_its_first_lowest_highest_and_last() {
        // Two columns of a half each: ends fall to the nearer one.
        let values = [5.0, 9.0, 1.0, 4.0, 6.0, 6.0];
        let points: Vec<Point> = values.iter().zip([0.0, 0.1, 0.2, 0.24, 0.9, 1.0]).map(|(v, x)| (x, *v)).collect();
        assert_eq!(thinned(&points, 2), [(0, 5.0), (0, 9.0), (0, 1.0), (0, 4.0), (2, 6.0), (2, 6.0)]);
        assert_eq!(thinned(&[], 10), []);
    }

    #[test]
    fn a_spike_of_one_hour_among_years_stays() {
        let points: Vec<Point> =
            (0..43_824).map(|i| (f64::from(i) / 43_823.0, if i == 30_001 { 99.0 } else { 1.0 })).collect();
        let kept = thinned(&points, 720);
        assert!(kept.len() <= 4 * 721 && kept.iter().any(|(_, value)| *value > 98.0));
    }

    proptest! {
        #[test]
        fn extremes_and_ends_stay_and_there_are_few(values in prop::collection::vec(-1e6f64..1e6, 1..2000), columns in 1u32..50) {
            let last = values.len().saturating_sub(1).max(1) as f64;
            let points: Vec<Point> = values.iter().enumerate().map(|(i, v)| (i as f64 / last, *v)).collect();
            let kept = thinned(&points, columns);
            let extreme = |values: &mut dyn Iterator<Item = f64>| {
                values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
            };
            prop_assert_eq!(extreme(&mut kept.iter().map(|k| k.1)), extreme(&mut values.iter().copied()));
            prop_assert_eq!(kept.first().map(|k| k.1), values.first().copied());
            prop_assert_eq!(kept.last().map(|k| k.1), values.last().copied());
            prop_assert!(kept.len() <= 4 * (columns as usize + 1));
            prop_assert!(kept.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        }
    }
}
