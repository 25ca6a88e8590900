//! By the envelope theorem the minimum of −ln L moves with a template as −ln L does at fixed parameters: fits of changed
//! models against the pull-back at the minimum of the original.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use zstat_core::fit::{Fitter, Minimum, Problem, Termination};
use zstat_core::likelihood::Nll;
use zstat_core::model::Model;
use zstat_core::testing::random;
use zstat_fitters::Newton;

fn fit(model: &Model, main: &[f64], start: &[f64]) -> Minimum {
    let bounds: Vec<[f64; 2]> = model.parameters().iter().map(|p| p.bounds).collect();
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let mut nll = Nll::new(model, model.data(main.to_vec()));
    Newton::default().minimise(&mut nll, &Problem::new(start, &bounds, &fixed))
}

#[test]
fn minima_move_with_templates_as_the_pull_back_says() {
    let mut runner = TestRunner::new(random::config(1));
    let mut compared = 0;
    for _ in 0..60 {
        let random = random::models().new_tree(&mut runner).unwrap().current().smooth();
        let mut model = Model::build(&random.workspace, &random.options).unwrap();
        let main = model.observed(&random.workspace).unwrap().main;
        let best = fit(&model, &main, &model.init());
        if best.termination != Termination::Converged {
            continue;
        }
        let mut gradient = model.templates().zeros_like();
        {
            let mut nll = Nll::new(&model, model.data(main.clone()));
            let slopes = nll.slopes_by_yield(&best.theta).unwrap().to_vec();
            nll.pull_to_templates(&best.theta, &slopes, &mut gradient).unwrap();
        }
        let original = model.templates().clone();
        for at in 0..original.nominal.len() {
            let h = 1e-3 * original.nominal[at].max(1.0);
            let moved = [h, -h].map(|h| {
                let mut templates = original.clone();
                templates.nominal[at] += h;
                model.set_templates(templates);
                fit(&model, &main, &best.theta)
            });
            if moved.iter().any(|m| m.termination != Termination::Converged) {
                continue;
            }
            let slope = (moved[0].value - moved[1].value) / (2.0 * h);
            let found = gradient.nominal[at];
            // Central differences of a curve whose own curvature is of the size of 1/ν.
            assert!((slope - found).abs() <= 2e-4 * (1.0 + found.abs()), "{found}, fits say {slope}");
            compared += 1;
        }
    }
    assert!(compared >= 100, "only {compared} templates were compared");
}
