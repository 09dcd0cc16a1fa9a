//! Explains why a resource is not managed, and lists everything that it needs.

use std::collections::BTreeMap;

use eks_nlb_sync::aws::eks::Lookup;
use eks_nlb_sync::aws::elb::{LoadBalancer, TargetGroup};
use eks_nlb_sync::model::{ClusterName, Tags};
use eks_nlb_sync::settings::Settings;
use serde::Serialize;

use super::observe::Look;
use super::subject::Subject;
use crate::names;
use crate::problem::Problem;

/// ELB's `Scheme` of a load balancer that has no public address.
const INTERNAL: &str = "internal";

/// A resource that exists and is not managed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Unmanaged {
    pub(super) subject: String,
    pub(super) managed: bool,
    pub(super) why: String,
    /// Everything that is missing, a sentence each.
    pub(super) needs: Vec<String>,
}

/// Looks for `subject` among all load balancers, target groups and clusters. With
/// every other name.
pub(super) async fn find(
    look: &Look<'_>,
    subject: Subject<'_>,
) -> Result<(Option<Unmanaged>, Vec<String>), Problem> {
    let elb = &look.reconciler.elb;
    let balancers = elb.network_load_balancers().await?;
    let groups = elb.target_groups().await?;
    let of_balancers = balancers.iter().map(|it| names::load_balancer(&it.arn));
    let of_groups = groups.iter().map(|it| names::target_group(&it.arn));
    let others = of_balancers.chain(of_groups).map(str::to_owned).collect();

    let is_group =
        |group: &&TargetGroup| subject.is(&group.arn.0) || subject.is(names::target_group(&group.arn));
    let group = groups.iter().find(is_group);
    let is_balancer = |balancer: &&LoadBalancer| {
        subject.is(&balancer.arn.0)
            || subject.is(names::load_balancer(&balancer.arn))
            || group.is_some_and(|group| group.load_balancers.contains(&balancer.arn))
    };
    let of_subject = match (balancers.iter().find(is_balancer), group) {
        (Some(balancer), _) => Some(of_load_balancer(look, subject, balancer, &groups).await?),
        (None, Some(group)) => Some(Unmanaged::new(
            subject,
            format!(
                "no Network Load Balancer forwards to the target group {}",
                names::target_group(&group.arn)
            ),
            vec!["Add a listener that forwards to it to a managed load balancer.".to_owned()],
        )),
        (None, None) => match of_other_kind(look, subject).await {
            Some(unmanaged) => Some(unmanaged),
            None => of_cluster(look, subject).await,
        },
    };
    Ok((of_subject, others))
}

/// A load balancer that is not a Network Load Balancer; listings leave it out.
async fn of_other_kind(look: &Look<'_>, subject: Subject<'_>) -> Option<Unmanaged> {
    let key = if subject.0.starts_with("arn:") { "LoadBalancerArns.member.1" } else { "Names.member.1" };
    let named = [(key.to_owned(), subject.0.to_owned())];
    // ELB reports an unknown name as an error.
    let answer = look.account.query().xml("elasticloadbalancing:DescribeLoadBalancers", &named).await.ok()?;
    let found = answer.list("LoadBalancers").ok()?.into_iter().next()?;
    let (name, kind) = (found.text_of("LoadBalancerName").ok()?, found.text_of("Type").ok()?);
    Some(Unmanaged::new(
        subject,
        format!("the load balancer {name} is of type {kind}, and only Network Load Balancers are managed"),
        vec!["A Network Load Balancer: TLS must end at the API server.".to_owned()],
    ))
}

