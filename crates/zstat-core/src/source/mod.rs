//! Text to types, with positions: the only part of zstat that knows what a line is.
//!
//! In: the text of a file (never a path) and the type that it should hold. Out: that type, or every fault of the text at
//! once, each with its place. A good file is deserialised straight into its type, without a tree in between; only a bad
//! one is read again into [`Node`]s, which know their bytes, and compared with the type's JSON Schema. What that finds can often
//! be mended in the tree, which is read in its turn for the sake of its other faults ([`Mended`]).

mod document;
mod json;
mod layout;
mod mend;
mod node;
mod parse;
pub mod pointer;
pub mod schema;
mod typed;
mod walk;
mod yaml;
mod yaml_fault;

pub use document::{Document, Span, Syntax};
pub use layout::{Layout, Native};
pub use mend::{Made, Mended};
pub use node::{Entry, Node, NodeValue};
pub use parse::{parse, parse_with};
pub use walk::walk;
