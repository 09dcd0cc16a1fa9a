//! How calls, queries, log lines and documents are printed.

use std::net::SocketAddr;

use eks_nlb_simulator::Recorded;
use eks_nlb_simulator::api::{Delivery, Response};
use eks_nlb_simulator::dns::{Answered, Sent};
use eks_nlb_simulator::world::{HOME_ACCOUNT, HOME_REGION, Transport};
use hickory_resolver::proto::op::{Message, ResponseCode};
use serde_json::{Map, Value};

/// A call with its parameters, and how it was answered.
pub(crate) fn call(call: &Recorded, response: &Response) -> String {
    let mut parameters: Vec<(Vec<&str>, &str)> = call
        .parameters
        .iter()
        .map(|(key, value)| (key.split('.').filter(|part| *part != "member").collect(), value.as_str()))
        .collect();
    parameters.sort_by(|(one, _), (other, _)| place(one).cmp(&place(other)));
    let mut text = call.operation.clone();
    if !parameters.is_empty() {
        let folded = fold(&parameters);
        let inner = folded.strip_prefix('{').and_then(|folded| folded.strip_suffix('}'));
        text = format!("{text} {}", inner.unwrap_or(&folded));
    }
    if (call.account.as_str(), call.region.as_str()) != (HOME_ACCOUNT, HOME_REGION) {
        text = format!("{text} in {}/{}", call.account, call.region);
    }
    let answer = match (response.delivery, &call.error) {
        (Delivery::Silence, _) => " -> no answer".to_owned(),
        (Delivery::Reset, _) => " -> connection reset".to_owned(),
        (Delivery::Truncated, _) => " -> half the answer".to_owned(),
        (Delivery::Whole, Some(error)) => format!(" -> {} {error}", call.status),
        (Delivery::Whole, None) if call.status == 200 => String::new(),
        (Delivery::Whole, None) => format!(" -> {}", call.status),
    };
    let late = if response.delay.is_zero() { String::new() } else { format!(", after {:?}", response.delay) };
    short(&format!("{text}{answer}{late}"))
}

/// Members of a list in the order of their numbers; `Filter.10` comes after
/// `Filter.2`.
fn place<'a>(key: &[&'a str]) -> Vec<(usize, &'a str)> {
    key.iter().map(|part| (part.parse().unwrap_or_default(), *part)).collect()
}

/// The longest list of parameters that is printed in full.
const LISTED: usize = 24;

/// Parameters whose keys begin with the same parts, as `{key=value}` or `[value]`.
fn fold(parameters: &[(Vec<&str>, &str)]) -> String {
    if let [(key, value)] = parameters
        && key.is_empty()
    {
        return (*value).to_owned();
    }
    let head = |(key, _): &(Vec<&str>, &str)| key.first().copied().unwrap_or_default().to_owned();
    let mut is_list = true;
    let parts: Vec<String> = parameters
        .chunk_by(|one, other| head(one) == head(other))
        .map(|part| {
            let rest: Vec<_> =
                part.iter().map(|(key, value)| (key.iter().skip(1).copied().collect(), *value)).collect();
            let name = head(&part[0]);
            if name.parse::<usize>().is_ok() {
                return fold(&rest);
            }
            is_list = false;
            format!("{name}={}", fold(&rest))
        })
        .collect();
    if let [first, .., last] = &parts[..]
        && is_list
        && parts.len() > LISTED
    {
        return format!("[{first}, ... {} in all ..., {last}]", parts.len());
    }
    if is_list { format!("[{}]", parts.join(", ")) } else { format!("{{{}}}", parts.join(" ")) }
}

/// The name that is queried.
pub(crate) fn queried(question: &[u8]) -> String {
    let question = Message::from_vec(question).expect("the resolver sends DNS");
    question.queries.first().expect("one name is queried").name().to_ascii()
}

/// A query and its answer.
pub(crate) fn query(server: SocketAddr, question: &[u8], transport: Transport, answer: &Answered) -> String {
    let asked = Message::from_vec(question).expect("the resolver sends DNS");
    let queries: Vec<_> =
        asked.queries.iter().map(|query| format!("{} {}", query.query_type(), query.name())).collect();
    let edns = if asked.edns.is_some() { " with EDNS" } else { "" };
    let over = match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    };
    let answered = match &answer.sent {
        Sent::Nothing => "no answer".to_owned(),
        Sent::Close => "connection closed".to_owned(),
        Sent::Message(bytes) => message(bytes),
    };
    let late = if answer.delay.is_zero() { String::new() } else { format!(", after {:?}", answer.delay) };
    short(&format!("DNS {server} {over} {}{edns} -> {answered}{late}", queries.join(", ")))
}

fn message(bytes: &[u8]) -> String {
    let Ok(message) = Message::from_vec(bytes) else { return "not DNS".to_owned() };
    let code = message.metadata.response_code;
    let code = if code == ResponseCode::NoError { String::new() } else { format!("{code:?} ") };
    let truncated = if message.metadata.truncation { "truncated " } else { "" };
    let records: Vec<_> = message.answers.iter().map(|record| record.data.to_string()).collect();
    let count = records.len();
    let records = match &records[..] {
        [] => "no records".to_owned(),
        [first, .., last] if count > 8 => format!("{count} records from {first} to {last}"),
        records => records.join(" "),
    };
    format!("{code}{truncated}{records}")
}

/// The fields of an object, without quotes where a value needs none.
pub(crate) fn fields(object: &Map<String, Value>) -> String {
    let fields: Vec<_> = object.iter().map(|(key, field)| format!("{key}={}", value(field))).collect();
    fields.join(" ")
}

/// A JSON value.
pub(crate) fn value(json: &Value) -> String {
    match json {
        Value::Object(object) => format!("{{{}}}", fields(object)),
        Value::Array(members) if members.len() > LISTED => {
            let (first, last) = (value(&members[0]), value(&members[members.len() - 1]));
            format!("[{first}, ... {} in all ..., {last}]", members.len())
        }
        Value::Array(members) => {
            format!("[{}]", members.iter().map(value).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if text.is_empty() || text.contains(' ') => format!("\"{text}\""),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => json.to_string(),
    }
}

/// The same text with short names for load balancers, target groups and hosts of
/// the home account and Region: `arn:…:loadbalancer/net/nlb-payments/0123…` is
/// printed as `nlb-payments`, and of a host's 32 digits the first four.
pub(crate) fn short(text: &str) -> String {
    let home = format!("arn:aws:elasticloadbalancing:{HOME_REGION}:{HOME_ACCOUNT}:");
    let mut pieces = text.split(&home);
    let mut shortened = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_resource = |c: char| c.is_ascii_alphanumeric() || "-/".contains(c);
        let (resource, rest) = piece.split_at(piece.find(|c| !is_resource(c)).unwrap_or(piece.len()));
        let named = resource
            .strip_prefix("loadbalancer/net/")
            .or_else(|| resource.strip_prefix("targetgroup/"))
            .and_then(|resource| resource.rsplit_once('/'))
            .filter(|(_, id)| is_hex(id, 16));
        match named {
            Some((name, _)) => shortened.extend([name, rest]),
            None => shortened.extend([&home, resource, rest]),
        }
    }
    let mut pieces: Vec<_> = shortened.split(".gr7.").map(str::to_owned).collect();
    let last = pieces.len() - 1;
    for piece in &mut pieces[..last] {
        let begin = piece.len().saturating_sub(32);
        if piece.get(begin..).is_some_and(|digits| is_hex(digits, 32)) {
            piece.truncate(begin + 4);
        }
    }
    pieces.join(".gr7.")
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
