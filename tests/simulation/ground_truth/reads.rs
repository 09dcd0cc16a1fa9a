//! What AWS's reads may show: the present, or the past while they lag.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use eks_nlb_simulator::World;

use super::{GroundTruth, Managed};

/// The longest lag of a read.
pub(super) const LONGEST_LAG: Duration = Duration::from_secs(90);

/// So many ticks back a read may show: as many as [`LONGEST_LAG`] begins.
const PAST_TICKS: u32 = 2;

/// The addresses of interfaces, by security group. A cluster that is recreated
/// has another group.
pub(crate) type Interfaces = BTreeMap<String, BTreeSet<IpAddr>>;

/// What a run may conclude from its reads, but for targets and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The target groups that it may write.
    pub(crate) managed: BTreeMap<String, Managed>,
    /// The clusters of which EKS tells where they are.
    pub(crate) in_order: BTreeSet<usize>,
}

impl Shown {
    /// What a run may conclude whose reads show one or the other: nothing is
    /// certain that only one shows.
    fn or(mut self, other: &Self) -> Self {
        self.in_order.retain(|cluster| other.in_order.contains(cluster));
        for (group, managed) in &mut self.managed {
            managed.is_certain &= other.managed.get(group).is_some_and(|other| other.is_certain);
        }
        for (group, managed) in &other.managed {
            let uncertain = Managed { is_certain: false, ..*managed };
            self.managed.entry(group.clone()).or_insert(uncertain);
        }
        self
    }
}

impl GroundTruth {
    /// Makes reads lag by these seconds, in turn.
    pub(crate) fn lag_reads(&mut self, lags: &[u8], ticks: u8, world: &mut World) {
        let lags: Vec<_> =
            lags.iter().map(|lag| Duration::from_secs((*lag).into()).min(LONGEST_LAG)).collect();
        world.set_read_lags(&lags);
        self.reads_lag = Some(self.now + u32::from(ticks));
    }

    /// Whether reads lag.
    pub(crate) fn reads_lag(&self) -> bool {
        self.reads_lag.is_some()
    }

    /// What the reads of a run show that begins now.
    pub(crate) fn shown(&self) -> Shown {
        let past = self.past.iter().filter(|_| self.reads_lag());
        past.fold(self.shown_at_once(), |shown, (_, past)| shown.or(past))
    }

    fn shown_at_once(&self) -> Shown {
        let clusters = self.clusters.iter().enumerate();
        Shown {
            managed: self.managed(),
            in_order: clusters.filter(|(_, cluster)| cluster.is_in_order()).map(|(index, _)| index).collect(),
        }
    }

    /// Keeps the present state, which later reads may show, even if it lasts for no
    /// time.
    pub(crate) fn keep_state(&mut self) {
        let now = self.now;
        self.past.retain(|(tick, _)| tick + PAST_TICKS >= now);
        self.past.push((now, self.shown_at_once()));
    }

    /// The addresses of the interfaces in `world`.
    pub(crate) fn interfaces(world: &World) -> Interfaces {
        let mut interfaces = Interfaces::new();
        for interface in world.interfaces() {
            for group in &interface.groups {
                interfaces.entry(group.clone()).or_default().extend(&interface.addresses);
            }
        }
        interfaces
    }
}
