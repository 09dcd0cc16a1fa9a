//! Reads one cluster from EKS.

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{Cluster, ClusterStatus, VpcConfigResponse};

use super::call::{Caller, malformed_response};
use crate::error::FrontendError;
use crate::model::{ApiEndpoint, ClusterName, Host, TagSelector, Tags};

const ACTION: &str = "eks:DescribeCluster";

/// The endpoint of a cluster's API, or why its frontends are skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It has a private endpoint.
    Found(ApiEndpoint),
    /// CREATING, DELETING or PENDING, or without an endpoint yet.
    NotReady,
    /// An Outposts local cluster: its addresses never change.
    Local,
}

/// EKS, within the budget of one run.
#[derive(Clone, Copy)]
pub struct Eks<'a> {
    pub(super) client: &'a Client,
    pub(super) caller: Caller<'a>,
}

impl Eks<'_> {
    /// Reads the endpoint of `cluster`. With `consent`, the cluster must carry
    /// that tag.
    ///
    /// # Errors
    ///
    /// The call fails, or the cluster has no endpoint to follow: see the
    /// variants of [`FrontendError`] that name a cluster.
    pub async fn api_endpoint(
        &self,
        cluster: &ClusterName,
        consent: Option<&TagSelector>,
    ) -> Result<Lookup, FrontendError> {
        let _permit = self.caller.budget.lookup_permit(ACTION).await?;
        let describe = || self.client.describe_cluster().name(cluster.as_str()).send();
        let described = self.caller.call(ACTION, describe).await.map_err(|error| {
            if error.is_rejected_as(&["ResourceNotFoundException"]) {
                FrontendError::ClusterNotFound { cluster: cluster.clone() }
            } else {
                error.into()
            }
        })?;
        let described =
            described.cluster.ok_or_else(|| malformed_response(ACTION, "the response holds no cluster"))?;
        let tags = || described.tags.iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
        match consent {
            Some(wanted) if !wanted.matches(&tags().collect::<Tags>()) => {
                Err(FrontendError::ClusterNotTagged { cluster: cluster.clone(), wanted: wanted.clone() })
            }
            _ => look_up(cluster, &described),
        }
    }
}

fn look_up(cluster: &ClusterName, described: &Cluster) -> Result<Lookup, FrontendError> {
    if described.outpost_config.is_some() {
        return Ok(Lookup::Local);
    }
    match &described.status {
        // UPDATING is exactly when addresses move.
        Some(ClusterStatus::Active | ClusterStatus::Updating) => {}
        Some(ClusterStatus::Creating | ClusterStatus::Deleting | ClusterStatus::Pending) => {
            return Ok(Lookup::NotReady);
        }
        Some(ClusterStatus::Failed) => {
            return Err(FrontendError::ClusterFailed { cluster: cluster.clone() });
        }
        unknown => {
            let status = unknown.as_ref().map_or("none", |status| status.as_str()).to_owned();
            return Err(FrontendError::UnknownStatus { cluster: cluster.clone(), status });
        }
    }
    let Some(url) = described.endpoint().filter(|url| !url.is_empty()) else { return Ok(Lookup::NotReady) };
    let network = described.resources_vpc_config();
    if !network.is_some_and(|network| network.endpoint_private_access) {
        return Err(FrontendError::PrivateAccessDisabled { cluster: cluster.clone() });
    }
    let given = |id: Option<&str>| id.filter(|id| !id.is_empty()).map(str::to_owned);
    Ok(Lookup::Found(ApiEndpoint {
        host: host_of(cluster, url)?,
        vpc: given(network.and_then(VpcConfigResponse::vpc_id)),
        security_group: given(network.and_then(VpcConfigResponse::cluster_security_group_id)),
    }))
}

/// The host of the URL that EKS calls a cluster's `endpoint`: `https`, and
/// without a user in front of it (`https://a.example@b.example`), which is there
/// to deceive.
///
/// # Errors
///
/// [`FrontendError::InvalidEndpoint`] for anything else.
pub fn host_of(cluster: &ClusterName, url: &str) -> Result<Host, FrontendError> {
    let invalid =
        |source| FrontendError::InvalidEndpoint { cluster: cluster.clone(), url: url.to_owned(), source };
    let uri: http::Uri = url.parse().map_err(|_| invalid(None))?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https"));
    let authority = authority.ok_or_else(|| invalid(None))?;
    let after = authority.as_str().strip_prefix(authority.host());
    let is_port = after.is_some_and(|after| after.is_empty() || authority.port_u16().is_some());
    if !is_port {
        return Err(invalid(None));
    }
    authority.host().parse().map_err(|source| invalid(Some(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_with_a_dns_name() {
        let cluster = "payments".parse().unwrap();
        for (url, host) in [
            ("https://ABC.gr7.eu-west-1.eks.amazonaws.com", "ABC.gr7.eu-west-1.eks.amazonaws.com"),
            ("https://abc.eu-west-1.eks.amazonaws.com/", "abc.eu-west-1.eks.amazonaws.com"),
            ("https://abc.eks-cluster.eu-west-1.api.aws:443", "abc.eks-cluster.eu-west-1.api.aws"),
        ] {
            assert_eq!(host_of(&cluster, url).unwrap().as_str(), host, "{url}");
        }
        for invalid in [
            "",
            "abc.example",
            "http://abc.example",
            "https://",
            "https://localhost",
            "https://10.0.0.1",
            "https://[fd00::1]",
            "https://a.example@b.example",
            "https://a.example:99999",
            "https://a b.example",
        ] {
            assert!(host_of(&cluster, invalid).is_err(), "{invalid:?}");
        }
    }
}
