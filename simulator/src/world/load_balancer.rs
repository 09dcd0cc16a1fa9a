//! Keeps load balancers: made, changed and deleted by tests, listed by ELB.

use super::{
    CLUSTER_NAME_TAG, LoadBalancerKind, MANAGED_TAG, OverrideState, Page, Paging, Refusal, Regional, Scheme,
    Scope, Tags, World, id_of,
};

/// A load balancer, as ELB describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Where it is.
    pub scope: Scope,
    /// Its ARN.
    pub arn: String,
    /// Its name, unique in the scope.
    pub name: String,
    /// Network, application or gateway.
    pub kind: LoadBalancerKind,
    /// Internal or internet-facing.
    pub scheme: Scheme,
    /// Its VPC's id.
    pub vpc: String,
    /// The zones it is enabled in.
    pub zones: Vec<String>,
    /// Whether every zone's node sends to the targets of every zone, unless the
    /// target group's own attribute says otherwise.
    pub cross_zone: bool,
    /// The zonal shift that is active, if one is: the zone that traffic is
    /// shifted away from, and what its targets' override is.
    pub zonal_shift: Option<(String, OverrideState)>,
    /// `EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic`. Default yes.
    pub enforces_inbound_rules: bool,
    /// Whether it has IPv6 addresses too.
    pub dual_stack: bool,
    /// Its tags.
    pub tags: Tags,
}

/// A load balancer to be made.
#[derive(Clone, Debug)]
pub struct LoadBalancerSpec {
    /// Where to make it. Default the home scope.
    pub scope: Scope,
    /// Its name; a number is appended if it is taken.
    pub name: String,
    /// Default network.
    pub kind: LoadBalancerKind,
    /// Default internal.
    pub scheme: Scheme,
    /// Its tags. Default none.
    pub tags: Tags,
    /// Its VPC. Default that of the cluster its tag names, if there is one in
    /// the same scope, or else a VPC without clusters.
    pub vpc: Option<String>,
    /// The zones it is enabled in. Default all three.
    pub zones: Option<Vec<String>>,
    /// Default no, as ELB's.
    pub cross_zone: bool,
    /// Default no.
    pub dual_stack: bool,
}

impl LoadBalancerSpec {
    /// A network load balancer without tags.
    #[must_use]
    pub fn network(name: &str) -> Self {
        Self {
            scope: Scope::default(),
            name: name.to_owned(),
            kind: LoadBalancerKind::Network,
            scheme: Scheme::Internal,
            tags: Tags::new(),
            vpc: None,
            zones: None,
            cross_zone: false,
            dual_stack: false,
        }
    }

    /// A network load balancer with both tags: managed, for `cluster`.
    #[must_use]
    pub fn managed(cluster: &str) -> Self {
        Self::network(&format!("nlb-{cluster}"))
            .tag(MANAGED_TAG.0, MANAGED_TAG.1)
            .tag(CLUSTER_NAME_TAG, cluster)
    }

    /// The same with one more tag, or another value for it.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The same without the tag `key`.
    #[must_use]
    pub fn without_tag(mut self, key: &str) -> Self {
        self.tags.remove(key);
        self
    }
}

/// Which load balancers DescribeLoadBalancers is asked for: all, or those of
/// either list.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoadBalancerFilter<'a> {
    pub(crate) arns: Vec<&'a str>,
    pub(crate) names: Vec<&'a str>,
}

impl World {
    /// Makes a load balancer; returns its ARN.
    pub fn add_load_balancer(&mut self, spec: LoadBalancerSpec) -> String {
        let LoadBalancerSpec { scope, name, kind, scheme, tags, vpc, zones, cross_zone, dual_stack } = spec;
        let id = self.next_id();
        let vpc = vpc
            .or_else(|| self.vpc_of_cluster(&scope, tags.get(CLUSTER_NAME_TAG)?))
            .unwrap_or_else(|| self.default_vpc(&scope));
        let region = self.region_mut(&scope);
        let taken = |name: &str| region.load_balancers.values().any(|lb| lb.name == name);
        let name = free_name(&name, taken);
        let resource = format!("loadbalancer/{}/{name}/{id:016x}", kind.abbreviation());
        let arn = scope.arn("elasticloadbalancing", &resource);
        let load_balancer = LoadBalancer {
            zones: zones.unwrap_or_else(|| scope.zones().to_vec()),
            arn: arn.clone(),
            scope,
            name,
            kind,
            scheme,
            vpc,
            cross_zone,
            zonal_shift: None,
            enforces_inbound_rules: true,
            dual_stack,
            tags,
        };
        region.load_balancers.insert(id, load_balancer);
        arn
    }

