//! Writes the query protocol's answers: typed results to XML.

use bytes::Bytes;
use serde::Serialize;

use super::{Delivery, Response};
use crate::world::Refusal;

/// A list as AWS writes it.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    member: Vec<T>,
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self { member: items.into_iter().collect() }
    }
}

/// The XML of `result`, the content of `operation`'s answer.
pub(super) fn result(operation: &str, result: &impl Serialize) -> String {
    let root = format!("{operation}Result");
    quick_xml::se::to_string_with_root(&root, result).expect("results are plain structs")
}

/// The document around `result`.
pub(super) fn envelope(namespace: &str, operation: &str, result: &str, number: usize) -> String {
    let id = request_id(number);
    format!(
        "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{id}\
         </RequestId></ResponseMetadata></{operation}Response>"
    )
}

/// The document that says why a call is refused.
pub(super) fn error(namespace: &str, refusal: &Refusal, number: usize) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document<'a> {
        #[serde(rename = "@xmlns")]
        namespace: &'a str,
        error: Error<'a>,
        request_id: String,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Error<'a> {
        r#type: &'a str,
        code: &'a str,
        message: &'a str,
    }
    let document = Document {
        namespace,
        error: Error {
            r#type: if refusal.status < 500 { "Sender" } else { "Receiver" },
            code: &refusal.code,
            message: &refusal.message,
        },
        request_id: request_id(number),
    };
    quick_xml::se::to_string_with_root("ErrorResponse", &document).expect("a plain struct")
}

/// A response with `document`.
pub(super) fn response(status: u16, document: String, number: usize) -> Response {
    Response {
        status,
        headers: vec![("content-type", "text/xml".to_owned()), ("x-amzn-requestid", request_id(number))],
        body: Bytes::from(document),
        delay: std::time::Duration::ZERO,
        delivery: Delivery::Whole,
    }
}

/// The id of the request with this number.
pub(super) fn request_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}
