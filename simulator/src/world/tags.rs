//! Names the tags that matter, and answers DescribeTags.

use super::{Refusal, Scope, Tags, World};

/// The tag that makes the function manage a load balancer.
pub const MANAGED_TAG: (&str, &str) = ("eks-nlb-sync", "enabled");

/// The tag that makes the function leave a target group alone.
pub const EXCLUDED_TAG: (&str, &str) = ("eks-nlb-sync", "disabled");

/// The key of the tag that names the cluster behind a load balancer.
pub const CLUSTER_NAME_TAG: &str = "cluster_name";

/// The key of the tag that the AWS Load Balancer Controller sets on its
/// resources; the value is the name of the cluster that it runs in.
///
/// Source: AWS Load Balancer Controller, `pkg/deploy/tracking/provider.go`.
pub const CLUSTER_OF_CONTROLLER_TAG: &str = "elbv2.k8s.aws/cluster";

impl World {
    /// DescribeTags, of load balancers and target groups together.
    pub(crate) fn describe_tags<'a>(
        &self,
        scope: &Scope,
        arns: &[&'a str],
    ) -> Result<Vec<(&'a str, &Tags)>, Refusal> {
        if arns.is_empty() {
            return Err(Refusal::validation("Resource ARNs must be specified"));
        }
        if arns.len() > 20 {
            return Err(Refusal::validation(format!(
                "1 validation error detected: Value '[{}]' at 'resourceArns' failed to satisfy \
                 constraint: Member must have length less than or equal to 20",
                arns.join(", ")
            )));
        }
        let region = self.region(scope);
        let tags_of = |arn: &str| match arn.split(':').nth(5) {
            Some(resource) if resource.starts_with("loadbalancer/") => region
                .and_then(|region| region.load_balancer(arn))
                .map(|lb| &lb.tags)
                .ok_or_else(Refusal::load_balancer_not_found),
            Some(resource) if resource.starts_with("targetgroup/") => region
                .and_then(|region| region.target_group(arn))
                .map(|group| &group.tags)
                .ok_or_else(Refusal::target_group_not_found),
            _ => Err(Refusal::validation(format!("'{arn}' is not a valid ARN"))),
        };
        let described = arns.iter().map(|&arn| Ok((arn, tags_of(arn)?)));
        described.collect()
    }
}
