//! Speaks EC2: the query protocol with XML of its own kind.

mod supporting;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use super::{Call, Response, xml};
use crate::world::{InterfaceQuery, NetworkInterface, Page, Refusal, Scope, World};

/// The namespace of its answers.
const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// Carries out one call: the content of its answer.
pub(super) fn answer(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    if let Some(answer) = supporting::answer(world, scope, call) {
        return answer;
    }
    if call.operation != "DescribeNetworkInterfaces" {
        let message = format!("The action {} is not valid for this web service.", call.operation);
        return Err(Refusal::new(400, "InvalidAction", message));
    }
    let query = InterfaceQuery {
        filters: filters(call),
        size: call.number("MaxResults")?,
        token: call.get("NextToken"),
        includes_managed: call.get("IncludeManagedResources") == Some("true"),
    };
    let page = world.describe_network_interfaces(scope, &query)?;
    let vpc_of = |interface: &NetworkInterface| world.region(scope)?.vpcs.get(&interface.vpc);
    let subnet = |interface: &NetworkInterface| {
        let subnet = vpc_of(interface).and_then(|vpc| vpc.subnet_of(*interface.addresses.first()?));
        subnet.map(|subnet| (subnet.id.clone(), subnet.zone.clone())).unwrap_or_default()
    };
    Ok(content(&page, subnet))
}

/// A success: unlike elsewhere, without a `Result` element.
pub(super) fn success(operation: &str, content: &str, number: usize) -> Response {
    let id = xml::request_id(number);
    let document = format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><requestId>{id}</requestId>{content}</{operation}Response>"
    );
    xml::response(200, document, number)
}

/// A refusal, in the document that only EC2 has.
pub(super) fn refusal(refusal: &Refusal, number: usize) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document<'a> {
        errors: Errors<'a>,
        #[serde(rename = "RequestID")]
        request_id: String,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Errors<'a> {
        error: Error<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Error<'a> {
        code: &'a str,
        message: &'a str,
    }
    let error = Error { code: &refusal.code, message: &refusal.message };
    let document = Document { errors: Errors { error }, request_id: xml::request_id(number) };
    let document = quick_xml::se::to_string_with_root("Response", &document).expect("a plain struct");
    xml::response(refusal.status, document, number)
}

/// `Filter.1.Name` with `Filter.1.Value.1` and so on.
fn filters(call: &Call) -> Vec<(&str, Vec<&str>)> {
    let mut filters = BTreeMap::<&str, (&str, Vec<&str>)>::new();
    for (key, value) in &call.parameters {
        let Some((number, field)) = key.strip_prefix("Filter.").and_then(|rest| rest.split_once('.')) else {
            continue;
        };
        let (name, values) = filters.entry(number).or_default();
        if field == "Name" {
            *name = value;
        } else {
            values.push(value);
        }
    }
    filters.into_values().collect()
}

#[derive(Serialize)]
struct Items<T> {
    item: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "EC2's names")]
struct Interface<'a> {
    network_interface_id: &'a str,
    subnet_id: String,
    vpc_id: &'a str,
    availability_zone: String,
    description: &'a str,
    owner_id: &'a str,
    requester_managed: bool,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_ip_address: Option<String>,
    source_dest_check: bool,
    group_set: Items<Group<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<Attachment<'a>>,
    tag_set: Items<Tag<'a>>,
    private_ip_addresses_set: Items<Private>,
    ipv6_addresses_set: Items<Ipv6>,
    interface_type: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    group_id: &'a str,
    group_name: String,
}

#[derive(Serialize)]
struct Tag<'a> {
    key: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "EC2's names")]
struct Attachment<'a> {
    attachment_id: String,
    instance_owner_id: &'a str,
    device_index: u8,
    status: &'a str,
    attach_time: &'a str,
    delete_on_termination: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Private {
    private_ip_address: String,
    primary: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ipv6 {
    ipv6_address: String,
}

fn content(
    page: &Page<'_, NetworkInterface>,
    subnet: impl Fn(&NetworkInterface) -> (String, String),
) -> String {
    let items = page.items.iter().map(|interface| shape_of(interface, subnet(interface))).collect();
    let set = quick_xml::se::to_string_with_root("networkInterfaceSet", &Items { item: items });
    let token = page.next_marker.as_ref().map_or_else(String::new, |m| format!("<nextToken>{m}</nextToken>"));
    set.expect("a plain struct") + &token
}

fn shape_of(interface: &NetworkInterface, (subnet_id, availability_zone): (String, String)) -> Interface<'_> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = interface.addresses.iter().partition(|ip| ip.is_ipv4());
    let private = |(n, ip): (usize, &IpAddr)| Private { private_ip_address: ip.to_string(), primary: n == 0 };
    let group = |id| Group { group_id: id, group_name: format!("name-of-{id}") };
    Interface {
        network_interface_id: &interface.id,
        subnet_id,
        vpc_id: &interface.vpc,
        availability_zone,
        description: &interface.description,
        owner_id: &interface.scope.account,
        requester_managed: false,
        status: &interface.status,
        private_ip_address: v4.first().map(ToString::to_string),
        source_dest_check: true,
        group_set: Items { item: interface.groups.iter().map(|id| group(id.as_str())).collect() },
        attachment: interface.instance_owner.as_deref().map(|instance_owner_id| Attachment {
            attachment_id: interface.id.replace("eni-", "eni-attach-"),
            instance_owner_id,
            device_index: 1,
            status: "attached",
            attach_time: "2026-01-01T00:00:00.000Z",
            delete_on_termination: true,
        }),
        tag_set: Items { item: interface.tags.iter().map(|(key, value)| Tag { key, value }).collect() },
        private_ip_addresses_set: Items { item: v4.iter().enumerate().map(private).collect() },
        ipv6_addresses_set: Items {
            item: v6.iter().map(|ip| Ipv6 { ipv6_address: ip.to_string() }).collect(),
        },
        interface_type: &interface.kind,
    }
}
