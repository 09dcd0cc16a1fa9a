//! Lets things happen to clusters and target groups.

use std::net::SocketAddr;

use eks_nlb_simulator::world::{EXCLUDED_TAG, MANAGED_TAG, OverrideState};
use eks_nlb_simulator::{TargetState, World};

use super::server::{Server, set_health};
use super::{GroundTruth, PORT, states};
use crate::history::{Checks, ClusterState, FrontendState, Hand, Names, Rotation};

impl GroundTruth {
    pub(crate) fn rotate(
        &mut self,
        cluster: u8,
        how: Rotation,
        health: Checks,
        times: (u8, u8),
        world: &mut World,
    ) {
        let index = self.cluster(cluster);
        let number = u8::try_from(index).expect("few clusters");
        let how = if let Rotation::Resize(servers) = how {
            Rotation::Resize(servers.max(self.fewest))
        } else {
            how
        };
        let health = if self.clusters[index].hardened { Checks::Never } else { health };
        self.clusters[index].rotate(number, how, health, (self.now, times), world);
    }

    pub(crate) fn set_health(&mut self, cluster: u8, server: u8, health: Checks, world: &mut World) {
        let cluster = &self.clusters[self.cluster(cluster)];
        let server = cluster.servers[usize::from(server) % cluster.servers.len()];
        set_health(server, health, world);
    }

    pub(crate) fn harden(&mut self, cluster: u8, world: &mut World) {
        let index = self.cluster(cluster);
        let cluster = &mut self.clusters[index];
        cluster.hardened = !cluster.hardened;
        for server in &cluster.servers {
            set_health(*server, if cluster.hardened { Checks::Never } else { Checks::After(1) }, world);
        }
    }

    pub(crate) fn set_names(&mut self, cluster: u8, say: Names, ticks: u8, world: &mut World) {
        let index = self.cluster(cluster);
        let cluster = &mut self.clusters[index];
        cluster.names = Some((say, self.now + u32::from(ticks)));
        cluster.flipped = true;
        cluster.publish(world);
    }

    pub(crate) fn set_cluster_state(&mut self, cluster: u8, is: ClusterState, ticks: u8, world: &mut World) {
        let index = self.cluster(cluster);
        let until = self.now + u32::from(ticks);
        self.clusters[index].set_state(Some((is, until)), world);
    }

    pub(crate) fn set_frontend_state(
        &mut self,
        frontend: u8,
        is: FrontendState,
        ticks: u8,
        world: &mut World,
    ) {
        let index = self.frontend(frontend);
        self.frontends[index].restore(world);
        self.keep_state();
        let frontend = &mut self.frontends[index];
        frontend.state = Some((is, self.now + u32::from(ticks)));
        let group = frontend.group.as_deref().expect("it was restored");
        match is {
            FrontendState::Excluded => {
                let (key, value) = EXCLUDED_TAG;
                world.target_group_mut(group).tags.insert(key.to_owned(), value.to_owned());
            }
            FrontendState::Unmanaged => {
                world.load_balancer_mut(&frontend.load_balancer).tags.remove(MANAGED_TAG.0);
            }
            FrontendState::Gone => frontend.lose_group(world),
            FrontendState::Unused => world.target_group_mut(group).listener = false,
            FrontendState::ShiftedAway(zone) => {
                let zones = &world.load_balancer(&frontend.load_balancer).zones;
                let zone = zones[usize::from(zone) % zones.len()].clone();
                world.shift_away(&frontend.load_balancer, &zone, OverrideState::ZonalShiftActive);
            }
            // The harness does it when that call comes.
            FrontendState::GoesAt(_) => {}
        }
    }

    pub(crate) fn by_hand(&mut self, frontend: u8, does: Hand, world: &mut World) {
        let frontend = &self.frontends[self.frontend(frontend)];
        let Some(group) = frontend.group.as_deref() else { return };
        let cluster = &self.clusters[frontend.cluster];
        let target = |server: Server, port| frontend.target_at(server, port).to_string();
        let in_group: Vec<SocketAddr> = states(world, group).into_keys().collect();
        let nth = |n: u8| in_group.get(usize::from(n) % in_group.len().max(1)).map(ToString::to_string);
        match does {
            Hand::Registers => {
                let nobody = Server { cluster: 201, subnet: 0, host: 1 };
                world.put_targets(group, [target(nobody, PORT)]);
            }
            Hand::RegistersOtherPort => world.put_targets(group, [target(cluster.servers[0], 8443)]),
            Hand::RegistersOld => {
                world.put_targets(group, cluster.before.iter().map(|&server| target(server, PORT)));
            }
            Hand::Deregisters(n) => {
                if let Some(target) = nth(n) {
                    world.pin_state(group, &target, TargetState::Draining);
                }
            }
            Hand::StopsChecks(n) => {
                if let Some(target) = nth(n) {
                    world.pin_state(group, &target, TargetState::Unavailable);
                }
            }
        }
    }
}
