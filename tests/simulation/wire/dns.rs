//! Carries the resolver's questions to the world in process.

use eks_nlb_simulator::dns::Answered;
use eks_nlb_simulator::world::Transport;

use crate::stage::{Seat, SharedStage, lock};
use eks_nlb_traffic::socketless::NameServer;

/// What one process is told by its resolver.
#[derive(Clone)]
pub(crate) struct Names {
    pub(crate) stage: SharedStage,
    pub(crate) seat: Seat,
}

impl NameServer for Names {
    fn answer(&self, question: &[u8], transport: Transport) -> Vec<Answered> {
        vec![lock(&self.stage).answer(self.seat, question, transport)]
    }
}
