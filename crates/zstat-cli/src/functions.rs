//! `--function NAME=EXPRESSION`: functions of the parameters in the language of formulas.

use zstat_core::fit::{FitResult, FormulaResult};
use zstat_core::formula::Formula;
use zstat_core::model::{Functions, Model};
use zstat_inference::Spread;

use crate::failure::{OptionFault, known_names};

const OPTION: &str = "--function";

/// Reads the options; bad ones are appended to `faults`.
pub fn read(options: &[String], faults: &mut Vec<OptionFault>) -> Vec<(String, Formula)> {
    let mut out: Vec<(String, Formula)> = Vec::new();
    for option in options {
        let Some((name, text)) = option.split_once('=') else {
            let fault = OptionFault::new(OPTION, option, "expected NAME=EXPRESSION");
            faults.push(fault.help("for example `ratio=mu_ggH/mu_qqH`"));
            continue;
        };
        let (name, text) = (name.trim(), text.trim());
        if name.is_empty() {
            faults.push(OptionFault::new(OPTION, option, "the name before `=` is missing"));
        } else if out.iter().any(|(known, _)| known == name) {
            faults.push(OptionFault::new(OPTION, option, format!("`{name}` is given twice")));
        } else {
            match Formula::parse(text) {
                Ok(formula) => out.push((name.to_owned(), formula)),
                Err(fault) => {
                    let message = format!("the expression, {}: {}", fault.place(text), fault.message);
                    let mut told = OptionFault::new(OPTION, option, message);
                    told.help = fault.help;
                    faults.push(told);
                }
            }
        }
    }
    out
}

/// The functions over a model; names that mean nothing, or something else already, are appended to `faults`.
pub fn link<'m>(
    model: &'m Model,
    read: &[(String, Formula)],
    faults: &mut Vec<OptionFault>,
) -> Functions<'m> {
    let mut out = Functions::new(model);
    for (name, formula) in read {
        if model.find(name).is_some() || model.formulas().iter().any(|known| known.name == *name) {
            let message = format!("`{name}` is a parameter or formula of the model");
            faults.push(OptionFault::new(OPTION, name, message).help("choose another name"));
            continue;
        }
        let Err(unknown) = out.add(name, formula) else { continue };
        for unknown in unknown {
            let parameters = model.parameters().iter().map(|parameter| parameter.name.as_str());
            let formulas = model.formulas().iter().map(|formula| formula.name.as_str());
            let functions = out.list().iter().map(|function| function.name.as_str());
            let known: Vec<&str> = parameters.chain(formulas).chain(functions).collect();
            let found = format!("{name}={}", formula.text());
            faults.push(match model.sets().iter().find(|set| set.name == unknown) {
                Some(set) => {
                    let message = format!("`{unknown}` stands for {} parameters, expected one", set.len);
                    OptionFault::new(OPTION, found, message).help(format!("write `{unknown}[0]`"))
                }
                None => {
                    let message = format!("no parameter is called `{unknown}`");
                    OptionFault::new(OPTION, found, message).help(known_names(&unknown, &known))
                }
            });
        }
    }
    out
}

/// The functions at the minimum of a fit in which `held` parameters did not move (one entry a parameter), with
/// uncertainties √(gᵀ V g) by their exact slopes and the covariance; none where that has no number.
pub fn at_minimum(functions: &Functions<'_>, fit: &FitResult, held: &[bool]) -> Vec<FormulaResult> {
    let theta: Vec<f64> = fit.parameters.iter().map(|parameter| parameter.value).collect();
    let spread = Spread::of_fit(held, fit.covariance.as_ref());
    let found = functions.list().iter().zip(functions.slopes(&theta, held));
    let result = found.map(|(function, (value, mut slopes))| {
        slopes.retain(|(_, slope)| *slope != 0.0);
        let variance = spread.covariance(&slopes, &slopes).filter(|_| value.is_finite());
        FormulaResult {
            name: function.name.clone(),
            formula: function.text().to_owned(),
            value,
            // Differences of large terms may leave a little less than nothing.
            uncertainty: variance.map(|variance| variance.max(0.0).sqrt()),
        }
    });
    result.collect()
}
