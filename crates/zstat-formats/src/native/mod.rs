//! zstat's own layout as text: YAML for people, JSON for programs.

mod idle;
mod json;
mod scalar;
mod yaml;

pub use idle::without_idle;
pub use json::to_json;
pub use yaml::to_yaml;
