//! Does `pivot` keep the contract of a loss?

use pivot::PivotOptions;
use serde_json::json;
use zstat_testkit::{LossDemands, Scaling, check_loss, check_round_trip};

#[test]
fn it_keeps_the_contract_of_a_loss() {
    let demands = LossDemands { outputs: 1, scaling: Scaling::Degree(0.0) };
    for options in [json!({"column": "mass"}), json!({"column": "mass", "strength": 20.0})] {
        check_loss("pivot", &options, &demands);
        check_round_trip::<PivotOptions>(&options);
    }
}
