//! Carries the SDK's requests to the stage.

use std::time::Duration;

use eks_nlb_simulator::api::{Request, Response};

use crate::stage::{Seat, SharedStage, lock};
use crate::witness::Heard;
use eks_nlb_traffic::connector::Aws;

/// The way of one process to AWS.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) stage: SharedStage,
    pub(crate) seat: Seat,
}

impl Aws for Calls {
    type Heard = Heard;

    fn way(&self) -> Duration {
        lock(&self.stage).way()
    }

    fn answer(&self, request: &Request<'_>) -> Option<(Response, Heard)> {
        lock(&self.stage).call(self.seat, request)
    }

    fn arrives(&self, heard: Heard) {
        lock(&self.stage).arrives(self.seat, heard);
    }
}
