//! What docs/ lists of the code is written from it: settings, reasons and codes.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;

use eks_nlb_sync::publish::log::LINES;
use eks_nlb_sync::reasons::{Explanation, FailureCode, OutcomeName, Rule, SkipReason, WithholdReason};
use eks_nlb_sync::settings::{SETTINGS, Settings};

#[path = "support/generated.rs"]
mod generated;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");
const COMMAND_LINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");
const OPERATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");

/// A table in Markdown.
fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header: Vec<_> = header.iter().map(|&cell| cell.to_owned()).collect();
    let line = format!("|{}\n", "---|".repeat(header.len()));
    let rows = rows.into_iter().map(|cells| row(&cells));
    [row(&header), line].into_iter().chain(rows).collect()
}

fn settings() -> String {
    let rows = SETTINGS.iter().map(|setting| {
        let default = match (setting.variable, setting.default) {
            ("DNS_SERVERS", None) => "system resolver".to_owned(),
            (_, default) => format!("`{}`", default.unwrap_or("none")),
        };
        vec![format!("`{}`", setting.variable), default, setting.meaning.trim().to_owned()]
    });
    table(&["variable", "default", "meaning"], rows)
}

/// A table of reasons and when each is reported.
fn reasons<T: Copy + Display>(header: &str, all: &[T], explanation: fn(T) -> Explanation) -> String {
    let rows = all.iter().map(|one| vec![format!("`{one}`"), explanation(*one).happening.to_owned()]);
    table(&[header, "when"], rows)
}

fn codes() -> String {
    let rows = FailureCode::ALL.iter().map(|code| {
        let waits = if code.is_configuration() { "yes" } else { "" };
        vec![format!("`{code}`"), code.explanation().happening.to_owned(), waits.to_owned()]
    });
    table(&["`failed` code", "when", "waits for a person"], rows)
}

fn log_lines() -> String {
    let rows = LINES.iter().map(|line| {
        let message = format!("`{}`", line.message);
        [&message, line.level, line.when, line.fields].map(str::to_owned).to_vec()
    });
    table(&["`message`", "level", "when", "fields"], rows)
}

#[test]
fn the_generated_reference_is_what_the_code_has() {
    let withheld = reasons("`withheld` reason", WithholdReason::ALL, WithholdReason::explanation);
    let skipped = reasons("`skipped` reason", SkipReason::ALL, SkipReason::explanation);
    let parts = [
        ("settings", settings()),
        ("withhold reasons", withheld),
        ("skip reasons", skipped),
        ("failure codes", codes()),
        ("log lines", log_lines()),
    ];
    generated::hold(REFERENCE, |page| generated::page(page, &parts));
}

#[test]
fn the_generated_remedies_are_those_of_the_codes() {
    let rows = FailureCode::ALL.iter().map(|code| {
        let waits = if code.is_configuration() { "; *waits*" } else { "" };
        let Explanation { happening, remedy, .. } = code.explanation();
        vec![format!("`{code}`{waits}"), happening.to_owned(), remedy.to_owned()]
    });
    let parts = [("failure codes", table(&["code", "cause", "remedy"], rows))];
    generated::hold(OPERATIONS, |page| generated::page(page, &parts));
}

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| name(*one)).collect()
}

