//! Makes AWS calls fail.

use std::time::Duration;

use eks_nlb_simulator::Fault as Planted;

use super::Harness;
use crate::history::{Call, Fault, NamedFault};

impl Harness {
    pub(super) fn plant(&mut self, call: Call, about: Option<u8>, fault: Fault, skip: u8, times: u8) {
        let mut planted = Planted::on(&call.operation()).skip(skip.into()).times(times.into());
        if let Some(frontend) = about.map(|number| &self.truth.frontends[self.truth.frontend(number)]) {
            let cluster = &self.truth.clusters[frontend.cluster].name;
            planted = match (call, &frontend.group) {
                (Call::DescribeCluster, _) => planted.about(cluster),
                (
                    Call::DescribeTargetHealth | Call::RegisterTargets | Call::DeregisterTargets,
                    Some(group),
                ) => planted.about(group),
                _ => planted,
            };
        }
        let planted = match fault {
            Fault::Named(NamedFault(n)) => Planted::NAMED[n].2(planted),
            Fault::Slow(seconds) => planted.delay(Duration::from_secs(seconds.into())),
            Fault::Twice => {
                self.twice = times;
                return;
            }
        };
        if times > 0 {
            self.world.plant(planted);
        }
    }
}
