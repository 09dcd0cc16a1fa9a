//! Clusters, as EKS describes them.

use std::time::SystemTime;

use aws_smithy_types::base64;
use eks_nlb_sync::aws::eks::host_of;
use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::model::{ApiEndpoint, Tags};
use serde_json::Value;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::{at, text_at, texts_at};
use crate::reads::{Looked, NotLooked};

/// A cluster, as far as checks need it.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) status: String,
    /// Whether it runs in the Region, and not on an Outpost or outside AWS.
    pub(crate) is_in_region: bool,
    pub(crate) has_private_access: bool,
    pub(crate) endpoint: Option<ApiEndpoint>,
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<String>,
    /// The cluster's own, and the additional ones.
    pub(crate) security_groups: Vec<String>,
    pub(crate) tags: Tags,
    /// What EKS finds wrong with it, as in `InsufficientFreeAddresses: …`.
    pub(crate) issues: Vec<String>,
    /// When each certificate authority ends.
    pub(crate) authorities: Looked<Vec<SystemTime>>,
}

impl Cluster {
    /// Whether it has what the other checks look at.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_in_region && self.endpoint.is_some()
    }
}

/// The names of all clusters of the Region.
pub(crate) async fn names(ask: &QueryClient<'_>) -> Looked<Vec<String>> {
    const TOKEN: (&str, &str) = ("nextToken", "nextToken");
    let names = |page: &Value| texts_at(page, "/clusters").collect();
    Ok(ask.json_pages("eks:ListClusters", "/clusters?maxResults=100", TOKEN, names).await?)
}

/// The cluster `name`, if EKS knows it.
pub(crate) async fn describe(ask: &QueryClient<'_>, name: &str) -> Looked<Option<Cluster>> {
    // A cluster's name needs no escape.
    let answer = match ask.json("eks:DescribeCluster", format!("/clusters/{name}")).await {
        Err(error) if error.is_rejected_as(&["ResourceNotFoundException"]) => return Ok(None),
        answer => answer?,
    };
    let text = |path: &str| Some(text_at(&answer, path)).filter(|text| !text.is_empty());
    let vpc = text("/cluster/resourcesVpcConfig/vpcId");
    let security_group = text("/cluster/resourcesVpcConfig/clusterSecurityGroupId");
    let host = text("/cluster/endpoint").and_then(|url| host_of(&name.parse().ok()?, &url).ok());
    let more = texts_at(&answer, "/cluster/resourcesVpcConfig/securityGroupIds");
    let is_elsewhere =
        ["/cluster/outpostConfig", "/cluster/connectorConfig"].map(|path| !at(&answer, path).is_null());
    let private = at(&answer, "/cluster/resourcesVpcConfig/endpointPrivateAccess");
    Ok(Some(Cluster {
        name: name.to_owned(),
        status: text_at(&answer, "/cluster/status"),
        is_in_region: !is_elsewhere.contains(&true),
        has_private_access: private.as_bool().unwrap_or_default(),
        subnets: texts_at(&answer, "/cluster/resourcesVpcConfig/subnetIds").collect(),
        security_groups: security_group.iter().cloned().chain(more).collect(),
        tags: tags(at(&answer, "/cluster/tags")),
        issues: at(&answer, "/cluster/health/issues").as_array().into_iter().flatten().map(issue).collect(),
        authorities: authorities(&text_at(&answer, "/cluster/certificateAuthority/data")),
        endpoint: host.map(|host| ApiEndpoint { host, vpc: vpc.clone(), security_group }),
        vpc: vpc.unwrap_or_default(),
    }))
}

fn tags(tags: &Value) -> Tags {
    let tags = tags.as_object().into_iter().flatten();
    tags.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn issue(issue: &Value) -> String {
    let resources: Vec<_> = texts_at(issue, "/resourceIds").collect();
    let of = if resources.is_empty() { String::new() } else { format!(" ({})", resources.join(", ")) };
    format!("{}: {}{of}", text_at(issue, "/code"), text_at(issue, "/message"))
}

/// When each certificate of a bundle ends, which is PEM in base64.
fn authorities(data: &str) -> Looked<Vec<SystemTime>> {
    let ends_at = |der: &CertificateDer<'_>| {
        let certificate = Certificate::from_der(der).ok()?;
        Some(certificate.tbs_certificate.validity.not_after.to_system_time())
    };
    let read = || {
        let bundle = base64::decode(data).ok()?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bundle).collect::<Result<_, _>>().ok()?;
        certificates.iter().map(ends_at).collect::<Option<Vec<_>>>().filter(|ends| !ends.is_empty())
    };
    read().ok_or_else(|| NotLooked::because("its certificate authority cannot be read"))
}
