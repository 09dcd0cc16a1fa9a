//! Carries the resolver's questions to the harness.

use std::net::SocketAddr;

use eks_nlb_simulator::dns::Answered;
use eks_nlb_simulator::world::Transport;
use eks_nlb_traffic::in_memory_net::NameServer;

use crate::harness::{ProcessId, SharedHarness, lock};

/// The connection of one process to its resolver.
#[derive(Clone)]
pub(crate) struct Names {
    pub(crate) harness: SharedHarness,
    pub(crate) id: ProcessId,
}

impl NameServer for Names {
    fn answer(&self, _: SocketAddr, question: &[u8], transport: Transport) -> Vec<Answered> {
        vec![lock(&self.harness).answer(self.id, question, transport)]
    }
}
