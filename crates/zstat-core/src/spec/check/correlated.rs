//! Correlated constraints: parameters that exist, and a matrix that is a covariance.

use nalgebra::DMatrix;

use super::{Uses, entries, shown};
use crate::diag::{Code, Fault};
use crate::spec::scope::Settings;
use crate::spec::{BuildOptions, ConstraintSpec, CorrelatedConstraint, ModifierKind, Workspace};
use crate::text::nearest;

/// Relative difference up to which two numbers of a matrix count as equal: rounding in a published table.
const SYMMETRY: f64 = 1e-6;

pub(super) fn check(
    workspace: &Workspace,
    uses: &Uses<'_>,
    _options: &BuildOptions,
    faults: &mut Vec<Fault>,
) {
    let mut before: Vec<&str> = Vec::new();
    for (i, block) in workspace.constraints.iter().enumerate() {
        let at = format!("/constraints/{i}");
        parameters(block, &at, uses, workspace, &mut before, faults);
        match (&block.covariance, &block.correlation) {
            (Some(matrix), None) => self::matrix(matrix, false, &format!("{at}/covariance"), block, faults),
            (None, Some(matrix)) => self::matrix(matrix, true, &format!("{at}/correlation"), block, faults),
            (Some(_), Some(_)) => faults.push(
                Fault::new(Code::BadCovariance, format!("{at}/correlation"), "both `covariance` and `correlation` are given")
                    .at_key()
                    .help("give one: a covariance holds the widths, with a correlation they stay those of the single constraints"),
            ),
            (None, None) => faults.push(
                Fault::new(Code::BadCovariance, at, "neither `covariance` nor `correlation` is given")
                    .help("give one of them: a list of rows, in the order of `parameters`"),
            ),
        }
    }
}

fn parameters<'w>(
    block: &'w CorrelatedConstraint,
    at: &str,
    uses: &Uses<'_>,
    workspace: &Workspace,
    before: &mut Vec<&'w str>,
    faults: &mut Vec<Fault>,
) {
    if block.parameters.len() < 2 {
        let message = format!(
            "a correlated constraint needs two parameters or more, this has {}",
            block.parameters.len()
        );
        faults.push(
            Fault::new(Code::BadCovariance, format!("{at}/parameters"), message)
                .help("for a single parameter, use `parameters.NAME.constraint`"),
        );
    }
    for (j, name) in block.parameters.iter().enumerate() {
        let at = format!("{at}/parameters/{j}");
        if before.contains(&name.as_str()) {
            let message = format!("the parameter `{name}` is in a correlated constraint already");
            faults.push(
                Fault::new(Code::ParameterConflict, at, message)
                    .help("put all its correlations into one matrix"),
            );
            continue;
        }
        before.push(name);
        if uses.is_formula(name) {
            let message = format!("the parameter `{name}` is a formula: it has no constraint of its own");
            faults.push(
                Fault::new(Code::BadFormula, at, message).help("name the parameters that the formula uses"),
            );
        } else if !uses.is_one(name) {
            let message = match uses.components(name) {
                Some(count) => format!("the parameter `{name}` has {count} components, one is needed"),
                None => format!("the parameter `{name}` is used by no modifier"),
            };
            let fault = Fault::new(Code::UnknownName, at, message);
            let near = nearest(name, uses.names()).map(|near| match uses.components(near) {
                Some(count) if count > 1 => {
                    format!("name a component: `{near}[0]` … `{near}[{}]`", count - 1)
                }
                _ => format!("did you mean `{near}`?"),
            });
            faults.push(match near {
                Some(help) => fault.help(help),
                None => fault,
            });
        } else if block.correlation.is_some() && !has_width(name, uses, workspace) {
            let message = format!(
                "the parameter `{name}` has no Gaussian constraint whose width a correlation could use"
            );
            faults.push(
                Fault::new(Code::BadCovariance, at, message).help(
                    "give a `covariance` instead, or the parameter a `constraint: {normal: {sigma: …}}`",
                ),
            );
        }
    }
}

