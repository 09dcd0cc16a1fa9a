//! Reads the resources around the frontends, which a run does not read.

pub(crate) mod alarms;
pub(crate) mod cluster;
pub(crate) mod elb;
pub(crate) mod function;
pub(crate) mod iam;
pub(crate) mod metrics;
pub(crate) mod network;

use std::collections::BTreeMap;

use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};
use eks_nlb_sync::error::CallError;
use futures_util::future::join_all;
use serde_json::Value;

use crate::problem;

/// What was read, or why it could not be.
pub(crate) type Looked<T> = Result<T, NotLooked>;

/// Why something could not be read. The resource may be in order or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotLooked {
    pub(crate) why: String,
}

impl NotLooked {
    pub(crate) fn because(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }

    /// AWS's answer does not have the form of its API.
    pub(crate) fn unusable(action: &str, what: &str) -> Self {
        Self { why: format!("{action}: the answer has no {what}") }
    }
}

impl From<CallError> for NotLooked {
    fn from(error: CallError) -> Self {
        let why = match &error {
            CallError::AccessDenied { action, .. } => format!("IAM denies {action}"),
            CallError::Throttled { .. }
            | CallError::Unreachable { .. }
            | CallError::Unavailable { .. }
            | CallError::Rejected { .. }
            | CallError::NotStarted { .. }
            | CallError::NotFinished { .. } => problem::sentence(&error),
        };
        Self { why }
    }
}

/// What was read, without taking it.
pub(crate) fn known<T>(looked: &Looked<T>) -> Looked<&T> {
    looked.as_ref().map_err(Clone::clone)
}

/// What `read` returns for each of `subjects`, all of which are read at once.
pub(crate) async fn each<K: Copy + Ord, T, E: Into<NotLooked>>(
    subjects: impl IntoIterator<Item = K>,
    read: impl AsyncFn(K) -> Result<T, E>,
) -> BTreeMap<K, Looked<T>> {
    let reads = subjects.into_iter().map(async |subject| (subject, read(subject).await.map_err(Into::into)));
    join_all(reads).await.into_iter().collect()
}

/// The value at `path` in an answer in JSON, as in `/cluster/status`.
fn at<'a>(answer: &'a Value, path: &str) -> &'a Value {
    answer.pointer(path).unwrap_or(&Value::Null)
}

/// The text at `path`, or an empty one.
pub(crate) fn text_at(answer: &Value, path: &str) -> String {
    at(answer, path).as_str().unwrap_or_default().to_owned()
}

/// The texts of the list at `path`.
pub(crate) fn texts_at(answer: &Value, path: &str) -> impl Iterator<Item = String> {
    at(answer, path).as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

/// A parameter of the query protocol.
fn parameter(name: impl Into<String>, value: impl Into<String>) -> (String, String) {
    (name.into(), value.into())
}

/// `PREFIX.1`, `PREFIX.2` and so on.
fn numbered(prefix: &str, values: &[String]) -> Vec<(String, String)> {
    values
        .iter()
        .enumerate()
        .map(|(n, value)| parameter(format!("{prefix}.{}", n + 1), value.as_str()))
        .collect()
}

/// The text of `name` in the child `of`; empty if either is absent.
pub(crate) fn text_in(element: &Element, of: &str, name: &str) -> Result<String, Unreadable> {
    element.child(of)?.map_or_else(|| Ok(String::new()), |child| child.text_of(name))
}

/// What `read` takes from each member of the list `name`, on every page of an answer.
async fn listed<T>(
    ask: &QueryClient<'_>,
    action: &'static str,
    parameters: &[(String, String)],
    token: (&str, &str),
    name: &str,
    read: impl Fn(&Element) -> Result<T, Unreadable>,
) -> Result<Vec<T>, CallError> {
    let members = |page: &Element| page.list(name)?.into_iter().map(&read).collect();
    ask.xml_pages(action, parameters, token, members).await
}

/// What `read` takes from an answer.
async fn page<T>(
    ask: &QueryClient<'_>,
    action: &'static str,
    parameters: Vec<(String, String)>,
    read: impl Fn(&Element) -> Result<T, Unreadable>,
) -> Looked<T> {
    let answer = ask.xml(action, &parameters).await?;
    read(&answer).map_err(|error| NotLooked::unusable(action, &error.to_string()))
}

/// The account and ARN of the caller; nothing if the answer is not STS's.
pub(crate) async fn identity(ask: &QueryClient<'_>) -> Result<Option<(String, String)>, CallError> {
    let answer = ask.xml("sts:GetCallerIdentity", &[]).await?;
    let text = |name: &str| answer.text_of(name).unwrap_or_default();
    let (account, arn) = (text("Account"), text("Arn"));
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    Ok((is_account && arn.starts_with("arn:")).then_some((account, arn)))
}