#[test]
fn the_generated_lists_of_the_schemas_are_those_of_the_code() {
    let lists = [
        ("outcomes", names(OutcomeName::ALL, OutcomeName::as_str)),
        ("withhold reasons", names(WithholdReason::ALL, WithholdReason::as_str)),
        ("skip reasons", names(SkipReason::ALL, SkipReason::as_str)),
        ("failure codes", names(FailureCode::ALL, FailureCode::as_str)),
        ("rules", names(Rule::ALL, Rule::as_str)),
    ];
    let (of_report, _) = lists.split_at(4);
    for (name, lists) in [("report", of_report), ("explain", &lists)] {
        let path = format!("{}/docs/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        generated::hold(&path, |text| generated::schema(text, lists));
    }
}

/// The statements of the function's role that a member's role has, too.
const STATEMENTS: [&str; 4] =
    ["DescribeKnowsNoResources", "ClustersOfThisAccount", "ReadInterfaces", "TargetGroupsWithTheTag"];

/// The action that a line of a policy holds and nothing else, in YAML, JSON or
/// Terraform's language.
fn action(line: &str) -> Option<&str> {
    let action = line.trim().trim_start_matches("- ").trim_matches(['"', ',']);
    let (service, call) = action.split_once(':')?;
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    (is_name(service) && is_name(call)).then_some(action)
}

/// The lines before, with and after the actions of the statement `sid`.
fn split<'a>(lines: &'a [&'a str], sid: &str) -> [&'a [&'a str]; 3] {
    let at = lines.iter().position(|line| line.contains(sid)).expect(sid);
    let begin = at + lines[at..].iter().position(|line| action(line).is_some()).expect(sid);
    let end = begin + lines[begin..].iter().take_while(|line| action(line).is_some()).count();
    [&lines[..begin], &lines[begin..end], &lines[end..]]
}

/// `policy` with these actions in the statement `sid`, written as the first one is.
fn with_actions(policy: &str, sid: &str, actions: &[&str]) -> String {
    let lines: Vec<_> = policy.split('\n').collect();
    let [before, old, after] = split(&lines, sid);
    let (first, last) = (old[0], old[old.len() - 1]);
    let (prefix, _) = first.split_once(action(first).expect(sid)).expect(sid);
    let quote = if prefix.ends_with('"') { "\"" } else { "" };
    let new = actions.iter().enumerate().map(|(n, action)| {
        let is_separated = n + 1 < actions.len() || last.ends_with(',');
        let comma = if quote.is_empty() || !is_separated { "" } else { "," };
        format!("{prefix}{action}{quote}{comma}")
    });
    let before = before.iter().map(|&line| line.to_owned());
    let after = after.iter().map(|&line| line.to_owned());
    before.chain(new).chain(after).collect::<Vec<_>>().join("\n")
}

/// template.yaml says what the function may do. A member's role, the modules and the
/// command line's policy have the same.
#[test]
fn the_generated_permissions_are_those_of_the_template() {
    let lines: Vec<_> = include_str!("../template.yaml").split('\n').collect();
    let of = |sid| split(&lines, sid)[1].iter().filter_map(|line| action(line)).collect::<Vec<_>>();
    for file in
        ["template.yaml", "fleet-member.yaml", "terraform/function/iam.tf", "terraform/member-role/main.tf"]
    {
        generated::hold(&format!("{}/{file}", env!("CARGO_MANIFEST_DIR")), |policy| {
            let [.., tagged] = STATEMENTS;
            let copies = STATEMENTS.map(|sid| (sid, of(sid)));
            let any = ("TargetGroupsOfThisAccount", of(tagged));
            copies
                .into_iter()
                .chain([any])
                .fold(policy.to_owned(), |policy, (sid, actions)| with_actions(&policy, sid, &actions))
        });
    }
    let [reads @ .., _] = STATEMENTS;
    let reads: BTreeSet<_> = reads.into_iter().flat_map(of).collect();
    let reads: Vec<_> = reads.into_iter().collect();
    generated::hold(COMMAND_LINE, |page| with_actions(page, "PlanAndExplain", &reads));
}

#[test]
fn each_setting_is_read() {
    let asked = RefCell::new(BTreeSet::new());
    let unset = Settings::from_lookup(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    });
    assert!(unset.is_ok(), "the defaults parse");
    // Variables of the SDK, which are only read.
    let asked = asked.into_inner().into_iter().filter(|name| !name.starts_with("AWS_"));
    assert_eq!(asked.collect::<BTreeSet<_>>(), SETTINGS.iter().map(|it| it.variable.to_owned()).collect());
}

/// Each rule has a chapter, to which logs and answers lead.
#[test]
fn the_rules_of_the_reference_are_those_of_the_code() {
    let page = include_str!("../docs/reference.md");
    let headings = page.lines().filter_map(|line| line.strip_prefix("### "));
    let rules = page.lines().skip_while(|line| !line.starts_with("| rule |")).skip(2);
    let rules = rules.map_while(|line| line.strip_prefix("| `")?.split('`').next());
    let all = names(Rule::ALL, Rule::as_str);
    assert_eq!(headings.filter(|heading| all.contains(heading)).collect::<Vec<_>>(), all);
    assert_eq!(rules.collect::<Vec<_>>(), all);
}

/// What deploys the function, or goes with it: a person reads the version where the
/// function runs, and `eks-nlb version` reads the function's description.
#[test]
fn templates_and_module_carry_the_version() {
    let version = env!("CARGO_PKG_VERSION");
    let templates = [
        ("template.yaml", include_str!("../template.yaml")),
        ("fleet.yaml", include_str!("../fleet.yaml")),
        ("fleet-member.yaml", include_str!("../fleet-member.yaml")),
    ];
    for (name, text) in templates {
        let description = format!("\nDescription: >-\n  eks-nlb-sync {version}");
        assert!(text.contains(&description), "{name}");
        let (_, outputs) = text.split_once("\nOutputs:\n  Version:\n").expect("the first output");
        assert_eq!(outputs.lines().nth(1), Some(&*format!("    Value: {version}")), "{name}");
    }
    let [(_, template), ..] = templates;
    assert!(template.contains(&format!("\n      Description: \"eks-nlb-sync {version}: keeps ")));
    let module = include_str!("../terraform/function/main.tf");
    assert!(module.contains(&format!("\n  version = \"{version}\"\n")));
    assert!(module.contains("description   = \"eks-nlb-sync ${local.version}: keeps "));
}
