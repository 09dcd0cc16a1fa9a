//! Faults of one frontend in one run, and the codes that must report them.

use eks_nlb_simulator::world::{ClusterStatus, Reply};
use eks_nlb_simulator::{Fault, Frontend, World};

/// Numbers that look random and are the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % bound
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A fault of a listing.
pub(crate) fn any_fault(random: &mut Random, operation: &str) -> Fault {
    let fault = Fault::on(operation);
    match random.below(7) {
        0 => fault.access_denied(),
        1 => fault.throttle(),
        2 => fault.reset(),
        3 => fault.internal_failure(),
        4 => fault.truncate(),
        5 => fault.garble(),
        _ => fault.bloat(1 << 20),
    }
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    ClusterDenied,
    ClusterThrottled,
    ClusterReset,
    ClusterError,
    ClusterGarbled,
    ClusterTruncated,
    ClusterEndless,
    ClusterGone,
    ClusterBroken,
    ClusterPublic,
    ClusterNotReady,
    HealthDenied,
    HealthThrottled,
    HealthReset,
    HealthError,
    HealthGarbled,
    HealthTruncated,
    WriteDenied,
    WriteThrottled,
    WriteReset,
    WriteLost,
    WriteError,
    DnsNoName,
    DnsNoAddress,
    DnsFailure,
    DnsRefused,
    DnsSilence,
    DnsPublic,
    DnsGarbage,
    Silence,
}

/// A fault that lasts for one run.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) kind: Kind,
    pub(crate) cluster: &'static str,
    /// The codes that report it; empty where it causes no failure.
    pub(crate) codes: &'static [&'static str],
}

impl Kind {
    pub(crate) const ALL: [Self; 30] = [
        Self::ClusterDenied,
        Self::ClusterThrottled,
        Self::ClusterReset,
        Self::ClusterError,
        Self::ClusterGarbled,
        Self::ClusterTruncated,
        Self::ClusterEndless,
        Self::ClusterGone,
        Self::ClusterBroken,
        Self::ClusterPublic,
        Self::ClusterNotReady,
        Self::HealthDenied,
        Self::HealthThrottled,
        Self::HealthReset,
        Self::HealthError,
        Self::HealthGarbled,
        Self::HealthTruncated,
        Self::WriteDenied,
        Self::WriteThrottled,
        Self::WriteReset,
        Self::WriteLost,
        Self::WriteError,
        Self::DnsNoName,
        Self::DnsNoAddress,
        Self::DnsFailure,
        Self::DnsRefused,
        Self::DnsSilence,
        Self::DnsPublic,
        Self::DnsGarbage,
        Self::Silence,
    ];

    /// Any of them; slow ones less often.
    pub(crate) fn any(random: &mut Random) -> Self {
        let kind = Self::ALL[random.below(Self::ALL.len())];
        let takes_time = matches!(kind, Self::DnsSilence | Self::DnsGarbage | Self::Silence);
        if takes_time && !random.one_in(4) { Self::any(random) } else { kind }
    }

