//! Carries the SDK's requests to the harness.

use std::time::Duration;

use eks_nlb_simulator::api::{Request, Response};
use eks_nlb_traffic::connector::Aws;

use crate::harness::{ProcessId, SharedHarness, lock};
use crate::witness::Delivered;

/// The connection of one process to AWS.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) harness: SharedHarness,
    pub(crate) id: ProcessId,
}

impl Aws for Calls {
    type Delivered = Delivered;

    fn latency(&self) -> Duration {
        lock(&self.harness).latency()
    }

    fn answer(&self, request: &Request<'_>) -> Option<(Response, Delivered)> {
        lock(&self.harness).call(self.id, request)
    }

    fn arrives(&self, delivered: Delivered) {
        lock(&self.harness).arrives(self.id, delivered);
    }
}
