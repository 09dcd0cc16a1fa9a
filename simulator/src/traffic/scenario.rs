//! Replaces the control plane of a cluster again and again, in the manner of
//! EKS, while clients connect to it through three load balancers, each kept by
//! another [`Controller`].
//!
//! # A replacement
//!
//! EKS starts new API servers beside the old ones. A minute later it moves the
//! cluster's name in DNS; for a few minutes the answers may alternate between
//! old and new, or name some of the new ones only. Old servers stop
//! [`OVERLAP`] after DNS last named them. Some replacements go wrong: a server
//! dies unannounced, or all old ones stop as DNS moves. See [`Kind`].
//!
//! # Time
//!
//! Simulated time passes in steps of [`STEP`]. In each one, what happens
//! happens, targets are checked, and clients connect; every [`TICK`] the
//! controllers run while clients connect. So the world changes only between
//! connections, except by what controllers do.
//!
//! # What is avoidable
//!
//! A fourth target group, without clients, is kept by a *perfect* controller.
//! It acts when the others do and knows an address when DNS first names it,
//! but it is told which servers will stop, unless they die unannounced. A
//! connection that failed is *unavoidable* if, at that instant, that group had
//! no live server to send it to, or had in service the very target that did
//! not answer. Every other failure is *avoidable*.

mod controller;
mod perfect;
mod schedule;
mod score;
mod stage;

use std::io;
use std::path::Path;
use std::time::Duration;

pub use controller::Controller;
pub use schedule::{Kind, OVERLAP};
pub use score::Score;

use schedule::Schedule;
use stage::Stage;

/// How often controllers run: the schedule of the function.
pub const TICK: Duration = Duration::from_mins(1);

/// How often targets are checked, and in what steps time passes: NLB's default.
pub const STEP: Duration = Duration::from_secs(30);

/// What is played.
#[derive(Clone, Debug)]
pub struct Script {
    /// Each replacement, in order.
    pub replacements: Vec<Kind>,
    /// Connections made through the function's load balancer in each step.
    pub connections: usize,
    /// The same for each of the other two. No more than 255, either.
    pub others: usize,
    /// Connections through the function's load balancer that stay.
    pub sessions: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How many control planes were replaced.
    pub replacements: usize,
    /// How much simulated time passed.
    pub simulated: Duration,
    /// How it went with each controller.
    pub scores: Vec<(Controller, Score)>,
}

impl Outcome {
    /// How it went with `controller`.
    #[must_use]
    pub fn of(&self, controller: Controller) -> &Score {
        let found = self.scores.iter().find(|(of, _)| *of == controller);
        &found.expect("every controller has a score").1
    }
}

/// Plays `script` with the function that `program` is.
///
/// # Errors
///
/// If the function cannot be run, a run of it fails, or loopback has no room.
pub async fn play(program: &Path, script: &Script) -> io::Result<Outcome> {
    let mut schedule = Schedule::new();
    let mut stage = Stage::set(program, script, schedule.servers()).await?;
    for &kind in &script.replacements {
        for step in schedule.replace(kind) {
            stage.step(step, kind).await?;
        }
    }
    Ok(stage.end(script.replacements.len()))
}
