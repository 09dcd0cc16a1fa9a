//! Prints the version of this program and of the deployed function.

use std::process::ExitCode;

use serde::Serialize;

use crate::args::{Common, NAME};
use crate::deployed::version_words;
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
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfFunction<'a> {
    name: &'a str,
    region: &'a str,
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

/// Prints both versions. A missing function is not an error.
pub(crate) fn version(session: &Session, common: &Common) -> Result<ExitCode, Problem> {
    let deployed = session.deployed();
    let (found, message) = match &deployed.function {
        Ok(Some(found)) => (Some(found), None),
        Ok(None) => {
            (None, Some(format!("Lambda knows no function {} in {}", deployed.name, session.region())))
        }
        Err(NotLooked { why }) => (None, Some(why.clone())),
    };
    let of = |text: fn(&Function) -> &str| found.map(text).filter(|text| !text.is_empty());
    let function = OfFunction {
        name: &deployed.name,
        region: session.region(),
        role: of(|found| &found.role),
        version: found.and_then(|found| found.version.as_deref()),
        code_sha256: of(|found| &found.code_sha256),
        last_modified: of(|found| &found.last_modified),
        message,
    };
    let version = env!("CARGO_PKG_VERSION");
    let document = Document { version, function };
    show(common.output, &document, || format!("{NAME} {version}\n{}\n", words(&document.function)))?;
    Ok(ExitCode::SUCCESS)
}

fn words(function: &OfFunction<'_>) -> String {
    let OfFunction { name, region, role, version, code_sha256, last_modified, message } = function;
    if let Some(message) = message {
        return format!("function: {message}");
    }
    let line = |what: &str, is: Option<&str>| is.map_or_else(String::new, |is| format!("\n  {what}  {is}"));
    let code = line("code SHA-256 ", *code_sha256);
    format!(
        "function {name} in {region}{}{code}{}{}",
        line("version      ", Some(&version_words(*version))),
        line("last modified", *last_modified),
        line("role         ", *role)
    )
}
