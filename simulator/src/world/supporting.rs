//! Keeps the resources that support the frontends: settings, listeners, rules of
//! security groups, endpoint services, and the function with its schedule.
//!
//! All of them are in order until a test changes them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Alarm, LoadBalancer, Measured, Scope, Tags, World};
use crate::scope::{FUNCTION_NAME, HOME_ACCOUNT};

/// The free addresses of a subnet that a test gives no other number.
const FREE_ADDRESSES: usize = 200;

/// The resources that support the frontends, where they differ from the
/// defaults.
#[derive(Clone, Debug, Default)]
pub struct SupportingResources {
    /// The settings of target groups, by ARN.
    pub groups: BTreeMap<String, GroupSettings>,
    /// The listeners of load balancers, by ARN. Default one on TCP 443 for
    /// each.
    pub listeners: BTreeMap<String, Vec<Listener>>,
    /// The load balancers that were made without security groups.
    pub without_security_groups: Vec<String>,
    /// The rules of security groups, by id. By default a load balancer
    /// reaches its cluster.
    pub rules: BTreeMap<String, Vec<SecurityRule>>,
    /// The VPCs whose DNS support or DNS host names are off, by id.
    pub without_dns: Vec<String>,
    /// The certificate authorities of clusters, in PEM, by ARN.
    pub authorities: BTreeMap<String, String>,
    /// The endpoint services of load balancers, by ARN. Default one for each
    /// managed load balancer.
    pub services: BTreeMap<String, Option<EndpointService>>,
    /// The function of the home scope.
    pub function: Option<Function>,
    /// Functions of other projects, in the home scope.
    pub other_functions: Vec<Function>,
    /// The tag that a target group must carry for its targets to be written.
    /// Default none: every write is allowed.
    pub write_tag: Option<(String, String)>,
    /// What CloudWatch measured in the home scope, besides the function's runs.
    pub metrics: Vec<Measured>,
    /// The alarms of the home scope. Default one, with a recipient.
    pub alarms: Vec<Alarm>,
    /// How many confirmed subscriptions topics have, by ARN. Default one.
    pub subscriptions: BTreeMap<String, usize>,
    /// The free addresses of subnets, by id. Default [`FREE_ADDRESSES`].
    pub free_addresses: BTreeMap<String, usize>,
}

/// The settings of a target group that do not concern single targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// Default no.
    pub preserves_client_ip: bool,
    /// Default no.
    pub proxy_protocol: bool,
    /// Default `HTTPS`.
    pub check_protocol: String,
    /// Default `traffic-port`.
    pub check_port: String,
    /// Default `/readyz`; ELB has none with TCP.
    pub check_path: String,
    /// Default `200`.
    pub check_matcher: String,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            preserves_client_ip: false,
            proxy_protocol: false,
            check_protocol: "HTTPS".to_owned(),
            check_port: "traffic-port".to_owned(),
            check_path: "/readyz".to_owned(),
            check_matcher: "200".to_owned(),
        }
    }
}

/// A listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// As in `TCP`.
    pub protocol: String,
    /// As in 443.
    pub port: u16,
    /// The target groups that it forwards to. Default every one of its load
    /// balancer.
    pub groups: Option<Vec<String>>,
}

/// A rule of a security group: TCP on one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityRule {
    /// Whether it is an outbound rule.
    pub is_egress: bool,
    /// The port.
    pub port: u16,
    /// A security group as in `sg-…`, or a range.
    pub peer: String,
}

/// A VPC endpoint service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointService {
    /// As in `Available`.
    pub state: String,
    /// Whether the owner must accept a connection.
    pub acceptance_required: bool,
    /// Who may connect.
    pub principals: Vec<String>,
    /// The endpoints, by id, with their states, as in `available`.
    pub connections: BTreeMap<String, String>,
}

impl Default for EndpointService {
    fn default() -> Self {
        Self {
            state: "Available".to_owned(),
            acceptance_required: true,
            principals: vec!["arn:aws:iam::444455556666:root".to_owned()],
            connections: BTreeMap::from([("vpce-0123456789abcdef0".to_owned(), "available".to_owned())]),
        }
    }
}

/// The Lambda function, its schedule and what it reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// As in `Active`.
    pub state: String,
    /// The ARN of its role.
    pub role: String,
    /// Its description, which begins with its version.
    pub description: String,
    /// Its variables.
    pub environment: BTreeMap<String, String>,
    /// The state of its schedule, as in `ENABLED`, if it has one.
    pub schedule: Option<String>,
    /// How long ago it last reported the load balancers that it manages, in
    /// real time, because CloudWatch's clients do not use the simulated clock.
    pub last_report: Option<Duration>,
}

impl Default for Function {
    fn default() -> Self {
        Self {
            name: FUNCTION_NAME.to_owned(),
            state: "Active".to_owned(),
            role: format!("arn:aws:iam::{HOME_ACCOUNT}:role/{FUNCTION_NAME}"),
            description: concat!("eks-nlb-sync ", env!("CARGO_PKG_VERSION"), ": keeps NLB target groups")
                .to_owned(),
            environment: BTreeMap::new(),
            schedule: Some("ENABLED".to_owned()),
            last_report: Some(Duration::from_mins(1)),
        }
    }
}

/// A subnet, as EC2 describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DescribedSubnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) cidr: String,
    pub(crate) free: usize,
}

impl SupportingResources {
    pub(super) fn healthy() -> Self {
        Self { function: Some(Function::default()), alarms: vec![Alarm::default()], ..Self::default() }
    }

    /// The settings of a target group, to be changed.
    pub fn group(&mut self, arn: &str) -> &mut GroupSettings {
        self.groups.entry(arn.to_owned()).or_default()
    }

