//! What a dry run shows: clients without a healthy target.

use eks_nlb_simulator::TargetState;
use eks_nlb_simulator::world::OverrideState;

use super::{Case, assert_found};

pub(super) const CASES: &[Case] = &[
    (
        |world, of| world.shift_away(&of.load_balancer, "eu-west-1a", OverrideState::ZonalShiftActive),
        &["served", "overrides"],
        "clients are shifted away from 10.0.1.10:443",
    ),
    (
        |world, of| {
            for target in ["10.0.1.10", "10.0.2.11"] {
                world.pin_state(&of.target_group, target, TargetState::Unhealthy);
            }
        },
        &["served"],
        "no healthy target: 2 unhealthy",
    ),
    (
        |world, of| world.pin_state(&of.target_group, "10.0.2.11", TargetState::Unhealthy),
        &["served"],
        "no healthy target in eu-west-1b",
    ),
];

#[tokio::test]
async fn unserved_clients_are_found() {
    assert_found(CASES).await;
}
