//! Where a place of a patched document comes from: the file that was patched, or an operation of a patch.
//!
//! Every applied operation leaves an [`Effect`]; a pointer is followed back through them, last operation first.

/// A place as the unescaped keys on the way to it.
pub(super) type Path = Vec<String>;

/// What an operation did to the places of the document. Indices are those before the operation; `-` is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: a test.
    Nothing,
    /// The value at the path is the operation's.
    Set(Path),
    /// The same as a new entry of a list: those behind it moved up.
    Insert(Path),
    /// An entry of a list is gone: those behind it moved down.
    RemoveEntry(Path),
    /// A member of a mapping is gone.
    RemoveMember,
    /// A value was taken out (an entry of a list, if `entry`) and put in by the inner effect.
    Move { from: Path, entry: bool, to: Box<Effect> },
    /// A value was put in a second time by the inner effect.
    Copy { from: Path, to: Box<Effect> },
}

/// An operation that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Applied {
    /// Number of the patch among those given.
    pub patch: usize,
    /// Number of the operation in that patch.
    pub operation: usize,
    pub effect: Effect,
}

/// Where a place was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// In the document that was patched, at this place.
    Document(Path),
    /// In the `value` of an operation, at this place below it.
    Operation { patch: usize, operation: usize, inside: Path },
}

/// Follows a place of the patched document back to where it was written.
pub(super) fn origin(history: &[Applied], place: &[String]) -> Origin {
    let mut path = place.to_vec();
    for Applied { patch, operation, effect } in history.iter().rev() {
        let (at, source) = match effect {
            Effect::Move { from, to, .. } | Effect::Copy { from, to } => (&**to, Some(from)),
            effect => (effect, None),
        };
        if let Effect::Set(target) | Effect::Insert(target) = at
            && path.starts_with(target)
        {
            let inside = path.split_off(target.len());
            match source {
                Some(from) => path = [from.as_slice(), &inside].concat(),
                None => return Origin::Operation { patch: *patch, operation: *operation, inside },
            }
            continue;
        }
        undo_shift(at, &mut path);
        if let Effect::Move { from, entry: true, .. } = effect {
            shift(&mut path, from, |index, removed| if index >= removed { index + 1 } else { index });
        }
    }
    Origin::Document(path)
}

fn undo_shift(effect: &Effect, path: &mut Path) {
    match effect {
        Effect::Insert(target) => {
            shift(path, target, |index, inserted| if index > inserted { index - 1 } else { index });
        }
        Effect::RemoveEntry(target) => {
            shift(path, target, |index, removed| if index >= removed { index + 1 } else { index });
        }
        _ => {}
    }
}

/// Changes the index by which `path` goes through the list that `entry` is in, if it does.
fn shift(path: &mut Path, entry: &[String], new: impl Fn(usize, usize) -> usize) {
    let Some((at, list)) = entry.split_last() else { return };
    if !path.starts_with(list) {
        return;
    }
    let Some(key) = path.get_mut(list.len()) else { return };
    if let (Ok(index), Ok(at)) = (key.parse(), at.parse()) {
        *key = new(index, at).to_string();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        text.split('/').skip(1).map(str::to_owned).collect()
    }

    fn applied(effects: Vec<Effect>) -> Vec<Applied> {
        let one = |(operation, effect)| Applied { patch: 0, operation, effect };
        effects.into_iter().enumerate().map(one).collect()
    }

    fn in_operation(operation: usize, inside: &str) -> Origin {
        Origin::Operation { patch: 0, operation, inside: path(inside) }
    }

    #[test]
    fn inserted_entries_push_the_others() {
        // Two samples inserted at the same index: the first is now second.
        let history = applied(vec![Effect::Insert(path("/s/1")), Effect::Insert(path("/s/1"))]);
        assert_eq!(origin(&history, &path("/s/0/data")), Origin::Document(path("/s/0/data")));
        assert_eq!(origin(&history, &path("/s/1/data/3")), in_operation(1, "/data/3"));
        assert_eq!(origin(&history, &path("/s/2/data")), in_operation(0, "/data"));
        assert_eq!(origin(&history, &path("/s/3")), Origin::Document(path("/s/1")));
        assert_eq!(origin(&history, &path("/t/3")), Origin::Document(path("/t/3")));
        assert_eq!(origin(&history, &path("")), Origin::Document(vec![]));
    }

    #[test]
    fn removed_and_moved_entries() {
        let history = applied(vec![
            Effect::RemoveEntry(path("/s/0")),
            Effect::Move { from: path("/s/2"), entry: true, to: Box::new(Effect::Insert(path("/s/0"))) },
        ]);
        // Originally a b c d; then b c d; then d b c.
        assert_eq!(origin(&history, &path("/s/0/x")), Origin::Document(path("/s/3/x")));
        assert_eq!(origin(&history, &path("/s/1")), Origin::Document(path("/s/1")));
        assert_eq!(origin(&history, &path("/s/2")), Origin::Document(path("/s/2")));
    }

    #[test]
    fn copies_come_from_where_they_were_copied() {
        let history = applied(vec![
            Effect::Set(path("/a")),
            Effect::Copy { from: path("/a/b"), to: Box::new(Effect::Set(path("/c"))) },
            Effect::RemoveMember,
            Effect::Nothing,
        ]);
        assert_eq!(origin(&history, &path("/c/0")), in_operation(0, "/b/0"));
        assert_eq!(origin(&applied(vec![Effect::Set(vec![])]), &path("/x")), in_operation(0, "/x"));
    }
}
