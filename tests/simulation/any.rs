//! Generates random histories, which proptest shrinks.

use eks_nlb_simulator::Fault as Planted;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::history::{
    Call, Checks, ClusterSetup, ClusterState, FailoverThreshold, Fault, FrontendSetup, FrontendState, Hand,
    Happening, History, NamedFault, Names, Rotation, Run, Setup, Source, Tick,
};

/// Most ticks that anything lasts.
const LASTS: u8 = 8;

/// How far reads lag, in seconds: an assumption, as AWS bounds no lag. A read
/// that lags by more than a tick misses what the run before wrote.
const READ_LAGS: [u8; 4] = [0, 20, 40, 70];

/// A history of some hundred ticks.
///
/// It is made of chapters only so that it shrinks by chapters first.
pub(crate) fn history() -> impl Strategy<Value = History> {
    let chapter = prop_oneof![
        2 => chapter(0.04),
        3 => chapter(0.2),
        1 => chapter(0.6),
    ];
    (setup(), vec(chapter, 1..=16))
        .prop_map(|(setup, chapters)| History { setup, ticks: chapters.into_iter().flatten().collect() })
}

fn setup() -> impl Strategy<Value = Setup> {
    let clusters = prop_oneof![
        5 => vec(cluster(), 1),
        2 => vec(cluster(), 2),
        1 => vec(cluster(), 3..=4),
    ];
    let source = select(vec![Source::Auto, Source::Auto, Source::Dns, Source::Interfaces, Source::Both]);
    (1u16..=3, prop::bool::weighted(0.1), source, 0u8..=5, any::<bool>(), clusters).prop_map(
        |(min_healthy, add_only, source, registers, strangers, clusters)| Setup {
            min_healthy,
            add_only,
            source,
            registers,
            strangers,
            clusters,
        },
    )
}

fn cluster() -> impl Strategy<Value = ClusterSetup> {
    let frontends = prop_oneof![3 => vec(frontend(), 1), 1 => vec(frontend(), 2)];
    (1u8..=4, frontends).prop_map(|(servers, frontends)| ClusterSetup { servers, frontends })
}

fn frontend() -> impl Strategy<Value = FrontendSetup> {
    let rarely = || prop::bool::weighted(0.25);
    let place = (rarely(), prop::bool::weighted(0.4), select(vec![0, 0, 2, 1]));
    let failover_threshold = prop_oneof![
        3 => Just(FailoverThreshold::One),
        1 => Just(FailoverThreshold::Two),
        1 => Just(FailoverThreshold::Half),
    ];
    let tags = (rarely(), rarely());
    (place, (rarely(), failover_threshold), tags, any::<bool>(), select(vec![5, 0, 1])).prop_map(
        |(
            (ipv6, other_vpc, zones),
            (cross_zone, failover_threshold),
            (tagged, named_by_group),
            filled,
            drains,
        )| {
            FrontendSetup {
                ipv6,
                other_vpc,
                cross_zone,
                failover_threshold,
                zones,
                tagged,
                named_by_group,
                filled,
                drains,
            }
        },
    )
}

/// Ticks in which something happens with this probability.
fn chapter(eventful: f64) -> impl Strategy<Value = Vec<Tick>> {
    let happens =
        prop::option::weighted(eventful, vec(happening(), 1..=3)).prop_map(Option::unwrap_or_default);
    vec((happens, run(eventful / 2.0)).prop_map(|(happens, run)| Tick { happens, run }), 0..=60)
}

fn run(unusual: f64) -> impl Strategy<Value = Run> {
    let other = prop_oneof![
        1 => Just(Run::Not),
        1 => Just(Run::Dry),
        2 => Just(Run::DryThenReal),
        1 => any::<u8>().prop_map(Run::OneCluster),
        2 => (1u8..=12).prop_map(Run::KilledAtCall),
        2 => (1u8..=3).prop_map(Run::KilledAtWrite),
        3 => vec(0u8..=20, 1..=8).prop_map(Run::TwoAtOnce),
    ];
    prop::option::weighted(unusual, other).prop_map(Option::unwrap_or_default)
}

