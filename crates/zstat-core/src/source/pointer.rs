//! JSON pointers (RFC 6901): the address of a value in a document.

use std::borrow::Cow;

/// `pointer` extended by a key.
pub fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", escape(key))
}

/// A pointer made of keys.
pub fn from_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    keys.into_iter().fold(String::new(), |pointer, key| join(&pointer, key))
}

/// The keys of a pointer, unescaped.
pub fn keys(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pointer.split('/').skip(1).map(unescape)
}

/// Whether `pointer` is `place` or leads to something inside it.
pub fn is_within(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A key as it stands in a pointer: `~` and `/` are written `~0` and `~1`.
pub fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}

fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~").into() } else { token.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_a_round_trip() {
        let all = ["channels", "a/b", "~", "~1", "", "ä ö"];
        let pointer = from_keys(all);
        assert_eq!(keys(&pointer).collect::<Vec<_>>(), all);
        assert_eq!(keys("").count(), 0);
    }

    #[test]
    fn places_hold_what_is_below_them() {
        assert!(is_within("/a/b", "/a") && is_within("/a", "/a") && is_within("/a", ""));
        assert!(!is_within("/ab", "/a") && !is_within("/a", "/a/b"));
    }
}
