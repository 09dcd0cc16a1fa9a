//! The function and its schedule.

use std::collections::BTreeMap;

use eks_nlb_sync::aws::query_client::QueryClient;

use super::cluster::escaped;
use super::{at, text_at};
use crate::reads::Looked;

/// The function, as Lambda describes it.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) arn: String,
    /// The ARN of its role.
    pub(crate) role: String,
    pub(crate) state: String,
    pub(crate) last_update: String,
    /// Its variables; a caller who may not decrypt them sees none.
    pub(crate) variables: Option<BTreeMap<String, String>>,
}

/// The function `name`; nothing if there is none.
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
        state: text_at(&answer, "/State"),
        last_update: text_at(&answer, "/LastUpdateStatus"),
        variables: at(&answer, "/Environment/Error").is_null().then(|| variables.collect()),
    }))
}

/// The names of the schedules that invoke `function`, with their states.
pub(crate) async fn schedules(ask: &QueryClient<'_>, function: &str) -> Looked<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut token = String::new();
    loop {
        let answer = ask.json("scheduler:ListSchedules", format!("/schedules?MaxResults=100{token}")).await?;
        for schedule in at(&answer, "/Schedules").as_array().into_iter().flatten() {
            // An alias or a version stands behind the function's own ARN.
            let target = text_at(schedule, "/Target/Arn");
            let is_own =
                target.strip_prefix(function).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
            if is_own {
                found.insert(text_at(schedule, "/Name"), text_at(schedule, "/State"));
            }
        }
        match at(&answer, "/NextToken").as_str() {
            Some(next) => token = format!("&NextToken={}", escaped(next)),
            None => return Ok(found),
        }
    }
}
