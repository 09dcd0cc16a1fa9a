//! What the planner decides about a stale target, for every state of two desired
//! ones: tables with a letter for each decision.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use eks_nlb_sync::model::{Addresses, CurrentTarget, Desired, Source, Target, TargetState, Targets, Zone};
use eks_nlb_sync::plan::{Decision, Policy, SyncPolicy, plan};
use eks_nlb_sync::serving::{cut_off, unserved};
use eks_nlb_sync::settings::Settings;

use crate::setup;

const PORT: u16 = 443;

/// States of a target. Overridden is one from which a zonal shift moves traffic
/// away, or whose connections are ended.
const STATES: [(&str, TargetState, bool); 9] = [
    ("initial", TargetState::Initial, false),
    ("healthy", TargetState::Healthy, false),
    ("shifted", TargetState::Healthy, true),
    ("unhealthy", TargetState::Unhealthy, false),
    ("ending", TargetState::Unhealthy, true),
    ("unused", TargetState::Unused, false),
    ("draining", TargetState::Draining, false),
    ("unavailable", TargetState::Unavailable, false),
    ("unknown", TargetState::Unknown, false),
];

/// A state of a desired target, with its name.
type DesiredState = (&'static str, Option<(TargetState, bool)>);

/// The states of a desired target, absent first. States that count as another are
/// omitted.
fn desired_states() -> Vec<DesiredState> {
    let listed = STATES.iter().filter(|(name, ..)| !["ending", "unknown"].contains(name));
    let listed = listed.map(|(name, state, is_overridden)| (*name, Some((*state, *is_overridden))));
    [("absent", None)].into_iter().chain(listed).collect()
}

/// The states that a table after the first one has.
fn some_states() -> Vec<DesiredState> {
    const SOME: [&str; 5] = ["absent", "healthy", "shifted", "unhealthy", "unused"];
    desired_states().into_iter().filter(|(name, _)| SOME.contains(name)).collect()
}

/// How a table differs from the first one.
#[derive(Clone)]
struct Setup {
    /// The zones of the desired targets and of the stale one.
    zones: [Option<&'static str>; 3],
    desired: Vec<u8>,
    /// The address of the stale target is named by one source.
    named_by_one: bool,
    confirmed: bool,
    policy: Policy,
    port: u16,
}

fn target(last: u8, port: u16) -> Target {
    Target::new(IpAddr::from([10, 0, 0, last]), port)
}

impl Setup {
    fn new() -> Self {
        let settings = Settings::from_lookup(|_| None).expect("the defaults are valid");
        Self {
            zones: [Some("a"), Some("b"), Some("a")],
            desired: vec![1, 2],
            named_by_one: false,
            confirmed: true,
            policy: settings.policy,
            port: PORT,
        }
    }

    fn with_minimum(minimum: u16) -> Self {
        let mut setup = Self::new();
        setup.policy.min_healthy = minimum.try_into().expect("not zero");
        setup
    }

    fn in_zones(zones: [Option<&'static str>; 3]) -> Self {
        Self { zones, ..Self::new() }
    }

    fn targets(&self, states: [Option<(TargetState, bool)>; 3]) -> Targets {
        let ports = [PORT, PORT, self.port];
        let numbered = (1..).zip(ports).zip(states).zip(self.zones);
        let listed = numbered.filter_map(|(((last, port), state), zone)| {
            let (state, is_overridden) = state?;
            let zone = zone.map(|zone| Zone::from(zone.to_owned()));
            Some((target(last, port), CurrentTarget { state, zone, is_overridden }))
        });
        listed.collect()
    }

    fn desired(&self) -> Desired {
        let allowed = Settings::from_lookup(|_| None).expect("valid").allowed_cidrs;
        let addresses = self.desired.iter().map(|last| IpAddr::from([10, 0, 0, *last]));
        let desired = Desired::by(Source::Eni, Addresses::new(addresses, &allowed).expect("allowed"));
        let others = self.named_by_one.then_some(IpAddr::from([10, 0, 0, 3]));
        let desired = desired.confirmed_by(others);
        if self.confirmed { desired } else { desired.unconfirmed() }
    }

    /// The decisions about the stale target in each of its states, and about the
    /// desired ones where the stale one is healthy.
    fn row(
        &self,
        first: Option<(TargetState, bool)>,
        second: Option<(TargetState, bool)>,
        legend: &mut Legend,
    ) -> String {
        let mut row = String::new();
        let mut others = String::new();
        for (name, state, is_overridden) in STATES {
            let targets = self.targets([first, second, Some((state, is_overridden))]);
            let plan = plan(&self.desired(), PORT, &targets, self.policy);
            let decisions = plan.decisions();
            _ = write!(row, " {}", legend.letter(&decisions[&target(3, self.port)]));
            if name == "healthy" {
                let desired = [1, 2].map(|last| decisions.get(&target(last, PORT)));
                others =
                    desired.map(|decision| decision.map_or('-', |it| legend.letter(it))).iter().collect();
            }
        }
        format!("{row}   {others}")
    }

    fn rows(&self, states: &[DesiredState], legend: &mut Legend) -> Vec<String> {
        let pairs = states.iter().flat_map(|first| states.iter().map(move |second| (first, second)));
        let rows = pairs.map(|((first, one), (second, other))| {
            format!("{first:<12}{second:<12}{}\n", self.row(*one, *other, legend))
        });
        rows.collect()
    }
}

/// A letter for each decision, in the order in which they appear.
#[derive(Default)]
struct Legend(BTreeMap<String, char>);

impl Legend {
    fn letter(&mut self, decision: &Decision) -> char {
        let rule = decision.rule().map(|rule| format!(" ({rule})")).unwrap_or_default();
        let reason = decision.action.withheld().map(|withheld| format!(" ({})", withheld.reason()));
        let text = format!("{}: {decision}{rule}{}", decision.action.as_str(), reason.unwrap_or_default());
        let next = ('A'..='Z').chain('a'..='z').nth(self.0.len()).expect("few decisions");
        *self.0.entry(text).or_insert(next)
    }

    fn print(&self) -> String {
        let by_letter: BTreeMap<_, _> = self.0.iter().map(|(text, letter)| (letter, text)).collect();
        by_letter.iter().map(|(letter, text)| format!("{letter}  {text}\n")).collect::<Vec<_>>().concat()
    }
}

fn header() -> String {
    let names: Vec<_> = STATES.iter().map(|(name, ..)| *name).collect();
    format!("desired in a, in b; the stale target is {}; the desired two", names.join(", "))
}

/// All rows of the first setup, and rows of the others that differ from it.
fn hold(name: &str, title: &str, setups: Vec<(&str, Setup)>) {
    let mut legend = Legend::default();
    let mut text = format!("# {title}\n# {}\n", header());
    let base = Setup::new().rows(&desired_states(), &mut legend);
    for (n, (what, setup)) in setups.into_iter().enumerate() {
        let is_base = n == 0;
        let states = if is_base { desired_states() } else { some_states() };
        let rows = setup.rows(&states, &mut legend);
        _ = writeln!(text, "\n-- {what}");
        let shown: Vec<_> = rows
            .iter()
            .map(String::as_str)
            .filter(|row| is_base || !base.iter().any(|base| base == row))
            .collect();
        text.push_str(&shown.concat());
        if !is_base {
            _ = writeln!(text, "and {} rows as in the first table", rows.len() - shown.len());
        }
    }
    _ = write!(text, "\n{}", legend.print());
    setup::hold(name, text);
}

#[test]
fn plans() {
    let add_only =
        Setup { policy: Policy { sync: SyncPolicy::AddOnly, ..Setup::new().policy }, ..Setup::new() };
    hold(
        "plans",
        "Decisions about a stale target in zone a",
        vec![
            ("the default settings", Setup::new()),
            ("MIN_HEALTHY_TARGETS=1", Setup::with_minimum(1)),
            ("one source gave no answer", Setup { confirmed: false, ..Setup::new() }),
            ("one source names the stale target", Setup { named_by_one: true, ..Setup::new() }),
            ("SYNC_POLICY=add-only", add_only),
        ],
    );
}

#[test]
fn plans_by_number() {
    hold(
        "plans_by_number",
        "Decisions with other numbers of targets",
        vec![
            ("the default settings", Setup::new()),
            ("MIN_HEALTHY_TARGETS=3", Setup::with_minimum(3)),
            ("only the first is desired", Setup { desired: vec![1], ..Setup::new() }),
            (
                "only the first is desired, MIN_HEALTHY_TARGETS=1",
                Setup { desired: vec![1], ..Setup::with_minimum(1) },
            ),
            ("a third is desired, and absent", Setup { desired: vec![1, 2, 4], ..Setup::new() }),
            (
                "the stale one has a desired address and another port",
                Setup { port: 6443, desired: vec![1, 2, 3], ..Setup::new() },
            ),
        ],
    );
}

#[test]
fn plans_by_zone() {
    hold(
        "plans_by_zone",
        "Decisions by the zones of the targets",
        vec![
            ("the stale target is in zone a", Setup::new()),
            ("in zone c", Setup::in_zones([Some("a"), Some("b"), Some("c")])),
            ("in zone all", Setup::in_zones([Some("a"), Some("b"), Some("all")])),
            ("in no zone", Setup::in_zones([Some("a"), Some("b"), None])),
            (
                "in zone c, MIN_HEALTHY_TARGETS=1",
                Setup { zones: [Some("a"), Some("b"), Some("c")], ..Setup::with_minimum(1) },
            ),
            (
                "in zone all, MIN_HEALTHY_TARGETS=1",
                Setup { zones: [Some("a"), Some("b"), Some("all")], ..Setup::with_minimum(1) },
            ),
            (
                "in no zone, MIN_HEALTHY_TARGETS=1",
                Setup { zones: [Some("a"), Some("b"), None], ..Setup::with_minimum(1) },
            ),
            ("all are in zone all", Setup::in_zones([Some("all"), Some("all"), Some("all")])),
            ("the first has no zone", Setup::in_zones([None, Some("b"), Some("a")])),
        ],
    );
}

/// Zones whose clients reach no healthy target, in capitals where they are cut off.
fn zones(targets: &Targets) -> String {
    let cut_off = cut_off(targets);
    let names = unserved(targets).into_iter().map(|zone| {
        let name = zone.as_str().to_owned();
        if cut_off.contains(&zone) { name.to_uppercase() } else { name }
    });
    let names = names.collect::<Vec<_>>().concat();
    if names.is_empty() { "-".to_owned() } else { names }
}

#[test]
fn served_zones() {
    let names: Vec<_> = STATES.iter().map(|(name, ..)| *name).collect();
    let mut text =
        "# Zones whose clients reach no healthy target; in capitals where they are cut off\n".to_owned();
    _ = writeln!(text, "# targets in a, in b; a third is absent, {}", names.join(", "));
    for (what, zone) in [
        ("the third is in zone c", Some("c")),
        ("in zone a", Some("a")),
        ("in zone all", Some("all")),
        ("in no zone", None),
    ] {
        _ = writeln!(text, "\n-- {what}");
        let setup = Setup::in_zones([Some("a"), Some("b"), zone]);
        let states = desired_states();
        let pairs = states.iter().flat_map(|first| states.iter().map(move |second| (first, second)));
        // The two are interchangeable but for the third one's zone.
        for ((first, one), (second, other)) in
            pairs.filter(|((first, _), (second, _))| zone == Some("a") || first <= second)
        {
            let thirds = [None]
                .into_iter()
                .chain(STATES.map(|(_, state, is_overridden)| Some((state, is_overridden))));
            let cells = thirds.map(|third| format!("{:<4}", zones(&setup.targets([*one, *other, third]))));
            let line = format!("{first:<12}{second:<12} {}", cells.collect::<Vec<_>>().concat());
            _ = writeln!(text, "{}", line.trim_end());
        }
    }
    setup::hold("served_zones", text);
}
