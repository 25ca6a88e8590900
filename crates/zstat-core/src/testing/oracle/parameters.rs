//! Parameters of a workspace: order, start values, bounds, constraints, auxiliary data.

use std::collections::{BTreeMap, BTreeSet};

use super::rates::n_bins;
use super::{Block, Oracle, OracleConstraint, OracleParameter, Set};
use crate::spec::{
    Channel, ConstraintSpec, CorrelatedConstraint, Dialect, Measurement, Modifier, ModifierKind,
    ParameterSpec, Sample, StatErrorConstraint,
};

/// One place where a modifier stands.
type Place<'a> = (&'a Channel, &'a Sample, &'a Modifier);

impl Oracle {
    pub(super) fn check_names(&self) -> Result<(), String> {
        let mut channels = BTreeSet::new();
        for channel in &self.workspace.channels {
            if !channels.insert(&channel.name) {
                return Err(format!("two channels are called `{}`", channel.name));
            }
            let mut samples = BTreeSet::new();
            for sample in &channel.samples {
                if !samples.insert(&sample.name) {
                    return Err(format!(
                        "two samples of channel `{}` are called `{}`",
                        channel.name, sample.name
                    ));
                }
                if sample.data.len() != n_bins(channel) {
                    return Err(format!("samples of channel `{}` differ in length", channel.name));
                }
            }
        }
        Ok(())
    }

    pub(super) fn read_observations(&self) -> Result<Vec<f64>, String> {
        let mut main = Vec::new();
        for channel in &self.workspace.channels {
            match self.workspace.observations.get(&channel.name) {
                Some(observed) if observed.len() == n_bins(channel) => main.extend(observed),
                Some(_) => return Err(format!("observation of `{}` has a wrong length", channel.name)),
                None => main.extend(std::iter::repeat_n(f64::NAN, n_bins(channel))),
            }
        }
        Ok(main)
    }

    pub(super) fn read_parameters(&mut self) -> Result<(), String> {
        let workspace = self.workspace.clone();
        self.read_formulas()?;
        for kind in ModifierKind::NAMES {
            let mut names: Vec<&str> = Vec::new();
            for (_, _, modifier) in places(&workspace.channels) {
                if modifier.kind.name() == kind && !names.contains(&modifier.name.as_str()) {
                    names.push(&modifier.name);
                }
            }
            if kind == "staterror" {
                names.sort_unstable();
            }
            for name in names {
                if self.formulas.contains_key(name) {
                    continue;
                }
                if let Some(set) = self.sets.get(name) {
                    if set.vector || !matches!(kind, "normsys" | "histosys") {
                        return Err(format!("`{name}` is a {kind} and something else"));
                    }
                    continue;
                }
                let carriers: Vec<Place<'_>> = places(&workspace.channels)
                    .filter(|(.., m)| m.name == name && m.kind.name() == kind)
                    .collect();
                self.add_set(name, kind, &carriers)?;
            }
        }
        self.read_declared()
    }

    /// All names with settings that hold.
    fn names_with_settings(&self) -> Result<BTreeSet<String>, String> {
        let of_measurement = match self.measurement()? {
            Some(measurement) => measurement.parameters.keys().cloned().collect(),
            None => Vec::new(),
        };
        Ok(self.workspace.parameters.keys().cloned().chain(of_measurement).collect())
    }

    fn read_formulas(&mut self) -> Result<(), String> {
        for name in self.names_with_settings()? {
            if let Some(formula) = self.settings(&name)?.formula {
                self.formulas.insert(name, formula);
            }
        }
        Ok(())
    }

    /// Free parameters that formulas use and no modifier, by name.
    fn read_declared(&mut self) -> Result<(), String> {
        for name in self.names_with_settings()? {
            let word = |text: &String| {
                let word = |c: char| !(c.is_alphanumeric() || c == '_' || c == '.');
                text.split(word).any(|part| part == name)
            };
            let known = self.sets.contains_key(&name) || self.formulas.contains_key(&name);
            if known || !self.formulas.values().any(word) {
                continue;
            }
            let settings = self.settings(&name)?;
            let mut parameter = OracleParameter { bounds: [f64::NEG_INFINITY, f64::INFINITY], ..free(1.0) };
            parameter.name = name;
            parameter.init = settings.init.as_ref().map_or(f64::NAN, |init| init.as_slice()[0]);
            apply(&settings, 0, 1, &mut parameter)?;
            self.parameters.push(parameter);
        }
        Ok(())
    }

