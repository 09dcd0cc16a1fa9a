//! Prints the version of this program and of the deployed function.

use std::process::ExitCode;

use serde::Serialize;

use crate::args::{Common, NAME};
use crate::deployed::{USUAL_NAME, version_words};
use crate::output::show;
use crate::problem::Problem;
use crate::reads::NotLooked;
use crate::reads::function::Function;
use crate::session::Session;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: &'static str,
    function: OfFunction<'a>,
}

/// The function's code, as Lambda describes it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfFunction<'a> {
    name: &'a str,
    /// Absent where none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    /// Absent where its description does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    /// Of the archive, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    code_sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<&'a str>,
    /// Why the function could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Prints both versions. This program's needs no account, and a missing function is not an
/// error.
pub(crate) fn version(session: &Result<Session, Problem>, common: &Common) -> Result<ExitCode, Problem> {
    let function = match session {
        Ok(session) => of_deployed(session),
        Err(problem) => OfFunction {
            name: common.function().unwrap_or(USUAL_NAME),
            message: Some(problem.to_string()),
            ..OfFunction::default()
        },
    };
    let version = env!("CARGO_PKG_VERSION");
    let document = Document { version, function };
    show(common.output, &document, || format!("{NAME} {version}\n{}\n", words(&document.function)))?;
    Ok(ExitCode::SUCCESS)
}

fn of_deployed(session: &Session) -> OfFunction<'_> {
    let deployed = session.deployed();
    let (found, message) = match &deployed.function {
        Ok(Some(found)) => (Some(found), None),
        Ok(None) => {
            (None, Some(format!("Lambda knows no function {} in {}", deployed.name, session.region())))
        }
        Err(NotLooked { why }) => (None, Some(why.clone())),
    };
    let of = |text: fn(&Function) -> &str| found.map(text).filter(|text| !text.is_empty());
    OfFunction {
        name: &deployed.name,
        region: Some(session.region()),
        role: of(|found| &found.role),
        version: found.and_then(|found| found.version.as_deref()),
        code_sha256: of(|found| &found.code_sha256),
        last_modified: of(|found| &found.last_modified),
        message,
    }
}

fn words(function: &OfFunction<'_>) -> String {
    let OfFunction { name, region, role, version, code_sha256, last_modified, message } = function;
    if let Some(message) = message {
        return format!("function: {message}");
    }
    let line = |what: &str, is: Option<&str>| is.map_or_else(String::new, |is| format!("\n  {what}  {is}"));
    let code = line("code SHA-256 ", *code_sha256);
    format!(
        "function {name} in {}{}{code}{}{}",
        region.unwrap_or_default(),
        line("version      ", Some(&version_words(*version))),
        line("last modified", *last_modified),
        line("role         ", *role)
    )
}
