//! A story: runs of one process of the function, and what happens between them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use eks_nlb_simulator::World;
use eks_nlb_simulator::world::Answer;
use eks_nlb_sync::handler::Handler;
use eks_nlb_traffic::in_memory_net::InMemoryNet;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::value::RawValue;
use tokio::time::Instant;
use tracing::subscriber::DefaultGuard;

use crate::compact;
use crate::lines::Lines;
use crate::process;
use crate::render::short;
use crate::setup;
use crate::wire::{Event, Wire};

/// The interval of the schedule, and the time-out of the function.
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// A run shows its first lines if fewer of them are those of the run before.
const SAME_LINES: usize = 4;

/// A process of the function in a simulated account, and its transcript.
pub(crate) struct Story {
    name: &'static str,
    wire: Wire,
    handler: Handler<InMemoryNet<Wire>>,
    variables: Vec<(&'static str, String)>,
    /// When the story began, by tokio's clock and by the SDK's.
    began: (Instant, SystemTime),
    text: String,
    runs: usize,
    /// The number and the text of the last run that is printed in full.
    last: (usize, String),
    /// The runs since then that were the same: the first and the last.
    same: Vec<String>,
    /// Whether calls are listed by operation, and frontends by outcome.
    is_brief: bool,
    /// The targets of each group as they are last printed.
    targets: BTreeMap<String, String>,
    lines: Lines,
    /// While it is held, lines go to the transcript.
    log_guard: Option<DefaultGuard>,
}

impl Story {
    /// Starts a process with the default settings in an empty account.
    pub(crate) async fn start(name: &'static str, title: &str) -> Self {
        Self::start_with(name, title, &[]).await
    }

