//! Numbers that other programs test themselves with: cabinetry's, combine's, and the rest of pyhf's.

use serde_json::Value;
use zstat_core::fit::{FitOptions, run};
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_fitters::{Lbfgsb, Newton};
use zstat_inference::{
    Asimov, Inputs, LimitOptions, Reached, Setup, TestStatistic, ToyTest, all_tasks, hypotest, limit,
    significance,
};

use crate::common::{Case, cases, native, tutorial_card};

fn with<T>(model: &Model, data: &Data, statistic: TestStatistic, work: impl FnOnce(Setup<'_>) -> T) -> T {
    let fixed: Vec<bool> = model.parameters().iter().map(|p| p.fixed).collect();
    let (fitter, start) = (Newton::default(), model.init());
    let inputs = Inputs { model, data, fitter: &fitter, start: &start, fixed: &fixed };
    work(Setup { inputs, poi: model.poi()[0].0, statistic, asimov: Asimov::Profiled, signal: 1.0 })
}

#[track_caller]
fn close(found: f64, wanted: f64, tolerance: f64) {
    assert!((found - wanted).abs() <= tolerance, "{found}, expected {wanted}");
}

/// One of the small models at codes 4 and 4p.
fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == format!("{name} code4")).unwrap()
}

/// What cabinetry prints for one bin with background, to its digits; its limits are good to a per cent.
#[test]
fn cabinetry_with_background() {
    let Case { model, mut data, .. } = case("cabinetry-with-background");
    let found =
        with(&model, &data, TestStatistic::Qtilde, |setup| limit(setup, LimitOptions::default())).unwrap();
    close(found.observed.value().unwrap(), 0.749, 0.749e-2);
    for (found, wanted) in found.expected.iter().zip([0.303, 0.411, 0.581, 0.833, 1.160]) {
        close(found.value().unwrap(), wanted, 1e-2 * wanted);
    }
    let test = with(&model, &data, TestStatistic::Qtilde, |setup| hypotest(setup, 0.1)).unwrap();
    close(test.observed.unwrap().cls, 0.780_874, 5e-5);
    let wanted = [0.402_421, 0.548_538, 0.719_383, 0.878_530, 0.971_678];
    for (found, wanted) in test.expected.unwrap().iter().zip(wanted) {
        close(found.cls, wanted, 5e-5);
    }
    // With more events, for a smaller p-value.
    data.main[0] = 196.0;
    let found = with(&model, &data, TestStatistic::Q0, significance).unwrap();
    close(found.p0_obs, 0.000_805_17, 1e-8);
    close(found.z_obs, 3.154_026_72, 4e-5);
    // Their Asimov data come from a fit that stops early.
    close(found.p0_exp, 0.000_333_33, 5e-8);
    close(found.z_exp, 3.402_934_44, 5e-5);
}

/// Counting S = 1 on B = 5.5, without and with a log-normal uncertainty of 30 % on the background (code 1): combine's
/// significances.
#[test]
fn combine_counting_significances() {
    let wanted =
        [(11.0, "", 2.061_368), (20.0, "", 4.758_084), (11.0, "30", 1.666_477), (20.0, "30", 3.584_432)];
    for (events, uncertainty, wanted) in wanted {
        let sys = if uncertainty.is_empty() {
            String::new()
        } else {
            let lo = 1.0 / 1.3;
            format!(r#"{{"name": "b", "type": "normsys", "lo": {lo}, "hi": 1.3, "interpolation": "code1"}}"#)
        };
        let (model, data) = native(&format!(
            r#"{{"channels": [{{"name": "SR", "samples": [
                {{"name": "s", "data": [1.0], "modifiers": [{{"name": "mu", "type": "normfactor"}}]}},
                {{"name": "b", "data": [5.5], "modifiers": [{sys}]}}]}}],
                "observations": {{"SR": [{events}]}}, "parameters": {{"mu": {{"bounds": [0, 40]}}}}, "poi": "mu"}}"#
        ));
        let found = with(&model, &data, TestStatistic::Q0, significance).unwrap();
        // combine's fit stops early: 1.66648005 and 3.58443342 are the roots of one equation.
        close(found.z_obs, wanted, 5e-6);
    }
}

