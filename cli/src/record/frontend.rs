//! Finds the frontend that is recorded, by the stages of a run, and reads what
//! its header says.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use eks_nlb_sync::aws::account::Clients;
use eks_nlb_sync::aws::eks::Lookup;
use eks_nlb_sync::aws::query_client::QueryClient;
use eks_nlb_sync::aws::xml::{Element, Unreadable};
use eks_nlb_sync::discover::discover;
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::history::History;
use eks_nlb_sync::model::{ApiEndpoint, ClusterName, Frontend, TargetGroupArn};
use eks_nlb_sync::request::Request;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::settings::Settings;

use crate::args::{NAME, RecordArgs};
use crate::names;
use crate::problem::Problem;
use crate::trace::{Header, RecordSettings, Time, VERSION};

/// What is recorded.
pub(crate) struct Recorded {
    pub(crate) frontend: Frontend,
    pub(crate) endpoint: ApiEndpoint,
    pub(crate) header: Header,
}

/// Finds the one frontend of the cluster in `args`.
pub(super) async fn find(
    clients: &Clients,
    settings: &Settings,
    request: &Request,
    args: &RecordArgs,
    name_servers: Vec<SocketAddr>,
    budget: &RunBudget,
) -> Result<Recorded, Problem> {
    let frontend = select(clients, settings, request, args, budget).await?;
    let endpoint = endpoint(clients, &frontend.cluster, budget).await?;
    let ask = clients.query_client(budget);
    let (arn, group) = (&frontend.load_balancer.0, &frontend.target_group.0);
    let balancer =
        one(&ask, "elasticloadbalancing:DescribeLoadBalancers", ("LoadBalancerArns.member.1", arn)).await?;
    let listeners = one(&ask, "elasticloadbalancing:DescribeListeners", ("LoadBalancerArn", arn)).await?;
    let own =
        one(&ask, "elasticloadbalancing:DescribeTargetGroupAttributes", ("TargetGroupArn", group)).await?;
    let shared =
        one(&ask, "elasticloadbalancing:DescribeLoadBalancerAttributes", ("LoadBalancerArn", arn)).await?;
    let read = || -> Result<_, Unreadable> {
        let described = list(&balancer, "LoadBalancers")?.into_iter().next().ok_or("no load balancer")?;
        let zones = list(described, "AvailabilityZones")?;
        let zones = zones.into_iter().map(|zone| zone.text_of("ZoneName"));
        let mut zones: Vec<_> = zones.collect::<Result<_, _>>()?;
        zones.sort();
        let cross_zone = match attribute(&own, CROSS_ZONE)?.as_str() {
            "true" => true,
            "false" => false,
            _ => attribute(&shared, CROSS_ZONE)? == "true",
        };
        let port = listener_port(&listeners, &frontend.target_group)?.unwrap_or(frontend.port);
        Ok((described.text_of("DNSName")?, zones, cross_zone, port))
    };
    let (load_balancer_name, zones, cross_zone, listener_port) =
        read().map_err(|error| Problem::Usage(format!("ELB's answer cannot be read: {error}")))?;
    let header = Header {
        trace: VERSION,
        program: format!("{NAME} {}", env!("CARGO_PKG_VERSION")),
        started: Time::now(),
        cluster: frontend.cluster.to_string(),
        region: clients.region.clone(),
        account: arn.split(':').nth(4).unwrap_or_default().to_owned(),
        host: endpoint.host.to_string(),
        load_balancer: arn.clone(),
        target_group: group.clone(),
        load_balancer_name,
        listener_port,
        target_port: frontend.port,
        zones,
        cross_zone,
        name_servers,
        settings: RecordSettings {
            every_ms: milliseconds(args.every),
            elb_every_ms: milliseconds(args.elb_every),
            probe: args.probe,
        },
        pseudonymised: args.pseudonymise,
    };
    Ok(Recorded { frontend, endpoint, header })
}

async fn select(
    clients: &Clients,
    settings: &Settings,
    request: &Request,
    args: &RecordArgs,
    budget: &RunBudget,
) -> Result<Frontend, Problem> {
    let wanted = Request { clusters: Some(BTreeSet::from([args.cluster.clone()])), ..request.clone() };
    let discovery = discover(&clients.elb(budget), settings, &wanted, &History::default()).await?;
    let is_wanted = |frontend: &Frontend| {
        let group = &frontend.target_group;
        args.target_group.as_ref().is_none_or(|name| names::target_group(group) == name || group.0 == *name)
    };
    let found: Vec<_> = discovery.frontends.into_iter().filter(is_wanted).collect();
    match <[Frontend; 1]>::try_from(found) {
        Ok([frontend]) => Ok(frontend),
        Err(none) if none.is_empty() => Err(Problem::Usage(format!(
            "no managed target group of cluster {}{} can be recorded: see {NAME} explain {}",
            args.cluster,
            args.target_group.as_ref().map_or_else(String::new, |name| format!(" named {name}")),
            args.cluster
        ))),
        Err(several) => {
            let groups = several.iter().map(|frontend| names::target_group(&frontend.target_group));
            let groups: Vec<_> = groups.collect();
            Err(Problem::Usage(format!(
                "cluster {} has several target groups: give --target-group with one of {}",
                args.cluster,
                groups.join(", ")
            )))
        }
    }
}

async fn endpoint(
    clients: &Clients,
    cluster: &ClusterName,
    budget: &RunBudget,
) -> Result<ApiEndpoint, Problem> {
    match clients.eks(budget).api_endpoint(cluster, None).await {
        Ok(Lookup::Found(endpoint)) => Ok(endpoint),
        Ok(Lookup::NotReady | Lookup::Local) => {
            Err(Problem::Usage(format!("cluster {cluster} has no endpoint whose addresses change")))
        }
        Err(error) => Err(Problem::Usage(error.to_string())),
    }
}

fn milliseconds(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

/// The attribute of a load balancer, and of a target group, which decides.
const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

async fn one(
    ask: &QueryClient<'_>,
    action: &'static str,
    (name, value): (&str, &str),
) -> Result<Element, CallError> {
    ask.xml(action, &[(name.to_owned(), value.to_owned())]).await
}

/// The members of the list `name` in an answer, or in a part of it.
pub(super) fn list<'a>(answer: &'a Element, name: &str) -> Result<Vec<&'a Element>, Unreadable> {
    let content = match answer.child(name)? {
        Some(list) => Some(list),
        None => answer.elements().find_map(|result| result.child(name).transpose()).transpose()?,
    };
    Ok(content.into_iter().flat_map(Element::members).collect())
}

fn attribute(answer: &Element, key: &str) -> Result<String, Unreadable> {
    for attribute in list(answer, "Attributes")? {
        if attribute.text_of("Key")? == key {
            return attribute.text_of("Value");
        }
    }
    Ok(String::new())
}

/// The port of the listener that forwards to `group`.
fn listener_port(answer: &Element, group: &TargetGroupArn) -> Result<Option<u16>, Unreadable> {
    for listener in list(answer, "Listeners")? {
        for action in list(listener, "DefaultActions")? {
            let mut groups = vec![action.text_of("TargetGroupArn")?];
            if let Some(forward) = action.child("ForwardConfig")? {
                for forwarded in list(forward, "TargetGroups")? {
                    groups.push(forwarded.text_of("TargetGroupArn")?);
                }
            }
            if groups.contains(&group.0) {
                return Ok(listener.text_of("Port")?.parse().ok());
            }
        }
    }
    Ok(None)
}
