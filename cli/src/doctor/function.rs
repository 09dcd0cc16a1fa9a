//! The function, its schedule and its last success.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::check::{Check, Found};
use crate::catalogue::CheckId;
use crate::deployed::{self, Deployed, version_words};
use crate::reads::function::{self, Function};
use crate::reads::{NotLooked, alarms, each, known, metrics};
use crate::session::Connection;

/// Longer without a success is an alarm in the templates, too.
const LATE: Duration = Duration::from_mins(15);

/// How far back a success is looked for: as many minutes as one answer may have,
/// and not many more.
const BACK: Duration = Duration::from_hours(3);

/// Checks the function that is named, or the one of the usual name.
pub(super) async fn look(account: &Connection<'_>) -> Vec<Check> {
    let deployed = account.session.deployed();
    let (of, described) = (deployed.name.as_str(), &deployed.function);
    let region = account.session.region();
    let unknown = format!("Lambda knows no function of this name in {region}");
    let exists = known(described).and_then(|found| match found {
        None if !deployed.is_named => Err(NotLooked::because(format!("{unknown}: give --function"))),
        None => Ok(Some(unknown)),
        Some(found) => Ok(is_not_well(found)),
    });
    let note = |found: &Function| {
        let Function { version, code_sha256, last_modified, .. } = found;
        let version = version_words(version.as_deref());
        format!("{of}, code {code_sha256:.12}, changed {last_modified}, version {version}")
    };
    let note = described.as_ref().ok().and_then(|found| found.as_ref().map(note));
    let mut checks = vec![Check::of_one(CheckId::Function, of, exists).noting(note)];
    if let Ok(Some(found)) = described {
        let schedule = function::schedules(&account.query(), &found.arn).await.map(not_run);
        checks.push(Check::of_one(CheckId::FunctionSettings, of, differs(account, deployed)));
        checks.push(Check::of_one(CheckId::Schedule, of, schedule));
        checks.push(last_success(account, deployed).await);
        checks.push(alarms(account, of).await);
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

/// Why the function does not decide as this command does, or does not write.
fn differs(account: &Connection<'_>, deployed: &Deployed) -> Found {
    Ok(match deployed.settings()? {
        Err(invalid) => Some(invalid),
        Ok(of_function) if of_function.dry_run => {
            Some("its DRY_RUN is true: it plans, and writes nothing".to_owned())
        }
        Ok(of_function) => {
            let differs = deployed::differences(account.session.settings(), &of_function);
            (!differs.is_empty()).then(|| format!("it has another {}", differs.join(" and ")))
        }
    })
}

/// Why no schedule invokes the function, by the states of those that do.
fn not_run(schedules: BTreeMap<String, String>) -> Option<String> {
    if schedules.is_empty() {
        Some("no schedule has it as its target".to_owned())
    } else if schedules.values().all(|state| state != "ENABLED") {
        Some(format!("{} is disabled", schedules.into_keys().collect::<Vec<_>>().join(" and ")))
    } else {
        None
    }
}

async fn last_success(account: &Connection<'_>, deployed: &Deployed) -> Check {
    let name = deployed.name.as_str();
    let namespace = deployed.settings().ok().and_then(Result::ok).map(|settings| settings.metrics_namespace);
    let namespace = namespace.unwrap_or_else(|| account.session.settings().metrics_namespace.clone());
    let metric = metrics::of_function(&namespace, name, "LoadBalancers");
    let last = metrics::points(&account.query(), metric, BACK).await;
    let last = last.map(|points| points.into_iter().map(|point| point.at).max());
    let ago = |last: SystemTime| SystemTime::now().duration_since(last).unwrap_or_default();
    let note = last.as_ref().ok().and_then(|last| Some(minutes(ago((*last)?))));
    let found = last.map(|last| match last.map(ago) {
        None => Some(format!("none in {namespace} within the last three hours")),
        Some(ago) if ago > LATE => Some(format!("the last was {}", minutes(ago))),
        Some(_) => None,
    });
    Check::of_one(CheckId::LastSuccess, name, found).noting(note)
}

/// Whether the function's alarms notify a recipient when they fire.
async fn alarms(account: &Connection<'_>, name: &str) -> Check {
    let alarms = match alarms::of_function(&account.query(), name).await {
        Ok(alarms) => alarms,
        Err(not_looked) => return Check::of_one(CheckId::Alarms, name, Err(not_looked)),
    };
    let none = alarms.is_empty().then(|| (name, Ok(Some("no alarm watches its metrics".to_owned()))));
    let is_silent =
        |alarm: &alarms::Alarm| alarm.actions.is_empty().then(|| "it does nothing when it fires".to_owned());
    let silent = alarms.iter().map(|alarm| (alarm.name.as_str(), Ok(is_silent(alarm))));
    let topics: BTreeSet<_> = alarms.iter().flat_map(|alarm| &alarm.actions).collect();
    let topics = topics.into_iter().filter(|action| action.contains(":sns:"));
    let unread = each(topics, async |topic| -> Found {
        let confirmed = alarms::subscriptions(&account.query(), topic).await?;
        Ok((confirmed == 0).then(|| "this topic has no confirmed subscription".to_owned()))
    });
    let unread = unread.await.into_iter();
    let unread = unread.map(|(topic, found)| (topic.rsplit(':').next().unwrap_or(topic), found));
    Check::of(CheckId::Alarms, none.into_iter().chain(silent).chain(unread))
}

fn minutes(ago: Duration) -> String {
    match ago.as_secs() / 60 {
        0 => "just now".to_owned(),
        minutes => format!("{minutes} min ago"),
    }
}
