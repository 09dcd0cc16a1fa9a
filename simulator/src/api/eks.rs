//! Speaks EKS: REST and JSON.

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::xml::request_id;
use super::{Call, Delivery, Request, Response};
use crate::world::{Cluster, Refusal, Scope, World};

/// Reads the operation from method and path.
pub(super) fn parse(request: &Request<'_>) -> Call {
    let path = request.target.split('?').next().unwrap_or_default();
    let name = path.strip_prefix("/clusters/").filter(|name| !name.is_empty() && !name.contains('/'));
    match name {
        Some(name) if request.method == "GET" => {
            let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
            Call { operation: "DescribeCluster".to_owned(), parameters: vec![("name".to_owned(), name)] }
        }
        _ => Call { operation: format!("{} {path}", request.method), parameters: Vec::new() },
    }
}

/// Carries out one call.
pub(super) fn answer(world: &World, scope: &Scope, call: &Call) -> Result<String, Refusal> {
    if call.operation != "DescribeCluster" {
        let message = format!("the simulator does not know {}", call.operation);
        return Err(Refusal::new(404, "UnknownOperationException", message));
    }
    let cluster = world.describe_cluster(scope, call.required("name")?)?;
    Ok(json!({ "cluster": shape_of(cluster) }).to_string())
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

fn shape_of(cluster: &Cluster) -> Value {
    let mut shape = json!({
        "name": cluster.name,
        "arn": cluster.arn,
        "createdAt": 1_767_225_600.0,
        "version": "1.33",
        "platformVersion": "eks.1",
        "status": cluster.status.as_str(),
        "tags": {},
    });
    if let Some(endpoint) = &cluster.endpoint {
        shape["endpoint"] = json!(endpoint);
        shape["certificateAuthority"] = json!({ "data": "c2ltdWxhdGVk" });
    }
    if let Some(vpc) = &cluster.vpc {
        shape["resourcesVpcConfig"] = json!({
            "vpcId": vpc,
            "subnetIds": [],
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