async fn of_cluster(look: &Look<'_>, subject: Subject<'_>) -> Option<Unmanaged> {
    let cluster = subject.cluster().unwrap_or(subject.0).parse::<ClusterName>().ok()?;
    let lookup = look.account.clients.eks(&look.account.budget).api_endpoint(&cluster, None).await.ok()?;
    let Settings { nlb_tag, cluster_name_tag, .. } = look.account.session.settings();
    let needs = match lookup {
        Lookup::Local => vec![
            "It runs on an Outpost, where the addresses never change: register them once by hand.".to_owned(),
        ],
        Lookup::Found(_) | Lookup::NotReady => vec![
            "An internal Network Load Balancer with a TCP listener on port 443.".to_owned(),
            format!("On the load balancer, the tags {nlb_tag} and {cluster_name_tag}={cluster}."),
            format!(
                "A target group of type ip and protocol TCP on port 443, with the tag {}.",
                nlb_tag.first()
            ),
        ],
    };
    let why = format!("EKS has the cluster {cluster}, but no managed load balancer names it");
    Some(Unmanaged::new(subject, why, needs))
}

async fn of_load_balancer(
    look: &Look<'_>,
    subject: Subject<'_>,
    balancer: &LoadBalancer,
    groups: &[TargetGroup],
) -> Result<Unmanaged, Problem> {
    let name = names::load_balancer(&balancer.arn);
    let groups: Vec<_> = groups.iter().filter(|group| group.load_balancers.contains(&balancer.arn)).collect();
    let arns = groups.iter().map(|group| group.arn.0.clone()).chain([balancer.arn.0.clone()]);
    let tags = look.reconciler.elb.tags(arns.collect()).await?;
    let nlb_tag = &look.account.session.settings().nlb_tag;
    if tags.get(&balancer.arn.0).is_some_and(|tags| nlb_tag.matches(tags)) {
        let why = format!("the load balancer {name} is managed, and --cluster names other clusters");
        return Ok(Unmanaged::new(subject, why, vec!["Leave --cluster out.".to_owned()]));
    }
    let why = format!("the load balancer {name} does not carry {nlb_tag}");
    Ok(Unmanaged::new(subject, why, needs(look, balancer, &groups, &tags)))
}

/// Everything that is missing for `balancer` to front a cluster.
fn needs(
    look: &Look<'_>,
    balancer: &LoadBalancer,
    groups: &[&TargetGroup],
    tags: &BTreeMap<String, Tags>,
) -> Vec<String> {
    let settings = look.account.session.settings();
    let name = names::load_balancer(&balancer.arn);
    let mut needs = vec![format!("If {name} fronts an EKS cluster, tag it {}.", settings.nlb_tag)];
    let key = &settings.cluster_name_tag;
    let is_named =
        |arn: &String| tags.get(arn).and_then(|tags| tags.get(key)).is_some_and(|name| !name.is_empty());
    if !is_named(&balancer.arn.0) && !groups.iter().any(|group| is_named(&group.arn.0)) {
        needs.push(format!("Tag it {key}=CLUSTER, too: no tag names the cluster."));
    }
    if balancer.scheme != INTERNAL && !settings.allow_internet_facing {
        needs.push(format!(
            "Use an internal load balancer: this one is {}, and ALLOW_INTERNET_FACING is not set.",
            balancer.scheme
        ));
    }
    let usable: Vec<_> = groups.iter().filter(|group| group.has_ip_targets && group.is_tcp).collect();
    if usable.is_empty() {
        needs.push(
            "Forward a TCP listener on port 443 to a target group of type ip and protocol TCP.".to_owned(),
        );
    }
    let is_tagged = |arn: &String| tags.get(arn).is_some_and(|tags| settings.nlb_tag.first_matches(tags));
    needs.extend(usable.iter().filter(|group| !is_tagged(&group.arn.0)).map(|group| {
        let group = names::target_group(&group.arn);
        format!(
            "Tag the target group {group} {}, too: the function's policy asks for it.",
            settings.nlb_tag.first()
        )
    }));
    needs
}

impl Unmanaged {
    fn new(subject: Subject<'_>, why: String, needs: Vec<String>) -> Self {
        Self { subject: subject.0.to_owned(), managed: false, why, needs }
    }
}
