//! The guide's page on plugins shows this crate as it is.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

#[test]
fn the_page_shows_what_is_compiled_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/src/plugins.md")).unwrap();
    let mut shown = 0;
    for block in page.split("\n```rust of=").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let (code, _) = rest.split_once("\n```\n").unwrap();
        let text = fs::read_to_string(root.join(name)).unwrap();
        // A line of dots leaves something out.
        for part in code.split("\n// …\n") {
            assert!(text.contains(part.trim_matches('\n')), "{name} has not\n{part}");
        }
        shown += 1;
    }
    assert!(shown >= 4, "only {shown} blocks are shown");
}
