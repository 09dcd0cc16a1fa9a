//! Clients of a cluster: they connect through a load balancer that follows the world.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use eks_nlb_simulator::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// API servers and a load balancer before one of them, on loopback.
pub(super) struct Traffic {
    balancer: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Traffic {
    /// Starts a server for each of `addresses`, and a load balancer that sends
    /// connections where the world says that `group` gets them.
    pub(super) async fn start(sim: &Simulator, group: &str, addresses: &[&str]) -> io::Result<Self> {
        let mut tasks = JoinSet::new();
        let mut servers = BTreeMap::new();
        for address in addresses {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            servers
                .insert(SocketAddr::new(address.parse().expect("an address"), 443), listener.local_addr()?);
            tasks.spawn(async move {
                while let Ok((mut client, _)) = listener.accept().await {
                    _ = client.write_all(b"ok").await;
                }
            });
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let balancer = listener.local_addr()?;
        let (world, group) = (sim.shared_world(), group.to_owned());
        tasks.spawn(async move {
            let mut turn = 0;
            while let Ok((mut client, _)) = listener.accept().await {
                let nodes = world.lock().expect("nobody panics with it").nodes(&group);
                let targets: Vec<_> = nodes.into_values().flat_map(|node| node.targets).collect();
                turn += 1;
                // Where nothing listens, the client's connection ends.
                let Some(target) = targets.get(turn % targets.len().max(1)) else { continue };
                if let Ok(mut server) = TcpStream::connect(servers[target]).await {
                    _ = copy_bidirectional(&mut client, &mut server).await;
                }
            }
        });
        Ok(Self { balancer, _tasks: tasks })
    }

    /// How many of `n` new connections are served.
    pub(super) async fn connect(&self, n: usize) -> io::Result<usize> {
        let mut served = 0;
        for _ in 0..n {
            let mut answer = String::new();
            TcpStream::connect(self.balancer).await?.read_to_string(&mut answer).await?;
            served += usize::from(answer == "ok");
        }
        Ok(served)
    }
}
