//! The examples of docs/cli.md are what the program prints.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use eks_nlb_simulator::sample;
use serde_json::Value;

use crate::generated;
use crate::record;
use crate::support::*;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");

/// Examples run in the sample fleet, which is that of `--demo`.
const BEGIN: &str = "<!-- example: ";

/// Ends an example.
const END: &str = "<!-- end -->";

/// The width of the terminal in which the examples run.
const COLUMNS: usize = 100;

/// The page with each example as the program prints it now.
async fn rendered(page: &str) -> String {
    let mut rendered = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (command, after) = after.split_once(" -->").expect("a marker ends");
        let (_, after) = after.split_once(END).expect("an example ends");
        rendered += before;
        let example = example(command).await;
        write!(rendered, "{BEGIN}{command} -->\n\n{example}\n{END}").expect("text");
        rest = after;
    }
    rendered + rest
}

async fn example(commands: &str) -> String {
    // A world for each, so that one example leaves nothing to the next.
    let desk = Desk::with_defaults(sample::fleet).await;
    let mut text = String::new();
    for command in commands.split("; ") {
        let shown = on_terminal(&desk, COLUMNS, command).await;
        let dns = desk.sim.dns_address().to_string();
        // Values that the simulator draws in each run would change the page for no reason.
        let (host, vpc) = {
            let world = desk.sim.world();
            (world.host("orders"), world.cluster("orders").vpc.clone().expect("it has one"))
        };
        let printed = shown
            .replace(&dns, "10.0.0.2:53")
            .replace(&host, "0123ABC.gr7.eu-west-1.eks.amazonaws.com")
            .replace(&vpc, "vpc-0123abc");
        write!(text, "```console\n$ eks-nlb {command}\n{}```\n", shortened(&printed)).expect("text");
    }
    text
}

/// The lines of `printed`; of several checks in a row that pass, the first only.
fn shortened(printed: &str) -> String {
    let mut lines = printed.lines().map(str::trim_end).peekable();
    let mut short = String::new();
    while let Some(line) = lines.next() {
        writeln!(short, "{line}").expect("text");
        let mut left_out = 0;
        while line.starts_with('✓') && lines.next_if(|next| next.starts_with('✓')).is_some() {
            left_out += 1;
        }
        if left_out > 0 {
            writeln!(short, "… {left_out} more ✓").expect("text");
        }
    }
    short
}

/// The policy in the page allows what the commands that only read have called,
/// and nothing else.
#[tokio::test]
async fn the_policy_is_what_the_commands_call() {
    let page = fs::read_to_string(PAGE).expect("the page");
    let (_, after) = page.split_once("<!-- policy -->").expect("a marker");
    let policy = after.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let policy: Value = serde_json::from_str(policy).expect("JSON");
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let allowed = statements.flat_map(|statement| statement["Action"].as_array().into_iter().flatten());
    let allowed: Vec<_> = allowed.filter_map(|action| action.as_str().map(str::to_owned)).collect();

    let desk = Desk::new(sample::fleet).await;
    let of_run: &[&[&str]] = &[&["plan"], &["explain", "orders"], &["explain", "nobody"]];
    let of_doctor: &[&[&str]] = &[&["doctor"], &["doctor", "--pre"]];
    for arguments in of_run.iter().chain(of_doctor) {
        desk.run_with(&[("ADDRESS_SOURCE", "dns+eni")], arguments).await;
    }
    // A function of another name is looked for in the list.
    "other".clone_into(&mut desk.sim.world().supporting.function().name);
    desk.run(&["version"]).await;

    record::briefly(&desk, "orders").await;

    let world = desk.sim.world();
    // IAM allows it to every caller.
    let asked = world.requests().iter().filter(|call| call.operation != "GetCallerIdentity");
    let called: BTreeSet<_> = asked.map(|call| format!("{}:{}", call.service, call.operation)).collect();
    assert_eq!(allowed.len(), called.len(), "an action is there twice, or missing");
    assert_eq!(allowed.into_iter().collect::<BTreeSet<_>>(), called);
}

#[tokio::test]
async fn the_generated_examples_are_what_the_program_prints() {
    let page = fs::read_to_string(PAGE).expect("the page");
    let rendered = rendered(&page).await;
    generated::hold(PAGE, |_| rendered);
}

/// The words of each `eks-nlb` command in a page, up to where the shell's part of
/// the line begins.
fn commands(page: &str) -> Vec<Vec<&str>> {
    let ends = |c: char| matches!(c, '`' | '\n' | '#' | '|' | '>' | '&' | ',' | ';');
    let starts = page.match_indices("eks-nlb ").filter(|(at, _)| {
        let before = page.get(..*at).unwrap_or_default();
        before.ends_with(['`', '\n']) || before.ends_with("$ ") || before.ends_with("   ")
    });
    let words = starts.filter_map(|(at, _)| page.get(at..)?.split(ends).next());
    words.map(|words| words.split_whitespace().skip(1).collect()).collect()
}

/// The program accepts each with `--help`, so it has the command and the flags.
#[tokio::test]
async fn every_command_that_a_page_names_is_one_of_the_program() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let folder =
        fs::read_dir(format!("{root}/docs")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let pages = folder.filter(|path| path.extension().is_some_and(|it| it == "md"));
    let mut tried = BTreeSet::new();
    for page in pages.chain([format!("{root}/README.md").into(), format!("{root}/CHANGELOG.md").into()]) {
        let text = fs::read_to_string(&page).expect("readable");
        for words in commands(&text) {
            let command = words.join(" ");
            if command.contains('…') || !tried.insert(command.clone()) {
                continue;
            }
            let said = said(bare(&[words.as_slice(), &["--help"]].concat())).await;
            assert_eq!(said.code, Some(0), "{}: eks-nlb {command}: {}", page.display(), said.err);
        }
    }
    assert!(tried.len() > 20, "{tried:?}");
}
