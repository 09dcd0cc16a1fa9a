//! Forwards TCP connections to the targets of one group.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::Pace;
use crate::http::{Task, listen};
use crate::{SharedWorld, lock};

/// A network load balancer on a loopback port, until it is dropped. See the
/// [rules](super#what-the-load-balancer-does).
#[derive(Debug)]
pub struct NetworkLoadBalancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _task: Task,
}

#[derive(Debug)]
struct Shared {
    world: SharedWorld,
    group: String,
    pace: Pace,
    accepted: AtomicUsize,
    flows: Mutex<BTreeMap<SocketAddr, Flow>>,
}

/// A connection, by its client's address.
#[derive(Debug)]
struct Flow {
    target: Option<SocketAddr>,
    forwarding: Option<AbortHandle>,
}

impl NetworkLoadBalancer {
    /// Starts one before `group`.
    ///
    /// # Errors
    ///
    /// If there is no port left.
    pub async fn start(world: SharedWorld, group: &str, pace: Pace) -> io::Result<Self> {
        let (listener, address) = listen(0).await?;
        let shared = Arc::new(Shared {
            world,
            group: group.to_owned(),
            pace,
            accepted: AtomicUsize::new(0),
            flows: Mutex::default(),
        });
        let task = Task::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, _task: task })
    }

    /// Where its clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The targets that a new connection may go to now.
    #[must_use]
    pub fn serving(&self) -> Vec<SocketAddr> {
        self.shared.serving()
    }

    /// Where the connection from `client` went; `None` if there was no target.
    #[must_use]
    pub fn target_of(&self, client: SocketAddr) -> Option<SocketAddr> {
        self.shared.flows().get(&client)?.target
    }

    /// The same, which is forgotten now: ask once the connection is over.
    #[must_use]
    pub fn forget(&self, client: SocketAddr) -> Option<SocketAddr> {
        self.shared.flows().remove(&client)?.target
    }

    /// Cuts the connections whose target is gone.
    pub fn settle(&self) {
        let world = lock(&self.shared.world);
        let targets = &world.target_group(&self.shared.group).targets;
        let there: Vec<SocketAddr> = targets.keys().filter_map(|key| key.to_string().parse().ok()).collect();
        drop(world);
        for flow in self.shared.flows().values() {
            if let (Some(target), Some(forwarding)) = (flow.target, &flow.forwarding)
                && !there.contains(&target)
            {
                forwarding.abort();
            }
        }
    }
}

impl Shared {
    fn flows(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Flow>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serving(&self) -> Vec<SocketAddr> {
        let world = lock(&self.world);
        let known = self.pace.known(&world, &self.group);
        let serving = world.serving(&self.group);
        let serving = serving.iter().filter_map(|target| target.parse().ok());
        serving.filter(|target| known.contains_key(target)).collect()
    }

    /// The target of the next connection: each in turn.
    fn choose(&self) -> Option<SocketAddr> {
        let serving = self.serving();
        let turn = self.accepted.fetch_add(1, Ordering::Relaxed);
        serving.get(turn.checked_rem(serving.len())?).copied()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // The set ends with this task, and every connection with the set.
    let mut forwarding = JoinSet::new();
    while let Ok((client, from)) = listener.accept().await {
        prepare(&client);
        let target = shared.choose();
        // Held until the connection is on record: it may fail at once.
        let mut flows = shared.flows();
        let task = target.map(|target| forwarding.spawn(forward(client, target)));
        flows.insert(from, Flow { target, forwarding: task });
        drop(flows);
        while forwarding.try_join_next().is_some() {}
    }
}

async fn forward(mut client: TcpStream, target: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(target).await {
        prepare(&server);
        // However it ends, both sides learn of it: they are dropped.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

/// Makes a connection quick, and end with a reset once it is dropped.
fn prepare(stream: &TcpStream) {
    // It may have ended already.
    let _ = stream.set_nodelay(true);
    let _ = stream.set_zero_linger();
}
