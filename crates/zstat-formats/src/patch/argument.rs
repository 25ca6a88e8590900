//! `FILE` or `FILE:NAME` on the command line, where both may contain colons.

/// Splits `FILE:NAME`; `is_file` tells which files exist.
///
/// The whole argument is the file if it exists; otherwise the longest existing file before a colon; otherwise the split
/// is at the last colon behind the last path separator, for the error message about the missing file. A drive letter
/// (`C:\x.json`) is no name.
pub fn split_patch_argument(argument: &str, is_file: impl Fn(&str) -> bool) -> (&str, Option<&str>) {
    if is_file(argument) {
        return (argument, None);
    }
    let splits = || argument.rmatch_indices(':').map(|(at, _)| (&argument[..at], &argument[at + 1..]));
    if let Some((file, name)) = splits().find(|(file, _)| is_file(file)) {
        return (file, Some(name));
    }
    let plausible = |(file, name): &(&str, &str)| file.len() > 1 && !name.contains(['/', '\\']);
    match splits().find(plausible) {
        Some((file, name)) => (file, Some(name)),
        None => (argument, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_are_resolved_by_what_exists() {
        let files = ["a.json", "b:c.json", "d:x"];
        let split = |argument| split_patch_argument(argument, |file| files.contains(&file));
        assert_eq!(split("a.json"), ("a.json", None));
        assert_eq!(split("a.json:p"), ("a.json", Some("p")));
        assert_eq!(split("a.json:p:q"), ("a.json", Some("p:q")));
        assert_eq!(split("b:c.json"), ("b:c.json", None));
        assert_eq!(split("b:c.json:p"), ("b:c.json", Some("p")));
        assert_eq!(split("d:x"), ("d:x", None));
        assert_eq!(split("none.json:p"), ("none.json", Some("p")));
        assert_eq!(split("none.json"), ("none.json", None));
        assert_eq!(split(r"C:\none.json"), (r"C:\none.json", None));
        assert_eq!(split("a.json:"), ("a.json", Some("")));
    }
}
