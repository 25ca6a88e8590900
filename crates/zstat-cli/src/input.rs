//! Documents in: a spec and its patches become one analysis, with every fault placed in its file.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zstat_core::diag::{Code, Fault, Severity};
use zstat_core::spec::{Analysis, Workspace};

use crate::args::ModelArgs;
use crate::failure::Failure;
use crate::render::line_column;

/// A text and the name it is shown under.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// File name as given; `<stdin>` for standard input.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A fault at its place in a file. Its JSON form is the contract of `zstat validate`.
#[derive(Debug, Clone, Serialize)]
pub struct Located {
    /// File as given on the command line.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// JSON pointer into the document.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// `E…` or `W…`.
    pub code: &'static str,
    /// Error or warning.
    #[serde(skip)]
    pub severity: Severity,
    /// Which of the sources, and which bytes of it.
    #[serde(skip)]
    pub span: Option<(usize, Range<usize>)>,
}

/// Faults of the documents of one command, with the texts they are in.
#[derive(Debug, Clone)]
pub struct SpecFaults {
    /// The documents; the spec itself is the first.
    pub sources: Vec<SourceText>,
    /// What is wrong with them, in order of place.
    pub faults: Vec<Located>,
}

impl SpecFaults {
    /// Name of the spec.
    pub fn name(&self) -> &str {
        self.sources.first().map_or("<spec>", |source| source.name.as_str())
    }
}

/// A spec that was read, with its patches applied.
#[derive(Debug)]
pub struct Loaded {
    /// The analysis.
    pub analysis: Analysis,
    /// The texts it came from; the spec itself is the first.
    pub sources: Vec<SourceText>,
    /// Warnings of the reader.
    pub warnings: Vec<Located>,
    /// When the first file was opened: the start of `load_s`.
    pub opened: Instant,
}

impl Loaded {
    /// Reads the spec and its patches.
    ///
    /// # Errors
    /// Where a file cannot be read, and all faults of the documents at once.
    pub fn open(args: &ModelArgs) -> Result<Self, Failure> {
        let opened = Instant::now();
        let source = read_text(&args.spec)?;
        let analysis = parse(&source).map_err(|fault| {
            Failure::Spec(Box::new(SpecFaults { sources: vec![source.clone()], faults: vec![fault] }))
        })?;
        Ok(Self { analysis, sources: vec![source], warnings: Vec::new(), opened })
    }

    /// Name of the spec, as given.
    pub fn name(&self) -> &str {
        self.sources.first().map_or("<spec>", |source| source.name.as_str())
    }

    /// Faults of the model, placed in the documents.
    pub fn locate(&self, faults: Vec<Fault>) -> SpecFaults {
        let faults = faults.into_iter().map(|fault| self.locate_one(fault)).collect();
        SpecFaults { sources: self.sources.clone(), faults }
    }

    fn locate_one(&self, fault: Fault) -> Located {
        Located {
            file: self.name().to_owned(),
            line: 1,
            column: 1,
            severity: fault.severity(),
            code: fault.code.id(),
            path: fault.pointer,
            message: fault.message,
            help: fault.help,
            span: None,
        }
    }

    /// SHA-256 of the analysis: of its JSON form with sorted keys and without spaces. The same for YAML and JSON, and
    /// blind to comments and to the order of keys; patches count, options of the command line do not.
    pub fn digest(&self) -> String {
        let value = serde_json::to_value(&self.analysis).unwrap_or(Value::Null);
        let hash = Sha256::digest(sorted(value).to_string());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }
}

/// The same value with all keys sorted.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        other => other,
    }
}

/// Reads a file, or standard input where the path is `-`.
pub fn read_text(path: &Path) -> Result<SourceText, Failure> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|source| Failure::read(Path::new("<stdin>"), source))?;
        return Ok(SourceText { name: "<stdin>".to_owned(), text });
    }
    let text = std::fs::read_to_string(path).map_err(|source| Failure::read(path, source))?;
    Ok(SourceText { name: path.display().to_string(), text })
}

fn parse(source: &SourceText) -> Result<Analysis, Located> {
    let fault = |message: String, line: usize, column: usize| Located {
        file: source.name.clone(),
        line: line.max(1),
        column: column.max(1),
        path: String::new(),
        message,
        help: None,
        code: Code::ParameterSetting.id(),
        severity: Severity::Error,
        span: None,
    };
    let json = source.text.trim_start().starts_with(['{', '[']);
    let value: Value = if json {
        serde_json::from_str(&source.text).map_err(|e| fault(e.to_string(), e.line(), e.column()))?
    } else {
        serde_yaml::from_str(&source.text).map_err(|e| {
            let (line, column) = e.location().map_or((1, 1), |at| (at.line(), at.column()));
            fault(e.to_string(), line, column)
        })?
    };
    let bare = value.get("channels").is_some();
    let analysis = if bare {
        serde_json::from_value::<Workspace>(value)
            .map(|workspace| Analysis { zstat: 1, workspace, ..Analysis::default() })
    } else {
        serde_json::from_value(value)
    };
    analysis.map_err(|e| fault(e.to_string(), 1, 1))
}

/// Line and column of the start of a span.
pub fn place(source: &SourceText, span: &Range<usize>) -> (usize, usize) {
    line_column(&source.text, span.start)
}
