//! Plays what was recorded, and shows what is played to a recorder.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use eks_nlb_simulator::SharedWorld;

use super::{Play, in_simulated_time, zones_of};
use crate::controllers::Controller;
use crate::kinds::{Happening, Kind, STEP_SECONDS, Server};
use crate::lanes::Setup;
use crate::score::Scores;
use crate::sources::Source;

/// What happened to a control plane, by step of [`Script::STEP`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// How many zones the load balancer is enabled in: those of the first
    /// subnets, up to three.
    pub zones: usize,
    /// The servers that serve in the beginning, and that DNS names.
    pub servers: Vec<Server>,
    /// Whether they are registered in the beginning.
    pub is_filled: bool,
    /// What happens.
    pub happenings: BTreeMap<u32, Vec<Happening>>,
    /// How many steps are played.
    pub steps: u32,
    /// Until a target is registered and has passed its checks.
    pub in_service: Duration,
}

impl Script {
    /// The time between two moments.
    pub const STEP: Duration = Duration::from_secs(STEP_SECONDS as u64);
}

/// Plays a script, and scores each controller.
#[must_use]
pub fn replay(script: &Script, is_cross_zone: bool) -> Scores {
    in_simulated_time(async {
        let setup = Setup { is_cross_zone, ..Setup::DEFAULT }.with_in_service(script.in_service);
        // This kind loses no event, and its checks find what the script says.
        let mut play = Play::set_up(Kind::AtOnce, script.zones, setup).await;
        play.begin_with(&script.servers, script.is_filled);
        play.to_come.clone_from(&script.happenings);
        let mut starts = BTreeMap::<String, Vec<u32>>::new();
        for (step, happening) in
            script.happenings.iter().flat_map(|(step, all)| all.iter().map(move |one| (*step, one)))
        {
            if let Happening::Serves(server) = happening {
                starts.entry(server.address()).or_default().push(step);
            }
        }
        for step in 0..script.steps {
            for (address, starts) in &starts {
                let is_known = play.serves_from.contains_key(address) && !play.stopped.contains(address);
                if let Some(next) = starts.iter().find(|start| **start >= step).filter(|_| !is_known) {
                    play.serves_from.insert(address.clone(), *next);
                }
            }
            play.step().await;
        }
        play.scores()
    })
}

/// What a recorder can see at the end of a step.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The number of the step.
    pub step: u32,
    /// AWS and DNS.
    pub world: SharedWorld,
    /// The load balancer and the target group that the function keeps with
    /// interfaces as its source.
    pub balancer: String,
    /// Its target group.
    pub group: String,
    /// The addresses of the servers that would pass health checks, before the
    /// checks have found out.
    pub ready: BTreeSet<String>,
}

/// What is done at the end of each step.
pub type Observer = Box<dyn FnMut(Moment) -> Pin<Box<dyn Future<Output = ()>>>>;

/// The same as [`super::play`], with an observer.
#[must_use]
pub fn observe(kind: Kind, setup: Setup, replacements: usize, observer: Observer) -> Scores {
    in_simulated_time(async {
        let mut play = Play::set_up(kind, zones_of(kind), setup).await;
        play.observer = Some(observer);
        play.play(replacements).await
    })
}

impl Play {
    pub(super) async fn show(&mut self) {
        let Some(observer) = &mut self.observer else { return };
        let lane = self.lanes.iter().find(|lane| lane.controller == Controller::Function(Source::Eni));
        let lane = lane.expect("there is one each");
        let moment = Moment {
            step: self.step,
            world: self.world.clone(),
            balancer: lane.balancer.clone(),
            group: lane.group.clone(),
            ready: self.ready.clone(),
        };
        observer(moment).await;
    }
}
