//! Reads the query protocol: a form with an `Action` and its parameters.

use std::collections::BTreeMap;

use super::{Call, Request};
use crate::world::{Refusal, TargetDescription};

/// Reads the form in a request's body.
pub(super) fn parse(request: &Request<'_>) -> Call {
    let mut call = Call::default();
    for (key, value) in form_urlencoded::parse(request.body) {
        match &*key {
            "Action" => call.operation = value.into_owned(),
            "Version" => {}
            _ => call.parameters.push((key.into_owned(), value.into_owned())),
        }
    }
    if call.operation.is_empty() {
        call.operation = format!("{} {}", request.method, request.target);
    }
    call
}

/// How services read a call's parameters.
impl Call {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::validation(format!("A required parameter is missing: {name}")))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let parse = |text: &str| {
            let number = text.parse();
            number.map_err(|_| Refusal::validation(format!("{name} '{text}' is not a number")))
        };
        self.get(name).map(parse).transpose()
    }

    /// The members of the list `name`, as `name.member.1` and so on.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let members = self.parameters.iter().filter_map(|(key, value)| {
            let index = key.strip_prefix(name)?.strip_prefix(".member.")?;
            Some((index.parse::<usize>().ok()?, value.as_str()))
        });
        members.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// The members of `Targets`.
    pub(super) fn targets(&self) -> Result<Vec<TargetDescription<'_>>, Refusal> {
        let mut targets = BTreeMap::<usize, TargetDescription<'_>>::new();
        for (key, value) in &self.parameters {
            let Some(rest) = key.strip_prefix("Targets.member.") else {
                continue;
            };
            let malformed = || Refusal::validation(format!("Malformed input: {key}={value}"));
            let (index, field) = rest.split_once('.').ok_or_else(malformed)?;
            let index = index.parse().map_err(|_| malformed())?;
            let target = targets.entry(index).or_default();
            match field {
                "Id" => target.id = value,
                "Port" => match value.parse() {
                    Ok(1..) => target.port = value.parse().ok(),
                    _ => return Err(malformed()),
                },
                "AvailabilityZone" => target.zone = Some(value),
                _ => return Err(malformed()),
            }
        }
        Ok(targets.into_values().collect())
    }
}
