//! Speaks EKS: REST and JSON.

use std::sync::LazyLock;

use aws_smithy_types::base64;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::xml::request_id;
use super::{Call, Delivery, Request, Response};
use crate::tls::authority_until;
use crate::world::{Cluster, Refusal, Scope, World};

/// Reads the operation from method and path.
pub(super) fn parse(request: &Request<'_>) -> Call {
    let path = request.target.split('?').next().unwrap_or_default();
    let rest = path.strip_prefix("/clusters/");
    if let Some((name, rest)) = rest.and_then(|rest| rest.split_once("/updates"))
        && request.method == "GET"
    {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut parameters = vec![("name".to_owned(), decoded(name))];
        let update = rest.strip_prefix('/');
        parameters.extend(update.map(|id| ("updateId".to_owned(), decoded(id))));
        let operation = if update.is_some() { "DescribeUpdate" } else { "ListUpdates" };
        return Call { operation: operation.to_owned(), parameters };
    }
    let name = rest.filter(|name| !name.is_empty() && !name.contains('/'));
    match name {
        Some(name) if request.method == "GET" => {
            let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
            Call { operation: "DescribeCluster".to_owned(), parameters: vec![("name".to_owned(), name)] }
        }
        None if request.method == "GET" && path == "/clusters" => {
            Call { operation: "ListClusters".to_owned(), parameters: Vec::new() }
        }
        _ => Call { operation: format!("{} {path}", request.method), parameters: Vec::new() },
    }
}

/// Carries out one call.
pub(super) fn answer(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    if call.operation == "ListClusters" {
        let names: Vec<_> =
            world.region(scope).map(|region| region.clusters.keys().collect()).unwrap_or_default();
        return Ok(json!({ "clusters": names }).to_string());
    }
    if call.operation == "ListUpdates" {
        let cluster = world.describe_cluster(scope, call.required("name")?)?;
        let ids: Vec<_> = cluster.updates.iter().map(|update| &update.id).collect();
        return Ok(json!({ "updateIds": ids }).to_string());
    }
    if call.operation == "DescribeUpdate" {
        let cluster = world.describe_cluster(scope, call.required("name")?)?;
        let id = call.required("updateId")?;
        let found = cluster.updates.iter().find(|update| update.id == id);
        let found = found.ok_or_else(|| {
            Refusal::new(404, "ResourceNotFoundException", format!("No update found for ID: {id}"))
        })?;
        let update = json!({ "id": found.id, "type": found.kind, "status": found.status });
        return Ok(json!({ "update": update }).to_string());
    }
    if call.operation != "DescribeCluster" {
        let message = format!("the simulator does not know {}", call.operation);
        return Err(Refusal::new(404, "UnknownOperationException", message));
    }
    let cluster = world.describe_cluster(scope, call.required("name")?)?;
    Ok(json!({ "cluster": shape_of(world, cluster) }).to_string())
}

/// A response with `body`.
pub(super) fn response(status: u16, body: String, number: usize) -> Response {
    Response {
        status,
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("x-amzn-requestid", request_id(number)),
        ],
        body: Bytes::from(body),
        delay: std::time::Duration::ZERO,
        delivery: Delivery::Whole,
    }
}

/// A response that says why a call is refused.
pub(super) fn refusal(refusal: &Refusal, number: usize) -> Response {
    let body = json!({ "message": refusal.message }).to_string();
    let mut response = response(refusal.status, body, number);
    let code = refusal.code.clone().into_owned();
    response.headers.push(("x-amzn-errortype", code));
    response
}

fn shape_of(world: &World, cluster: &Cluster) -> Value {
    let issues: Vec<_> = cluster
        .issues
        .iter()
        .map(|issue| json!({ "code": issue.code, "message": issue.message, "resourceIds": issue.resources }))
        .collect();
    let mut shape = json!({
        "name": cluster.name,
        "arn": cluster.arn,
        "createdAt": 1_767_225_600.0,
        "version": cluster.version,
        "platformVersion": "eks.1",
        "status": cluster.status.as_str(),
        "tags": cluster.tags,
        "health": { "issues": issues },
    });
    if let Some(endpoint) = &cluster.endpoint {
        shape["endpoint"] = json!(endpoint);
        shape["certificateAuthority"] = json!({ "data": authority(world, cluster) });
    }
    if let Some(vpc) = &cluster.vpc {
        let own = world.region(&cluster.scope).and_then(|region| region.vpcs.get(vpc));
        let subnets: Vec<_> = own.iter().flat_map(|vpc| &vpc.subnets).map(|subnet| &subnet.id).collect();
        shape["resourcesVpcConfig"] = json!({
            "vpcId": vpc,
            "subnetIds": subnets,
            "securityGroupIds": [],
            "clusterSecurityGroupId": cluster.security_group,
            "endpointPublicAccess": cluster.public_access,
            "endpointPrivateAccess": cluster.private_access,
            "publicAccessCidrs": if cluster.public_access { vec!["0.0.0.0/0"] } else { vec![] },
        });
    }
    if let Some(outpost) = &cluster.outpost {
        shape["outpostConfig"] = json!({
            "outpostArns": [outpost],
            "controlPlaneInstanceType": "m5.large",
        });
    }
    if let Some(provider) = &cluster.connector {
        shape["connectorConfig"] = json!({ "provider": provider });
    }
    shape
}

/// The bundle of certificate authorities, as EKS encodes it.
fn authority(world: &World, cluster: &Cluster) -> String {
    let given = world.supporting.authorities.get(&cluster.arn);
    base64::encode(given.map_or(USUAL_AUTHORITY.as_str(), String::as_str))
}

/// The authority of every cluster that a test gives no other.
static USUAL_AUTHORITY: LazyLock<String> = LazyLock::new(|| authority_until(2036, 1, 1));