    /// The load balancer `arn`.
    #[must_use]
    pub fn load_balancer(&self, arn: &str) -> &LoadBalancer {
        Scope::of_arn(arn)
            .and_then(|scope| self.region(&scope)?.load_balancer(arn))
            .unwrap_or_else(|| panic!("no load balancer {arn}"))
    }

    /// The load balancer `arn`, to be changed.
    pub fn load_balancer_mut(&mut self, arn: &str) -> &mut LoadBalancer {
        let id = id_of(arn).unwrap_or_else(|| panic!("no load balancer {arn}"));
        let scope = Scope::of_arn(arn).expect("an ARN");
        let region = self.region_mut(&scope);
        let found = region.load_balancers.get_mut(&id).filter(|lb| lb.arn == arn);
        found.unwrap_or_else(|| panic!("no load balancer {arn}"))
    }

    /// Starts a zonal shift away from `zone`, as far as DescribeTargetHealth and
    /// the data plane show it.
    pub fn shift_away(&mut self, load_balancer: &str, zone: &str, state: OverrideState) {
        self.load_balancer_mut(load_balancer).zonal_shift = Some((zone.to_owned(), state));
    }

    /// Deletes a load balancer with its listeners; target groups stay.
    pub fn delete_load_balancer(&mut self, arn: &str) {
        let scope = self.load_balancer(arn).scope.clone();
        let region = self.region_mut(&scope);
        region.load_balancers.retain(|_, lb| lb.arn != arn);
        for group in region.target_groups.values_mut() {
            group.load_balancers.retain(|before| before != arn);
        }
    }

    /// DescribeLoadBalancers.
    pub(crate) fn describe_load_balancers(
        &self,
        scope: &Scope,
        filter: &LoadBalancerFilter<'_>,
        paging: Paging<'_>,
    ) -> Result<Page<'_, LoadBalancer>, Refusal> {
        let LoadBalancerFilter { arns, names } = filter;
        if !arns.is_empty() && !names.is_empty() {
            return Err(Refusal::validation(
                "Load balancer names and load balancer ARNs cannot be specified at the same time",
            ));
        }
        let region = self.region(scope);
        let find = |arn: &str| region.and_then(|region| region.load_balancer(arn));
        if arns.iter().any(|arn| find(arn).is_none()) {
            return Err(Refusal::load_balancer_not_found());
        }
        let named = |name: &str| {
            let mut all = region.into_iter().flat_map(|r| r.load_balancers.values());
            all.any(|lb| lb.name == name)
        };
        if let Some(name) = names.iter().find(|name| !named(name)) {
            let message = format!("Load balancers '[{name}]' not found");
            return Err(Refusal::new(400, "LoadBalancerNotFound", message));
        }
        let all = arns.is_empty() && names.is_empty();
        let Some(region) = region else {
            return Ok(Page::empty());
        };
        paging.cut(&region.load_balancers, self.page_cap, |lb| {
            all || arns.contains(&lb.arn.as_str()) || names.contains(&lb.name.as_str())
        })
    }
}

impl Regional {
    /// The load balancer `arn`, if it is here.
    pub(crate) fn load_balancer(&self, arn: &str) -> Option<&LoadBalancer> {
        let found = self.load_balancers.get(&id_of(arn)?)?;
        (found.arn == arn).then_some(found)
    }
}

/// `wanted` as ELB allows names, with a number if it is taken: at most 32
/// letters, digits and hyphens.
pub(crate) fn free_name(wanted: &str, taken: impl Fn(&str) -> bool) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let base: String = wanted.chars().map(legal).take(28).collect();
    let base = base.trim_matches('-');
    if !taken(base) {
        return base.to_owned();
    }
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    let mut free = numbered.skip_while(|name| taken(name));
    free.next().expect("numbers do not run out")
}
