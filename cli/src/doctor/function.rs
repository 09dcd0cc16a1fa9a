//! The function, its schedule and its last success.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::check::Check;
use super::desk::Desk;
use crate::catalogue::CheckId;
use crate::deployed::{self, Deployed, version_words};
use crate::reads::NotLooked;
use crate::reads::alarms;
use crate::reads::function::{self, Function};
use crate::reads::metrics::{self, OfFunction};

/// Longer without a success is an alarm in the templates, too.
const LATE: Duration = Duration::from_mins(15);

/// How far back a success is looked for: as many minutes as one answer may have,
/// and not many more.
const BACK: Duration = Duration::from_hours(3);

/// Checks the function that is named, or the one of the usual name.
pub(super) async fn look(desk: &Desk<'_>) -> Vec<Check> {
    let mut exists = Check::new(CheckId::Function);
    let deployed = desk.session.deployed();
    let (of, described) = (deployed.name.as_str(), &deployed.function);
    let region = desk.session.region();
    exists.sees(
        of,
        described.as_ref().map_err(Clone::clone).and_then(|found| match found {
            None if !deployed.is_named => Err(NotLooked::because(format!(
                "Lambda knows no function of this name in {region}: give --function"
            ))),
            None => Ok(Some(format!("Lambda knows no function of this name in {region}"))),
            Some(found) => Ok(is_not_well(found)),
        }),
    );
    let note = |found: &Function| {
        let Function { version, code_sha256, last_modified, .. } = found;
        let version = version_words(version.as_deref());
        format!("{of}, code {code_sha256:.12}, changed {last_modified}, version {version}")
    };
    let note = described.as_ref().ok().and_then(|found| found.as_ref().map(note));
    let mut checks = vec![exists.noting(note)];
    if let Ok(Some(found)) = described {
        checks.push(settings(desk, deployed));
        checks.push(schedule(desk, of, found).await);
        checks.push(last_success(desk, deployed).await);
        checks.push(alarms(desk, of).await);
    }
    checks
}

fn is_not_well(function: &Function) -> Option<String> {
    let Function { state, last_update, .. } = function;
    // Lambda makes a function inactive that has been idle for weeks.
    if !matches!(state.as_str(), "Active" | "Inactive") {
        Some(format!("its state is {state}"))
    } else if last_update == "Failed" {
        Some("its last update failed".to_owned())
    } else {
        None
    }
}

/// Whether the function decides as this command does, and writes.
fn settings(desk: &Desk<'_>, deployed: &Deployed) -> Check {
    let mut check = Check::new(CheckId::FunctionSettings);
    let own = desk.session.settings();
    let looked = deployed.settings().map(|of_function| match of_function {
        Err(invalid) => Some(invalid),
        Ok(of_function) if of_function.dry_run => {
            Some("its DRY_RUN is true: it plans, and writes nothing".to_owned())
        }
        Ok(of_function) => {
            let differs = deployed::differences(own, &of_function);
            (!differs.is_empty()).then(|| format!("it has another {}", differs.join(" and ")))
        }
    });
    check.sees(&deployed.name, looked);
    check
}

async fn schedule(desk: &Desk<'_>, name: &str, function: &Function) -> Check {
    let mut check = Check::new(CheckId::Schedule);
    let schedules = function::schedules(&desk.ask, &function.arn).await;
    check.sees(
        name,
        schedules.map(|schedules| {
            let names = || schedules.keys().cloned().collect::<Vec<_>>().join(" and ");
            if schedules.is_empty() {
                Some("no schedule has it as its target".to_owned())
            } else if schedules.values().all(|state| state != "ENABLED") {
                Some(format!("{} is disabled", names()))
            } else {
                None
            }
        }),
    );
    check
}

async fn last_success(desk: &Desk<'_>, deployed: &Deployed) -> Check {
    let name = deployed.name.as_str();
    let mut check = Check::new(CheckId::LastSuccess);
    let namespace = deployed.settings().ok().and_then(Result::ok).map(|settings| settings.metrics_namespace);
    let namespace = namespace.unwrap_or_else(|| desk.session.settings().metrics_namespace.clone());
    let metric = OfFunction { namespace: &namespace, function: name }.metric("LoadBalancers");
    let last = metrics::points(&desk.ask, metric, BACK).await;
    let last = last.map(|points| points.into_iter().map(|point| point.at).max());
    let ago = |last: SystemTime| SystemTime::now().duration_since(last).unwrap_or_default();
    let note = last.as_ref().ok().and_then(|last| Some(minutes(ago((*last)?))));
    check.sees(
        name,
        last.map(|last| match last.map(ago) {
            None => Some(format!("none in {namespace} within the last three hours")),
            Some(ago) if ago > LATE => Some(format!("the last was {}", minutes(ago))),
            Some(_) => None,
        }),
    );
    check.noting(note)
}

/// Whether the function's alarms notify a recipient when they fire.
async fn alarms(desk: &Desk<'_>, name: &str) -> Check {
    let mut check = Check::new(CheckId::Alarms);
    let alarms = match alarms::of_function(&desk.ask, name).await {
        Ok(alarms) => alarms,
        Err(not_looked) => {
            check.sees(name, Err(not_looked));
            return check;
        }
    };
    if alarms.is_empty() {
        check.sees(name, Ok(Some("no alarm watches its metrics".to_owned())));
    }
    for alarm in &alarms {
        let says = || "it does nothing when it fires".to_owned();
        check.sees(&alarm.name, Ok(alarm.actions.is_empty().then(says)));
    }
    let topics: BTreeSet<_> = alarms.iter().flat_map(|alarm| &alarm.actions).collect();
    for topic in topics.into_iter().filter(|action| action.contains(":sns:")) {
        let confirmed = alarms::subscriptions(&desk.ask, topic).await;
        let name = topic.rsplit(':').next().unwrap_or(topic);
        let says = || "this topic has no confirmed subscription".to_owned();
        check.sees(name, confirmed.map(|confirmed| (confirmed == 0).then(says)));
    }
    check
}

fn minutes(ago: Duration) -> String {
    match ago.as_secs() / 60 {
        0 => "just now".to_owned(),
        minutes => format!("{minutes} min ago"),
    }
}
