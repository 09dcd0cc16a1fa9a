//! The answers for everything that reports, alarms and `doctor` name: what is
//! happening, are clients cut off, what do I do?

use std::borrow::Cow;
use std::iter;

use eks_nlb_sync::reasons::{
    Alarm, ErrorType, Explanation, FailureCode, OutcomeName, RoundError, Rule, SkipReason, WithholdReason,
};
use serde::Serialize;

use crate::catalogue::CheckId;
use crate::deployed::USUAL_NAME;
use crate::output::docs;

/// The answers for one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answers {
    pub(crate) code: &'static str,
    pub(crate) kind: &'static str,
    /// What is happening?
    pub(crate) happening: Cow<'static, str>,
    /// Are clients cut off?
    pub(crate) cut_off: Cow<'static, str>,
    /// What do I do?
    pub(crate) remedy: Cow<'static, str>,
    /// The commands that find the frontends, in order.
    pub(crate) next: &'static [&'static str],
}

impl Answers {
    fn of(
        code: &'static str,
        kind: &'static str,
        explanation: Explanation,
        next: &'static [&'static str],
    ) -> Self {
        let Explanation { happening, cut_off, remedy } = explanation;
        Self {
            code,
            kind,
            happening: happening.into(),
            cut_off: cut_off.into(),
            remedy: remedy.replace("docs/", docs!("")).into(),
            next,
        }
    }
}

const STATUS: &[&str] = &["eks-nlb status", "eks-nlb explain CLUSTER"];
const PLAN: &[&str] = &["eks-nlb plan", "eks-nlb explain CLUSTER"];
const PLAN_ALL: &[&str] = &["eks-nlb plan --all", "eks-nlb explain CLUSTER"];
const DOCTOR: &[&str] = &["eks-nlb doctor"];

/// The answers for what is called `name`, in any case. An alarm is found by its
/// name in CloudWatch, as in `STACK-NoRunAlarm-1A2B3C` or `eks-nlb-sync-no-run`, by a
/// text with it, and by its metric, as in `Unserved`.
pub(crate) fn find(name: &str) -> Option<Answers> {
    let exact = all().find(|answers| answers.code.eq_ignore_ascii_case(name));
    exact.or_else(|| {
        let parts = name.split(|letter: char| !letter.is_ascii_alphanumeric());
        let of_metric = format!("{name}Alarm");
        let lower = name.to_ascii_lowercase();
        let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        let named = |alarm: &&Alarm| {
            let is = |text: &str| text.eq_ignore_ascii_case(alarm.as_str());
            let in_module = name_in_module(**alarm);
            parts.clone().any(is) || is(&of_metric) || words.clone().any(|word| word == in_module)
        };
        Alarm::ALL.iter().find(named).map(|alarm| of_alarm(*alarm))
    })
}

