//! Contours on a rectangular grid by marching squares: pure geometry. In: which grid points are inside, where the edges of
//! the grid are crossed. Out: lines from crossing to crossing.

use std::collections::{BTreeMap, BTreeSet};

/// An edge between two neighbouring grid points, named by the lower of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edge {
    /// From (i, j) to (i + 1, j).
    Along([usize; 2]),
    /// From (i, j) to (i, j + 1).
    Across([usize; 2]),
}

/// A line of a contour.
#[derive(Debug, Clone, PartialEq)]
pub struct ContourLine {
    /// Its points; the first is repeated at the end of a closed one.
    pub points: Vec<[f64; 2]>,
    /// Does it close? One that does not ends at the edge of the range.
    pub closed: bool,
}

/// All edges that a contour crosses: one end is inside, the other is not. `inside` is by first, then second coordinate.
pub(crate) fn crossed(inside: &[Vec<bool>]) -> Vec<Edge> {
    let mut out = Vec::new();
    for (i, column) in inside.iter().enumerate() {
        for (j, here) in column.iter().enumerate() {
            if inside.get(i + 1).is_some_and(|next| next[j] != *here) {
                out.push(Edge::Along([i, j]));
            }
            if column.get(j + 1).is_some_and(|next| next != here) {
                out.push(Edge::Across([i, j]));
            }
        }
    }
    out
}

/// Cells, named by their lowest corner, with two opposite corners inside and two outside: their centre decides.
pub(crate) fn saddles(inside: &[Vec<bool>]) -> Vec<[usize; 2]> {
    cells(inside)
        .filter(|&[i, j]| {
            let (a, b) = (inside[i][j], inside[i + 1][j]);
            a != b && inside[i + 1][j + 1] == a && inside[i][j + 1] == b
        })
        .collect()
}

fn cells(inside: &[Vec<bool>]) -> impl Iterator<Item = [usize; 2]> {
    let rows = inside.first().map_or(0, Vec::len);
    (1..inside.len()).flat_map(move |i| (1..rows).map(move |j| [i - 1, j - 1]))
}

/// The lines through the crossings. `centre` says whether the centre of a saddle is inside. Edges without a crossing, where
/// it was not found, end a line.
pub(crate) fn lines(
    inside: &[Vec<bool>],
    crossings: &BTreeMap<Edge, [f64; 2]>,
    centre: impl Fn([usize; 2]) -> bool,
) -> Vec<ContourLine> {
    let mut neighbours: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
    for [i, j] in cells(inside) {
        for [a, b] in segments(inside, [i, j], &centre) {
            if crossings.contains_key(&a) && crossings.contains_key(&b) {
                neighbours.entry(a).or_default().push(b);
                neighbours.entry(b).or_default().push(a);
            }
        }
    }
    let ends = neighbours.iter().filter(|(_, next)| next.len() == 1).map(|(edge, _)| *edge);
    let starts: Vec<Edge> = ends.chain(neighbours.keys().copied()).collect();
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for start in starts {
        if !seen.insert(start) {
            continue;
        }
        let mut path = vec![start];
        let mut at = start;
        while let Some(&next) = neighbours[&at].iter().find(|next| !seen.contains(next)) {
            seen.insert(next);
            path.push(next);
            at = next;
        }
        let closed = path.len() > 2 && neighbours[&at].contains(&start);
        if closed {
            path.push(start);
        }
        out.push(ContourLine { points: path.iter().map(|edge| crossings[edge]).collect(), closed });
    }
    out
}

/// What the contour does in one cell: none, one or two pieces from edge to edge.
fn segments(
    inside: &[Vec<bool>],
    [i, j]: [usize; 2],
    centre: &impl Fn([usize; 2]) -> bool,
) -> Vec<[Edge; 2]> {
    let (left, right) = (Edge::Across([i, j]), Edge::Across([i + 1, j]));
    let (bottom, top) = (Edge::Along([i, j]), Edge::Along([i, j + 1]));
    let corners = [inside[i][j], inside[i + 1][j], inside[i + 1][j + 1], inside[i][j + 1]];
    let [a, b, c, d] = corners;
    let crossed: Vec<Edge> = [(bottom, a != b), (right, b != c), (top, c != d), (left, d != a)]
        .into_iter()
        .filter_map(|(edge, is_crossed)| is_crossed.then_some(edge))
        .collect();
    match crossed.as_slice() {
        [one, other] => vec![[*one, *other]],
        // The two corners that are not like the centre are cut off.
        [_, _, _, _] if centre([i, j]) == a => vec![[bottom, right], [top, left]],
        [_, _, _, _] => vec![[left, bottom], [right, top]],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[&str]) -> Vec<Vec<bool>> {
        rows.iter().map(|row| row.chars().map(|c| c == '#').collect()).collect()
    }

    /// Every crossing in the middle of its edge.
    fn traced(rows: &[&str], centre: bool) -> Vec<ContourLine> {
        let inside = grid(rows);
        let middle = |edge: Edge| match edge {
            Edge::Along([i, j]) => [i as f64 + 0.5, j as f64],
            Edge::Across([i, j]) => [i as f64, j as f64 + 0.5],
        };
        let crossings = crossed(&inside).into_iter().map(|edge| (edge, middle(edge))).collect();
        lines(&inside, &crossings, |_| centre)
    }

    #[test]
    fn closed_and_open_lines() {
        let found = traced(&["....", ".##.", "...."], false);
        assert_eq!(found.len(), 1);
        assert!(found[0].closed && found[0].points.len() == 7, "{found:?}");
        assert_eq!(found[0].points[0], found[0].points[6]);
        let found = traced(&["##..", "###.", "##.."], false);
        assert_eq!((found.len(), found[0].closed, found[0].points.len()), (1, false, 5), "{found:?}");
        assert_eq!(traced(&["#..", "...", "..#"], false).len(), 2);
        assert!(traced(&["##", "##"], true).is_empty());
    }

    #[test]
    fn saddles_follow_their_centre() {
        let rows = ["....", ".#..", "..#.", "...."];
        assert_eq!(saddles(&grid(&rows)), [[1, 1]]);
        let (joined, apart) = (traced(&rows, true), traced(&rows, false));
        assert_eq!((joined.len(), apart.len()), (1, 2), "{joined:?} {apart:?}");
        assert!(joined.iter().chain(&apart).all(|line| line.closed));
    }
}
