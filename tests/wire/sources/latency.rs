//! The time from a new interface to its target, in simulated time.

use std::time::{Duration, Instant};

use eks_nlb_simulator::Frontend;
use serde_json::json;

use super::ENI;
use crate::support::*;

const DNS: (&str, &str) = ("ADDRESS_SOURCE", "dns");

/// What EventBridge sends when EKS makes an interface.
const EVENT: &str = include_str!("../../../events/network-interface.json");

/// The new address of `payments`.
const NEW: &str = "10.0.3.12";

/// Seconds from an interface to the first DNS answer that names it, and for
/// which a resolver keeps the answer before. Seconds between two scheduled runs.
const UNTIL_NAMED: u64 = 120;
const TTL: u64 = 60;
const SCHEDULE: u64 = 60;

/// When, after the interface is made, the resolver asks again and the schedule fires: each at any moment of its minute.
fn phases() -> impl Iterator<Item = (u64, u64)> {
    (0..20).map(|n| (n * 7 % TTL, n * 3 % SCHEDULE))
}

/// The time until the target of a new interface is registered, once for each
/// phase, in order of length.
async fn times(source: (&str, &str), watched: bool) -> Vec<Duration> {
    let (function, frontend) = Function::start_in_with(&[source], converged_payments).await;
    function.world().latency = Duration::from_millis(20);
    function.sync().await;
    let mut times = Vec::new();
    for (ttl, schedule) in phases() {
        times.push(until_registered(&function, &frontend, watched, UNTIL_NAMED + ttl, schedule).await);
        let mut world = function.world();
        world.remove_interfaces_at(NEW);
        world.drop_target(&frontend.target_group, &format!("{NEW}:443"));
        let host = world.host("payments");
        world.dns.set(&host, PAYMENTS);
    }
    times.sort_unstable();
    times
}

async fn until_registered(
    function: &Function,
    frontend: &Frontend,
    watched: bool,
    named_after: u64,
    schedule: u64,
) -> Duration {
    let interface = function.world().control_plane_interface("payments", [NEW]);
    function.world().add_interface(interface);
    for second in 0.. {
        if second == named_after {
            let mut world = function.world();
            let host = world.host("payments");
            world.dns.set(&host, [PAYMENTS[0], PAYMENTS[1], NEW]);
        }
        let event = match second {
            0 if watched => Some(EVENT),
            _ if second % SCHEDULE == schedule => Some("{}"),
            _ => None,
        };
        if let Some(event) = event {
            let start = Instant::now();
            let report = function.answer(event).await;
            if reported(&report, frontend)["registered"] == json!([format!("{NEW}:443")]) {
                return Duration::from_secs(second) + start.elapsed();
            }
        }
        function.world().advance(Duration::from_secs(1));
    }
    unreachable!("there is always another second")
}

fn median_and_worst(times: &[Duration]) -> (Duration, Duration) {
    (times[times.len() / 2], times[times.len() - 1])
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "it tells its figures")]
async fn a_new_interface_is_a_target_within_seconds_and_minutes_before_dns_names_it() {
    let mut figures = Vec::new();
    for (source, watched) in [(DNS, true), (ENI, false), (ENI, true)] {
        let (median, worst) = median_and_worst(&times(source, watched).await);
        println!("{}, event rule {watched}: median {median:.1?}, worst {worst:.1?}", source.1);
        figures.push((median, worst));
    }
    let [dns, scheduled, watched] = figures[..] else { panic!("three rows") };
    assert!(dns.0 > Duration::from_secs(UNTIL_NAMED), "{dns:?}");
    assert!(scheduled.1 < Duration::from_secs(SCHEDULE + 5), "{scheduled:?}");
    assert!(watched.1 < Duration::from_secs(5), "{watched:?}");
}
