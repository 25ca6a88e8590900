//! A pull as a bar of text: where the parameter went and how well it is known, in units of its constraint.

/// Cells a side of the middle; the bar spans ±3 widths of the constraint.
const HALF: i32 = 12;
const SPAN: f64 = 3.0;

/// The bar: `●` at the pull, `─` over ± `ratio` around it, `┊` at −1 and +1, `│` at 0; an arrow where it leaves ±3.
/// `ratio` is the fitted uncertainty over the constraint's width: a line from −1 to +1 says that the data add nothing.
pub fn pull_bar(pull: f64, ratio: Option<f64>) -> String {
    let cell = |x: f64| (x / SPAN * f64::from(HALF)).round() as i32;
    let ratio = ratio.unwrap_or(0.0);
    let (from, to, at) = (cell(pull - ratio), cell(pull + ratio), cell(pull));
    (-HALF..=HALF)
        .map(|position| {
            if position == at.clamp(-HALF, HALF) {
                match at {
                    at if at < -HALF => '◀',
                    at if at > HALF => '▶',
                    _ => '●',
                }
            } else if (from..=to).contains(&position) {
                '─'
            } else if position == 0 {
                '│'
            } else if position.abs() == cell(1.0) {
                '┊'
            } else {
                ' '
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::pull_bar;

    #[test]
    fn bars() {
        assert_eq!(pull_bar(0.0, Some(1.0)), "        ────●────        ");
        assert_eq!(pull_bar(1.0, Some(0.5)), "        ┊   │ ──●──      ");
        assert_eq!(pull_bar(-9.0, Some(0.1)), "◀       ┊   │   ┊        ");
        assert_eq!(pull_bar(f64::NAN, None).chars().count(), 25);
    }
}
