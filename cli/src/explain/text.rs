//! Puts explanations into words and tables.

use comfy_table::Cell;
use eks_nlb_sync::model::ClusterName;
use eks_nlb_sync::publish::report::Outcome;
use eks_nlb_sync::reasons::Rule;

use super::advice::Reason;
use super::answers::Answers;
use super::details::{Details, InterfacesAnswer, Takes};
use super::dns::NameServerAnswer;
use super::unmanaged::Unmanaged;
use crate::output::bold;
use crate::permission::MayWrite;
use crate::table::{Grid, Row};
use crate::{names, table};

/// Neither a run nor ELB remembers when a target came into its state.
const SEEN: &str = "just now; ELB does not say since when a target is in its state";

/// A name of reports and alarms, with the commands that find its frontends.
pub(crate) fn of_name(answers: &Answers) -> String {
    of_answers(answers, Some(answers.next.join(", then ")))
}

fn of_answers(answers: &Answers, next: Option<String>) -> String {
    let mut told = vec![
        ("What is happening", answers.happening.to_string()),
        ("Are clients cut off", answers.cut_off.to_string()),
        ("What to do", answers.remedy.to_string()),
    ];
    told.extend(next.map(|next| ("Next", next)));
    format!("{} ({})\n{}", bold(answers.code), answers.kind, table::pairs(told))
}

pub(super) fn of_unmanaged(unmanaged: &Unmanaged) -> String {
    let mut told = vec![("Managed", format!("no: {}", unmanaged.why))];
    told.extend(unmanaged.needs.iter().map(|need| ("It needs", need.clone())));
    format!("{}\n{}", bold(&unmanaged.subject), table::pairs(told))
}

pub(crate) fn of_frontend(details: &Details) -> String {
    let frontend = &details.frontend;
    let mut told = Vec::new();
    if let Some(arn) = &frontend.load_balancer {
        told.push(("Load balancer", names::load_balancer(arn).to_owned()));
    }
    if let Some(arn) = &frontend.target_group {
        let takes = details.takes.as_ref().map_or_else(String::new, of_takes);
        told.push(("Target group", names::target_group(arn).to_owned() + &takes));
    }
    told.push(("Tags", details.tags.join("; ")));
    if let Some(host) = &frontend.host {
        told.push(("API endpoint", host.to_string()));
    }
    told.extend(details.name_servers.iter().map(|answer| ("DNS", of_name_server(answer))));
    if let Some(interfaces) = &details.interfaces {
        told.push(("Interfaces", of_interfaces(interfaces)));
    }
    told.push(("This run", outcome(&frontend.outcome)));
    if let Some(MayWrite { allowed, message, .. }) = &details.may_write {
        told.push(("May write", format!("{}: {message}", if *allowed { "yes" } else { "no" })));
    }
    told.push(("Cut off", details.cut_off.clone()));
    let is_below = |remedy: &&String| details.answers.iter().any(|answers| answers.remedy == **remedy);
    let remedy = details.remedy.as_ref().filter(|remedy| !is_below(remedy));
    told.extend(remedy.map(|remedy| ("What to do", remedy.clone())));
    if !details.targets.is_empty() {
        told.push(("Seen", SEEN.to_owned()));
    }
    told.extend(details.targets.iter().filter_map(|fate| {
        let Reason { code, description } = fate.elb_reason.as_ref()?;
        Some(("ELB's reason", format!("{}: {description} ({code})", fate.target)))
    }));
    let title = frontend.cluster.as_ref().map_or("no cluster", ClusterName::as_str);
    let mut text = format!("{}\n{}", bold(title), table::pairs(told));
    if !details.targets.is_empty() {
        text += "\n";
        text += &targets(details);
    }
    for answers in &details.answers {
        text += "\n";
        text += &of_answers(answers, None);
    }
    text
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Converged => "nothing to do: it is converged".to_owned(),
        Outcome::Waiting => "nothing to do yet: it waits".to_owned(),
        Outcome::Changed => "changed it".to_owned(),
        Outcome::Planned => "would change it".to_owned(),
        Outcome::Skipped { reason } => format!("skips it: {}", table::skipped(*reason)),
        Outcome::Failed { error } => format!("fails: {}: {}", error.code, error.message),
    }
}

fn of_takes(takes: &Takes) -> String {
    let vpc = takes.vpc.as_ref().map_or_else(String::new, |vpc| format!(", in {vpc}"));
    format!(": {} targets on port {}{vpc}", takes.family, takes.port)
}

fn of_name_server(answer: &NameServerAnswer) -> String {
    let server = answer.name_server;
    let addresses = answer.addresses.iter();
    let addresses = addresses.map(|one| format!("{} (TTL {} s)", one.address, one.ttl_seconds));
    match &answer.error {
        Some(error) => format!("{server}: {error}"),
        None => format!("{server} answers {}", addresses.collect::<Vec<_>>().join(", ")),
    }
}

fn of_interfaces(interfaces: &InterfacesAnswer) -> String {
    match &interfaces.error {
        Some(error) => format!("unknown: {error}"),
        None if interfaces.addresses.is_empty() => "none of the cluster's control plane".to_owned(),
        None => interfaces.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn targets(details: &Details) -> String {
    let rows = details.targets.iter().map(|fate| {
        let (listed, action) = &fate.is;
        Row {
            cells: vec![
                Cell::new(&fate.target),
                table::cell(fate.zone.as_deref()),
                table::state_cell(listed.as_ref()),
                table::action_cell(action, true),
                table::cell(fate.rule.map(Rule::as_str)),
            ],
            why: fate.why.clone(),
            ..Row::default()
        }
    });
    let grid =
        Grid { keys: &[], cells: &["TARGET", "ZONE", "STATE", "ACTION", "RULE"], rows: rows.collect() };
    grid.draw(table::terminal())
}
