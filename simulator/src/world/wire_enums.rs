//! The closed sets of words in AWS's answers, as enums.

use std::fmt;

/// An enum whose variants are words on the wire.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[expect(missing_docs, reason = "each variant is documented by its word on the wire")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant),+ }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// A load balancer's `Type`.
    LoadBalancerKind {
        Network = "network",
        Application = "application",
        Gateway = "gateway",
    }
}

impl LoadBalancerKind {
    /// The kind as its ARN abbreviates it.
    pub(crate) fn abbreviation(self) -> &'static str {
        match self {
            Self::Network => "net",
            Self::Application => "app",
            Self::Gateway => "gwy",
        }
    }
}

words! {
    /// A load balancer's `Scheme`.
    Scheme {
        Internal = "internal",
        InternetFacing = "internet-facing",
    }
}

words! {
    /// The target group attribute `load_balancing.cross_zone.enabled`.
    CrossZone {
        On = "true",
        Off = "false",
        UseLoadBalancer = "use_load_balancer_configuration",
    }
}

words! {
    /// A target group's `Protocol`.
    Protocol {
        Tcp = "TCP",
        Tls = "TLS",
        Udp = "UDP",
        TcpUdp = "TCP_UDP",
        Http = "HTTP",
        Https = "HTTPS",
        Geneve = "GENEVE",
    }
}

words! {
    /// A target group's `TargetType`.
    TargetType {
        Ip = "ip",
        Instance = "instance",
        Lambda = "lambda",
        Alb = "alb",
    }
}

words! {
    /// A target group's `IpAddressType`.
    Family {
        Ipv4 = "ipv4",
        Ipv6 = "ipv6",
    }
}

words! {
    /// A target's `State`.
    TargetState {
        Initial = "initial",
        Healthy = "healthy",
        Unhealthy = "unhealthy",
        UnhealthyDraining = "unhealthy.draining",
        Unused = "unused",
        Draining = "draining",
        Unavailable = "unavailable",
    }
}

words! {
    /// The `State` of a target's `AdministrativeOverride`.
    OverrideState {
        Unknown = "unknown",
        NoOverride = "no_override",
        ZonalShiftActive = "zonal_shift_active",
        ZonalShiftDelegatedToDns = "zonal_shift_delegated_to_dns",
    }
}

impl OverrideState {
    /// Its `Reason` and `Description`.
    ///
    /// Source: ELB API Reference, *AdministrativeOverride* (2015-12-01, read
    /// November 2026); the descriptions are those of ELB User Guide for Network
    /// Load Balancers, *Zonal shift administrative override*.
    pub(crate) fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Unknown => {
                ("AdministrativeOverride.Unknown", "State cannot be propagated due to an internal error")
            }
            Self::NoOverride => {
                ("AdministrativeOverride.NoOverride", "No override is currently active on target")
            }
            Self::ZonalShiftActive => (
                "AdministrativeOverride.ZonalShiftActive",
                "Zonal shift is active in target Availability Zone",
            ),
            Self::ZonalShiftDelegatedToDns => (
                "AdministrativeOverride.ZonalShiftDelegatedToDns",
                "This target's zonal shift state is not available through DescribeTargetHealth but can be \
                 viewed directly through the AWS ARC - Zonal Shift API or console",
            ),
        }
    }
}

words! {
    /// A cluster's `status`.
    ClusterStatus {
        Creating = "CREATING",
        Active = "ACTIVE",
        Deleting = "DELETING",
        Failed = "FAILED",
        Updating = "UPDATING",
        Pending = "PENDING",
    }
}
