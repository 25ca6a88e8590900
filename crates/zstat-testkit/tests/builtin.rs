//! The built-in losses, summaries and fitters keep the contracts.

use serde_json::json;
use zstat_core::fit::Fitter;
use zstat_losses::{
    AsimovOptions, BceOptions, ClsOptions, DeltaZOptions, InfernoOptions, McErrorOptions,
    MinimumBackgroundOptions,
};
use zstat_testkit::{
    FitterDemands, LossDemands, Scaling, check_fitter, check_loss, check_options, check_round_trip,
    check_summary,
};
use zstat_train as _;

#[test]
fn losses_of_events() {
    let demands = |scaling| LossDemands { scaling, ..LossDemands::default() };
    check_loss("bce", &json!({}), &demands(Scaling::Degree(0.0)));
    check_loss("bce", &json!({"balanced": false}), &demands(Scaling::Degree(0.0)));
    check_loss("delta_z", &json!({}), &demands(Scaling::Degree(0.5)));
    check_loss("delta_z", &json!({"epsilon": 50.0}), &demands(Scaling::Undeclared));
    check_round_trip::<BceOptions>(&json!({"balanced": false}));
    check_round_trip::<DeltaZOptions>(&json!({"epsilon": 50.0}));
}

#[test]
fn losses_of_templates() {
    let demands = LossDemands::default();
    check_loss("inferno", &json!({"parameter": "norm", "form": "sigma"}), &demands);
    check_loss("generalised_variance", &json!({"parameters": ["norm", "mu"]}), &demands);
    check_loss("inferno", &json!({"mc_statistics": true}), &demands);
    check_loss("inferno", &json!({"mc_statistics": false}), &demands);
    check_loss("generalised_variance", &json!({"mc_statistics": true}), &demands);
    check_loss("minimum_background", &json!({"events": 31.0}), &demands);
    check_loss("mc_error", &json!({"at_most": 0.08}), &demands);
    check_loss("discovery", &json!({}), &demands);
    check_loss("cls", &json!({"form": "inverse"}), &demands);
    check_loss("asimov", &json!({"background_uncertainty": 0.1}), &demands);
    check_loss("s_over_sqrt_b", &json!({"signal_in_error": true}), &demands);
    check_round_trip::<InfernoOptions>(&json!({"parameter": "norm", "form": "sigma"}));
    check_round_trip::<InfernoOptions>(&json!({"mc_statistics": true}));
    check_round_trip::<MinimumBackgroundOptions>(&json!({"events": 3.0}));
    check_round_trip::<McErrorOptions>(&json!({"at_most": 0.3}));
    check_round_trip::<ClsOptions>(&json!({"form": "inverse"}));
    check_round_trip::<AsimovOptions>(&json!({"background_uncertainty": 0.1}));
}

#[test]
fn summaries() {
    check_summary("softmax", &json!({}));
    check_summary("bkde", &json!({"train_edges": true}));
    check_summary("bkde", &json!({"squash": false, "range": [-1.0, 2.0], "include_outside": false}));
    check_summary("sigmoid_edges", &json!({"train_edges": true}));
    check_summary("hard", &json!({"bins": 5}));
    check_summary("hard", &json!({"straight_through": {"bandwidth": 0.1}}));
    check_summary(
        "hard",
        &json!({"edges": [-1, 0.5, 2], "squash": false, "include_outside": false, "straight_through": {"bandwidth": 0.3}}),
    );
    check_summary("sigmoid_cut", &json!({"train_cut": true}));
}

#[test]
fn fitters() {
    check_options::<dyn Fitter>("fitter", "newton", &json!({"max_iterations": 50}));
    check_fitter(&zstat_fitters::Newton::default(), &FitterDemands::DERIVATIVES);
}