/// The name that the Terraform module gives an alarm of a function of the usual name.
fn name_in_module(alarm: Alarm) -> String {
    let mut name = USUAL_NAME.to_owned();
    for letter in alarm.as_str().trim_end_matches("Alarm").chars() {
        if letter.is_ascii_uppercase() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Every name.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    all().map(|answers| answers.code)
}

/// Everything that has a name.
pub(crate) fn all() -> impl Iterator<Item = Answers> {
    let withheld = WithholdReason::ALL
        .iter()
        .map(|one| Answers::of(one.as_str(), "withheld reason", one.explanation(), PLAN));
    let skipped = SkipReason::ALL
        .iter()
        .map(|one| Answers::of(one.as_str(), "skipped reason", one.explanation(), PLAN_ALL));
    let failed =
        FailureCode::ALL.iter().map(|one| Answers::of(one.as_str(), "failed code", one.explanation(), PLAN));
    let outcomes =
        OutcomeName::ALL.iter().map(|one| Answers::of(one.as_str(), "outcome", one.explanation(), PLAN_ALL));
    let rules = Rule::ALL.iter().map(|one| Answers::of(one.as_str(), "rule", one.explanation(), PLAN_ALL));
    let error_types = ErrorType::ALL.iter().map(|one| of_error_type(*one));
    let alarms = Alarm::ALL.iter().map(|one| of_alarm(*one));
    let reported = withheld.chain(skipped).chain(failed).chain(outcomes).chain(rules);
    let rounds =
        RoundError::ALL.iter().map(|one| Answers::of(one.as_str(), "round error", one.explanation(), DOCTOR));
    let reported = reported.chain(iter::once(untagged())).chain(error_types).chain(rounds);
    reported.chain(alarms).chain(CheckId::ALL.iter().map(|check| of_check(*check)))
}

/// A load balancer that is no longer managed has no frontend in the report.
fn untagged() -> Answers {
    let explanation = Explanation {
        happening: "A load balancer lost the tag of NLB_TAG. It still names a cluster, and its target group carries the \
                    first tag of NLB_TAG, or the function's process managed it before.",
        cut_off: "Not by this: the targets stay as they are. Clients are cut off when the cluster's addresses change.",
        remedy: "Tag the load balancer with NLB_TAG again, by default eks-nlb-sync=enabled. If it is not to be managed any \
                 more, tag it eks-nlb-sync=disabled, or remove the tags from its target groups, too.",
    };
    Answers::of("untagged", "log line", explanation, &["eks-nlb explain LOAD_BALANCER"])
}

fn of_error_type(error_type: ErrorType) -> Answers {
    let next = match error_type {
        ErrorType::FrontendsFailed => PLAN,
        ErrorType::InvalidEvent | ErrorType::DiscoveryFailed => DOCTOR,
    };
    Answers::of(error_type.as_str(), "error type", error_type.explanation(), next)
}

fn of_alarm(alarm: Alarm) -> Answers {
    let next = match alarm {
        Alarm::NoRunAlarm | Alarm::NoSuccessAlarm => DOCTOR,
        Alarm::UnservedAlarm | Alarm::LoadBalancersAlarm => STATUS,
        Alarm::FailingAlarm | Alarm::AttentionAlarm | Alarm::PlannedAlarm => PLAN,
    };
    Answers::of(alarm.as_str(), "alarm", alarm.explanation(), next)
}

fn of_check(check: CheckId) -> Answers {
    Answers {
        code: check.as_str(),
        kind: "check",
        happening: format!("`eks-nlb doctor` checks: {}.", check.title()).into(),
        cut_off: "The check does not cover clients; `eks-nlb status` shows which clusters are served.".into(),
        remedy: check.remedy().into(),
        next: DOCTOR,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use clap::Parser;
    use eks_nlb_sync::publish::report::Outcome;

    use super::*;
    use crate::args::Cli;

    fn read(path: &str) -> String {
        fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// The first cells of the tables in the reference that start with `headers`.
    fn documented(headers: &[&str]) -> BTreeSet<String> {
        let reference = read("docs/reference.md");
        let mut names = BTreeSet::new();
        let mut lines = reference.lines();
        while let Some(line) = lines.next() {
            if headers.iter().any(|header| line.starts_with(header)) {
                let rows = lines.by_ref().skip(1).take_while(|row| row.starts_with("| `"));
                names.extend(rows.filter_map(|row| Some(row.split('`').nth(1)?.to_owned())));
            }
        }
        names
    }

    fn of_kinds(kinds: &[&str]) -> BTreeSet<String> {
        let wanted = all().filter(|answers| kinds.contains(&answers.kind));
        wanted.map(|answers| answers.code.to_owned()).collect()
    }

    /// The alarms of the templates, by logical ID.
    fn alarms() -> BTreeSet<String> {
        let templates = read("template.yaml") + &read("fleet.yaml");
        let lines: Vec<_> = templates.lines().collect();
        let pairs = lines.iter().zip(lines.iter().skip(1));
        let of_alarms = pairs.filter(|(_, kind)| kind.trim() == "Type: AWS::CloudWatch::Alarm");
        of_alarms.map(|(id, _)| id.trim().trim_end_matches(':').to_owned()).collect()
    }

    /// The errors of the fleet's workflow.
    fn errors_of_rounds() -> BTreeSet<String> {
        let fleet = read("fleet.yaml");
        let errors = fleet.lines().filter_map(|line| line.trim().strip_prefix("\"Error\": \""));
        errors.filter_map(|line| Some(line.split('"').next()?.to_owned())).collect()
    }

    /// The alarms of the Terraform module, without the function's name.
    fn alarms_of_module() -> Vec<String> {
        let module = read("terraform/function/alarms.tf");
        let lines: Vec<_> = module.lines().map(str::trim).collect();
        let heads = lines.windows(2).filter(|pair| pair[1].starts_with("made "));
        heads.filter_map(|pair| Some(pair[0].strip_suffix(" = {")?.to_owned())).collect()
    }

    #[test]
    fn an_alarm_of_the_module_is_found_by_its_name() {
        let names = alarms_of_module();
        assert_eq!(names.len() + 1, alarms().len(), "{names:?}");
        for name in names {
            let wanted = name.replace('-', "") + "alarm";
            for text in [format!("eks-nlb-sync-{name}"), format!("ALARM: \"eks-nlb-sync-{name}\" in Ireland")]
            {
                assert_eq!(
                    find(&text).map(|it| it.code.to_ascii_lowercase()),
                    Some(wanted.clone()),
                    "{text}"
                );
            }
            assert_eq!(find(&format!("my-eks-nlb-sync-{name}")), None);
        }
    }

    #[test]
    fn every_name_has_answers() {
        let headers = ["| `withheld` reason |", "| `skipped` reason |", "| `failed` code |", "| rule |"];
        let kinds = ["withheld reason", "skipped reason", "failed code", "rule"];
        assert_eq!(of_kinds(&kinds), documented(&headers));
        assert_eq!(of_kinds(&["alarm"]), alarms());
        assert_eq!(of_kinds(&["round error"]), errors_of_rounds());
        assert_eq!(of_kinds(&["check"]), CheckId::ALL.iter().map(ToString::to_string).collect());

        let outcomes = [Outcome::Converged, Outcome::Waiting, Outcome::Changed, Outcome::Planned];
        let skipped = Outcome::Skipped { reason: SkipReason::LocalCluster };
        for outcome in outcomes.into_iter().chain([skipped]) {
            let name = serde_json::to_value(outcome).unwrap()["outcome"].as_str().unwrap().to_owned();
            assert_eq!(find(&name).map(|answers| answers.kind), Some("outcome"), "{name}");
        }
        assert_eq!(find("FrontendsFailed").map(|answers| answers.kind), Some("error type"));
    }

    #[test]
    fn no_name_is_used_twice_and_case_does_not_matter() {
        let names: BTreeSet<_> = all().map(|answers| answers.code.to_ascii_lowercase()).collect();
        assert_eq!(names.len(), all().count());
        for answers in all() {
            assert_eq!(find(&answers.code.to_ascii_uppercase()).as_ref(), Some(&answers));
        }
        assert_eq!(find("nothing"), None);
    }

    #[test]
    fn an_alarm_is_found_by_its_name_in_cloudwatch_and_names_the_command() {
        for alarm in alarms() {
            let answers = find(&format!("eks-nlb-sync-{alarm}-1ABCDEF2GHIJ")).unwrap();
            assert_eq!(answers.code, alarm);
            let metric = alarm.trim_end_matches("Alarm");
            let found = find(metric).unwrap();
            assert!(found.code == alarm || found.kind == "outcome", "{metric}: {found:?}");
            let mail = format!("ALARM: \"eks-nlb-sync-{alarm}-1ABCDEF2GHIJ\" in EU (Ireland)");
            assert_eq!(find(&mail).unwrap().code, alarm);
            let first = answers.next[0];
            assert!(answers.remedy.contains(&format!("`{first}`")), "{alarm}: {}", answers.remedy);
            assert!(answers.next.len() <= 2, "{alarm}");
        }
    }

    #[test]
    fn answers_are_sentences_and_name_commands_that_exist() {
        for answers in all() {
            for text in [&answers.happening, &answers.cut_off, &answers.remedy] {
                let ends = text.ends_with(['.', ')']) || answers.kind == "check";
                assert!(ends, "{}: {text}", answers.code);
            }
            for command in answers.next {
                Cli::try_parse_from(command.split(' ')).unwrap();
            }
        }
    }
}
