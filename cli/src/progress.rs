//! Shows the progress of a run on standard error, if that is a terminal and the
//! run takes longer than [`PATIENCE`].

use std::time::Duration;

use eks_nlb_sync::schedule::budget::RunBudget;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, interval_at};

/// A quicker run shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Awaits `run` under a progress bar.
pub(crate) async fn of_run<T>(region: &str, budget: &RunBudget, run: impl Future<Output = T> + Unpin) -> T {
    let began = Instant::now();
    let mut run = run;
    let mut bar = None;
    let mut ticks = interval_at(began + PATIENCE, TICK);
    loop {
        tokio::select! {
            done = &mut run => {
                if let Some(bar) = &bar {
                    ProgressBar::finish_and_clear(bar);
                }
                return done;
            }
            _ = ticks.tick() => {
                let bar = bar.get_or_insert_with(|| ProgressBar::new(0).with_message(format!("Reading {region}")));
                let total = budget.frontends();
                let known = total > 0;
                if known && bar.length() != Some(total) {
                    bar.set_length(total);
                }
                bar.set_style(style(known));
                bar.set_position(budget.visited());
                bar.tick();
            }
        }
    }
}

fn style(is_known: bool) -> ProgressStyle {
    let template =
        if is_known { "{msg} [{bar:30}] {pos} of {len} frontends" } else { "{spinner} {msg} {elapsed}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