    /// The endpoint service of a load balancer, to be changed.
    pub fn service(&mut self, load_balancer: &str) -> &mut EndpointService {
        let service =
            self.services.entry(load_balancer.to_owned()).or_insert_with(|| Some(EndpointService::default()));
        service.get_or_insert_with(EndpointService::default)
    }

    /// The function, to be changed.
    pub fn function(&mut self) -> &mut Function {
        self.function.get_or_insert_with(Function::default)
    }
}

/// The security group of a load balancer.
#[must_use]
pub fn security_group_of(load_balancer: &str) -> String {
    format!("sg-1{}", load_balancer.rsplit('/').next().unwrap_or_default())
}

impl World {
    /// Whether IAM allows writes to a target group.
    pub(crate) fn may_write(&self, group: &str) -> bool {
        let region = Scope::of_arn(group).and_then(|scope| self.region(&scope));
        let found = region.and_then(|region| region.target_group(group));
        found.is_none_or(|found| self.allows_writes_to(&found.tags))
    }

    /// Whether IAM allows writes to a target group with these tags.
    pub(crate) fn allows_writes_to(&self, tags: &Tags) -> bool {
        let wanted = self.supporting.write_tag.as_ref();
        wanted.is_none_or(|(key, value)| tags.get(key) == Some(value))
    }

    /// The subnets of a load balancer: in each zone one of its VPC's, or one of
    /// its own where its VPC has none there.
    pub(crate) fn subnets_of(&self, balancer: &LoadBalancer) -> Vec<DescribedSubnet> {
        let id = balancer.arn.rsplit('/').next().unwrap_or_default();
        let vpc = self.region(&balancer.scope).and_then(|region| region.vpcs.get(&balancer.vpc));
        let in_zone = |(n, zone): (usize, &String)| {
            let known = vpc.and_then(|vpc| vpc.subnets.iter().find(|subnet| subnet.zone == *zone));
            let own = || format!("subnet-0{id}{}", &zone[zone.len() - 1..]);
            let id = known.map_or_else(own, |subnet| subnet.id.clone());
            DescribedSubnet {
                free: self.free_addresses_of(&id),
                id,
                vpc: balancer.vpc.clone(),
                zone: zone.clone(),
                cidr: known.map_or_else(|| format!("10.255.{n}.0/24"), |subnet| subnet.cidr.to_string()),
            }
        };
        balancer.zones.iter().enumerate().map(in_zone).collect()
    }

    fn free_addresses_of(&self, subnet: &str) -> usize {
        self.supporting.free_addresses.get(subnet).copied().unwrap_or(FREE_ADDRESSES)
    }

    /// Every subnet of `scope`.
    pub(crate) fn subnets(&self, scope: &Scope) -> BTreeMap<String, DescribedSubnet> {
        let Some(region) = self.region(scope) else { return BTreeMap::new() };
        let own = region.vpcs.values().flat_map(|vpc| {
            vpc.subnets.iter().map(|subnet| DescribedSubnet {
                free: self.free_addresses_of(&subnet.id),
                id: subnet.id.clone(),
                vpc: vpc.id.clone(),
                zone: subnet.zone.clone(),
                cidr: subnet.cidr.to_string(),
            })
        });
        let of_balancers = region.load_balancers.values().flat_map(|balancer| self.subnets_of(balancer));
        of_balancers.chain(own).map(|subnet| (subnet.id.clone(), subnet)).collect()
    }

    /// The security groups of a load balancer.
    pub(crate) fn security_groups_of(&self, balancer: &LoadBalancer) -> Vec<String> {
        let without = self.supporting.without_security_groups.contains(&balancer.arn);
        if without { Vec::new() } else { vec![security_group_of(&balancer.arn)] }
    }

    /// The rules of security groups. Where a test gives none, they let each load
    /// balancer reach the cluster that it names, and clients reach the load balancer.
    pub(crate) fn security_rules(&self, scope: &Scope) -> Vec<(String, SecurityRule)> {
        let Some(region) = self.region(scope) else { return Vec::new() };
        let mut rules = Vec::new();
        for balancer in region.load_balancers.values() {
            let own = security_group_of(&balancer.arn);
            let clients = SecurityRule { is_egress: false, port: 443, peer: "10.0.0.0/8".to_owned() };
            rules.push((own.clone(), clients));
            let named = balancer.tags.get(super::CLUSTER_NAME_TAG);
            let Some(cluster) = named.and_then(|name| region.clusters.get(name)) else { continue };
            let clusters = cluster.security_group.clone();
            let rule = |is_egress, peer: &String| SecurityRule { is_egress, port: 443, peer: peer.clone() };
            rules.push((own.clone(), rule(true, &clusters)));
            rules.push((clusters, rule(false, &own)));
        }
        let given = &self.supporting.rules;
        rules.retain(|(group, _)| !given.contains_key(group));
        rules.extend(
            given.iter().flat_map(|(group, rules)| rules.iter().map(|rule| (group.clone(), rule.clone()))),
        );
        rules
    }

    /// The endpoint services of `scope`, by their load balancers.
    pub(crate) fn endpoint_services(&self, scope: &Scope) -> Vec<(String, EndpointService)> {
        let balancers = self.region(scope).into_iter().flat_map(|region| region.load_balancers.values());
        let managed = balancers.filter(|balancer| balancer.tags.contains_key(super::MANAGED_TAG.0));
        managed
            .filter_map(|balancer| {
                let given = self.supporting.services.get(&balancer.arn);
                let service = given.cloned().unwrap_or_else(|| Some(EndpointService::default()))?;
                Some((balancer.arn.clone(), service))
            })
            .collect()
    }
}
