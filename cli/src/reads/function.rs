//! The function and its schedule.

use std::collections::BTreeMap;
use std::fmt::Write;

use aws_smithy_types::base64;
use eks_nlb_sync::aws::query_client::{QueryClient, escaped};
use serde_json::Value;

use super::{at, text_at};
use crate::reads::Looked;

/// The function, as Lambda describes it.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) arn: String,
    /// The ARN of its role.
    pub(crate) role: String,
    /// The version of eks-nlb-sync that its description begins with.
    pub(crate) version: Option<String>,
    /// The SHA-256 of its archive, in hexadecimal.
    pub(crate) code_sha256: String,
    pub(crate) last_modified: String,
    pub(crate) state: String,
    pub(crate) last_update: String,
    /// Its variables; a caller who may not decrypt them sees none.
    pub(crate) variables: Option<BTreeMap<String, String>>,
}

/// The function `name`, if Lambda knows it.
pub(crate) async fn describe(ask: &QueryClient<'_>, name: &str) -> Looked<Option<Function>> {
    let path = format!("/2015-03-31/functions/{}/configuration", escaped(name));
    let answer = match ask.json("lambda:GetFunctionConfiguration", path).await {
        Err(error) if error.is_rejected_as(&["ResourceNotFoundException"]) => return Ok(None),
        answer => answer?,
    };
    let variables = at(&answer, "/Environment/Variables").as_object().into_iter().flatten();
    let variables = variables.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Ok(Some(Function {
        arn: text_at(&answer, "/FunctionArn"),
        role: text_at(&answer, "/Role"),
        version: version_in(&text_at(&answer, "/Description")),
        code_sha256: hexadecimal(&text_at(&answer, "/CodeSha256")),
        last_modified: text_at(&answer, "/LastModified"),
        state: text_at(&answer, "/State"),
        last_update: text_at(&answer, "/LastUpdateStatus"),
        variables: at(&answer, "/Environment/Error").is_null().then(|| variables.collect()),
    }))
}

/// The version in a description as in `eks-nlb-sync 0.1.0: keeps …`, which the
/// templates and the Terraform module give.
fn version_in(description: &str) -> Option<String> {
    let version = description.strip_prefix("eks-nlb-sync ")?.split([':', ',', ' ']).next()?;
    version.starts_with(|first: char| first.is_ascii_digit()).then(|| version.to_owned())
}

/// `base64` as hexadecimal digits, as sha256sum prints them; empty if it cannot be
/// decoded.
fn hexadecimal(base64: &str) -> String {
    let bytes = base64::decode(base64).unwrap_or_default();
    bytes.into_iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// The names of the functions of the Region that have all of `variables`.
pub(crate) async fn with_variables(ask: &QueryClient<'_>, variables: &[&str]) -> Looked<Vec<String>> {
    const MARKER: (&str, &str) = ("Marker", "NextMarker");
    let is_alike = |function: &&Value| {
        let own = at(function, "/Environment/Variables");
        variables.iter().all(|name| own.get(name).is_some())
    };
    let read = |page: &Value| {
        let functions = at(page, "/Functions").as_array().into_iter().flatten();
        functions.filter(is_alike).map(|function| text_at(function, "/FunctionName")).collect()
    };
    Ok(ask.json_pages("lambda:ListFunctions", "/2015-03-31/functions/?MaxItems=50", MARKER, read).await?)
}

/// The names of the schedules that invoke `function`, with their states.
pub(crate) async fn schedules(ask: &QueryClient<'_>, function: &str) -> Looked<BTreeMap<String, String>> {
    const TOKEN: (&str, &str) = ("NextToken", "NextToken");
    // The ARN of an alias or a version begins with the function's.
    let is_own = |schedule: &&Value| {
        let target = text_at(schedule, "/Target/Arn");
        target.strip_prefix(function).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let read = |page: &Value| {
        let schedules = at(page, "/Schedules").as_array().into_iter().flatten();
        let own = schedules.filter(is_own);
        own.map(|schedule| (text_at(schedule, "/Name"), text_at(schedule, "/State"))).collect()
    };
    let listed = ask.json_pages("scheduler:ListSchedules", "/schedules?MaxResults=100", TOKEN, read);
    Ok(listed.await?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_of_another_kind_has_no_version() {
        let version = |description| version_in(description);
        assert_eq!(version("eks-nlb-sync 0.1.0: keeps").as_deref(), Some("0.1.0"));
        assert_eq!(version("eks-nlb-sync 1.2.3-rc1").as_deref(), Some("1.2.3-rc1"));
        for other in ["", "Keeps NLB target groups", "eks-nlb-sync ", "eks-nlb-sync fork: 0.1.0"] {
            assert_eq!(version(other), None, "{other}");
        }
    }
}
