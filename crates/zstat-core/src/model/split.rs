//! One parameter made several: a model in which each group of channels has a copy of its own.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::formula::link_to;
use super::formula::meaning;
use super::structure::BasisUse;
use super::{Constraint, FormulaParameter, Model, ParamIdx, Parameter, ParameterSet};

/// Why a parameter cannot be copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// It is one of a vector.
    #[error("`{0}` acts bin by bin (shapefactor, shapesys, staterror): it cannot be split by channel")]
    Vector(String),
    /// It has a constraint, which copies would count several times.
    #[error("`{0}` has a constraint: copies of it would count that several times")]
    Constrained(String),
}

impl Model {
    /// Whether the expectation of each channel depends on a parameter, by its modifiers or through formulas.
    pub fn channels_of(&self, parameter: ParamIdx) -> Vec<bool> {
        let driven = self.driven_by(parameter.0);
        let structure = &self.structure;
        let drives = |cell: &super::Cell| {
            let scales = structure.scales[cell.scales.clone()].iter().map(|scale| scale.param);
            let shifts = structure.shifts[cell.shifts.clone()].iter();
            let by_bin = structure.bin_scales[cell.bin_scales.clone()].iter();
            scales.chain(shifts.map(|shift| structure.bases[shift.basis].param)).any(|at| driven[at])
                || by_bin.into_iter().any(|&first| driven[first..first + cell.n_bins()].contains(&true))
        };
        structure
            .channel_cells
            .iter()
            .map(|cells| structure.cells[cells.clone()].iter().any(drives))
            .collect()
    }

    /// Sets the bounds of a parameter; its start value moves inside them.
    pub fn set_bounds(&mut self, parameter: ParamIdx, bounds: [f64; 2]) {
        let parameter = &mut self.parameters[parameter.0];
        parameter.bounds = bounds;
        parameter.init = parameter.init.max(bounds[0]).min(bounds[1]);
    }

    /// The same model in which `parameter` acts on the channels of the first group, and a copy of it on those of each other
    /// group (indices of channels). Formulas that use it are copied with it. Channels in no group keep the parameter itself.
    /// Returns the model and the index of each group's parameter; the copies come after all other parameters.
    ///
    /// # Errors
    /// Where the parameter cannot be copied.
    pub fn split(
        &self,
        parameter: ParamIdx,
        groups: &[(String, Vec<usize>)],
    ) -> Result<(Self, Vec<ParamIdx>), SplitError> {
        let original = &self.parameters[parameter.0];
        if self.sets[original.set].vector {
            return Err(SplitError::Vector(original.name.clone()));
        }
        if original.constraint != Constraint::None {
            return Err(SplitError::Constrained(original.name.clone()));
        }
        let mut out = Self { layout: OnceLock::new(), ..self.clone() };
        let n = self.parameters.len();
        let copies = groups.len().saturating_sub(1);
        out.make_room(n, copies);
        let mut found = vec![parameter];
        for (copy, (name, channels)) in groups.iter().skip(1).enumerate() {
            let set = ParameterSet { first: n + copy, ..out.sets[original.set].clone() };
            out.sets.push(set);
            let set = out.sets.len() - 1;
            let name = format!("{} ({name})", original.name);
            out.parameters.push(Parameter { name, set, ..original.clone() });
            found.push(ParamIdx(n + copy));
            let moved = out.copy_formulas(parameter.0, n + copy, n + copies);
            channels.iter().for_each(|&channel| out.redirect(channel, &moved));
        }
        out.poi = found.clone();
        Ok((out, found))
    }

    /// By place in the extended vector: is it the parameter, or a formula that depends on it?
    fn driven_by(&self, parameter: usize) -> Vec<bool> {
        let mut driven = vec![false; self.n_extended()];
        driven[parameter] = true;
        for (at, formula) in self.formulas.iter().enumerate() {
            driven[self.parameters.len() + at] = formula.roots().contains(&parameter);
        }
        driven
    }

    /// Moves the formulas up in the extended vector by `more` parameters.
    fn make_room(&mut self, n: usize, more: usize) {
        let structure = &mut self.structure;
        let scales = structure.scales.iter_mut().map(|scale| &mut scale.param);
        let bases = structure.bases.iter_mut().map(|basis| &mut basis.param);
        for at in scales.chain(bases).filter(|at| **at >= n) {
            *at += more;
        }
    }

    /// Copies the formulas that depend on a parameter, with `copy` in its place. Returns where each place in the extended
    /// vector, whose formulas begin at `first_formula`, goes.
    fn copy_formulas(
        &mut self,
        parameter: usize,
        copy: usize,
        first_formula: usize,
    ) -> BTreeMap<usize, usize> {
        let mut moved = BTreeMap::from([(parameter, copy)]);
        // A copy comes after all others, so that what it uses is there.
        let mut copied: BTreeMap<usize, usize> = BTreeMap::new();
        for at in 0..self.formulas.len() {
            let formula = &self.formulas[at];
            if !formula.roots().contains(&parameter) || formula.name.is_empty() {
                continue;
            }
            let means = |name: &str| {
                Some(match meaning(name, &self.parameters, &self.formulas)? {
                    Ok(found) if found == parameter => Ok(copy),
                    Err(found) => Err(copied.get(&found).copied().unwrap_or(found)),
                    other => other,
                })
            };
            // Without a name of its own: names go on meaning the originals.
            let linked: Option<FormulaParameter> = link_to("", formula.formula(), &self.formulas, means);
            if let Some(linked) = linked {
                copied.insert(at, self.formulas.len());
                moved.insert(first_formula + at, first_formula + self.formulas.len());
                self.formulas.push(linked);
            }
        }
        moved
    }

    /// Has the effects of a channel follow the copies.
    fn redirect(&mut self, channel: usize, moved: &BTreeMap<usize, usize>) {
        let structure = &mut self.structure;
        for cell in structure.channel_cells[channel].clone() {
            let cell = structure.cells[cell].clone();
            for scale in &mut structure.scales[cell.scales.clone()] {
                scale.param = moved.get(&scale.param).copied().unwrap_or(scale.param);
            }
            for i in cell.shifts.clone() {
                let basis = structure.bases[structure.shifts[i].basis];
                let Some(&param) = moved.get(&basis.param) else { continue };
                let wanted = BasisUse { param, ..basis };
                let known = structure.bases.iter().position(|basis| *basis == wanted);
                structure.shifts[i].basis = known.unwrap_or_else(|| {
                    structure.bases.push(wanted);
                    structure.bases.len() - 1
                });
            }
        }
    }
}
