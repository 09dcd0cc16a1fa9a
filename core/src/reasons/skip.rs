use super::{Rule, catalogue};

catalogue! {
    /// Why a frontend is left alone.
    pub enum SkipReason {
        TargetTypeNotIp = "targetTypeNotIp" {
            "The targets of this target group are instances, a Lambda function or another load balancer. API servers need targets of type ip.";
            "The function does not manage this target group and does not know.";
            "Create a target group of type ip and forward a listener to it. If this group serves another purpose, tag it eks-nlb-sync=disabled.";
        }
        ProtocolNotTcp = "protocolNotTcp" {
            "The protocol of this target group is neither TCP nor TLS, so it cannot front an API server.";
            "The function does not manage this target group and does not know.";
            "Create a target group with protocol TCP and port 443. If this group serves another purpose, tag it eks-nlb-sync=disabled.";
        }
        ExcludedByTag = "excludedByTag" {
            "The target group carries eks-nlb-sync=disabled, so the function does not write to it.";
            "Read `unserved` in the report, or run `eks-nlb status`: the function reports the health of this target group although it does not manage its targets.";
            "Nothing, if that is intended. To have it managed, replace this tag by the first tag of NLB_TAG, by default eks-nlb-sync=enabled.";
        }
        OwnedByController = "ownedByController" {
            "The target group carries elbv2.k8s.aws/cluster: the AWS Load Balancer Controller manages its targets.";
            "The function does not read this target group and does not know.";
            "Remove the function's tags from the load balancer's Service or Ingress, or create a load balancer of its own for the API server.";
        }
        NotTagged = "notTagged" {
            "Another target group of this load balancer carries the first tag of NLB_TAG and this one does not, so the function does not write to it.";
            "Read `unserved` in the report, or run `eks-nlb status`: the function reports the health of this target group although it does not manage its targets.";
            "If it fronts a cluster, tag it like the other target group. Otherwise nothing.";
        }
        ClusterNotReady = "clusterNotReady" {
            "EKS is creating or deleting the cluster (CREATING, PENDING, DELETING), or the cluster has no endpoint yet.";
            "The cluster has no API server that clients could reach.";
            "Wait: the first run after the cluster is active serves it. If the cluster is being deleted, delete its load balancer or remove the tag.";
        }
        LocalCluster = "localCluster" {
            "The cluster runs on an Outpost, where the addresses of the API servers never change.";
            "Read `unserved` in the report, or run `eks-nlb status`: the function does not change the target group.";
            "Register the addresses once by hand, and remove the tag from the load balancer.";
        }
    }
}

impl SkipReason {
    /// The rule by which the target group is left alone, if it is one.
    #[must_use]
    pub fn rule(self) -> Option<Rule> {
        match self {
            Self::ExcludedByTag | Self::NotTagged | Self::OwnedByController => Some(Rule::OnlyTagged),
            Self::ClusterNotReady => Some(Rule::NoWriteOnDoubt),
            Self::TargetTypeNotIp | Self::ProtocolNotTcp | Self::LocalCluster => None,
        }
    }
}