/// The tutorial card's two strengths. combine prints three decimals; the best point is the exact minimum, from which its
/// own (0.88138 and 4.68278) is off by 1e-3.
#[test]
fn combine_with_two_parameters_of_interest() {
    let (model, data) = tutorial_card(
        ["r_ggH", "r_qqH"],
        &["r_ggH"],
        r#""parameters": {"r_ggH": {"bounds": [-20, 20]}, "r_qqH": {"bounds": [-20, 20]}},"#,
    );
    let at = |name: &str| model.find(name).unwrap().0;
    let options = FitOptions {
        start: model.init(),
        fixed: model.parameters().iter().map(|p| p.fixed).collect(),
        minos: vec![at("r_ggH"), at("r_qqH")],
        multi_start: 1,
        seed: 1,
    };
    let found = run(&mut Nll::new(&model, data.clone()), &Newton::default(), &options);
    for (name, best, combine) in
        [("r_ggH", 0.881_409, [0.882, -0.749, 0.795]), ("r_qqH", 4.681_512, [4.683, -2.746, 3.464])]
    {
        let parameter = &found.parameters[at(name)];
        let minos = parameter.minos.unwrap();
        close(parameter.value, best, 2e-6);
        close(parameter.value, combine[0], 2e-3);
        close(minos.down.unwrap(), combine[1], 2e-3);
        close(minos.up.unwrap(), combine[2], 2e-3);
    }
}

/// The documentation model: its statistic without lower bound, and the limits that pyhf reads off lines between tests on
/// grids of 11 and 21 values.
#[test]
fn documentation_model() {
    let Case { model, data, .. } = case("docs-uncorrelated_background");
    let mut wide = model.clone();
    wide.set_bounds(model.poi()[0], [-10.0, 10.0]);
    let test = with(&wide, &data, TestStatistic::Q, |setup| hypotest(setup, 1.0)).unwrap();
    close(test.q_obs, 3.954_989_1, 2e-6);
    // Where their fit stopped.
    close(test.mu_hat, -0.066_795_25, 1e-4);
    let grids = [
        (11, [1.026_270_47, 0.657_656_53, 0.879_997_25, 1.124_539_92, 1.502_434_28, 2.092_329_27]),
        (21, [1.017_640_89, 0.595_769_21, 0.761_691_66, 1.085_047_73, 1.501_704_82, 2.066_549_52]),
    ];
    for (points, wanted) in grids {
        let at = |i: usize| {
            let mu = 5.0 * i as f64 / (points - 1) as f64;
            let test = with(&model, &data, TestStatistic::Qtilde, |setup| hypotest(setup, mu)).unwrap();
            let mut cls = vec![test.observed.unwrap().cls];
            cls.extend(test.expected.unwrap().iter().map(|tails| tails.cls));
            (mu, cls)
        };
        let curve: Vec<(f64, Vec<f64>)> = (0..points).map(at).collect();
        for (which, wanted) in wanted.into_iter().enumerate() {
            let pair = curve.windows(2).find(|pair| pair[1].1[which] < 0.05).unwrap();
            let [(low, above), (high, below)] = [&pair[0], &pair[1]];
            let line = low + (high - low) * (above[which] - 0.05) / (above[which] - below[which]);
            close(line, wanted, 1e-4);
        }
    }
}

/// pyhf's 2000 toys of a discovery: both have statistical errors.
#[test]
fn discovery_by_toys_as_pyhf() {
    const TOYS: u64 = 2000;
    let Case { model, data, .. } = case("1bin_example1_q0");
    let (found, statistics) = with(&model, &data, TestStatistic::Q0, |setup| {
        let rescue = Lbfgsb::default();
        let test = ToyTest::new(setup, 0.0, 3, &rescue).unwrap();
        let records = all_tasks(&test, ToyTest::tasks(TOYS), &|| {});
        let mut tally = test.tally();
        (0..).zip(&records).for_each(|(task, record)| tally.put(task, record));
        let statistics: Vec<f64> = records.iter().map(|record| record.q.unwrap()).collect();
        (test.finish(tally, TOYS), statistics)
    });
    let agree = |found: f64, wanted: f64, what: &str| {
        let error = (2.0 * wanted * (1.0 - wanted) / TOYS as f64).sqrt();
        assert!((found - wanted).abs() < 4.0 * error, "{what}: {found}, {wanted} within {error}");
    };
    agree(found.p_obs.value, 0.004, "p0");
    // Their bands cut off as much of our p-values as they should. Counts have steps: theirs is as good as one of them.
    let (background, signal): (Vec<f64>, Vec<f64>) =
        statistics.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
    let p = |q: f64| background.iter().filter(|&&other| other >= q).count() as f64 / background.len() as f64;
    let p_values: Vec<f64> = signal.iter().map(|&q| p(q)).collect();
    for (theirs, above) in [(0.0135, 0.5), (0.1365, 0.158_655), (0.398_545, 0.022_750)] {
        let fraction = p_values.iter().filter(|&&p| p > theirs).count() as f64 / p_values.len() as f64;
        agree(fraction, above, "band");
    }
}