    /// Spoils something for `cluster`.
    pub(crate) fn plant(self, world: &mut World, cluster: &'static str, frontend: &Frontend) -> Trouble {
        let describe = || Fault::on("DescribeCluster").about(cluster);
        let health = || Fault::on("DescribeTargetHealth").about(&frontend.target_group);
        let register = || Fault::on("RegisterTargets").about(&frontend.target_group);
        let missing =
            || Fault::on("DescribeCluster").about(cluster).refuse(404, "ResourceNotFoundException", "None");
        let planted: (Option<Fault>, &'static [&'static str]) = match self {
            Self::ClusterDenied => (Some(describe().access_denied()), &["AccessDenied"]),
            Self::ClusterThrottled => (Some(describe().throttle()), &["Throttled"]),
            Self::ClusterReset => (Some(describe().reset()), &["AwsUnreachable"]),
            Self::ClusterError => (Some(describe().unavailable()), &["AwsUnavailable"]),
            Self::ClusterGarbled => (Some(describe().garble()), &["AwsRejected"]),
            Self::ClusterTruncated => (Some(describe().truncate()), &["AwsRejected", "AwsUnreachable"]),
            Self::ClusterEndless => (Some(describe().bloat(8 << 20)), &["AwsRejected"]),
            Self::ClusterGone => (Some(missing()), &["ClusterNotFound"]),
            Self::HealthDenied => (Some(health().access_denied()), &["AccessDenied"]),
            Self::HealthThrottled => (Some(health().throttle()), &["Throttled"]),
            Self::HealthReset => (Some(health().reset()), &["AwsUnreachable"]),
            Self::HealthError => (Some(health().internal_failure()), &["AwsUnavailable"]),
            Self::HealthGarbled => (Some(health().garble()), &["AwsRejected"]),
            Self::HealthTruncated => (Some(health().truncate()), &["AwsRejected", "AwsUnreachable"]),
            Self::WriteDenied => (Some(register().access_denied()), &["AccessDenied"]),
            Self::WriteThrottled => (Some(register().throttle()), &["Throttled"]),
            Self::WriteReset => (Some(register().reset()), &["AwsUnreachable"]),
            Self::WriteLost => (Some(register().lose_answer()), &["AwsUnreachable"]),
            Self::WriteError => (Some(register().unavailable()), &["AwsUnavailable"]),
            Self::Silence => (Some(health().silence()), &["DeadlineExceeded"]),
            Self::ClusterBroken => (None, &["ClusterFailed"]),
            Self::ClusterPublic => (None, &["PrivateAccessDisabled"]),
            Self::ClusterNotReady => (None, &[]),
            Self::DnsNoName | Self::DnsNoAddress => (None, &["DnsNoRecords"]),
            Self::DnsFailure | Self::DnsRefused => (None, &["DnsFailed"]),
            Self::DnsSilence => (None, &["DnsTimeout"]),
            Self::DnsPublic => (None, &["AddressNotAllowed"]),
            Self::DnsGarbage => (None, &["DnsFailed", "DnsTimeout"]),
        };
        let (fault, codes) = planted;
        if let Some(fault) = fault {
            world.plant(fault);
        }
        self.change(world, cluster, frontend);
        Trouble { kind: self, cluster, codes }
    }

    /// Makes the faults that are not faults of a call.
    fn change(self, world: &mut World, cluster: &str, frontend: &Frontend) {
        let reply = match self {
            Self::WriteDenied
            | Self::WriteThrottled
            | Self::WriteReset
            | Self::WriteLost
            | Self::WriteError => {
                // Leaves something to register.
                for target in world.targets(&frontend.target_group).into_keys() {
                    world.drop_target(&frontend.target_group, &target);
                }
                return;
            }
            Self::ClusterBroken => {
                world.cluster_mut(cluster).status = ClusterStatus::Failed;
                return;
            }
            Self::ClusterNotReady => {
                world.cluster_mut(cluster).status = ClusterStatus::Creating;
                return;
            }
            Self::ClusterPublic => {
                world.cluster_mut(cluster).private_access = false;
                return;
            }
            Self::DnsNoName => Reply::NoSuchName,
            Self::DnsNoAddress => Reply::Addresses(vec![]),
            Self::DnsFailure => Reply::ServerFailure,
            Self::DnsRefused => Reply::Refused,
            Self::DnsSilence => Reply::Silence,
            Self::DnsPublic => Reply::Addresses(vec!["203.0.113.10".parse().expect("an address")]),
            Self::DnsGarbage => Reply::Garbage,
            Self::ClusterDenied
            | Self::ClusterThrottled
            | Self::ClusterReset
            | Self::ClusterError
            | Self::ClusterGarbled
            | Self::ClusterTruncated
            | Self::ClusterEndless
            | Self::ClusterGone
            | Self::HealthDenied
            | Self::HealthThrottled
            | Self::HealthReset
            | Self::HealthError
            | Self::HealthGarbled
            | Self::HealthTruncated
            | Self::Silence => return,
        };
        let host = world.host(cluster);
        world.dns.set(&host, reply);
    }
}

impl Trouble {
    /// Restores the world.
    pub(crate) fn end(self, world: &mut World) {
        let cluster = world.cluster_mut(self.cluster);
        cluster.status = ClusterStatus::Active;
        cluster.private_access = true;
        world.publish(self.cluster);
    }
}
