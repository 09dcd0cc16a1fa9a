//! Notes what AWS's reads show to a run.

use eks_nlb_simulator::Recorded;

use super::{Harness, ProcessId};
use crate::ground_truth::{GroundTruth, states};
use crate::witness::{Answer, Described};

impl Harness {
    /// What a read that has just been answered showed: the past, if it lags.
    pub(super) fn read_answer(&mut self, id: ProcessId, call: &Recorded) -> Option<Answer> {
        let Self { world, truth, tally, runs, .. } = self;
        match call.operation.as_str() {
            "DescribeCluster" => {
                let name = call.parameter("name")?;
                Some(Answer::Cluster(world.as_last_read(|world| Described::of(world, name))))
            }
            "DescribeNetworkInterfaces" => {
                Some(Answer::Interfaces(world.as_last_read(|world| GroundTruth::interfaces(world))))
            }
            "DescribeTargetHealth" => {
                let group = call.target_group()?;
                let frontend = runs.get(&id)?.managed.get(group).map(|managed| managed.frontend);
                let seen = world.as_last_read(|world| truth.moment(world, group, frontend));
                if truth.has(group) && states(world, group) != seen.states {
                    tally.count("target groups listed as they were before");
                }
                Some(Answer::Targets(seen))
            }
            _ => None,
        }
    }
}
