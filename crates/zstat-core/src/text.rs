//! Small helpers for names: the nearest known name, glob patterns.

/// The known name most similar to `name`, if any is similar enough to be a plausible typo.
///
/// Damerau–Levenshtein distance, at most a third of the longer name (at least 1); case alone counts little.
/// Ties go to the first in iteration order.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
        let limit = (name.chars().count().max(candidate.chars().count()) / 3).max(1);
        if distance <= limit && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
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