fn happening() -> impl Strategy<Value = Happening> {
    let which = any::<u8>;
    let ticks = || 1u8..=LASTS;
    prop_oneof![
        6 => (which(), rotation(), checks(), 0u8..=5, 0u8..=3).prop_map(
            |(cluster, how, health, linger, unnoticed)| Happening::Rotate {
                cluster, how, health, linger, unnoticed
            }
        ),
        3 => (which(), 0u8..4, checks(), prop::option::of(call()))
            .prop_map(|(cluster, server, health, at)| Happening::Health { cluster, server, health, at }),
        1 => which().prop_map(|cluster| Happening::Hardened { cluster }),
        5 => (which(), names(), ticks())
            .prop_map(|(cluster, say, ticks)| Happening::Names { cluster, say, ticks }),
        1 => (which(), cluster_state(), ticks())
            .prop_map(|(cluster, is, ticks)| Happening::Cluster { cluster, is, ticks }),
        2 => (which(), frontend_state(), ticks())
            .prop_map(|(frontend, is, ticks)| Happening::Frontend { frontend, is, ticks }),
        2 => (which(), hand()).prop_map(|(frontend, does)| Happening::Hand { frontend, does }),
        2 => (vec(select(&READ_LAGS), 1..=7), ticks())
            .prop_map(|(lags, ticks)| Happening::StaleReads { lags, ticks }),
        6 => (call(), prop::option::of(which()), fault(), 0u8..=2, select(vec![1, 2, 8, u8::MAX])).prop_map(
            |(call, about, fault, skip, times)| Happening::Fault { call, about, fault, skip, times }
        ),
    ]
}

fn rotation() -> impl Strategy<Value = Rotation> {
    prop_oneof![
        3 => (0u8..4).prop_map(Rotation::One),
        3 => Just(Rotation::All),
        1 => Just(Rotation::Subnets),
        3 => Just(Rotation::Back),
        2 => (1u8..=4).prop_map(Rotation::Resize),
        1 => Just(Rotation::Rebuild),
    ]
}

fn checks() -> impl Strategy<Value = Checks> {
    prop_oneof![
        8 => (0u8..=10).prop_map(Checks::After),
        1 => Just(Checks::Never),
        2 => (1u8..=3, 1u8..=3).prop_map(|(healthy, unhealthy)| Checks::Flips { healthy, unhealthy }),
    ]
}

fn names() -> impl Strategy<Value = Names> {
    prop_oneof![
        2 => Just(Names::ServerFailure),
        1 => Just(Names::NoSuchName),
        1 => Just(Names::Refused),
        2 => Just(Names::Silence),
        1 => Just(Names::NoData),
        1 => Just(Names::Garbage),
        1 => Just(Names::OtherName),
        1 => Just(Names::Public),
        1 => Just(Names::Mixed),
        3 => (0u8..4).prop_map(Names::Half),
        3 => Just(Names::Old),
        3 => Just(Names::FlapsByTick),
        3 => Just(Names::FlapsByQuestion),
        2 => any::<bool>().prop_map(|passes| Names::Impostor { passes }),
        1 => Just(Names::Truncated),
        1 => Just(Names::TruncatedSilent),
        2 => (1u8..=80).prop_map(Names::Late),
    ]
}

fn cluster_state() -> impl Strategy<Value = ClusterState> {
    use ClusterState::{Creating, Deleting, Failed, PublicOnly, Unknown, Updating};
    select(vec![Updating, Creating, Deleting, Failed, PublicOnly, Unknown])
}

fn frontend_state() -> impl Strategy<Value = FrontendState> {
    prop_oneof![
        2 => Just(FrontendState::Excluded),
        2 => Just(FrontendState::Unmanaged),
        1 => Just(FrontendState::Gone),
        3 => call().prop_map(FrontendState::GoesAt),
        1 => Just(FrontendState::Unused),
        2 => (0u8..3).prop_map(FrontendState::ShiftedAway),
    ]
}

fn hand() -> impl Strategy<Value = Hand> {
    prop_oneof![
        Just(Hand::Registers),
        Just(Hand::RegistersOtherPort),
        Just(Hand::RegistersOld),
        (0u8..4).prop_map(Hand::Deregisters),
        (0u8..4).prop_map(Hand::StopsChecks),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        1 => Just(Call::Any),
        1 => Just(Call::DescribeLoadBalancers),
        1 => Just(Call::DescribeTags),
        1 => Just(Call::DescribeTargetGroups),
        1 => Just(Call::DescribeCluster),
        1 => Just(Call::DescribeNetworkInterfaces),
        2 => Just(Call::DescribeTargetHealth),
        4 => Just(Call::RegisterTargets),
        4 => Just(Call::DeregisterTargets),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    let named = Planted::NAMED.iter().enumerate();
    let named = named.map(|(n, (weight, ..))| (*weight, Just(Fault::Named(NamedFault(n))).boxed()));
    let others = [(2, Just(Fault::Twice).boxed()), (1, (1u8..=10).prop_map(Fault::Slow).boxed())];
    Union::new_weighted(named.chain(others).collect())
}
