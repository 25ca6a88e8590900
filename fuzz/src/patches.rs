//! A patch or a patch set, applied to a small workspace.

use zstat_core::source::Document;
use zstat_formats::{Input, PatchInput, read};

use crate::{diagnose, pass};

const PYHF: &str = include_str!("../seeds/json/pyhf-all.json");
const NATIVE: &str = include_str!("../seeds/yaml/small.yaml");

/// Applies the patch in `bytes`: its first byte says to which workspace and by which name.
pub fn apply(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let Some(patch) = pass::document("patch", bytes) else { return };
    let workspace = if choice & 1 == 0 { PYHF } else { NATIVE };
    let workspace = Document::new("workspace", workspace.to_owned());
    let name = match choice & 6 {
        0 => None,
        2 => Some("a"),
        4 => Some("1,2"),
        _ => Some(""),
    };
    let twice = choice & 8 != 0;
    let one = PatchInput { document: &patch, name };
    let patches = if twice { vec![one, one] } else { vec![one] };
    let input = Input { document: &workspace, patches: &patches, ignore_digests: choice & 16 == 0 };
    match read(&input) {
        Ok(loaded) => {
            assert!(loaded.notes.iter().all(|note| !note.trim().is_empty()), "{:?}", loaded.notes);
            pass::analyse(&input, &loaded);
        }
        Err(refusals) => diagnose::refused(&[&workspace, &patch], &refusals),
    }
}
