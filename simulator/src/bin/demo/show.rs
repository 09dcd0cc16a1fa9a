//! Prints what a run did, in colours on a terminal.

use std::collections::BTreeMap;

use eks_nlb_simulator::world::TargetState;
use serde_json::Value;

/// The targets of each cluster.
pub(super) type States = BTreeMap<&'static str, BTreeMap<String, TargetState>>;

/// Prints the targets of each group, their states, and what the run did.
pub(super) fn show(before: &States, after: &States, report: &Value, paint: &Paint) {
    println!(
        "  {}",
        paint.dim(&format!("{:<10} {:<16} {:<10} {}", "CLUSTER", "TARGET", "STATE", "THIS RUN"))
    );
    for (cluster, targets) in after {
        let entry = entry_of(report, cluster);
        let mut label = *cluster;
        for (target, state) in targets {
            let was_draining = before[cluster].get(target) == Some(&TargetState::Draining);
            let action = action_on(entry, target, was_draining);
            let row = format!("  {label:<10} {target:<16} {} {}", paint.state(*state), paint.action(&action));
            println!("{}", row.trim_end());
            label = "";
        }
        if let Some(error) = entry.and_then(|entry| entry.get("error")) {
            let (code, message) = (text(&error["code"]), text(&error["message"]));
            println!("  {label:<10} {}", paint.red(&format!("{code}: nothing is touched")));
            for line in wrap(message, 84) {
                println!("  {:<10} {}", "", paint.dim(&line));
            }
        }
    }
}

/// The entry of a cluster's frontend; none if it is converged.
fn entry_of<'a>(report: &'a Value, cluster: &str) -> Option<&'a Value> {
    report["frontends"].as_array()?.iter().find(|entry| entry["cluster"] == cluster)
}

/// What a run did about one target, in words.
fn action_on(entry: Option<&Value>, target: &str, was_draining: bool) -> String {
    let list = |name: &str| entry.and_then(|entry| entry[name].as_array()).into_iter().flatten();
    let among = |name: &str| list(name).any(|t| t == target);
    let withheld = list("withheld").find(|t| t["target"] == target);
    if among("registered") {
        "registered".to_owned()
    } else if among("deregistered") {
        "deregistered".to_owned()
    } else if let Some(withheld) = withheld {
        format!("withheld: {}", text(&withheld["reason"]))
    } else if was_draining {
        "finishing its connections".to_owned()
    } else {
        String::new()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `text` in lines of at most `width` characters.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Colours, on a terminal only.
pub(super) struct Paint(pub(super) bool);

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(&self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.with("2", text)
    }

    fn red(&self, text: &str) -> String {
        self.with("31", text)
    }

    fn state(&self, state: TargetState) -> String {
        let (code, word) = match state {
            TargetState::Healthy => ("32", "healthy"),
            TargetState::Initial => ("33", "initial"),
            TargetState::Draining => ("2", "draining"),
            TargetState::Unhealthy | TargetState::UnhealthyDraining => ("31", "unhealthy"),
            TargetState::Unused => ("2", "unused"),
            TargetState::Unavailable => ("33", "unavailable"),
        };
        self.with(code, &format!("{word:<10}"))
    }

    fn action(&self, action: &str) -> String {
        let code = match action.split(':').next() {
            Some("registered") => "32",
            Some("deregistered") => "36",
            Some("withheld") => "33",
            _ => "2",
        };
        self.with(code, action)
    }
}
