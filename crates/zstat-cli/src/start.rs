//! Where a fit starts and what it keeps fixed: the spec's values, then `--init-from`, `--set`, `--fix`, `--free`.

use std::path::Path;

use zstat_core::diag::Code;
use zstat_core::model::Model;
use zstat_core::source::{Node, NodeValue};

use crate::args::ParameterArgs;
use crate::failure::{Failure, OptionFault};
use crate::side::SideFile;
use crate::{input, select};

const RESULT: &str = "give the JSON result of `zstat fit`";

/// Start values and fixed flags, one a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// Start values.
    pub values: Vec<f64>,
    /// Kept fixed?
    pub fixed: Vec<bool>,
    /// The option that fixed it.
    fixed_by: Vec<Option<String>>,
    /// Came from the file of `--init-from`, and no option changed it?
    from_file: Vec<bool>,
    /// What a reader should know, such as values of an earlier result that were of no use.
    pub warnings: Vec<String>,
}

impl Start {
    /// As the model has it.
    pub fn of(model: &Model) -> Self {
        Self {
            values: model.parameters().iter().map(|p| p.init).collect(),
            fixed: model.parameters().iter().map(|p| p.fixed).collect(),
            fixed_by: vec![None; model.parameters().len()],
            from_file: vec![false; model.parameters().len()],
            warnings: Vec::new(),
        }
    }

    /// As the model has it, changed by the options. Faults are appended to `faults`, all of them.
    ///
    /// # Errors
    /// Where the file of `--init-from` cannot be read.
    pub fn resolve(
        model: &Model,
        args: &ParameterArgs,
        faults: &mut Vec<OptionFault>,
    ) -> Result<Self, Failure> {
        let mut start = Self::of(model);
        if let Some(path) = &args.init_from {
            start.init_from(model, path, faults)?;
        }
        for text in &args.set {
            collect(start.set(model, text), faults);
        }
        for text in &args.fix {
            collect(start.fix(model, text), faults);
        }
        for text in &args.free {
            let found = select::parameters(model, "--free", text);
            collect(found.map(|found| found.into_iter().for_each(|i| start.fixed[i] = false)), faults);
        }
        Ok(start)
    }

    /// The value of the `--fix` that keeps a parameter fixed, if one does.
    pub fn fixed_by(&self, index: usize) -> Option<&str> {
        self.fixed_by[index].as_deref().filter(|_| self.fixed[index])
    }

    fn set(&mut self, model: &Model, text: &str) -> Result<(), OptionFault> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(OptionFault::new("--set", text, "expected NAME=VALUE"));
        };
        let value = number("--set", text, value)?;
        for index in select::parameters(model, "--set", name.trim())? {
            self.values[index] = value;
            self.from_file[index] = false;
        }
        Ok(())
    }

    fn fix(&mut self, model: &Model, text: &str) -> Result<(), OptionFault> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(number("--fix", text, value)?)),
            None => (text, None),
        };
        for index in select::parameters(model, "--fix", name.trim())? {
            self.fixed[index] = true;
            self.fixed_by[index] = Some(text.to_owned());
            if let Some(value) = value {
                self.values[index] = value;
                self.from_file[index] = false;
            }
        }
        Ok(())
    }

    /// Free parameters must start inside their bounds: a fit would have to move them, silently.
    pub fn check_bounds(&self, model: &Model, faults: &mut Vec<OptionFault>) {
        for (index, parameter) in model.parameters().iter().enumerate() {
            let (value, [lower, upper]) = (self.values[index], parameter.bounds);
            let changed = value.to_bits() != parameter.init.to_bits();
            if changed && !self.fixed[index] && !(lower..=upper).contains(&value) {
                let message = format!(
                    "the start value {value} of `{}` is outside its bounds [{lower}, {upper}]",
                    parameter.name
                );
                let (option, found) = match self.from_file[index] {
                    true => ("--init-from", parameter.name.clone()),
                    false => ("--set", format!("{}={value}", parameter.name)),
                };
                faults.push(
                    OptionFault::new(option, found, message)
                        .help("start inside, or widen `bounds` in the spec"),
                );
            }
        }
    }

    /// Fixed parameters may lie outside their bounds, but hardly on purpose.
    pub fn warn_of_fixed(&mut self, model: &Model) {
        for (index, parameter) in model.parameters().iter().enumerate() {
            let (value, [lower, upper]) = (self.values[index], parameter.bounds);
            let changed = value.to_bits() != parameter.init.to_bits();
            if changed && self.fixed[index] && !(lower..=upper).contains(&value) {
                let name = &parameter.name;
                self.warnings
                    .push(format!("`{name}` is fixed at {value}, outside its bounds [{lower}, {upper}]"));
            }
        }
    }

    fn init_from(
        &mut self,
        model: &Model,
        path: &Path,
        faults: &mut Vec<OptionFault>,
    ) -> Result<(), Failure> {
        let file = SideFile::open("--init-from", RESULT, path)?;
        // A result may take the place of the one it started from.
        input::release(path);
        let parameters = match file.tree().map(|root| (root, root.get("parameters"))) {
            Ok((_, Some(list))) if matches!(list.value, NodeValue::List(_)) => list.items(),
            Ok((root, _)) => {
                let message = "the file has no list of `parameters`, expected the JSON result of `zstat fit`";
                faults.push(file.fault(file.at(root, Code::WrongFile, "", message.to_owned())));
                return Ok(());
            }
            Err(fault) => {
                faults.push(fault);
                return Ok(());
            }
        };
        let shown = file.name().to_owned();
        let mut unused = Vec::new();
        let mut seen = vec![false; self.values.len()];
        let mut known = 0;
        for (i, parameter) in parameters.iter().enumerate() {
            let at = format!("/parameters/{i}");
            let Some(name) = parameter.get("name").and_then(Node::text) else {
                let message = format!("entry {i} of `parameters` has no `name`");
                faults.push(file.fault(file.at(parameter, Code::MissingKey, &at, message)));
                continue;
            };
            let value = match parameter.get("value").map(|value| (value, &value.value)) {
                None | Some((_, NodeValue::Null)) => None,
                Some((node, _)) => {
                    match file.number(node, &format!("{at}/value"), &format!("the value of `{name}`")) {
                        Ok(value) => Some(value),
                        Err(fault) => {
                            faults.push(file.fault(fault));
                            continue;
                        }
                    }
                }
            };
            match (model.find(name), value) {
                (Some(index), Some(value)) => {
                    if std::mem::replace(&mut seen[index.0], true) {
                        let message = format!("`{name}` has a value in an earlier entry already");
                        faults.push(file.fault(file.at(parameter, Code::DuplicateName, &at, message)));
                    }
                    self.values[index.0] = value;
                    self.from_file[index.0] = true;
                    known += 1;
                }
                _ => unused.push(format!("`{name}`")),
            }
        }
        if known == 0 {
            let message = "the file has no value of any parameter of this model";
            faults.push(OptionFault::new("--init-from", shown, message));
        } else if !unused.is_empty() {
            self.warnings
                .push(format!("{shown}: not used, unknown here or without value: {}", unused.join(", ")));
        }
        Ok(())
    }
}

fn collect(result: Result<(), OptionFault>, faults: &mut Vec<OptionFault>) {
    if let Err(fault) = result {
        faults.push(fault);
    }
}

/// The finite number after the `=` of an option's value.
pub fn number(option: &'static str, found: &str, text: &str) -> Result<f64, OptionFault> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(OptionFault::new(
            option,
            found,
            format!("expected a finite number after `=`, found `{}`", text.trim()),
        )),
    }
}
