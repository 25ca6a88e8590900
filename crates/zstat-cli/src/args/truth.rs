//! Options that choose the point that pseudo-data are made from.

use clap::{Args, ValueEnum};
use zstat_core::fit::{Minimum, Nowhere, Problem, Termination, from_anywhere, minimise};
use zstat_core::model::{Model, Parameter};

use crate::failure::{Failure, OptionFault};
use crate::prepared::Prepared;
use crate::select;

/// Seed of the points that are tried where the start values have no likelihood.
const SEED: u64 = 1;

/// Where the parameters that are not injected come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Nuisances {
    /// The fit to the data with what is injected held.
    #[default]
    Fit,
    /// The start values.
    Nominal,
}

/// The truth of pseudo-data.
#[derive(Debug, Args)]
#[command(next_help_heading = "Toy options")]
pub struct TruthArgs {
    /// True value of a parameter in the pseudo-data; repeatable [default: that of --nuisances]
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    inject: Vec<String>,
    #[command(flatten)]
    nuisances: NuisanceArgs,
}

/// Where all other true values come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Toy options")]
pub struct NuisanceArgs {
    /// True values of all parameters that are not injected
    #[arg(long, value_enum, default_value_t, value_name = "WHERE")]
    nuisances: Nuisances,
}

/// How the truth was found.
#[derive(Debug, Default)]
pub struct TruthFit {
    /// Did the fit converge?
    pub converged: bool,
    /// What a reader should know.
    pub warnings: Vec<String>,
    /// Minimisations.
    pub fits: usize,
}

impl TruthArgs {
    /// Parameters and values of `--inject`.
    pub fn injected(&self, model: &Model, faults: &mut Vec<OptionFault>) -> Vec<(usize, f64)> {
        const OPTION: &str = "--inject";
        let mut out: Vec<(usize, f64)> = Vec::new();
        for text in &self.inject {
            let Some((name, value)) = text.split_once('=') else {
                faults.push(OptionFault::new(OPTION, text, "expected NAME=VALUE, such as mu=1"));
                continue;
            };
            let number = value.trim().parse::<f64>().ok().filter(|value| value.is_finite());
            let Some(number) = number else {
                let message = format!("the value `{value}` is no finite number");
                faults.push(OptionFault::new(OPTION, text, message));
                continue;
            };
            match select::parameters(model, OPTION, name.trim()) {
                Ok(found) => {
                    for index in found {
                        if out.iter().any(|(known, _)| *known == index) {
                            let name = &model.parameters()[index].name;
                            let message = format!("`{name}` is injected twice");
                            faults.push(OptionFault::new(OPTION, text, message));
                        } else {
                            faults.extend(outside(&model.parameters()[index], number));
                            out.push((index, number));
                        }
                    }
                }
                Err(fault) => faults.push(fault),
            }
        }
        out
    }

    /// What the point is made from, for the manifest of a job: not the point itself, whose last digits depend on the
    /// processor.
    pub fn description(&self, model: &Model, injected: &[(usize, f64)]) -> serde_json::Value {
        let of = |&(index, value): &(usize, f64)| {
            (model.parameters()[index].name.clone(), serde_json::Value::from(value))
        };
        let injected: serde_json::Map<String, serde_json::Value> = injected.iter().map(of).collect();
        serde_json::json!({ "injected": injected, "rest": self.nuisances.description() })
    }

    /// The point, and how it was found.
    ///
    /// # Errors
    /// Where there is no likelihood.
    pub fn point(
        &self,
        prepared: &Prepared,
        injected: &[(usize, f64)],
    ) -> Result<(Vec<f64>, TruthFit), Failure> {
        self.nuisances.point(prepared, injected)
    }
}

impl NuisanceArgs {
    /// The choice by its name, for the manifest of a job.
    pub fn description(&self) -> Option<String> {
        self.nuisances.to_possible_value().map(|value| value.get_name().to_owned())
    }

    /// The point with these parameters at these values.
    ///
    /// # Errors
    /// Where there is no likelihood.
    pub fn point(
        &self,
        prepared: &Prepared,
        injected: &[(usize, f64)],
    ) -> Result<(Vec<f64>, TruthFit), Failure> {
        let inputs = prepared.inputs();
        let (mut theta, mut fixed) = (inputs.start.to_vec(), inputs.fixed.to_vec());
        for &(index, value) in injected {
            theta[index] = value;
            fixed[index] = true;
        }
        if self.nuisances == Nuisances::Nominal {
            return Ok((theta, TruthFit { converged: true, ..TruthFit::default() }));
        }
        let bounds: Vec<[f64; 2]> = inputs.model.parameters().iter().map(|p| p.bounds).collect();
        let problem = Problem::new(&theta, &bounds, &fixed);
        let (mut found, _) = minimise(&mut inputs.nll(), inputs.fitter, &problem);
        let (mut warnings, mut fits) = (Vec::new(), 1);
        if matches!(found.termination, Termination::InvalidStart(_)) {
            match from_anywhere(&mut inputs.nll(), inputs.fitter, &problem, &[], SEED) {
                Ok((other, _)) => {
                    (found, fits) = (other, 2);
                    let told = "no likelihood at the start values with what is injected; the fit began at another point, \
                                where there is one";
                    warnings.push(told.to_owned());
                }
                Err(Nowhere { why, is_zero }) => {
                    let is_zero =
                        if is_zero { "the likelihood is zero whatever the others are: " } else { "" };
                    let message = format!("no fit gives the truth: {is_zero}{why}");
                    let fault = OptionFault::new("--nuisances", "fit", message);
                    return Err(Failure::Options(vec![
                        fault.help("`--nuisances nominal` takes the start values"),
                    ]));
                }
            }
        }
        let Minimum { theta, termination, .. } = found;
        let converged = termination == Termination::Converged;
        if !converged {
            warnings.push("the fit that the pseudo-data are made from did not converge".to_owned());
        }
        Ok((theta, TruthFit { converged, warnings, fits }))
    }
}

/// A value that the parameter cannot have.
pub fn outside(parameter: &Parameter, value: f64) -> Option<OptionFault> {
    let [lower, upper] = parameter.bounds;
    let message = format!("is outside the bounds of `{}`, {lower} to {upper}", parameter.name);
    let fault = OptionFault::new("--inject", value.to_string(), message);
    (value < lower || value > upper).then(|| fault.help("bounds are set in the spec, under `parameters`"))
}