    /// The same with these settings.
    pub(crate) async fn start_with(
        name: &'static str,
        title: &str,
        variables: &[(&'static str, &str)],
    ) -> Self {
        let wire = Wire::new();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (handler, began, log) = process::start(&wire, &variables).await;
        let mut text = format!("# {title}\n");
        for (variable, value) in &variables {
            _ = writeln!(text, "# {variable}={value}");
        }
        Self {
            name,
            wire,
            handler,
            variables,
            began: (Instant::now(), began),
            text,
            runs: 0,
            last: (0, String::new()),
            same: Vec::new(),
            is_brief: false,
            targets: BTreeMap::new(),
            lines: Lines::default(),
            log_guard: Some(log),
        }
    }

    /// Changes the account: what `note` says happens.
    pub(crate) fn when<T>(&mut self, note: &str, change: impl FnOnce(&mut World) -> T) -> T {
        self.print_same();
        _ = writeln!(self.text, "\n-- {note}");
        change(&mut self.wire.world())
    }

    /// Lists calls by operation and frontends by outcome from now on: for many
    /// frontends.
    pub(crate) fn brief(&mut self) {
        self.is_brief = true;
        self.lines.is_brief = true;
    }

    /// Ends the process and starts another, which remembers nothing.
    pub(crate) async fn restart(&mut self) {
        self.print_same();
        _ = writeln!(self.text, "\n-- a new process");
        self.log_guard = None;
        let (handler, now, log) = process::start(&self.wire, &self.variables).await;
        (self.handler, self.began, self.log_guard) =
            (handler, (self.began.0, now - self.began.0.elapsed()), Some(log));
    }

    /// Lets time pass.
    pub(crate) async fn pass(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// The name server at `address` gives this answer from now on.
    pub(crate) fn set_server(&self, address: &str, answer: impl Into<Answer>) {
        self.wire.set_server(address, answer.into());
    }

    /// AWS's answers to `operation` have `new` in place of `old` from now on.
    pub(crate) fn answers_have(&mut self, operation: &str, old: &str, new: &str) {
        self.print_same();
        _ = writeln!(
            self.text,
            "\n-- {operation} answers {} in place of {old}",
            if new.is_empty() { "nothing" } else { new }
        );
        self.wire.set_rewrite(operation, old, new);
    }

    /// A scheduled run, and the rest of its minute.
    pub(crate) async fn run(&mut self) {
        self.invoke("{}").await;
    }

    /// The same this many times.
    pub(crate) async fn runs(&mut self, runs: usize) {
        for _ in 0..runs {
            self.run().await;
        }
    }

    /// A run by this event, and the rest of its minute.
    pub(crate) async fn invoke(&mut self, event: &str) {
        self.invoke_within(event, MINUTE).await;
    }

    /// The same with another time.
    pub(crate) async fn invoke_within(&mut self, event: &str, time: Duration) {
        let deadline = self.now() + time;
        let time = if time == MINUTE { String::new() } else { format!(", {time:?} left") };
        self.invoke_until(event, deadline, &time).await;
    }

    /// The same with the deadline of cargo-lambda's emulator.
    pub(crate) async fn invoke_in_1970(&mut self, event: &str) {
        self.invoke_until(event, UNIX_EPOCH + MINUTE * 10, ", a deadline in 1970").await;
    }

    async fn invoke_until(&mut self, event: &str, deadline: SystemTime, note: &str) {
        let begun = Instant::now();
        self.runs += 1;
        let header = self.header(event, note);
        self.wire.begin();
        self.lines.begin();
        let run_began = self.now();
        let context = process::context(deadline);
        let payload = RawValue::from_string(event.to_owned()).expect("an event is JSON");
        let answer = Box::pin(self.handler.invoke(LambdaEvent::new(payload, context))).await;
        let took = begun.elapsed();
        let mut events = self.wire.take();
        let mut text = String::new();
        if self.is_brief {
            text = compact::by_operation(&events);
            events.retain(|event| matches!(event, Event::Written(..)));
        }
        for event in compact::merged(events) {
            match event {
                Event::Sent(at, sent) => _ = writeln!(text, "{at:>6} ms  {sent}"),
                Event::Written(at, line) => text.push_str(&self.lines.written(at, &line, run_began)),
            }
        }
        text.push_str(&self.lines.more());
        text.push_str(&match &answer {
            Ok(report) => self.lines.answered(took, report),
            Err(_) => String::new(),
        });
        if let Err(error) = answer {
            let Diagnostic { error_type, error_message } = error.into();
            _ = writeln!(text, "{:>6} ms  error {error_type}: {}", took.as_millis(), short(&error_message));
        }
        text.push_str(&self.changed_targets());
        self.print(&header, text);
        tokio::time::sleep_until(begun + took.max(MINUTE)).await;
    }

    /// Holds the transcript to the file of the story's name.
    pub(crate) fn end(mut self) {
        self.print_same();
        setup::hold(self.name, self.text);
    }

    /// The time, by the SDK's clock.
    fn now(&self) -> SystemTime {
        self.began.1 + self.began.0.elapsed()
    }

    fn header(&self, event: &str, note: &str) -> String {
        let seconds = self.began.0.elapsed().as_secs();
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let event = if event == "{}" { String::new() } else { format!(", event {event}") };
        format!("run {} at {minutes:02}:{seconds:02}{event}{note}", self.runs)
    }

    /// Prints a run, or only that it is as the one before.
    fn print(&mut self, header: &str, text: String) {
        if text == self.last.1 {
            self.same.push(header.to_owned());
        } else {
            self.print_same();
            let gap = if self.text.trim_end().lines().last().is_some_and(|line| line.starts_with("-- ")) {
                ""
            } else {
                "\n"
            };
            _ = writeln!(self.text, "{gap}== {header}");
            let same = text.lines().zip(self.last.1.lines()).take_while(|(one, other)| one == other).count();
            let hidden = if same < SAME_LINES { 0 } else { same };
            if hidden > 0 {
                _ = writeln!(self.text, "           the first {hidden} lines are those of the run before");
            }
            for line in text.lines().skip(hidden) {
                _ = writeln!(self.text, "{line}");
            }
            self.last = (self.runs, text);
        }
    }

    /// Names the runs that were as the last one that is printed.
    fn print_same(&mut self) {
        match &std::mem::take(&mut self.same)[..] {
            [] => {}
            [one] => _ = writeln!(self.text, "== {one}: as run {}", self.last.0),
            [first, .., last] => _ = writeln!(self.text, "== {first} to {last}: as run {}", self.last.0),
        }
    }

    /// The target groups whose targets changed since they were last printed.
    fn changed_targets(&mut self) -> String {
        let world = self.wire.world();
        let mut text = String::new();
        for group in world.target_groups() {
            let targets = world.target_health(&group.arn).into_iter().map(|target| {
                let zone = target.zone.unwrap_or_default();
                let shifted = match target.override_state.as_str() {
                    "no_override" => String::new(),
                    state => format!(" ({state})"),
                };
                format!("{} {zone} {}{shifted}", target.key, target.state.as_str())
            });
            let targets = targets.collect::<Vec<_>>().join(", ");
            let before = self.targets.insert(group.arn.clone(), targets.clone());
            let is_shown = !self.is_brief || before.is_some();
            if is_shown && before.as_ref() != Some(&targets) {
                _ = writeln!(
                    text,
                    "   targets  {}: {}",
                    short(&group.arn),
                    if targets.is_empty() { "none" } else { &targets }
                );
            }
        }
        text
    }
}
