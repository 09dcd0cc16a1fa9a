//! The names by which a person may ask for a frontend, and the nearest one of
//! the same kind.

use std::net::{IpAddr, SocketAddr};

use eks_nlb_sync::model::{ClusterName, LoadBalancerArn};
use eks_nlb_sync::publish::report::FrontendReport;
use eks_nlb_sync::reasons::Alarm;

use super::answers::{self, Answers};
use crate::names::{self, did_you_mean};

/// Comes before the name of a cluster that reports and alarms use, too.
const CLUSTER: &str = "cluster/";

/// How to ask for a cluster.
pub(crate) fn of_cluster(name: &ClusterName) -> String {
    let prefix = if answers::find(name.as_str()).is_some() { CLUSTER } else { "" };
    format!("{prefix}{name}")
}

/// How to ask for a load balancer.
pub(crate) fn of_load_balancer(arn: &LoadBalancerArn) -> String {
    let name = names::load_balancer(arn);
    if answers::find(name).is_some() { arn.0.clone() } else { name.to_owned() }
}

/// The answers for a name of reports and alarms, if it is one.
pub(crate) fn answers_for(subject: &str) -> Option<Answers> {
    if Subject(subject).cluster().is_some() { None } else { answers::find(subject) }
}

/// What is asked for, as it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a>(pub(super) &'a str);

/// What a name may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Address,
    Arn,
    Host,
    Name,
}

impl Kind {
    fn of(text: &str) -> Self {
        if text.parse::<IpAddr>().is_ok() || text.parse::<SocketAddr>().is_ok() {
            Self::Address
        } else if text.starts_with("arn:") {
            Self::Arn
        } else if text.contains('.') {
            Self::Host
        } else {
            Self::Name
        }
    }
}

impl<'a> Subject<'a> {
    /// Whether it is `name`, in any case.
    pub(super) fn is(self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }

    /// The name after [`CLUSTER`].
    pub(super) fn cluster(self) -> Option<&'a str> {
        let (prefix, name) = self.0.split_at_checked(CLUSTER.len())?;
        prefix.eq_ignore_ascii_case(CLUSTER).then_some(name)
    }

    /// Whether it names `frontend`.
    pub(super) fn names(self, frontend: &FrontendReport) -> bool {
        match self.cluster() {
            Some(name) => {
                frontend.cluster.as_ref().is_some_and(|own| own.as_str().eq_ignore_ascii_case(name))
            }
            None => names_of(frontend).any(|name| self.is(&name)),
        }
    }

    /// Whether tags tell which frontends it names. Addresses and host names are
    /// known only once every cluster was read.
    pub(super) fn is_in_listing(self) -> bool {
        matches!(Kind::of(self.0), Kind::Arn | Kind::Name)
    }

    /// What may have been meant: a name that is near, or one of the alarms.
    pub(super) fn hint(self, known: &[String]) -> String {
        let nearest = self.nearest(known);
        if nearest.is_none() && self.0.to_ascii_lowercase().ends_with("alarm") {
            let alarms: Vec<_> = Alarm::ALL.iter().map(|alarm| alarm.as_str()).collect();
            return format!("; the alarms are {}", alarms.join(", "));
        }
        did_you_mean(nearest.as_deref())
    }

    /// The nearest of `known`, or of the names that reports and alarms have.
    fn nearest(self, known: &[String]) -> Option<String> {
        let asked = self.cluster().unwrap_or(self.0);
        let kind = Kind::of(asked);
        let codes: Vec<&str> = answers::codes().collect();
        let known = known.iter().map(String::as_str).chain(codes);
        names::nearest(asked, known.filter(|name| Kind::of(name) == kind))
    }
}

/// Everything by which a frontend can be asked for.
pub(crate) fn names_of(frontend: &FrontendReport) -> impl Iterator<Item = String> {
    let cluster = frontend.cluster.iter().map(ToString::to_string);
    let host = frontend.host.iter().map(ToString::to_string);
    let load_balancer =
        frontend.load_balancer.iter().flat_map(|arn| [arn.0.clone(), names::load_balancer(arn).to_owned()]);
    let group =
        frontend.target_group.iter().flat_map(|arn| [arn.0.clone(), names::target_group(arn).to_owned()]);
    let desired = frontend.desired.iter().map(ToString::to_string);
    let targets = frontend.current.iter().flat_map(|current| current.keys()).chain(&frontend.registered);
    let targets = targets.flat_map(|target| [target.to_string(), target.ip().to_string()]);
    cluster.chain(load_balancer).chain(group).chain(host).chain(desired).chain(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_of_the_same_kind_is_near() {
        let known = ["orders", "10.2.1.30", "10.2.1.30:443", "abc.gr7.eu-west-1.eks.amazonaws.com"];
        let known = known.map(str::to_owned);
        let nearest = |text| Subject(text).nearest(&known);

        assert_eq!(nearest("ordres").as_deref(), Some("orders"));
        assert_eq!(nearest("10.2.1.31").as_deref(), Some("10.2.1.30"));
        assert_eq!(nearest("abd.gr7.eu-west-1.eks.amazonaws.com").as_deref(), Some(known[3].as_str()));
        assert_eq!(nearest("UnservdAlarm").as_deref(), Some("UnservedAlarm"));
        let alarms = Subject("UnhealthyAlarm").hint(&known);
        assert!(alarms.starts_with("; the alarms are ") && alarms.contains("UnservedAlarm"), "{alarms}");
        assert_eq!(Subject("checkout").hint(&known), "");
        for other in ["10.9.9.9", "arn:aws:x", "HealthyHostCount", "checkout", "UnHealthyHostCount"] {
            assert_eq!(nearest(other), None, "{other}");
        }
    }
}
