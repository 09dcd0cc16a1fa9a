//! Output in terminals of every width, and in files.

use std::collections::BTreeSet;

use eks_nlb_simulator::sample;

use crate::support::*;

const WIDTHS: [usize; 5] = [60, 80, 100, 140, 200];

const COMMANDS: [&str; 5] = ["plan", "plan --all", "status", "explain orders", "doctor"];

/// The words that a person copies: addresses, names, flags.
fn whole_words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn no_line_is_wider_than_the_terminal_and_no_word_is_broken() {
    let desk = Desk::new(sample::fleet).await;
    for command in COMMANDS {
        let arguments: Vec<_> = command.split(' ').collect();
        let piped = desk.run(&arguments).await;
        let known = whole_words(&piped.out);
        for columns in WIDTHS {
            let visible = on_terminal(&desk, columns, command).await;

            for line in visible.lines() {
                let is_one_word = line.split_whitespace().count() == 1;
                assert!(line.chars().count() <= columns || is_one_word, "{columns}, {command}: {line}");
            }
            let is_note = |word: &&String| word.starts_with('[') && word.ends_with(']');
            let header = ["of", "healthy"];
            let broken: Vec<_> = whole_words(&visible)
                .difference(&known)
                .filter(|word| !is_note(word) && !header.contains(&word.as_str()) && !is_time(word))
                .cloned()
                .collect();
            assert!(broken.is_empty(), "{columns}, {command}: {broken:?}\n{visible}");
        }
    }
}

/// As in `2026-11-29T16:00:00Z`: the time of the look differs.
fn is_time(word: &str) -> bool {
    word.ends_with('Z') && word.contains('T')
}

#[tokio::test]
async fn the_demonstration_fits_a_small_terminal() {
    let desk = Desk::new(sample::fleet).await;

    let visible = on_terminal(&desk, 80, "plan").await;

    let (rows, _) = visible.split_once("\n\n").expect("the sentences follow");
    assert!(rows.lines().count() <= 30, "{visible}");
    let reason = "stale; it may be serving, and 0 desired targets";
    assert_eq!(visible.matches(reason).count(), 1, "each reason is printed once: {visible}");
    assert_eq!(rows.matches("[4]").count(), 3, "two targets and the reason: {visible}");
}

#[tokio::test]
async fn in_a_file_every_row_says_whose_target_it_is() {
    let desk = Desk::new(sample::fleet).await;

    let said = desk.run(&["plan"]).await;

    for address in ["10.2.1.30:443", "10.2.2.31:443", "10.2.3.32:443"] {
        let row = said.lines_with(address)[0];
        assert!(row.contains("nlb-orders") && row.contains(" orders "), "{row}");
    }
}

/// Bright colours vanish on a light background, dark grey on a dark one.
#[tokio::test]
async fn colours_are_those_of_the_palette() {
    let desk = Desk::new(sample::fleet).await;
    for command in COMMANDS {
        let arguments: Vec<_> = command.split(' ').collect();

        let said = desk.run_with(&[("CLICOLOR_FORCE", "1")], &arguments).await;

        let codes: BTreeSet<_> =
            said.out.split('\u{1b}').skip(1).filter_map(|rest| rest.split('m').next()).collect();
        let allowed = ["[0", "[1", "[2", "[22", "[39", "[31", "[32", "[33"];
        let palette = ["[38;5;1", "[38;5;2", "[38;5;3", "[38;5;6"];
        let others = codes.into_iter().filter(|code| !allowed.contains(code) && !palette.contains(code));
        assert_eq!(others.collect::<Vec<_>>(), Vec::<&str>::new(), "{command}");
    }
}