    fn measurement(&self) -> Result<Option<&Measurement>, String> {
        match &self.options.measurement {
            None => Ok(self.workspace.measurements.first()),
            Some(wanted) => {
                let found = self.workspace.measurements.iter().find(|m| &m.name == wanted);
                found.map(Some).ok_or_else(|| format!("there is no measurement `{wanted}`"))
            }
        }
    }

    fn add_set(&mut self, name: &str, kind: &str, carriers: &[Place<'_>]) -> Result<(), String> {
        let (defaults, offsets) = match kind {
            "histosys" | "normsys" => (vec![nuisance()], BTreeMap::new()),
            "lumi" | "normfactor" => (vec![free(10.0)], BTreeMap::new()),
            "shapefactor" => self.shape_factor(carriers)?,
            "shapesys" => self.shape_sys(carriers)?,
            _ => self.stat_error(carriers),
        };
        let vector = !offsets.is_empty();
        self.sets.insert(
            name.to_owned(),
            Set { first: self.parameters.len(), len: defaults.len(), vector, offsets },
        );
        let settings = self.settings(name)?;
        let count = defaults.len();
        for (index, mut parameter) in defaults.into_iter().enumerate() {
            parameter.name = if vector { format!("{name}[{index}]") } else { name.to_owned() };
            apply(&settings, index, count, &mut parameter)?;
            if kind == "lumi"
                && parameter.constraint == OracleConstraint::None
                && settings.constraint.is_none()
            {
                return Err(format!("the width of `{name}`, a lumi, is not given"));
            }
            self.parameters.push(parameter);
        }
        Ok(())
    }

    /// Settings of the measurement, else of the workspace; the constraint may come from a modifier.
    fn settings(&self, name: &str) -> Result<ParameterSpec, String> {
        let mut settings = self.workspace.parameters.get(name).cloned().unwrap_or_default();
        let measurement = self.measurement()?;
        if let Some(replacement) = measurement.and_then(|m| m.parameters.get(name)) {
            settings = replacement.clone();
        }
        for (_, _, modifier) in places(&self.workspace.channels) {
            if let (true, Some(shorthand)) = (modifier.name == name, &modifier.constraint) {
                match &settings.constraint {
                    Some(constraint) if constraint != shorthand => {
                        return Err(format!("two constraints of `{name}` disagree"));
                    }
                    _ => settings.constraint = Some(shorthand.clone()),
                }
            }
        }
        Ok(settings)
    }

    /// γ a bin of the first carrying channel, shared by the bins of the same number of all others.
    fn shape_factor(&self, carriers: &[Place<'_>]) -> Result<Vector, String> {
        let upper = if self.options.dialect == Dialect::Root { 1000.0 } else { 10.0 };
        let count = n_bins(carriers[0].0);
        let mut offsets = BTreeMap::new();
        for (channel, _, modifier) in carriers {
            if n_bins(channel) > count {
                return Err(format!(
                    "shapefactor `{}` has too few bins for `{}`",
                    modifier.name, channel.name
                ));
            }
            offsets.insert(channel.name.clone(), 0);
        }
        Ok((vec![free(upper); count], offsets))
    }

    /// Pois(τ | γτ), τ = (n/u)², of one sample. A bin without content or error keeps γ = 1 and has τ = 1.
    fn shape_sys(&self, carriers: &[Place<'_>]) -> Result<Vector, String> {
        let [(channel, sample, modifier)] = carriers else {
            return Err(format!("shapesys `{}` stands in two places", carriers[0].2.name));
        };
        let mut parameters = Vec::new();
        for (&nominal, &error) in sample.data.iter().zip(errors(modifier)) {
            let valid = nominal > 0.0 && error > 0.0;
            let tau = if valid { (nominal / error).powi(2) } else { 1.0 };
            let width = if valid { error / nominal } else { 0.0 };
            parameters.push(OracleParameter {
                bounds: self.gamma_bounds(width),
                fixed: !valid,
                constraint: OracleConstraint::Poisson { tau },
                aux: tau,
                ..free(10.0)
            });
        }
        Ok((parameters, BTreeMap::from([(channel.name.clone(), 0)])))
    }

    /// γ a bin of every carrying channel, with σ = √(Σ u²) / Σ n over the carrying samples of the channel.
    fn stat_error(&self, carriers: &[Place<'_>]) -> Vector {
        let mut parameters = Vec::new();
        let mut offsets = BTreeMap::new();
        for (channel, ..) in carriers {
            if offsets.contains_key(&channel.name) {
                continue;
            }
            offsets.insert(channel.name.clone(), parameters.len());
            for bin in 0..n_bins(channel) {
                let (mut variance, mut nominal) = (0.0, 0.0);
                for (other, sample, modifier) in carriers {
                    if other.name == channel.name {
                        variance += errors(modifier)[bin].powi(2);
                        nominal += sample.data[bin];
                    }
                }
                let relative = if nominal > 0.0 { f64::sqrt(variance) / nominal } else { 0.0 };
                parameters.push(self.stat_gamma(relative));
            }
        }
        (parameters, offsets)
    }

    /// The γ of a bin with this relative error. Where it is 0, or below the threshold, γ stays at 1; pyhf has the term
    /// Normal(1 | γ, 1) there, ROOT none.
    fn stat_gamma(&self, relative: f64) -> OracleParameter {
        let tau = relative.powi(-2);
        let constant = relative == 0.0 || relative < self.options.staterror_threshold();
        let (constraint, aux) = match self.options.staterror_constraint() {
            _ if constant && self.options.dialect == Dialect::Root => (OracleConstraint::None, 1.0),
            _ if constant => (OracleConstraint::Normal { sigma: 1.0 }, 1.0),
            StatErrorConstraint::Gaussian => (OracleConstraint::Normal { sigma: relative }, 1.0),
            StatErrorConstraint::Poisson => (OracleConstraint::Poisson { tau }, tau),
        };
        OracleParameter {
            bounds: self.gamma_bounds(relative),
            fixed: constant,
            constraint,
            aux,
            ..free(10.0)
        }
    }

    fn gamma_bounds(&self, sigma: f64) -> [f64; 2] {
        match self.options.dialect {
            Dialect::Pyhf => [1e-10, 10.0],
            Dialect::Root => [0.0, 1.0 + 5.0 * sigma],
        }
    }

    pub(super) fn read_blocks(&mut self) -> Result<(), String> {
        for spec in self.workspace.constraints.clone() {
            let mut members = Vec::new();
            for name in &spec.parameters {
                match self.sets.get(name) {
                    Some(set) => members.extend(set.first..set.first + set.len),
                    None => {
                        let found = self.parameters.iter().position(|p| &p.name == name);
                        members.push(found.ok_or_else(|| format!("there is no parameter `{name}`"))?);
                    }
                }
            }
            let covariance = self.covariance(&spec, &members)?;
            let (inverse, ln_determinant) = invert(covariance)?;
            self.blocks.push(Block { members, inverse, ln_determinant });
        }
        Ok(())
    }

    fn covariance(&self, spec: &CorrelatedConstraint, members: &[usize]) -> Result<Vec<Vec<f64>>, String> {
        if let Some(covariance) = &spec.covariance {
            return Ok(covariance.clone());
        }
        let correlation = spec.correlation.as_ref().ok_or("a correlated constraint without matrix")?;
        let mut widths = Vec::new();
        for &member in members {
            match self.parameters[member].constraint {
                OracleConstraint::Normal { sigma } => widths.push(sigma),
                _ => return Err(format!("`{}` has no Gaussian width", self.parameters[member].name)),
            }
        }
        let scaled = correlation
            .iter()
            .zip(&widths)
            .map(|(row, left)| row.iter().zip(&widths).map(|(entry, right)| left * entry * right).collect());
        Ok(scaled.collect())
    }
}

/// Parameters of a vector, and where the channels' bins start among them.
type Vector = (Vec<OracleParameter>, BTreeMap<String, usize>);

/// Channels, samples and modifiers are sorted already.
fn places(channels: &[Channel]) -> impl Iterator<Item = Place<'_>> {
    channels.iter().flat_map(|channel| {
        channel
            .samples
            .iter()
            .flat_map(move |sample| sample.modifiers.iter().map(move |modifier| (channel, sample, modifier)))
    })
}

fn errors(modifier: &Modifier) -> &[f64] {
    match &modifier.kind {
        ModifierKind::ShapeSys { errors } | ModifierKind::StatError { errors } => errors,
        _ => &[],
    }
}

fn nuisance() -> OracleParameter {
    OracleParameter {
        name: String::new(),
        init: 0.0,
        bounds: [-5.0, 5.0],
        fixed: false,
        constraint: OracleConstraint::Normal { sigma: 1.0 },
        aux: 0.0,
    }
}

fn free(upper: f64) -> OracleParameter {
    OracleParameter {
        name: String::new(),
        init: 1.0,
        bounds: [0.0, upper],
        fixed: false,
        constraint: OracleConstraint::None,
        aux: 1.0,
    }
}

/// Puts settings in place of the defaults. A new kind of constraint brings a new auxiliary observation: the default's
/// centre (0 for an α, 1 else), in units of τ for a Poisson constraint.
fn apply(
    settings: &ParameterSpec,
    index: usize,
    count: usize,
    parameter: &mut OracleParameter,
) -> Result<(), String> {
    let centre = parameter.init;
    if let Some(init) = &settings.init {
        parameter.init = pick(init.as_slice(), index, count)?;
    }
    if let Some(bounds) = &settings.bounds {
        parameter.bounds = pick(bounds.as_slice(), index, count)?;
    }
    if let Some(fixed) = &settings.fixed {
        parameter.fixed = pick(fixed.as_slice(), index, count)?;
    }
    if let Some(constraint) = &settings.constraint {
        parameter.aux = centre;
        parameter.constraint = match constraint {
            ConstraintSpec::None => OracleConstraint::None,
            ConstraintSpec::Normal { sigma } => {
                OracleConstraint::Normal { sigma: pick(sigma.as_slice(), index, count)? }
            }
            ConstraintSpec::Poisson { tau } => {
                let tau = pick(tau.as_slice(), index, count)?;
                parameter.aux = tau * centre;
                OracleConstraint::Poisson { tau }
            }
            ConstraintSpec::Lognormal { kappa } => {
                OracleConstraint::LogNormal { ln_kappa: pick(kappa.as_slice(), index, count)?.ln() }
            }
        };
    }
    if let Some(aux) = &settings.aux {
        parameter.aux = pick(aux.as_slice(), index, count)?;
    }
    Ok(())
}

/// One value stands for all components.
fn pick<T: Copy>(values: &[T], index: usize, count: usize) -> Result<T, String> {
    match values {
        [one] => Ok(*one),
        many if many.len() == count => Ok(many[index]),
        many => Err(format!("{} values for {count} components", many.len())),
    }
}

/// Inverse and ln determinant by Gauss–Jordan elimination; refuses a matrix that is not positive definite.
fn invert(mut matrix: Vec<Vec<f64>>) -> Result<(Vec<Vec<f64>>, f64), String> {
    let n = matrix.len();
    let mut inverse: Vec<Vec<f64>> =
        (0..n).map(|row| (0..n).map(|column| f64::from(u8::from(row == column))).collect()).collect();
    let mut ln_determinant = 0.0;
    for pivot in 0..n {
        let diagonal = matrix[pivot][pivot];
        if diagonal <= 0.0 {
            return Err("a covariance is not positive definite".to_owned());
        }
        ln_determinant += diagonal.ln();
        for entry in matrix[pivot].iter_mut().chain(inverse[pivot].iter_mut()) {
            *entry /= diagonal;
        }
        let (pivot_row, pivot_inverse) = (matrix[pivot].clone(), inverse[pivot].clone());
        for row in (0..n).filter(|&row| row != pivot) {
            let factor = matrix[row][pivot];
            for column in 0..n {
                matrix[row][column] -= factor * pivot_row[column];
                inverse[row][column] -= factor * pivot_inverse[column];
            }
        }
    }
    Ok((inverse, ln_determinant))
}
