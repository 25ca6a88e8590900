//! Other people's files to and from zstat workspaces.

pub mod pyhf;
