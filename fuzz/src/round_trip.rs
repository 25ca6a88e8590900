//! What was read is written in every format; where nothing was lost, it reads back the same.

use zstat_core::spec::{Analysis, check};
use zstat_formats::{Format, Input, digest};

use crate::pass;

/// Reads `bytes`, writes it in every format, and reads that.
///
/// # Panics
/// Where a text that was written without loss is refused or means something else.
pub fn all_formats(bytes: &[u8]) {
    let Some(document) = pass::document("before", bytes) else { return };
    let Some(loaded) = pass::load(&document) else { return };
    let analysis = Analysis { zstat: 1, ..loaded.analysis.clone() };
    let sound = check(&analysis.workspace, &pass::options(&loaded)).is_empty();
    for format in Format::ALL {
        let written = match format.write(&analysis) {
            Ok(written) => written,
            Err(error) => {
                // Only YAML can hold open bounds.
                let open = error.to_string().contains("/bounds") && format != Format::Native;
                assert!(!sound || open, "{format}: {error}");
                continue;
            }
        };
        assert!(written.losses.iter().all(|loss| !loss.to_string().is_empty()));
        // The pyhf format has its own idea of a faulty workspace.
        if format == Format::Pyhf && (!sound || !written.losses.is_empty()) {
            continue;
        }
        match format {
            Format::Pyhf => pyhf_is_stable(&analysis, &written.text),
            _ => {
                let back = read_back(format, &written.text);
                if !written.losses.is_empty() {
                    // What nothing uses is left out, and only that: the rest is stable.
                    let again =
                        format.write(&back).unwrap_or_else(|error| panic!("{error}\n{}", written.text));
                    assert_eq!((again.losses, again.text), (vec![], written.text));
                    continue;
                }
                // Options of plugins have no types here: 0.0 is written as 0, and read as a whole number.
                let same_options = Analysis { fit: analysis.fit.clone(), ..back.clone() };
                assert_eq!(same_options, analysis, "{format}:\n{}", written.text);
                let again = format.write(&back).unwrap_or_else(|error| panic!("{error}\n{}", written.text));
                assert_eq!(again.text, written.text);
                assert_eq!(digest(&back.workspace), digest(&analysis.workspace));
            }
        }
    }
}

/// pyhf has defaults of its own, so what comes back is more explicit; from then on nothing may change.
fn pyhf_is_stable(analysis: &Analysis, text: &str) {
    let once = read_back(Format::Pyhf, text);
    assert_eq!(once.workspace.channels, analysis.workspace.channels, "{text}");
    let again = Format::Pyhf.write(&once).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again.losses, [], "{text}");
    assert_eq!(read_back(Format::Pyhf, &again.text), once, "{text}\n{}", again.text);
}

fn read_back(format: Format, text: &str) -> Analysis {
    let document = zstat_core::source::Document::new("after", text.to_owned());
    let input = Input { document: &document, patches: &[], ignore_digests: false };
    match zstat_formats::read(&input) {
        Ok(loaded) => loaded.analysis,
        Err(refusals) => panic!("{format} was written and is refused: {refusals:#?}\n{text}"),
    }
}