/// Without an upper bound the search goes as far as the data ask, far above what is expected.
#[test]
fn a_limit_without_bound_goes_up_to_the_data() {
    let (mut model, data) = native(
        r#"{"channels": [{"name": "SR", "samples": [
            {"name": "s", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor"}]},
            {"name": "b", "data": [100.0], "modifiers": []}]}],
            "observations": {"SR": [5000]}, "poi": "mu"}"#,
    );
    model.set_bounds(model.poi()[0], [0.0, f64::INFINITY]);
    let found =
        with(&model, &data, TestStatistic::Qtilde, |setup| limit(setup, LimitOptions::default())).unwrap();
    let Reached::At(observed) = found.observed else { panic!("{:?}", found.observed) };
    assert!(observed > 4900.0 + 1.6 * 5000.0_f64.sqrt() && observed < 5100.0, "{observed}");
    assert!(found.expected[4].value().unwrap() < 60.0, "{:?}", found.expected);
    let test = with(&model, &data, TestStatistic::Qtilde, |setup| hypotest(setup, observed)).unwrap();
    close(test.observed.unwrap().cls, 0.05, 1e-7);
}

/// The fixtures' own frozen numbers, which come with the rows: pyhf's tests ask for these.
#[test]
fn frozen_numbers_of_pyhf() {
    let rows = [
        (
            "1bin_example1",
            0.454_188_929_445_763_33,
            [0.063_720_116, 0.150_968_662, 0.327_965_743, 0.604_613_57, 0.866_265_233],
        ),
        (
            "1bin_lumi",
            0.010_473_144_401_519_705,
            [0.010_604_008, 0.040_224_515, 0.136_146_326, 0.370_789_855, 0.711_046_854],
        ),
        (
            "1bin_normsys",
            0.000_673_533_629_056_980_7,
            [7.472_581_4e-10, 5.741_738_27e-8, 3.690_120_95e-6, 0.000_169_668_824, 0.004_392_935_29],
        ),
        (
            "2bin_histosys_example2",
            0.100_146_346_072_553_4,
            [7.133_904_24e-6, 0.000_125_471_006, 0.001_880_010_67, 0.020_789_649_1, 0.136_924_945],
        ),
        (
            "2bin_2channel_example1",
            0.056_332_769_438_431_8,
            [0.000_434_923_46, 0.003_422_361_54, 0.023_374_543_2, 0.121_866_503, 0.403_822_746],
        ),
        (
            "2bin_2channel_couplednorm",
            0.590_621_682_376_687_9,
            [0.055_222_704_5, 0.136_130_188, 0.306_868_796, 0.583_943_791, 0.855_470_828],
        ),
        // The global minima; the frozen ones are local, at alpha > 0.
        (
            "2bin_2channel_coupledhisto",
            0.138_305,
            [0.001_783_7, 0.010_311_7, 0.052_263_7, 0.206_056_1, 0.535_729_6],
        ),
        (
            "2bin_2channel_coupledshapefactor",
            0.542_167_912_490_931_2,
            [0.013_753_299_9, 0.048_887_400_1, 0.155_552_963, 0.400_756_134, 0.735_716_963],
        ),
    ];
    for (name, observed, expected) in rows {
        // Code 1, and code 0 for what adds.
        let Case { model, data, .. } =
            cases().into_iter().find(|case| case.name == format!("{name} code1")).unwrap();
        let test = with(&model, &data, TestStatistic::Q, |setup| hypotest(setup, 1.0)).unwrap();
        let near = |found: f64, wanted: f64| {
            // Theirs are from fits that stop at 1e-5.
            let relative = if wanted > 1e-3 { 2e-4 } else { 1e-3 };
            assert!((found - wanted).abs() <= relative * wanted, "{name}: {found}, frozen {wanted}");
        };
        near(test.observed.unwrap().cls, observed);
        for (found, wanted) in test.expected.unwrap().iter().zip(expected) {
            near(found.cls, wanted);
        }
    }
    let Case { model, data, checks, .. } = case("shapesys_nuisparfilter");
    let test = with(&model, &data, TestStatistic::Qtilde, |setup| hypotest(setup, 1.0)).unwrap();
    close(test.observed.unwrap().cls, 0.004_360_634_4, 1e-6);
    assert!(checks["exact_qtilde"] != Value::Null);
}
