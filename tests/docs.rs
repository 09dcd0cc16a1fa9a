//! Files, make targets, tests and settings that the documentation names exist.

#![expect(clippy::expect_used, reason = "a test that cannot go on must stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The first folders of paths that the documentation names.
const FOLDERS: [&str; 11] = [
    ".github/",
    "benches/",
    "cli/",
    "core/",
    "docs/",
    "events/",
    "packaging/",
    "simulator/",
    "src/",
    "terraform/",
    "tests/",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Every page, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = Vec::new();
    let mut folders = vec![root(), root().join("docs"), root().join("terraform")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push((path.clone(), fs::read_to_string(&path).expect("readable")));
            } else if path.is_dir() && folder.ends_with("terraform") && !path.ends_with(".terraform") {
                folders.push(path);
            }
        }
    }
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

/// The texts in backticks, each on one line.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_path_that_a_page_names_exists() {
    let mut missing = BTreeSet::new();
    for (page, text) in pages() {
        let is_path = |text: &&str| {
            FOLDERS.iter().any(|folder| text.starts_with(folder)) && !text.contains([' ', '*', '<', '$', ':'])
        };
        for path in code(&text).filter(is_path) {
            // A path in a module's page may be relative to it.
            let beside = page.parent().expect("a folder").join(path);
            if !root().join(path).exists() && !beside.exists() {
                missing.insert(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Longer words, such as an ARN, cannot be broken.
const LONGEST_WORD: usize = 60;

#[test]
fn every_example_fits_a_terminal_of_100_columns() {
    for (page, text) in pages() {
        let mut language = None;
        for (number, line) in text.lines().enumerate() {
            if let Some(fence) = line.trim_start().strip_prefix("```") {
                language = if language.is_some() { None } else { Some(fence) };
                continue;
            }
            // GitHub draws Mermaid.
            let is_shown = language.is_some_and(|language| language != "mermaid");
            let is_breakable = line.split_whitespace().all(|word| word.len() <= LONGEST_WORD);
            let fits = line.chars().count() <= 100;
            assert!(!is_shown || !is_breakable || fits, "{}:{}: {line}", page.display(), number + 1);
        }
    }
}

/// The words after each `command` that a page names, in a line of text or of a
/// block of code.
fn uses<'a>(text: &'a str, command: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    let begins =
        |before: &str| before.ends_with(['`', '\n']) || before.ends_with("$ ") || before.ends_with("; ");
    let ends = |c: char| matches!(c, '`' | '\n' | '#' | ';' | '|' | '&' | ',');
    text.match_indices(command)
        .filter(move |(at, _)| command.contains("cargo") || text.get(..*at).is_some_and(begins))
        .filter_map(move |(at, _)| text.get(at + command.len()..))
        .map(move |rest| rest.split(ends).next().unwrap_or_default().split_whitespace().collect())
}

#[test]
fn every_make_target_that_a_page_names_exists() {
    let makefile = fs::read_to_string(root().join("Makefile")).expect("a Makefile");
    let is_target = |name: &str| {
        makefile
            .lines()
            .any(|line| line.split(':').next().is_some_and(|names| names.split(' ').any(|one| one == name)))
    };
    for (page, text) in pages() {
        for words in uses(&text, "make ") {
            for target in words.iter().take_while(|word| !word.contains('=')) {
                assert!(is_target(target), "{}: make {target}", page.display());
            }
        }
    }
}

/// The sources of the test target `name`.
fn sources_of(name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for tests in ["tests", "cli/tests", "simulator/tests", "core/tests"] {
        let tests = root().join(tests);
        let file = tests.join(format!("{name}.rs"));
        if file.exists() {
            found.push(file);
        }
        found.extend(sources_in(tests.join(name)));
    }
    found
}

/// The files in `folder` and in its folders; none if it does not exist.
fn sources_in(folder: PathBuf) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_test_that_a_page_names_exists() {
    for (page, text) in pages() {
        for words in uses(&text, "cargo test ").chain(uses(&text, "cargo nextest run ")) {
            let command = words.join(" ");
            assert!(words.contains(&"--workspace"), "{}: {command}: compiles the SDK again", page.display());
            let (sources, after) = if let Some(at) = words.iter().position(|word| *word == "--test") {
                (sources_of(words.get(at + 1).expect("a name")), at + 2)
            } else if let Some(at) = words.iter().position(|word| *word == "--bins") {
                (sources_in(root().join("cli/src")), at + 1)
            } else {
                continue;
            };
            assert!(!sources.is_empty(), "{}: {command}: no such test target", page.display());
            let mut filters = words.iter().skip(after).take_while(|word| **word != "--");
            let Some(filter) = filters.find(|word| !word.starts_with('-')) else { continue };
            let last = filter.trim_end_matches("::").rsplit("::").next().unwrap_or(filter);
            let matches = |path: &PathBuf| {
                path.to_string_lossy().contains(last)
                    || fs::read_to_string(path).is_ok_and(|source| source.contains(&format!("fn {last}")))
            };
            assert!(sources.iter().any(matches), "{}: {command}: no test matches {filter}", page.display());
        }
    }
}

/// The text of the files in `folders` that have one of `extensions`, and of `files`.
fn texts(folders: &[&str], extensions: &[&str], files: &[&str]) -> String {
    let found = folders.iter().flat_map(|folder| sources_in(root().join(folder)));
    let found =
        found.filter(|path| extensions.iter().any(|one| path.extension().is_some_and(|it| it == *one)));
    let found = found.chain(files.iter().map(|file| root().join(file)));
    found.map(|path| fs::read_to_string(path).expect("readable")).collect::<Vec<_>>().join("\n")
}

/// Names that are AWS's.
const OF_AWS: [&str; 4] = ["IN_VPC", "ROLLBACK_COMPLETE", "AvailabilityZone", "Key"];

/// Variables as in `NLB_TAG`, parameters as in `DryRun=true`, and inputs as in
/// `dry_run = true`: a page could name one that was renamed.
#[test]
fn every_variable_parameter_and_input_that_a_page_names_exists() {
    let sources =
        texts(&["src", "cli", "tests", "packaging", "terraform"], &["rs", "py", "tf"], &["Makefile"]);
    let templates = texts(&[], &[], &["template.yaml", "fleet.yaml", "fleet-member.yaml"]);
    let modules = texts(&["terraform"], &["tf"], &["Cargo.toml"]);
    let is_snake = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let is_capitals =
        |name: &str| name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let is_camel = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.contains(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let (mut missing, mut found) = (BTreeSet::new(), 0);
    for (page, text) in pages() {
        let mut check = |name: &str, exists: bool| {
            found += 1;
            if !exists && !OF_AWS.contains(&name) {
                missing.insert(format!("{}: {name}", page.display()));
            }
        };
        for words in code(&text) {
            for word in words.split_whitespace() {
                match word.split_once('=') {
                    Some((name, _)) if is_camel(name) => {
                        check(name, templates.contains(&format!("\n  {name}:\n")));
                    }
                    Some((name, _)) if is_capitals(name) => check(name, sources.contains(name)),
                    None if is_capitals(word) => check(word, sources.contains(word)),
                    Some(_) | None => {}
                }
            }
            if let Some((name, _)) = words.split_once(" = ").filter(|(name, _)| is_snake(name)) {
                check(
                    name,
                    modules.contains(&format!("variable \"{name}\""))
                        || modules.contains(&format!("{name} ")),
                );
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(found > 100, "{found} names");
}