/// Whether a parameter has a Gaussian constraint of its own, in every measurement.
fn has_width(name: &str, uses: &Uses<'_>, workspace: &Workspace) -> bool {
    let base = uses.component_of(name).map_or(name, |(base, _)| base);
    let shorthand = uses.get(base).iter().find_map(|one| one.modifier.constraint.as_ref());
    Settings::all(workspace).into_iter().all(|settings| {
        let setting = settings.get(base).and_then(|(setting, _)| setting.constraint.as_ref());
        match setting.or(shorthand) {
            Some(constraint) => matches!(constraint, ConstraintSpec::Normal { .. }),
            None => uses.get(base).first().is_some_and(|one| {
                !matches!(
                    one.modifier.kind,
                    ModifierKind::NormFactor | ModifierKind::ShapeFactor | ModifierKind::ShapeSys { .. }
                )
            }),
        }
    })
}

fn matrix(
    rows: &[Vec<f64>],
    correlation: bool,
    at: &str,
    block: &CorrelatedConstraint,
    faults: &mut Vec<Fault>,
) {
    let n = block.parameters.len();
    let fault = |at: String, message: String| Fault::new(Code::BadCovariance, at, message);
    if rows.len() != n {
        let rows = if rows.len() == 1 { "1 row".to_owned() } else { format!("{} rows", rows.len()) };
        let message = format!("the matrix has {rows}, {n} parameters are given");
        return faults.push(fault(at.to_owned(), message));
    }
    let before = faults.len();
    for (i, row) in rows.iter().enumerate() {
        if row.len() != n {
            let message = format!("row {i} has {}, expected {n}", entries(row.len()));
            faults
                .push(fault(format!("{at}/{i}"), message).help("write full rows, both halves of the matrix"));
            continue;
        }
        for (j, &value) in row.iter().enumerate() {
            let place = format!("{at}/{i}/{j}");
            if !value.is_finite() {
                faults.push(Fault::new(
                    Code::NotFinite,
                    place,
                    "an entry of the matrix is not a finite number",
                ));
            } else if i == j && value <= 0.0 {
                faults.push(fault(
                    place,
                    format!("the diagonal entry of `{}` is {}", block.parameters[i], shown(value)),
                ));
            } else if i == j && correlation && (value - 1.0).abs() > SYMMETRY {
                let message = format!("the diagonal of a correlation matrix is 1, found {}", shown(value));
                faults.push(fault(place, message).help("is it a covariance?"));
            } else if i > j && correlation && value.abs() > 1.0 {
                let message = format!(
                    "the correlation of `{}` and `{}` is {}, expected −1 to 1",
                    block.parameters[i],
                    block.parameters[j],
                    shown(value)
                );
                faults.push(fault(place, message));
            } else if i > j && rows[j].get(i).is_some_and(|other| !close(*other, value)) {
                let message = format!(
                    "the matrix is not symmetric: {} here, {} in row {j}",
                    shown(value),
                    shown(rows[j].get(i).copied().unwrap_or(f64::NAN))
                );
                faults.push(fault(place, message));
            }
        }
    }
    if faults.len() == before && n > 0 && !positive_definite(rows) {
        let message =
            "the matrix is not positive definite: some combination of the parameters would have no variance";
        faults.push(
            fault(at.to_owned(), message.to_owned())
                .help("were its entries rounded, or two parameters fully correlated?"),
        );
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= SYMMETRY * a.abs().max(b.abs()).max(f64::MIN_POSITIVE)
}

/// By Cholesky, on the matrix scaled to unit diagonal so that units do not matter.
fn positive_definite(rows: &[Vec<f64>]) -> bool {
    let n = rows.len();
    let scaled = DMatrix::from_fn(n, n, |i, j| {
        let mean = 0.5 * (rows[i][j] + rows[j][i]);
        mean / (rows[i][i] * rows[j][j]).sqrt()
    });
    match scaled.cholesky() {
        // A pivot this small is rounding.
        Some(cholesky) => cholesky.l().diagonal().iter().all(|pivot| pivot * pivot > 1e-12),
        None => false,
    }
}
