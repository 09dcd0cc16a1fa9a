//! Keeps target groups: made, changed and deleted by tests, listed by ELB.

use std::collections::BTreeMap;
use std::time::Duration;

use super::load_balancer::free_name;
use super::{
    CLUSTER_OF_CONTROLLER_TAG, EXCLUDED_TAG, Family, Page, Paging, Protocol, Refusal, Regional,
    RoutingAttributes, Scope, Tags, Target, TargetKey, TargetType, World, id_of,
};

/// A target group, as ELB describes it, with its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// Where it is.
    pub scope: Scope,
    /// Its ARN.
    pub arn: String,
    /// Its name, unique in the scope.
    pub name: String,
    /// None for a Lambda function.
    pub protocol: Option<Protocol>,
    /// Where targets listen, unless they say otherwise. None for a Lambda
    /// function.
    pub port: Option<u16>,
    /// What its targets are.
    pub target_type: TargetType,
    /// The family of its targets' addresses.
    pub family: Family,
    /// Its VPC's id. None for a Lambda function.
    pub vpc: Option<String>,
    /// The load balancers that have a listener for it.
    pub load_balancers: Vec<String>,
    /// Whether a listener forwards here. Without one, targets are `unused`.
    pub listener: bool,
    /// The listener's weight of this group. Default 1; a group of weight 0 gets
    /// no connection.
    ///
    /// Source: AWS Networking & Content Delivery Blog, *Network Load Balancers
    /// now support Weighted Target Groups* (November 2025).
    pub weight: u16,
    /// The attributes that decide who gets connections.
    pub routing: RoutingAttributes,
    /// Its tags.
    pub tags: Tags,
    /// How long a deregistered target drains. Default 300 s.
    pub deregistration_delay: Duration,
    /// Its targets, draining ones included.
    pub targets: BTreeMap<TargetKey, Target>,
}

/// A target group to be made.
#[derive(Clone, Debug)]
pub struct TargetGroupSpec {
    /// Where to make it. Default that of its load balancer.
    pub scope: Scope,
    /// Its name; a number is appended if it is taken. Default after the load
    /// balancer.
    pub name: Option<String>,
    /// The load balancer whose listener forwards here.
    pub load_balancer: Option<String>,
    /// Default TCP.
    pub protocol: Option<Protocol>,
    /// Default 443.
    pub port: Option<u16>,
    /// Default `ip`.
    pub target_type: TargetType,
    /// Default IPv4.
    pub family: Family,
    /// Default the load balancer's VPC.
    pub vpc: Option<String>,
    /// Default yes.
    pub listener: bool,
    /// Default none.
    pub tags: Tags,
    /// Default 300 s, as AWS's.
    pub deregistration_delay: Duration,
}

impl TargetGroupSpec {
    /// An `ip` target group on TCP 443 behind `load_balancer`.
    #[must_use]
    pub fn ip(load_balancer: &str) -> Self {
        let scope = Scope::of_arn(load_balancer);
        Self {
            scope: scope.unwrap_or_else(|| panic!("no load balancer {load_balancer}")),
            name: None,
            load_balancer: Some(load_balancer.to_owned()),
            protocol: Some(Protocol::Tcp),
            port: Some(443),
            target_type: TargetType::Ip,
            family: Family::Ipv4,
            vpc: None,
            listener: true,
            tags: Tags::new(),
            deregistration_delay: Duration::from_mins(5),
        }
    }

    /// The same without a load balancer, in the same scope.
    #[must_use]
    pub fn unattached(self) -> Self {
        Self { load_balancer: None, ..self }
    }

    /// The same with one more tag.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same with the tag that makes the function leave it alone.
    #[must_use]
    pub fn excluded(self) -> Self {
        self.tag(EXCLUDED_TAG.0, EXCLUDED_TAG.1)
    }

    /// The same as a group of the AWS Load Balancer Controller in `cluster`.
    #[must_use]
    pub fn of_controller(self, cluster: &str) -> Self {
        self.tag(CLUSTER_OF_CONTROLLER_TAG, cluster)
    }

    /// The same for a Lambda function: no protocol, port or VPC.
    #[must_use]
    pub fn lambda(self) -> Self {
        Self { protocol: None, port: None, vpc: None, target_type: TargetType::Lambda, ..self }
    }
}

/// Which target groups DescribeTargetGroups is asked for: all, or those of
/// one of the three.
#[derive(Clone, Debug, Default)]
pub(crate) struct TargetGroupFilter<'a> {
    pub(crate) arns: Vec<&'a str>,
    pub(crate) names: Vec<&'a str>,
    pub(crate) load_balancer: Option<&'a str>,
}

