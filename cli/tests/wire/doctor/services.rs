//! What can be wrong with an endpoint service.

use eks_nlb_simulator::world::EndpointService;

use super::{Case, assert_found, service};

pub(super) const CASES: &[Case] = &[
    (
        |world, of| _ = world.supporting.services.insert(of.load_balancer.clone(), None),
        &["endpoint-service"],
        "it has none",
    ),
    (|world, of| "Failed".clone_into(&mut service(world, of).state), &["endpoint-service"], " is Failed"),
    (|world, of| service(world, of).principals.clear(), &["principals"], "no principal may connect"),
    (
        |world, of| {
            *service(world, of) = EndpointService {
                acceptance_required: false,
                principals: vec!["*".to_owned()],
                ..EndpointService::default()
            };
        },
        &["principals"],
        "every AWS account may connect",
    ),
    (
        |world, of| {
            let connections = &mut service(world, of).connections;
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
