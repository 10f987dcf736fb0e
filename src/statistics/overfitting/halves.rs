//! All splits of blocks into two halves, each once in sample.
//!
//! Halves that begin with the same blocks have the sums of these in common, so the splits are visited like the leaves of a tree:
//! a step adds one block to one half. A split and its mirror, in which the halves have changed places, are told together.

use super::{Score, Split, Sums};

/// How the best in sample fared in each split, in the lexicographic order of the blocks in sample; none where a score is
/// undefined. There are as many blocks in sample as out of it.
pub(super) fn splits(blocks: &[Sums], score: Score) -> Option<Vec<Split>> {
    let (configurations, half) = (blocks.first()?.plain.len(), blocks.len() / 2);
    let stack = vec![Sums::nothing(configurations); half + 1];
    let mut tree = Tree {
        blocks,
        score,
        inside: stack.clone(),
        outside: stack,
        keys: [vec![0.0; configurations], vec![0.0; configurations]],
        told: Vec::new(),
        mirrored: Vec::new(),
    };
    tree.visit(0, 0)?;
    let Tree { mut told, mirrored, .. } = tree;
    told.extend(mirrored.into_iter().rev());
    Some(told)
}

struct Tree<'a> {
    blocks: &'a [Sums],
    score: Score,
    /// The sums of the first blocks of a half, by how many they are.
    inside: Vec<Sums>,
    outside: Vec<Sums>,
    /// What stands in the order of the scores of either half.
    keys: [Vec<f64>; 2],
    told: Vec<Split>,
    mirrored: Vec<Split>,
}

impl Tree<'_> {
    /// Puts this block and those after it into the halves in every way, so many being in sample already.
    fn visit(&mut self, block: usize, taken: usize) -> Option<()> {
        let (half, left) = (self.blocks.len() / 2, block - taken);
        if block == self.blocks.len() {
            return self.tell();
        }
        if taken < half {
            push(&mut self.inside, taken, &self.blocks[block]);
            self.visit(block + 1, taken + 1)?;
        }
        // With the first block out of sample there are only mirrors.
        if block > 0 && left < half {
            push(&mut self.outside, left, &self.blocks[block]);
            self.visit(block + 1, taken)?;
        }
        Some(())
    }

    fn tell(&mut self) -> Option<()> {
        let half = self.blocks.len() / 2;
        let halves = [&self.inside[half], &self.outside[half]];
        for (sums, keys) in halves.iter().zip(&mut self.keys) {
            sums.keys(self.score, keys);
        }
        let is_known = |keys: &Vec<f64>| keys.iter().fold(true, |known, key| known & key.is_finite());
        let [inside, outside] = &self.keys;
        if !is_known(inside) || !is_known(outside) {
            return None;
        }
        self.told.push(split((halves[0], inside), (halves[1], outside), self.score)?);
        self.mirrored.push(split((halves[1], outside), (halves[0], inside), self.score)?);
        Some(())
    }
}

/// Adds a block to the sums of so many.
fn push(stack: &mut [Sums], count: usize, block: &Sums) {
    let (below, above) = stack.split_at_mut(count + 1);
    above[0].become_sum(&below[count], block);
}

fn split(inside: (&Sums, &[f64]), outside: (&Sums, &[f64]), score: Score) -> Option<Split> {
    let best = first_highest(inside.1);
    let of_best = |sums: &Sums| sums.score(sums.plain[best], sums.squared[best], score);
    Some(Split {
        best,
        inside: of_best(inside.0)?,
        outside: of_best(outside.0)?,
        rank: rank(outside.1, outside.1[best]),
        of: inside.1.len(),
    })
}

fn first_highest(keys: &[f64]) -> usize {
    let higher = |best: (usize, f64), (place, key): (usize, &f64)| if *key > best.1 { (place, *key) } else { best };
    keys.iter().enumerate().fold((0, f64::NEG_INFINITY), higher).0
}

/// The average rank of a value among all of them, itself included.
fn rank(values: &[f64], value: f64) -> f64 {
    let (below, not_above) = values.iter().fold((0_u32, 0_u32), |(below, not_above), other| {
        (below + u32::from(*other < value), not_above + u32::from(*other <= value))
    });
    (f64::from(below) + f64::from(not_above) + 1.0) / 2.0
}
