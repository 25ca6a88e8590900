//! Where the parts of zstat's workspace stand in a file: checks speak of the workspace, people of their file.

use super::{Node, pointer};

/// Translates pointers into zstat's own workspace to pointers into a document.
pub trait Layout {
    /// The pointer into the document whose tree is `root`, and whether to mark the key there.
    ///
    /// `pointer` starts at the workspace (`/channels/0/…`) or, for the rest of an analysis, at the document
    /// (`/fit/fitter`). A place that the file does not have becomes the nearest one that it has.
    fn translate(&self, pointer: &str, at_key: bool, root: &Node) -> (String, bool);
}

/// zstat's own layouts: an analysis with a `workspace`, or a bare workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Native {
    /// The workspace stands under `workspace`.
    Analysis,
    /// The document is the workspace.
    Workspace,
}

impl Native {
    /// The layout of a document: bare where it has `channels` and no `workspace`.
    pub fn of(root: &Node) -> Self {
        if root.entry("channels").is_some() && root.entry("workspace").is_none() {
            Self::Workspace
        } else {
            Self::Analysis
        }
    }
}

/// The sections of a workspace, by which a pointer into it is told from one into the analysis.
const WORKSPACE_KEYS: [&str; 6] =
    ["channels", "observations", "poi", "parameters", "constraints", "measurements"];

impl Layout for Native {
    fn translate(&self, pointer: &str, at_key: bool, _root: &Node) -> (String, bool) {
        let in_workspace = pointer::keys(pointer).next().is_none_or(|key| WORKSPACE_KEYS.contains(&&*key));
        let pointer = match self {
            Self::Analysis if in_workspace => format!("/workspace{pointer}"),
            _ => pointer.to_owned(),
        };
        (pointer, at_key)
    }
}
