//! What a long job is, in so many words that another machine, or the same one tomorrow, can go on with it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::commands::linked_plugins;
use crate::failure::Failure;
use crate::prepared::Prepared;

/// One part of a job that is divided over machines: `2/4` is the second of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// The tasks of this part, of `total`.
    pub fn range(self, total: u64) -> std::ops::Range<u64> {
        let end = |part: u64| (u128::from(part) * u128::from(total) / u128::from(self.count)) as u64;
        end(self.index - 1)..end(self.index)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let parts = text.split_once('/').and_then(|(i, n)| Some((number(i)?, number(n)?)));
        match parts {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Self { index, count }),
            _ => Err("expected I/N with I from 1 to N, such as 2/4".to_owned()),
        }
    }
}

/// The first line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of zstat.
    pub zstat: String,
    /// The command.
    pub command: String,
    /// The command line, without the program: `zstat merge` runs it again on the records.
    pub arguments: Vec<String>,
    /// Digest of the workspace.
    pub spec: String,
    /// What is studied and how: all that changes a record, but for what `inputs` stands for.
    pub study: Value,
    /// Digest of model options, data, start values, fixed parameters and minimiser.
    pub inputs: String,
    /// Plugins that are linked, with versions.
    pub plugins: Vec<String>,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Tasks of the whole job.
    pub tasks: u64,
    /// The part of it that stands in this journal: from the first to before the second.
    pub range: [u64; 2],
}

impl Manifest {
    /// Of a job on `prepared`. `study` says in JSON what a record depends on besides.
    ///
    /// # Errors
    /// Where plugins cannot be listed.
    pub fn new(
        command: &str,
        prepared: &Prepared,
        study: Value,
        seed: u64,
        tasks: u64,
    ) -> Result<Self, Failure> {
        let info = prepared.session.info();
        let mut hash = Sha256::new();
        hash.update(format!("{:?}", prepared.session.options));
        hash.update(prepared.fitter_name().as_bytes());
        let (data, start) = (&prepared.data, &prepared.start);
        for numbers in [&data.main, &data.aux, &start.values] {
            numbers.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
        }
        for flags in [&data.masked, &start.fixed] {
            flags.iter().for_each(|flag| hash.update([u8::from(*flag)]));
        }
        Self::of_digests(command, [info.digest, digest(hash)], study, seed, tasks)
    }

    /// Of a job on what has these digests: the workspace, and everything else that `inputs` stands for.
    ///
    /// # Errors
    /// Where plugins cannot be listed.
    pub fn of_digests(
        command: &str,
        [spec, inputs]: [String; 2],
        study: Value,
        seed: u64,
        tasks: u64,
    ) -> Result<Self, Failure> {
        let plugins = linked_plugins()?;
        Ok(Self {
            zstat: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.to_owned(),
            arguments: std::env::args().skip(1).collect(),
            spec,
            study,
            inputs,
            plugins: plugins.iter().map(|p| format!("{} {} {}", p.kind, p.name, p.version)).collect(),
            seed,
            tasks,
            range: [0, tasks],
        })
    }

    /// In what another job differs, so that its records are not those of this one; none where they are. The number of
    /// tasks and the range may differ.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let seeds = [self.seed.to_string(), other.seed.to_string()];
        let plugins = [self.plugins.join(", "), other.plugins.join(", ")];
        let pairs = [
            ("version of zstat", &self.zstat, &other.zstat),
            ("command", &self.command, &other.command),
            ("digest of the workspace", &self.spec, &other.spec),
            ("seed", &seeds[0], &seeds[1]),
            ("plugins", &plugins[0], &plugins[1]),
        ];
        if let Some((what, mine, others)) = pairs.into_iter().find(|(_, mine, others)| mine != others) {
            return Some(format!("{what}: {mine} here, {others} there"));
        }
        if self.inputs != other.inputs {
            return Some("other data, start values, model options or minimiser".to_owned());
        }
        self.other_study(other)
    }

    /// The first entry in which the studies differ.
    fn other_study(&self, other: &Self) -> Option<String> {
        (self.study != other.study).then(|| first_difference(&[], &self.study, &other.study))
    }
}

/// Where two values differ, in words: the way there, and what stands in both.
fn first_difference(way: &[&str], mine: &Value, others: &Value) -> String {
    if let (Value::Object(a), Value::Object(b)) = (mine, others)
        && let Some(key) = a.keys().chain(b.keys()).find(|key| a.get(*key) != b.get(*key))
    {
        let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        return first_difference(&[way, &[key]].concat(), &of(a), &of(b));
    }
    let shown = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        // Without the `.0` that JSON has, as everywhere else.
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
        other => other.to_string(),
    };
    format!("{}: {} here, {} there", way.join(" "), shown(mine), shown(others))
}

/// `sha256:` and 64 hexadecimals.
pub fn digest(hash: Sha256) -> String {
    let bytes = hash.finalize();
    format!("sha256:{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_all_tasks_once() {
        for (total, count) in [(10, 3), (2, 5), (1000, 7), (0, 2), (u64::MAX, 3)] {
            let mut next = 0;
            for index in 1..=count {
                let range = Shard { index, count }.range(total);
                assert_eq!(range.start, next);
                next = range.end;
            }
            assert_eq!(next, total);
        }
    }

    #[test]
    fn differences_are_named() {
        let study = |mu: Option<f64>| match mu {
            Some(mu) => serde_json::json!({ "truth": { "injected": { "mu": mu } }, "poi": "mu" }),
            None => serde_json::json!({ "truth": { "injected": {} }, "poi": "mu" }),
        };
        let of = |a, b| first_difference(&[], &study(a), &study(b));
        assert_eq!(of(Some(2.0), Some(1.0)), "truth injected mu: 2 here, 1 there");
        assert_eq!(of(Some(2.0), None), "truth injected mu: 2 here, nothing there");
    }

    #[test]
    fn bad_shards_are_refused() {
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, count: 4 }));
        for bad in ["0/4", "5/4", "1", "a/b", "1/0", "-1/2", ""] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
