//! What the load balancer, the API servers and their clients do.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::TargetDescription;
use eks_nlb_simulator::traffic::{ApiServer, Authority, Checks, Client, NetworkLoadBalancer, Pace};
use eks_nlb_simulator::world::{LoadBalancerSpec, Scope, TargetGroupSpec};
use eks_nlb_simulator::{Simulator, TargetState};

use crate::clients::elb;

const HOST: &str = "0123.gr7.eu-west-1.eks.amazonaws.com";

const PACE: Pace = Pace { registration: Duration::from_mins(1), healthy_checks: 2, unhealthy_checks: 2 };

/// A load balancer with the targets 127.0.1.1 and 127.0.1.2, both healthy, of
/// which the first has an API server.
struct Setup {
    sim: Simulator,
    authority: Authority,
    server: ApiServer,
    client: Client,
    balancer: NetworkLoadBalancer,
    group: String,
}

impl Setup {
    async fn new() -> Self {
        let sim = Simulator::start().await;
        let authority = Authority::make().expect("there is randomness");
        let server = server(&authority, ([127, 0, 1, 1], 0).into()).await;
        let group = {
            let mut world = sim.world();
            world.healthy_after = Duration::MAX;
            let vpc = world.add_vpc(&Scope::default());
            world.add_subnet(&Scope::default(), &vpc, "127.0.1.0/24", "eu-west-1a");
            let spec = LoadBalancerSpec { vpc: Some(vpc), ..LoadBalancerSpec::network("any") };
            let balancer = world.add_load_balancer(spec);
            let port = Some(server.address().port());
            let group = world.add_target_group(TargetGroupSpec { port, ..TargetGroupSpec::ip(&balancer) });
            world.put_targets(&group, ["127.0.1.1", "127.0.1.2"]);
            group
        };
        let client = Client::new(&authority, HOST).expect("a host name");
        let balancer = NetworkLoadBalancer::start(sim.shared_world(), &group, PACE).await;
        let balancer = balancer.expect("loopback has free ports");
        Self { sim, authority, server, client, balancer, group }
    }

    fn second(&self) -> SocketAddr {
        ([127, 0, 1, 2], self.server.address().port()).into()
    }

    /// Whether each of four new connections is served.
    async fn served(&self) -> Vec<bool> {
        let mut served = Vec::new();
        for _ in 0..4 {
            let attempt = self.client.attempt(self.balancer.address()).await;
            served.push(attempt.outcome.is_ok());
        }
        served
    }

    fn pin(&self, target: &str, state: TargetState) {
        self.sim.world().pin_state(&self.group, target, state);
    }

    /// Lets time pass and the load balancer notice.
    fn pass(&self, time: Duration) {
        self.sim.world().advance(time);
        self.balancer.settle();
    }
}

async fn server(authority: &Authority, address: SocketAddr) -> ApiServer {
    ApiServer::start(address, authority, HOST).await.expect("the address is free")
}

#[tokio::test]
async fn connections_go_to_the_healthy_targets_in_turn_and_failing_open_to_all() {
    let setup = Setup::new().await;
    assert_eq!(setup.served().await, [true, false, true, false], "nobody listens at the second");

    setup.pin("127.0.1.2", TargetState::Unhealthy);
    assert_eq!(setup.served().await, [true; 4]);
    setup.pin("127.0.1.1", TargetState::Unhealthy);
    assert_eq!(setup.served().await, [true, false, true, false], "none is healthy");
    let _second = server(&setup.authority, setup.second()).await;
    assert_eq!(setup.served().await, [true; 4]);
    setup.pin("127.0.1.1", TargetState::Draining);
    setup.pin("127.0.1.2", TargetState::Draining);
    assert_eq!(setup.served().await, [false; 4], "there is no target");
}

#[tokio::test]
async fn a_target_gets_nothing_before_its_registration_is_complete() {
    let setup = Setup::new().await;
    setup.sim.world().drop_target(&setup.group, "127.0.1.2");
    setup.pin("127.0.1.1", TargetState::Draining);
    register_first(&setup).await;

    assert_eq!(setup.served().await, [false; 4]);
    setup.pass(PACE.registration);
    assert_eq!(setup.served().await, [true; 4], "it fails open: the target is initial");
}

#[tokio::test]
async fn a_connection_outlives_the_registration_of_its_target_by_the_drain() {
    let setup = Setup::new().await;
    setup.pin("127.0.1.2", TargetState::Unhealthy);
    let mut session = setup.client.open(setup.balancer.address()).await.expect("the first is up");
    assert_eq!(setup.balancer.target_of(session.from()), Some(setup.server.address()));

    setup.pin("127.0.1.1", TargetState::Draining);
    setup.pass(Duration::from_secs(299));
    assert!(session.ask().await.is_ok());

    setup.pass(Duration::from_secs(1));
    assert!(session.ask().await.is_err());
}

#[tokio::test]
async fn checks_find_who_is_up_and_begin_anew_with_each_registration() {
    use TargetState::{Healthy, Initial, Unhealthy};

    let setup = Setup::new().await;
    let groups = vec![setup.group.clone()];
    let mut checks = Checks::new(setup.sim.shared_world(), setup.client.clone(), groups, PACE);
    let states = || {
        let states = setup.sim.world().targets(&setup.group);
        states.into_values().collect::<Vec<_>>()
    };

    checks.round().await;
    assert_eq!(states(), [Healthy, Healthy], "one failure is none");
    checks.round().await;
    assert_eq!(states(), [Healthy, Unhealthy]);
    let _second = server(&setup.authority, setup.second()).await;
    checks.round().await;
    assert_eq!(states(), [Healthy, Unhealthy]);
    checks.round().await;
    assert_eq!(states(), [Healthy, Healthy]);

    setup.pin("127.0.1.1", TargetState::Draining);
    register_first(&setup).await;
    for _ in 0..3 {
        checks.round().await;
    }
    assert_eq!(states(), [Initial, Healthy], "it is not known yet");
    setup.sim.world().advance(PACE.registration);
    checks.round().await;
    assert_eq!(states(), [Initial, Healthy]);
    checks.round().await;
    assert_eq!(states(), [Healthy, Healthy]);
}

#[tokio::test]
async fn a_client_refuses_another_name_and_another_authority() {
    let setup = Setup::new().await;
    let address = setup.server.address();
    assert!(setup.client.attempt(address).await.outcome.is_ok());

    let other = Client::new(&setup.authority, "4567.gr7.eu-west-1.eks.amazonaws.com").expect("a host name");
    let stranger = Client::new(&Authority::make().expect("there is randomness"), HOST).expect("a host name");
    let mut refusals = BTreeSet::new();
    for client in [other, stranger] {
        let refusal = client.attempt(address).await.outcome.expect_err("it checks");
        refusals.insert(refusal.to_string());
    }
    assert_eq!(refusals.len(), 2, "{refusals:?}");
    assert!(refusals.iter().all(|text| text.contains("certificate")), "{refusals:?}");
}

/// Registers the first target again, as RegisterTargets does.
async fn register_first(setup: &Setup) {
    let target = TargetDescription::builder().id("127.0.1.1").build();
    let call = elb(&setup.sim).register_targets().target_group_arn(&setup.group).targets(target);
    call.send().await.expect("an address of the VPC");
}
