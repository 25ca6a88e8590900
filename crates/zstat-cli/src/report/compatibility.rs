//! The result of `zstat compatibility`.

use serde_json::{Value, json};
use zstat_core::fit::ParameterResult;
use zstat_inference::Compatibility;

use super::head::Head;
use crate::output::number::{exact, offset, plain};
use crate::output::table::{Align, Cell, Table};
use crate::output::{BOLD, Finite, Page, Report};

/// Characters of the sketch.
const WIDTH: usize = 41;

/// One parameter of interest for all channels against one for each.
pub struct CompatibilityReport {
    head: Head,
    parameter: String,
    found: Compatibility,
}

impl CompatibilityReport {
    /// From the engine's result.
    pub fn new(head: Head, parameter: &str, found: Compatibility) -> Self {
        Self { head, parameter: parameter.to_owned(), found }
    }

    /// Did both fits converge?
    pub fn converged(&self) -> bool {
        self.head.converged()
    }

    /// Name and result of each line: all channels, then each group.
    fn lines(&self) -> Vec<(&str, &ParameterResult)> {
        let groups = self.found.groups.iter().map(|group| (group.name.as_str(), &group.best));
        std::iter::once(("all", &self.found.one)).chain(groups).collect()
    }
}

fn ends(result: &ParameterResult) -> (Option<f64>, Option<f64>) {
    result.minos.map_or((None, None), |minos| (minos.down, minos.up))
}

fn best(result: &ParameterResult) -> Value {
    let (down, up) = ends(result);
    json!({
        "value": result.value, "uncertainty": result.uncertainty, "minos": { "down": down, "up": up },
        "at_bound": result.at_bound,
    })
}

impl Report for CompatibilityReport {
    fn command(&self) -> &'static str {
        "compatibility"
    }

    fn json(&self) -> Value {
        let mut finite = Finite::default();
        let found = &self.found;
        let groups = found.groups.iter().map(|group| {
            let mut out = json!({ "name": group.name, "channels": group.channels });
            if let (Value::Object(out), Value::Object(best)) = (&mut out, best(&group.best)) {
                out.extend(best);
            }
            out
        });
        let groups: Vec<Value> = groups.collect();
        let body = json!({
            "poi": self.parameter,
            "value": finite.number(found.value, || "2 ΔNLL".to_owned()),
            "dof": found.dof,
            "p_value": finite.number(found.p_value, || "p_value".to_owned()),
            "one": best(&found.one),
            "bounds": found.one.bounds,
            "channels": groups,
            "left_out": found.left_out,
        });
        self.head.document([body], finite)
    }

    fn text(&self, page: &mut Page) {
        let (found, name) = (&self.found, self.parameter.as_str());
        self.head.page(&format!("one {name} for all channels, against one for each"), page);
        if !found.left_out.is_empty() {
            let names = found.left_out.join(", ");
            page.note(&format!("left out, because {name} does not act there or all is blinded: {names}"));
        }
        let of = if found.dof == 1 { "degree" } else { "degrees" };
        page.line(format!(
            "2 ΔNLL = {} with {} {of} of freedom, p-value {}",
            plain(found.value),
            found.dof,
            plain(found.p_value)
        ));
        page.heading(name);
        let scale = Scale::of(&self.lines());
        let sketch = format!(
            "{:<half$}{:>rest$}",
            plain(scale.low),
            plain(scale.high),
            half = WIDTH / 2,
            rest = WIDTH - WIDTH / 2
        );
        let mut table = Table::new(&[
            ("channels", Align::Left),
            ("best", Align::Right),
            ("MINOS", Align::Left),
            (&sketch, Align::Left),
            ("", Align::Left),
        ]);
        for (at, (name, result)) in self.lines().into_iter().enumerate() {
            let (down, up) = ends(result);
            let shown = |end: Option<f64>| end.map_or("(none)".to_owned(), offset);
            table.row([
                if at == 0 { Cell::styled(name, BOLD) } else { name.into() },
                plain(result.value).into(),
                format!("{} {}", shown(down), shown(up)).into(),
                scale.bar(result, found.one.value).into(),
                if result.at_bound { "at a bound" } else { "" }.into(),
            ]);
        }
        page.table(&table);
    }

    fn csv(&self) -> Option<Vec<Vec<String>>> {
        let header = ["group", "channels", "value", "uncertainty", "down", "up"].map(str::to_owned).to_vec();
        let text = |x: Option<f64>| x.map(exact).unwrap_or_default();
        let channels = |at: usize| match at.checked_sub(1) {
            Some(group) => self.found.groups[group].channels.join(" "),
            None => String::new(),
        };
        let rows = self.lines().into_iter().enumerate().map(|(at, (name, result))| {
            let (down, up) = ends(result);
            let numbers = [Some(result.value), result.uncertainty, down, up].map(text);
            [vec![name.to_owned(), channels(at)], numbers.to_vec()].concat()
        });
        Some(std::iter::once(header).chain(rows).collect())
    }
}

/// The range of the sketch.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// All intervals; an open side ends at the value itself.
    fn of(lines: &[(&str, &ParameterResult)]) -> Self {
        let ends = lines.iter().map(|(_, result)| {
            let (down, up) = ends(result);
            (result.value + down.unwrap_or(0.0), result.value + up.unwrap_or(0.0))
        });
        let (low, high) =
            ends.fold((f64::INFINITY, f64::NEG_INFINITY), |all, one| (all.0.min(one.0), all.1.max(one.1)));
        Self { low, high }
    }

    fn cell(&self, x: f64) -> usize {
        let place = (x - self.low) / (self.high - self.low) * (WIDTH - 1) as f64;
        if place.is_finite() { place.round().clamp(0.0, (WIDTH - 1) as f64) as usize } else { 0 }
    }

    /// `●` at the value, `─` over the interval, `┊` at the value of all channels.
    fn bar(&self, result: &ParameterResult, one: f64) -> String {
        let (down, up) = ends(result);
        let from = self.cell(result.value + down.unwrap_or(0.0));
        let to = self.cell(result.value + up.unwrap_or(0.0));
        let (at, one) = (self.cell(result.value), self.cell(one));
        let mark = |cell: usize| match cell {
            cell if cell == at => '●',
            cell if cell == one => '┊',
            cell if (from..=to).contains(&cell) => '─',
            _ => ' ',
        };
        (0..WIDTH).map(mark).collect()
    }
}
