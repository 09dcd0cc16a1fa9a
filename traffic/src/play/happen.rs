//! Carries out what happens in a replacement, in AWS and DNS.

use eks_nlb_simulator::Health;
use eks_nlb_simulator::world::{Answer, Reply};

use super::{Play, lock};
use crate::controllers::{Controller, Group};
use crate::kinds::{Happening, Kind};
use crate::lanes::CLUSTER;

/// Steps until checks find out that a server has begun or ceased to answer.
const CHECKS_LAG: u32 = 2;

/// The events about interfaces.
#[derive(Default)]
pub(super) struct Events {
    sent: usize,
    /// Whether an event has arrived in this step.
    pub(super) arrived: bool,
}

impl Events {
    /// Sends the next. Returns whether it arrives.
    fn arrives(&mut self, kind: Kind) -> bool {
        let arrives = !kind.loses_event(self.sent);
        self.sent += 1;
        self.arrived |= arrives;
        arrives
    }
}

impl Play {
    pub(super) fn happen(&mut self, happening: Happening) {
        let mut world = lock(&self.world);
        match happening {
            Happening::InterfaceMade(server) => {
                drop(world);
                self.interface_made(&server.address());
            }
            Happening::InterfaceGoes(server) => {
                world.remove_interfaces_at(&server.address());
                self.events.arrives(self.kind);
            }
            Happening::Serves(server) => {
                world.set_serves(&server.address(), true);
                self.stopped.retain(|stopped| *stopped != server.address());
            }
            Happening::PassesChecks(server) => {
                let fails = self.kind.fails_checks(server);
                let passes = if fails { Health::Never } else { Health::After(self.setup.in_service()) };
                if !fails {
                    self.ready.insert(server.address());
                }
                self.to_find.entry(self.step + CHECKS_LAG).or_default().push((server, passes));
            }
            Happening::Stops(server) => {
                world.set_serves(&server.address(), false);
                self.stopped.push(server.address());
            }
            Happening::FailsChecks(server) => {
                self.ready.remove(&server.address());
                self.to_find.entry(self.step + CHECKS_LAG).or_default().push((server, Health::Never));
            }
            Happening::Names(servers) => {
                let named: Vec<String> = servers.iter().map(|server| server.address()).collect();
                let host = world.host(CLUSTER);
                let answer = named.iter().map(|address| address.parse().expect("an address")).collect();
                world.dns.set(&host, Answer::addresses(answer));
                self.named = Some(named);
            }
            Happening::NamesFail => {
                let host = world.host(CLUSTER);
                world.dns.set(&host, Reply::ServerFailure);
                self.named = None;
            }
        }
    }
    /// EKS makes an interface, for a server that does not serve yet.
    fn interface_made(&mut self, address: &str) {
        let mut world = lock(&self.world);
        let interface = world.control_plane_interface(CLUSTER, [address]);
        world.add_interface(interface);
        world.set_serves(address, false);
        world.set_health(address, Health::Never);
        self.stopped.retain(|stopped| stopped != address);
        self.ready.remove(address);
        let lane = self.lanes.iter().find(|lane| lane.controller == Controller::Blueprint);
        let arn = &lane.expect("there is one each").group;
        if self.events.arrives(self.kind) {
            Group { world: &mut world, arn }.blueprint_registers(address);
        }
    }
}
