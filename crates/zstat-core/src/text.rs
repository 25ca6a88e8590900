//! Small helpers for names: the nearest known name, glob patterns.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The known name most similar to `name`, if any is similar enough to be a plausible typo.
///
/// Damerau–Levenshtein distance, at most a third of the longer name (at least 1); case alone counts little.
/// Ties go to the first in iteration order. Names of more than 200 characters are no typos of anything: the distance takes
/// time and memory by the product of the lengths.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 200;
    if name.len() > 4 * LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let length = name.chars().count();
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        if candidate.len() > 4 * LONGEST {
            continue;
        }
        let other = candidate.chars().count();
        let limit = (length.max(other) / 3).max(1);
        // Every character too many is an edit.
        if length.max(other) > LONGEST || length.abs_diff(other) > limit {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
        if distance <= limit && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The file in the same folder whose name is most like that of a file that is not there.
pub fn nearest_file(path: &Path) -> Option<PathBuf> {
    /// At most so many files of a folder are looked at.
    const LOOKED_AT: usize = 10_000;
    let name = path.file_name()?.to_str()?;
    let folder = path.parent()?;
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let files = std::fs::read_dir(listed).ok()?.take(LOOKED_AT).flatten();
    let files = files.filter(|entry| entry.path().is_file());
    let mut names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    nearest(name, names.iter().map(String::as_str)).map(|name| folder.join(name))
}

/// Ascending numbers as a person writes them, three or more in a row in short: `0, 2, 5 to 9`; after the first dozen, how many more.
pub fn ranges(numbers: &[usize]) -> String {
    const MOST: usize = 12;
    let mut runs: Vec<[usize; 2]> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some([_, last]) if *last + 1 == number => *last = number,
            _ => runs.push([number, number]),
        }
    }
    let each = runs.iter().map(|&[first, last]| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    });
    let told = each.take(MOST).collect::<Vec<_>>().join(", ");
    let rest: usize = runs.iter().skip(MOST).map(|[first, last]| last - first + 1).sum();
    if rest > 0 { format!("{told} and {rest} more") } else { told }
}

/// Whether `name` matches the glob `pattern`: `*` stands for any run of characters, `?` for one, all else for itself.
///
/// Brackets are ordinary characters, because vector parameters are spelled `name[0]`.
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    p = after_star;
                    n = from + 1;
                    retry = Some((after_star, n));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// A number without a needless `.0`, in scientific form where it is long.
pub fn number(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A number with six significant digits, or fewer where they say it all.
pub fn in_short(value: f64) -> String {
    number(format!("{value:.5e}").parse().unwrap_or(value))
}

/// Names in a sentence: "`a`, `b` or `c`" with `last` = "or".
pub fn list_of(names: &[&str], last: &str) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => format!("`{one}`"),
        [start @ .., end] => {
            let start: Vec<String> = start.iter().map(|name| format!("`{name}`")).collect();
            format!("{} {last} `{end}`", start.join(", "))
        }
    }
}

/// `text`, with its middle left out where it has more than `most` characters.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // The usual case costs no pass over the text.
    if text.len() <= most || text.chars().nth(most).is_none() {
        return text.into();
    }
    let head = text.char_indices().nth(most / 2).map_or(text.len(), |(at, _)| at);
    let tail = text.char_indices().rev().nth((most / 2).saturating_sub(1)).map_or(0, |(at, _)| at);
    format!("{}…{}", &text[..head], &text[tail..]).into()
}

/// Whether `text` contains a glob character.
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_typos_and_ignores_strangers() {
        let known = ["normfactor", "normsys", "histosys", "staterror"];
        assert_eq!(nearest("normsis", known), Some("normsys"));
        assert_eq!(nearest("HistoSys", known), Some("histosys"));
        assert_eq!(nearest("banana", known), None);
    }

    #[test]
    fn six_digits_are_enough() {
        let cases = [
            (3.128946106787937, "3.12895"),
            (2.0, "2"),
            (1.0 / 3e7, "3.33333e-8"),
            (0.0, "0"),
            (0.0025, "0.0025"),
        ];
        for (value, expected) in cases {
            assert_eq!(in_short(value), expected);
        }
    }

    #[test]
    fn numbers_in_a_row_are_told_in_short() {
        let cases: [(&[usize], &str); 5] = [
            (&[], ""),
            (&[3], "3"),
            (&[0, 1], "0, 1"),
            (&[0, 1, 2, 4, 6, 7], "0 to 2, 4, 6, 7"),
            (&[5, 7, 8, 9, 10], "5, 7 to 10"),
        ];
        for (numbers, expected) in cases {
            assert_eq!(ranges(numbers), expected);
        }
        let odd: Vec<usize> = (0..40).map(|i| 2 * i + 1).collect();
        assert_eq!(ranges(&odd), "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 and 28 more");
    }

    #[test]
    fn long_names_cost_nothing() {
        let long = "a".repeat(50_000_000);
        assert_eq!(nearest(&long, ["mu", &long[1..]]), None);
        assert_eq!(nearest("mu", [&*long, "nu"]), Some("nu"));
    }

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüäöü", 4), "äö…öü");
        assert_eq!(shortened("abc", 1), "…c");
    }

    #[test]
    fn globs() {
        assert!(glob_matches("gamma_*", "gamma_SR[0]"));
        assert!(glob_matches("*[?]", "gamma_SR[0]"));
        assert!(glob_matches("*stat*SR*", "mc_stat_SR[12]"));
        assert!(!glob_matches("alpha*", "gamma"));
        assert!(glob_matches("mu", "mu"));
        assert!(!glob_matches("mu", "mu2"));
        assert!(glob_matches("**", ""));
    }
}
