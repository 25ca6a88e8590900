//! The commands, one file each. A command reads its options, calls the engine and hands a report to `output`.

mod apply;
mod apply_events;
mod apply_run;
mod apply_table;
mod apply_workspace;
mod bias;
mod build;
mod compatibility;
mod completions;
mod convert;
mod evaluate;
mod feldman_cousins;
mod fit;
mod gof;
mod hypotest;
mod impacts;
mod inspect;
mod limit;
mod limit_toys;
mod man;
mod merge;
mod patch_set;
mod plugin;
mod plugins;
mod scan;
mod schema;
mod significance;
mod toy_table;
mod toy_test;
mod toys;
mod train;
mod train_files;
mod train_found;
mod train_lock;
mod train_tables;
mod validate;
mod yields;

use clap::Subcommand;

use crate::args::Cli;
use crate::failure::Failure;

pub use apply_events::FileOfEvents;
pub use apply_run::TrainedRun;
pub use fit::Sort;
pub use impacts::Order;
pub use plugins::linked as linked_plugins;
pub use train_tables::score_names;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a spec: all faults at once, then lint warnings
    Validate(validate::ValidateArgs),
    /// Show channels, samples, modifiers and parameters, every default written out
    Inspect(inspect::InspectArgs),
    /// The likelihood and its gradient at one point, without a fit
    Evaluate(evaluate::EvaluateArgs),
    /// Maximum-likelihood fit
    Fit(fit::FitArgs),
    /// Test one value of the parameter of interest: CLs, p-values
    Hypotest(hypotest::HypotestArgs),
    /// Upper limit, observed and expected
    Limit(limit::LimitArgs),
    /// Unified interval of Feldman and Cousins, by exact sums or toys
    FeldmanCousins(feldman_cousins::FeldmanCousinsArgs),
    /// Profile likelihood of one parameter, and intervals; of two, and contours
    Scan(scan::ScanArgs),
    /// Impacts of the other parameters on those of interest, ranked, and what makes up the uncertainty
    Impacts(impacts::ImpactsArgs),
    /// Significance of a discovery
    Significance(significance::SignificanceArgs),
    /// Goodness of fit: saturated model, Kolmogorov-Smirnov, Anderson-Darling
    Gof(gof::GofArgs),
    /// Do the channels agree on the parameter of interest?
    Compatibility(compatibility::CompatibilityArgs),
    /// Expected events with uncertainties, before and after the fit
    Yields(yields::YieldsArgs),
    /// Pseudo-experiments: drawn, fitted, compared with the truth
    Toys(toys::ToysArgs),
    /// Injection and bias study: what fits make of injected values
    Bias(bias::BiasArgs),
    /// Learn a summary statistic from events, on the likelihood itself
    Train(train::TrainArgs),
    /// Score new events with what a training learnt; count them in its bins
    Apply(apply::ApplyArgs),
    /// The result of a long job from the parts it was divided into
    Merge(merge::MergeArgs),
    /// Convert between file formats, and report what was lost
    Convert(convert::ConvertArgs),
    /// JSON Schemas of this build, plugins included
    Schema(schema::SchemaArgs),
    /// List the plugins that are linked
    Plugins(plugins::PluginsArgs),
    /// Begin a plugin: a crate with a working example and its tests
    Plugin(plugin::PluginArgs),
    /// Build a `zstat` with more plugins
    Build(build::BuildArgs),
    /// Completions for a shell
    Completions(completions::CompletionsArgs),
    /// Manual pages
    #[command(hide = true)]
    Man(man::ManArgs),
}

impl Command {
    /// `--output` names a folder, made where there is none; else it names a file.
    pub fn fills_a_folder(&self) -> bool {
        // A merge fills what its command fills.
        matches!(self, Self::Schema(_) | Self::Man(_) | Self::Toys(_) | Self::Train(_) | Self::Merge(_))
    }

    /// `--output` must name a folder: there is no result on standard output alone.
    pub fn needs_a_folder(&self) -> bool {
        matches!(self, Self::Toys(_))
    }
}

/// Runs the command; the exit code of one that wrote its result.
///
/// # Errors
/// Where there is no result: bad input or usage.
pub fn run(cli: &Cli) -> Result<u8, Failure> {
    match &cli.command {
        Command::Validate(args) => validate::run(args, &cli.global),
        Command::Inspect(args) => inspect::run(args, &cli.global),
        Command::Evaluate(args) => evaluate::run(args, &cli.global),
        Command::Fit(args) => fit::run(args, &cli.global),
        Command::Hypotest(args) => hypotest::run(args, &cli.global),
        Command::Limit(args) => limit::run(args, &cli.global),
        Command::FeldmanCousins(args) => feldman_cousins::run(args, &cli.global),
        Command::Scan(args) => scan::run(args, &cli.global),
        Command::Impacts(args) => impacts::run(args, &cli.global),
        Command::Significance(args) => significance::run(args, &cli.global),
        Command::Gof(args) => gof::run(args, &cli.global),
        Command::Compatibility(args) => compatibility::run(args, &cli.global),
        Command::Yields(args) => yields::run(args, &cli.global),
        Command::Toys(args) => toys::run(args, &cli.global),
        Command::Bias(args) => bias::run(args, &cli.global),
        Command::Train(args) => train::run(args, &cli.global),
        Command::Apply(args) => apply::run(args, &cli.global),
        Command::Merge(args) => merge::run(args, &cli.global),
        Command::Convert(args) => convert::run(args, &cli.global),
        Command::Schema(args) => schema::run(args, &cli.global),
        Command::Plugins(args) => plugins::run(args, &cli.global),
        Command::Plugin(args) => plugin::run(args, &cli.global),
        Command::Build(args) => build::run(args, &cli.global),
        Command::Completions(args) => completions::run(args, &cli.global),
        Command::Man(args) => man::run(args, &cli.global),
    }
}
