//! Finds the frontend that is recorded, by the stages of a run, and reads what
//! its header says.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use eks_nlb_sync::aws::account::Clients;
use eks_nlb_sync::aws::eks::Lookup;
use eks_nlb_sync::discover::discover;
use eks_nlb_sync::history::History;
use eks_nlb_sync::model::{ApiEndpoint, ClusterName, Frontend};
use eks_nlb_sync::request::Request;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::settings::Settings;

use crate::args::{NAME, RecordArgs};
use crate::problem::Problem;
use crate::reads::elb::{self, CROSS_ZONE};
use crate::trace::{Header, RecordSettings, Time, VERSION};
use crate::{explain, names};

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
    let described = elb::load_balancers(&ask, std::slice::from_ref(arn)).await?.remove(arn);
    let gone = || {
        Problem::Usage(format!(
            "the load balancer {} has been deleted meanwhile",
            names::load_balancer(&frontend.load_balancer)
        ))
    };
    let balancer = described.ok_or_else(gone)?;
    let listeners = elb::listeners(&ask, arn).await?;
    let own = elb::attributes(&ask, group).await?;
    let shared = elb::attributes(&ask, arn).await?;
    let cross_zone = [own, shared].iter().find_map(|attributes| attributes.get(CROSS_ZONE)?.parse().ok());
    let listener = listeners.iter().find(|listener| listener.target_groups.contains_key(group));
    let listener_port = listener.and_then(|listener| listener.port.parse().ok()).unwrap_or(frontend.port);
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
        load_balancer_name: balancer.dns_name,
        listener_port,
        target_port: frontend.port,
        zones: balancer.zones.into_iter().collect(),
        cross_zone: cross_zone.unwrap_or_default(),
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
            explain::of_cluster(&args.cluster)
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
