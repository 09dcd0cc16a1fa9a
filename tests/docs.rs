//! What the documentation names exists: files, make targets, tests.

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

/// What stands in backticks on one line.
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

/// The words after each `command` that a page names.
fn uses<'a>(text: &'a str, command: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    let ends = |c: char| matches!(c, '`' | '\n' | '#' | ';' | '|' | '&' | ',');
    text.split(command)
        .skip(1)
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
        for words in uses(&text, "`make ") {
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
        let mut folders = vec![tests.join(name)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
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
            let Some(at) = words.iter().position(|word| *word == "--test") else { continue };
            let name = words.get(at + 1).expect("a name");
            let sources = sources_of(name);
            assert!(!sources.is_empty(), "{}: {command}: no test target {name}", page.display());
            let mut filters = words.iter().skip(at + 2).take_while(|word| **word != "--");
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
