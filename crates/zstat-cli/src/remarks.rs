//! Remarks on what options ask for: values outside of bounds, parameters without any effect.

use crate::output::number::plain;
use crate::prepared::Prepared;

impl Prepared {
    /// A remark where `value` of the first parameter it is about, which `what` names, is outside the bounds.
    pub fn remark_value(&mut self, what: &str, value: f64) {
        self.remark_outside(self.subjects()[0], [what, ""], &[value]);
    }

    /// A remark where ends of a range of a parameter are outside its bounds; `what` is the range, such as "the curve".
    pub fn remark_ends(&mut self, parameter: usize, what: &str, ends: [f64; 2]) {
        let [one, both] = ["an end of", "both ends of"].map(|which| format!("{which} {what}"));
        self.remark_outside(parameter, [&one, &both], &ends);
    }

    /// `what` is for one value, then for two.
    fn remark_outside(&mut self, index: usize, what: [&str; 2], values: &[f64]) {
        let parameter = &self.session.model.parameters()[index];
        let ([lower, upper], name) = (parameter.bounds, &parameter.name);
        let outside: Vec<String> = values
            .iter()
            .filter(|value| **value < lower || **value > upper)
            .map(|value| plain(*value))
            .collect();
        let (what, verb) = match outside.len() {
            0 => return,
            1 => (what[0], "is"),
            _ => (what[1], "are"),
        };
        self.start.warnings.push(format!(
            "{what}, {name} = {}, {verb} outside the bounds of `{name}`, {} to {}",
            outside.join(" and "),
            plain(lower),
            plain(upper)
        ));
    }

    /// A remark where no bin depends on a parameter.
    pub fn remark_effect(&mut self, parameter: usize) {
        let remark = self.inputs().without_effect(parameter);
        self.start.warnings.extend(remark);
    }
}
