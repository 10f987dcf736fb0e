//! What a new text changes in an old one, line by line.

/// Lines that go (`-`), lines that come (`+`), and a line that stays around them (` `). Nothing where nothing changes.
pub fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let lines = walk(&old, &new, &common(&old, &new));
    let is_near = |at: usize| lines[at.saturating_sub(1)..lines.len().min(at + 2)].iter().any(|(sign, _)| *sign != ' ');
    let near = (0..lines.len()).filter(|at| is_near(*at)).map(|at| lines[at]);
    near.fold(String::new(), |told, (sign, line)| told + &format!("{sign}{line}\n"))
}

/// How many lines from each place on both can have in common: the table of the longest common subsequence.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut table = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let (skip_old, skip_new) = (table[i + 1][j], table[i][j + 1]);
            table[i][j] = if old[i] == new[j] { table[i + 1][j + 1] + 1 } else { skip_old.max(skip_new) };
        }
    }
    table
}

fn walk<'t>(old: &[&'t str], new: &[&'t str], common: &[Vec<usize>]) -> Vec<(char, &'t str)> {
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_what_comes_and_what_stands_beside_it() {
        for (old, new, told) in [
            ("a\nb\n", "a\nb\n", ""),
            ("", "a\n", "+a\n"),
            ("a\n", "", "-a\n"),
            ("a\nb\nc\nd\n", "a\nb\nx\nd\n", " b\n-c\n+x\n d\n"),
            ("a\nb\nc\n", "a\nb\nc\nd\n", " c\n+d\n"),
            ("1\n2\n3\n4\n5\n6\n", "0\n1\n2\n3\n4\n5\n", "+0\n 1\n 5\n-6\n"),
        ] {
            assert_eq!(difference(old, new), told, "{old:?} to {new:?}");
        }
    }
}
