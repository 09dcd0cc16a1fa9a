//! What can be wrong with an endpoint service.

use eks_nlb_simulator::world::EndpointService;

use super::{Case, assert_found, case};

pub(super) const CASES: &[Case] = &[
    case(
        "without an endpoint service",
        |world, frontend| _ = world.supporting.services.insert(frontend.load_balancer.clone(), None),
        &["endpoint-service"],
        "it has none",
    ),
    case(
        "the endpoint service failed",
        |world, frontend| "Failed".clone_into(&mut world.supporting.service(&frontend.load_balancer).state),
        &["endpoint-service"],
        " is Failed",
    ),
    case(
        "no principal may connect",
        |world, frontend| world.supporting.service(&frontend.load_balancer).principals.clear(),
        &["principals"],
        "no principal may connect",
    ),
    case(
        "every AWS account may connect",
        |world, frontend| {
            let open = EndpointService {
                acceptance_required: false,
                principals: vec!["*".to_owned()],
                ..EndpointService::default()
            };
            *world.supporting.service(&frontend.load_balancer) = open;
        },
        &["principals"],
        "every AWS account may connect",
    ),
    case(
        "a connection waits",
        |world, frontend| {
            let connections = &mut world.supporting.service(&frontend.load_balancer).connections;
            connections.insert("vpce-waits".to_owned(), "pendingAcceptance".to_owned());
        },
        &["connections"],
        "vpce-waits waits",
    ),
];

#[tokio::test]
async fn faults_of_endpoint_services_are_found() {
    assert_found(CASES).await;
}
