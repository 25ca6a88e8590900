//! Data against the expectation at the start values.

use super::picture::{ChannelPicture, Picture};
use super::{counted, some_of};
use crate::diag::{Code, Fault};
use crate::source::pointer;
use crate::spec::Workspace;
use crate::text::number;

/// Standard deviations beyond which data and model are probably not of the same analysis.
const FAR: f64 = 10.0;

pub(super) fn lint(workspace: &Workspace, picture: &Picture<'_>, faults: &mut Vec<Fault>) {
    let without: Vec<(usize, &str)> = workspace
        .channels
        .iter()
        .enumerate()
        .filter(|(_, channel)| !workspace.observations.contains_key(&channel.name))
        .map(|(c, channel)| (c, channel.name.as_str()))
        .collect();
    if let Some((first, _)) = without.first() {
        let names: Vec<&str> = without.iter().map(|(_, name)| *name).collect();
        let message = format!("no observations for {}: {}", counted(names.len(), "channel"), some_of(&names));
        faults.push(
            Fault::new(Code::NoData, format!("/channels/{first}/name"), message)
                .help("fits need data; `--data asimov` takes the expectation"),
        );
    }
    for (channel, of_channel) in workspace.channels.iter().zip(&picture.channels) {
        if let Some(observed) = workspace.observations.get(&channel.name) {
            far(&channel.name, observed, of_channel, picture, faults);
        }
    }
}

fn far(
    name: &str,
    observed: &[f64],
    channel: &ChannelPicture<'_>,
    picture: &Picture<'_>,
    faults: &mut Vec<Fault>,
) {
    let mut worst: Option<(f64, usize)> = None;
    let mut count = 0;
    for (bin, (&n, &nu)) in observed.iter().zip(&channel.total).enumerate() {
        let free = |effect: &&(&str, Vec<f64>)| picture.sigma(effect.0).is_none() && effect.1[bin] != 0.0;
        // A free normalisation may put the expectation anywhere.
        if nu <= 0.0 || channel.free_bin[bin] || channel.effects.iter().any(|effect| free(&effect)) {
            continue;
        }
        let systematic: f64 = channel.effects.iter().map(|(_, effect)| effect[bin] * effect[bin]).sum();
        let pull = (n - nu) / (nu + systematic + channel.gamma_variance[bin]).sqrt();
        if pull.abs() > FAR {
            count += 1;
            if worst.is_none_or(|(far, _)| pull.abs() > far) {
                worst = Some((pull.abs(), bin));
            }
        }
    }
    let Some((pull, bin)) = worst else { return };
    let message = format!(
        "channel `{name}`: {} far from the expectation, the most bin {bin}: {} observed, {} expected, {pull:.0} standard \
         deviations",
        counted(count, "bin"),
        number(observed[bin]),
        number((channel.total[bin] * 1e3).round() / 1e3),
    );
    faults.push(
        Fault::new(Code::FarData, format!("{}/{bin}", pointer::join("/observations", name)), message)
            .help("is it the same luminosity, selection and binning?"),
    );
}