impl World {
    /// Makes a target group without targets; returns its ARN.
    pub fn add_target_group(&mut self, spec: TargetGroupSpec) -> String {
        let id = self.next_id();
        let scope = spec.scope;
        let before = spec.load_balancer.as_deref().map(|arn| self.load_balancer(arn));
        let name = spec.name.unwrap_or_else(|| match before {
            Some(lb) => format!("tg-{}", lb.name.trim_start_matches("nlb-")),
            None => "tg".to_owned(),
        });
        let lambda = spec.target_type == TargetType::Lambda;
        let vpc = match (spec.vpc.or_else(|| before.map(|lb| lb.vpc.clone())), lambda) {
            (_, true) => None,
            (Some(vpc), false) => Some(vpc),
            (None, false) => Some(self.default_vpc(&scope)),
        };
        let region = self.region_mut(&scope);
        let taken = |name: &str| region.target_groups.values().any(|group| group.name == name);
        let name = free_name(&name, taken);
        let arn = scope.arn("elasticloadbalancing", &format!("targetgroup/{name}/{id:016x}"));
        let group = TargetGroup {
            scope,
            arn: arn.clone(),
            name,
            protocol: spec.protocol,
            port: spec.port,
            target_type: spec.target_type,
            family: spec.family,
            vpc,
            load_balancers: spec.load_balancer.into_iter().collect(),
            listener: spec.listener,
            weight: 1,
            routing: RoutingAttributes::default(),
            tags: spec.tags,
            deregistration_delay: spec.deregistration_delay,
            targets: BTreeMap::new(),
        };
        region.target_groups.insert(id, group);
        arn
    }

    /// The target groups of all accounts and Regions.
    pub fn target_groups(&self) -> impl Iterator<Item = &TargetGroup> {
        self.regions.values().flat_map(|region| region.target_groups.values())
    }

    /// The target group `arn`.
    #[must_use]
    pub fn target_group(&self, arn: &str) -> &TargetGroup {
        Scope::of_arn(arn)
            .and_then(|scope| self.region(&scope)?.target_group(arn))
            .unwrap_or_else(|| panic!("no target group {arn}"))
    }

    /// The target group `arn`, to be changed.
    pub fn target_group_mut(&mut self, arn: &str) -> &mut TargetGroup {
        let found = self.find_target_group_mut(arn);
        found.unwrap_or_else(|| panic!("no target group {arn}"))
    }

    /// Deletes a target group and its targets.
    pub fn delete_target_group(&mut self, arn: &str) {
        let scope = self.target_group(arn).scope.clone();
        let region = self.region_mut(&scope);
        region.target_groups.retain(|_, group| group.arn != arn);
    }

    /// DescribeTargetGroups.
    pub(crate) fn describe_target_groups(
        &self,
        scope: &Scope,
        filter: &TargetGroupFilter<'_>,
        paging: Paging<'_>,
    ) -> Result<Page<'_, TargetGroup>, Refusal> {
        let TargetGroupFilter { arns, names, load_balancer } = filter;
        let given = [!arns.is_empty(), !names.is_empty(), load_balancer.is_some()];
        if given.into_iter().filter(|&given| given).count() > 1 {
            return Err(Refusal::validation(
                "Target group ARNs, target group names and a load balancer ARN cannot be \
                 specified at the same time",
            ));
        }
        let all = !given.contains(&true);
        let region = self.region(scope);
        let found = |arn: &str| region.is_some_and(|r| r.target_group(arn).is_some());
        let balances = |arn: &str| region.is_some_and(|r| r.load_balancer(arn).is_some());
        let named = |name: &str| {
            let mut groups = region.into_iter().flat_map(|r| r.target_groups.values());
            groups.any(|group| group.name == name)
        };
        if load_balancer.is_some_and(|arn| !balances(arn)) {
            return Err(Refusal::load_balancer_not_found());
        }
        if !arns.iter().all(|arn| found(arn)) || !names.iter().all(|name| named(name)) {
            return Err(Refusal::target_group_not_found());
        }
        let Some(region) = region else {
            return Ok(Page::empty());
        };
        paging.cut(&region.target_groups, self.page_cap, |group| {
            all || arns.contains(&group.arn.as_str())
                || names.contains(&group.name.as_str())
                || load_balancer.is_some_and(|arn| group.load_balancers.iter().any(|b| b == arn))
        })
    }

    pub(super) fn find_target_group_mut(&mut self, arn: &str) -> Option<&mut TargetGroup> {
        let region = self.regions.get_mut(&Scope::of_arn(arn)?)?;
        let found = region.target_groups.get_mut(&id_of(arn)?)?;
        (found.arn == arn).then_some(found)
    }
}

impl Regional {
    /// The target group `arn`, if it is here.
    pub(crate) fn target_group(&self, arn: &str) -> Option<&TargetGroup> {
        let found = self.target_groups.get(&id_of(arn)?)?;
        (found.arn == arn).then_some(found)
    }
}
