//! A name server whose answers a test chooses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eks_nlb_simulator::dns::{Answered, Sent};
use eks_nlb_simulator::world::Transport;

use eks_nlb_traffic::in_memory_net;

/// The answers to a question: any number of messages.
type Say = dyn Fn(Transport, &[u8]) -> Vec<Vec<u8>> + Send + Sync;

/// The name server.
#[derive(Clone)]
pub(crate) struct NameServer {
    say: Arc<Say>,
    questions: Arc<AtomicUsize>,
}

impl NameServer {
    pub(crate) fn new(say: impl Fn(Transport, &[u8]) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self { say: Arc::new(say), questions: Arc::default() }
    }

    /// How many questions there have been.
    pub(crate) fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }
}

impl in_memory_net::NameServer for NameServer {
    fn answer(&self, _: SocketAddr, question: &[u8], transport: Transport) -> Vec<Answered> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        let said = (self.say)(transport, question).into_iter();
        said.map(|message| Answered { delay: Duration::ZERO, sent: Sent::Message(message) }).collect()
    }
}
