//! Outcomes in groups of like forecasts, and what Brier's score is made of over them.

use super::probability::brier;

/// The indices of these values in groups of about equal size, the lowest values first; at most so many groups, and equal
/// values are never parted. Empty where a value is no number.
pub fn like_groups(values: &[f64], most: usize) -> Vec<Vec<usize>> {
    if most == 0 || values.iter().any(|value| value.is_nan()) {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut placed = 0;
    for equals in order.chunk_by(|a, b| values[*a] >= values[*b]) {
        // The group that the middle of these falls into.
        let middle = placed as f64 + equals.len() as f64 / 2.0;
        let is_next = groups.is_empty() || middle * most as f64 >= (groups.len() * values.len()) as f64;
        if is_next && groups.len() < most {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.last_mut() {
            group.extend(equals);
        }
        placed += equals.len();
    }
    groups
}

/// What Brier's score is made of (Murphy, 1973): `reliability − resolution + uncertainty + within`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrierParts {
    /// How far probabilities lie from what happened in their groups, squared: less is better.
    pub reliability: f64,
    /// How far what happened in the groups lies from the base rate, squared: more is better.
    pub resolution: f64,
    /// What the base rate alone leaves open: `base × (1 − base)`.
    pub uncertainty: f64,
    /// What the groups hide, because their probabilities are not all alike (Stephenson, Coelho and Jolliffe, 2008).
    pub within: f64,
}

/// The parts over groups of these forecasts, which hold each of them once; none of no forecasts.
pub fn brier_parts(forecasts: &[(f64, bool)], groups: &[Vec<usize>]) -> Option<BrierParts> {
    let (score, n) = (brier(forecasts)?, forecasts.len() as f64);
    let share = |of: &mut dyn Iterator<Item = bool>, count: usize| of.filter(|h| *h).count() as f64 / count as f64;
    let base = share(&mut forecasts.iter().map(|(_, happened)| *happened), forecasts.len());
    let (mut reliability, mut resolution) = (0.0, 0.0);
    for group in groups.iter().filter(|group| !group.is_empty()) {
        let weight = group.len() as f64 / n;
        let told = group.iter().map(|i| forecasts[*i].0).sum::<f64>() / group.len() as f64;
        let came = share(&mut group.iter().map(|i| forecasts[*i].1), group.len());
        reliability += weight * (told - came).powi(2);
        resolution += weight * (came - base).powi(2);
    }
    let uncertainty = base * (1.0 - base);
    Some(BrierParts { reliability, resolution, uncertainty, within: score - (reliability - resolution + uncertainty) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::assert_close;
    use super::*;

    #[test]
    fn groups_are_of_like_size_and_never_part_equal_values() {
        for (values, most, expected) in [
            (vec![3.0, 1.0, 2.0, 4.0], 2, vec![vec![1, 2], vec![0, 3]]),
            (vec![1.0, 1.0, 1.0, 2.0], 2, vec![vec![0, 1, 2], vec![3]]),
            (vec![5.0, 5.0, 5.0], 3, vec![vec![0, 1, 2]]),
            (vec![1.0, 2.0], 10, vec![vec![0], vec![1]]),
            (vec![], 4, vec![]),
            (vec![1.0, f64::NAN], 4, vec![]),
            (vec![1.0], 0, vec![]),
        ] {
            assert_eq!(like_groups(&values, most), expected, "{values:?}");
        }
    }

    #[test]
    fn briers_score_is_the_sum_of_its_parts_by_hand() {
        // Two groups of two: 0.2 with none of two, 0.8 with one of two. The base rate is a quarter.
        let told = [(0.2, false), (0.2, false), (0.8, true), (0.8, false)];
        let parts = brier_parts(&told, &[vec![0, 1], vec![2, 3]]).unwrap();
        assert_close("reliability", parts.reliability, 0.5 * 0.04 + 0.5 * 0.09);
        assert_close("resolution", parts.resolution, 0.5 * 0.0625 + 0.5 * 0.0625);
        assert_close("uncertainty", parts.uncertainty, 0.1875);
        assert!(parts.within.abs() < 1e-12, "all alike in their groups");
        // (0.04 + 0.04 + 0.04 + 0.64) / 4.
        assert_close("sum", parts.reliability - parts.resolution + parts.uncertainty, 0.19);
        assert_eq!(brier_parts(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn every_forecast_is_in_one_group_and_the_parts_sum_to_the_score(
            told in prop::collection::vec((0.0f64..=1.0, any::<bool>()), 1..200), most in 1usize..12
        ) {
            let told: Vec<(f64, bool)> = told.into_iter().map(|(p, h)| ((p * 20.0).round() / 20.0, h)).collect();
            let values: Vec<f64> = told.iter().map(|(p, _)| *p).collect();
            let groups = like_groups(&values, most);
            let mut all: Vec<usize> = groups.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..told.len()).collect::<Vec<_>>());
            prop_assert!(groups.len() <= most && groups.iter().all(|group| !group.is_empty()));
            let ends = |group: &Vec<usize>| (values[group[0]], values[group[group.len() - 1]]);
            prop_assert!(groups.windows(2).all(|pair| ends(&pair[0]).1 < ends(&pair[1]).0));
            let parts = brier_parts(&told, &groups).unwrap();
            let sum = parts.reliability - parts.resolution + parts.uncertainty + parts.within;
            prop_assert!((sum - brier(&told).unwrap()).abs() < 1e-12);
        }
    }
}
