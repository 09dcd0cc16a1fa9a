//! Says why something that is there is not managed.

use std::collections::BTreeSet;

use eks_nlb_sync::aws::eks::Lookup;
use eks_nlb_sync::model::{ClusterName, LoadBalancerArn};
use serde::Serialize;

use crate::names;
use crate::problem::Problem;
use crate::session::Session;

/// Something that is there and is not managed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unmanaged {
    pub(crate) subject: String,
    pub(crate) managed: bool,
    pub(crate) why: String,
    pub(crate) remedy: String,
}

/// What a search came to.
pub(crate) struct Found {
    /// What is asked for, if it is there.
    pub(crate) of_subject: Option<Unmanaged>,
    /// What else is there, by name.
    pub(crate) others: Vec<String>,
}

/// Looks for `subject` among all load balancers, target groups and clusters.
pub(crate) async fn find(session: &Session, subject: &str) -> Result<Found, Problem> {
    let limits = session.budget();
    let clients = session.clients(&limits).await?;
    let elb = clients.elb(&limits);
    let listed = elb.network_load_balancers().await?;
    let load_balancers: BTreeSet<_> = listed.into_iter().map(|listed| listed.arn).collect();
    let is_subject = |arn: &str, name: &str| arn == subject || name == subject;
    let found = load_balancers.iter().find(|arn| is_subject(&arn.0, names::load_balancer(arn)));
    let mut others: Vec<_> = load_balancers.iter().map(|arn| names::load_balancer(arn).to_owned()).collect();
    if let Some(arn) = found {
        return Ok(Found { of_subject: Some(load_balancer(session, subject, arn)), others });
    }
    let groups = elb.target_groups().await?;
    others.extend(groups.iter().map(|group| names::target_group(&group.arn).to_owned()));
    if let Some(group) = groups.iter().find(|group| is_subject(&group.arn.0, names::target_group(&group.arn)))
    {
        let of_subject = match group.load_balancers.iter().find(|arn| load_balancers.contains(arn)) {
            Some(arn) => load_balancer(session, subject, arn),
            None => Unmanaged::new(
                subject,
                format!(
                    "no network load balancer forwards to the target group {}",
                    names::target_group(&group.arn)
                ),
                "add a listener that forwards to it to a managed load balancer".to_owned(),
            ),
        };
        return Ok(Found { of_subject: Some(of_subject), others });
    }
    let Ok(cluster) = subject.parse::<ClusterName>() else { return Ok(Found { of_subject: None, others }) };
    let of_subject = match clients.eks(&limits).api_endpoint(&cluster, None).await {
        Ok(Lookup::Found(_) | Lookup::NotReady | Lookup::Local) => Some(Unmanaged::new(
            subject,
            format!("EKS has the cluster {cluster}, but no managed load balancer names it"),
            format!(
                "tag its load balancer {} and {}={cluster}",
                session.settings().nlb_tag,
                session.settings().cluster_name_tag
            ),
        )),
        Err(_) => None,
    };
    Ok(Found { of_subject, others })
}

fn load_balancer(session: &Session, subject: &str, arn: &LoadBalancerArn) -> Unmanaged {
    let name = names::load_balancer(arn);
    Unmanaged::new(
        subject,
        format!("the load balancer {name} does not carry {}", session.settings().nlb_tag),
        format!("add the tag if {name} fronts an EKS cluster"),
    )
}

impl Unmanaged {
    fn new(subject: &str, why: String, remedy: String) -> Self {
        Self { subject: subject.to_owned(), managed: false, why, remedy }
    }
}
