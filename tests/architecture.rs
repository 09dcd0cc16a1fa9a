//! Every module knows only what stands before it, and the decision is pure.

#![expect(clippy::expect_used, reason = "a test that cannot go on must stop")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers of `src/`, each of which may use those before it and itself.
const LAYERS: &[&[&str]] = &[
    &["model", "plan", "error", "report"],
    &["settings", "request", "limits", "pace", "turns"],
    &["dns", "aws", "log", "metrics"],
    &["discover", "lookups", "sources", "reconcile"],
    &["lib"],
    &["handler"],
    &["main"],
];

/// Modules that may use nothing but these: no SDK, resolver, runtime, log,
/// clock or environment.
const PURE: &[(&str, &[&str])] = &[
    ("model", &["std::", "ipnet::", "serde::", "http::", "thiserror::", "super::"]),
    ("plan", &["std::", "serde::", "crate::model::", "proptest::", "super::", "TargetState::", "Withheld::"]),
];

/// Files that are compiled for tests only.
const TESTS: &[&str] = &["tests.rs", "properties.rs"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Module → text of its sources, tests aside.
fn modules() -> BTreeMap<String, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::<String, String>::new();
    for path in sources(&src) {
        let relative = path.strip_prefix(&src).expect("below src").to_string_lossy().into_owned();
        if TESTS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let module = relative.split(['/', '.']).next().expect("a name").to_owned();
        let text = fs::read_to_string(&path).expect("readable");
        let shipped = text.split("#[cfg(test)]").next().expect("a part").to_owned();
        modules.entry(module).or_default().push_str(&shipped);
    }
    modules
}

#[test]
fn a_module_uses_only_what_stands_before_it() {
    let layer_of = |module: &str| LAYERS.iter().position(|layer| layer.contains(&module));
    for (module, text) in modules() {
        let layer = layer_of(&module).unwrap_or_else(|| panic!("{module} stands in no layer"));
        // `lib` names every module to declare it, and uses those it calls.
        for (other, _) in modules().iter().filter(|(other, _)| **other != module && module != "lib") {
            let used = [format!("crate::{other}"), format!("eks_nlb_sync::{other}")];
            if used.iter().any(|path| text.contains(path.as_str())) {
                let other_layer = layer_of(other).unwrap_or_else(|| panic!("{other} stands in no layer"));
                assert!(other_layer <= layer, "{module} uses {other}, which stands after it");
            }
        }
    }
}

#[test]
fn the_decision_does_no_io() {
    let modules = modules();
    for (module, allowed) in PURE {
        let text = &modules[*module];
        let used = text.lines().filter_map(|line| line.trim().strip_prefix("use ")).collect::<Vec<_>>();
        assert!(!used.is_empty(), "{module} was read");
        for path in used {
            assert!(allowed.iter().any(|prefix| path.starts_with(prefix)), "{module} uses {path}");
        }
        for word in [
            "std::env",
            "std::time",
            "std::fs",
            "std::io",
            "std::thread",
            "async ",
            "tokio",
            "tracing",
            "aws_",
            "hickory",
        ] {
            assert!(!text.contains(word), "{module} mentions {word}");
        }
    }
}
