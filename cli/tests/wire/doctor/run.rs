//! What a dry run shows: clients without a healthy target.

use eks_nlb_simulator::TargetState;
use eks_nlb_simulator::world::OverrideState;

use super::{Case, assert_found, case};

pub(super) const CASES: &[Case] = &[
    case(
        "a zone is shifted away",
        |world, frontend| {
            world.shift_away(&frontend.load_balancer, "eu-west-1a", OverrideState::ZonalShiftActive);
        },
        &["served", "overrides"],
        "clients are shifted away from 10.0.1.10:443",
    ),
    case(
        "no target is healthy",
        |world, frontend| {
            for target in ["10.0.1.10", "10.0.2.11"] {
                world.pin_state(&frontend.target_group, target, TargetState::Unhealthy);
            }
        },
        &["served"],
        "no healthy target: 2 unhealthy",
    ),
    case(
        "a zone has no healthy target",
        |world, frontend| world.pin_state(&frontend.target_group, "10.0.2.11", TargetState::Unhealthy),
        &["served"],
        "no healthy target in eu-west-1b",
    ),
];

#[tokio::test]
async fn unserved_clients_are_found() {
    assert_found(CASES).await;
}
