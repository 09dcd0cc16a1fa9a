//! Plays a trace in the simulated world: how this function, other policies and
//! perfect judgement would have fared in it.

mod script;

use std::fmt::Write;
use std::process::ExitCode;
use std::thread;

use eks_nlb_traffic::controllers::Controller;
use eks_nlb_traffic::play::{self, Script};
use eks_nlb_traffic::score::{Score, Scores};
use serde::Serialize;

use crate::args::ReplayArgs;
use crate::output::{Output, show};
use crate::problem::Problem;
use crate::trace::{self, Trace, in_words};

/// How one policy fared, in percent of all new connections.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Fared {
    policy: String,
    cross_zone: bool,
    /// Connections that failed and that an all-knowing policy would have served.
    avoidable_percent: f64,
    failed_percent: f64,
}

/// Plays the trace, and prints the table.
pub(crate) fn replay(args: &ReplayArgs, output: Output) -> Result<ExitCode, Problem> {
    let trace = trace::load(&args.file).map_err(|error| Problem::file(&args.file, &error))?;
    let played = Played::of(&trace).map_err(|sentence| Problem::file(&args.file, &sentence))?;
    show(output, &played, || played.text(&trace))?;
    Ok(ExitCode::SUCCESS)
}

/// A trace that was played with and without cross-zone load balancing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Played<'a> {
    cluster: &'a str,
    seconds: u64,
    /// Whether cross-zone load balancing was on when it was recorded.
    recorded_cross_zone: bool,
    notes: Vec<String>,
    policies: Vec<Fared>,
}

impl<'a> Played<'a> {
    fn of(trace: &'a Trace) -> Result<Self, String> {
        let script::Reading { script, mut notes } = script::of(trace)?;
        notes.extend(trace.remarks.iter().map(ToString::to_string));
        for hole in &trace.holes {
            let length = in_words(hole.length());
            notes.push(format!(
                "nothing is known of {length} from {}: everything is assumed to have stayed as it was before",
                hole.from
            ));
        }
        let scores = both(&script).ok_or("it cannot be played")?;
        let policies = scores.iter().flat_map(|(cross_zone, scores)| {
            let fared =
                |controller: &Controller| Some(fared(*controller, *cross_zone, scores.get(controller)?));
            Controller::ALL.iter().filter_map(fared).collect::<Vec<_>>()
        });
        Ok(Self {
            cluster: &trace.header.cluster,
            seconds: u64::from(script.steps) * Script::STEP.as_secs(),
            recorded_cross_zone: trace.header.cross_zone,
            notes,
            policies: policies.collect(),
        })
    }

    fn text(&self, trace: &Trace) -> String {
        let header = &trace.header;
        let mut text = format!(
            "{} in {}: {} from {}, played in steps of {}; cross-zone load balancing was {}\n",
            header.cluster,
            header.region,
            in_words(std::time::Duration::from_secs(self.seconds)),
            header.started,
            in_words(Script::STEP),
            if header.cross_zone { "on" } else { "off" },
        );
        for note in &self.notes {
            _ = writeln!(text, "- {note}");
        }
        text += "\n| % of new connections | avoidable, cross-zone off | failed, off | avoidable, cross-zone on | failed, on |\n\
                 |---|---|---|---|---|\n";
        let (off, on): (Vec<_>, Vec<_>) = self.policies.iter().partition(|fared| !fared.cross_zone);
        for (off, on) in off.into_iter().zip(on) {
            _ = writeln!(
                text,
                "| {} | {:.1} | {:.1} | {:.1} | {:.1} |",
                off.policy,
                off.avoidable_percent,
                off.failed_percent,
                on.avoidable_percent,
                on.failed_percent
            );
        }
        text
    }
}

/// Plays the script without and with cross-zone load balancing, side by side.
/// The simulated world has a runtime of its own, which needs a thread.
fn both(script: &Script) -> Option<[(bool, Scores); 2]> {
    thread::scope(|scope| {
        let [off, on] = [false, true].map(|cross_zone| scope.spawn(move || play::replay(script, cross_zone)));
        Some([(false, off.join().ok()?), (true, on.join().ok()?)])
    })
}

fn fared(controller: Controller, cross_zone: bool, score: &Score) -> Fared {
    #[expect(clippy::cast_precision_loss, reason = "a percentage with one digit")]
    let percent = |count: usize| 100.0 * count as f64 / score.made.max(1) as f64;
    Fared {
        policy: controller.to_string(),
        cross_zone,
        avoidable_percent: percent(score.avoidable),
        failed_percent: percent(score.failed),
    }
}

#[cfg(test)]
mod tests;
