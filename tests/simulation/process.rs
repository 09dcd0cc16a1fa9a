//! One process of the shipped function: its settings, clients and resolver,
//! over the simulated wire. What runs in it is what Lambda runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_config::Region;
use aws_sdk_eks::config::Credentials;
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, SECRET_ACCESS_KEY};
use eks_nlb_sync::aws::account::Account;
use eks_nlb_sync::aws::config;
use eks_nlb_sync::error::CallError;
use eks_nlb_sync::history::History;
use eks_nlb_sync::model::ClusterName;
use eks_nlb_sync::observe::dns::Resolver;
use eks_nlb_sync::publish::report::Report;
use eks_nlb_sync::reconcile::Mode;
use eks_nlb_sync::request::Request;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::service::Service;
use eks_nlb_sync::settings::Settings;

use crate::connector::{Aws, Connector};
use crate::history::{Setup, Source};
use crate::socketless::{NameServer, Socketless};
use crate::stage::{Seat, SharedStage};
use crate::wire::aws::Calls;
use crate::wire::dns::Names;

/// The time that a run is given, in simulated time.
const TIME: Duration = Duration::from_mins(1);

/// One process.
pub(crate) struct Process<N: NameServer = Names> {
    pub(crate) seat: Seat,
    service: Service<Socketless<N>>,
}

impl Process {
    /// Starts the function as `main` does.
    pub(crate) async fn start(stage: &SharedStage, seat: Seat, setup: &Setup) -> Self {
        let calls = Calls { stage: Arc::clone(stage), seat };
        let names = Names { stage: Arc::clone(stage), seat };
        Self::between(seat, settings(setup), calls, names).await
    }
}

impl<N: NameServer> Process<N> {
    /// The same between any AWS and any name server.
    pub(crate) async fn between(seat: Seat, settings: Settings, aws: impl Aws, names: N) -> Self {
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "simulation");
        let home = config::loader(Connector(aws), settings.sdk_retries)
            .region(Region::from_static(HOME_REGION))
            .credentials_provider(credentials)
            .load();
        let account = Account::new(Box::pin(home).await, settings.sdk_retries).expect("there is a Region");
        let resolver = Resolver::with_provider(&settings, Socketless::to(names));
        let resolver = resolver.expect("name servers are given");
        let service = Service { history: History::new(0), ..Service::new(settings, account, resolver) };
        Self { seat, service }
    }

    /// One run, as the handler makes it.
    pub(crate) async fn run(
        &self,
        mode: Mode,
        only: Option<&BTreeSet<ClusterName>>,
    ) -> Result<Report, CallError> {
        let budget = RunBudget::new(self.service.settings.max_concurrency, TIME);
        let dry_run = mode == Mode::DryRun;
        let request = Request { dry_run, clusters: only.cloned(), ..Request::default() };
        Box::pin(self.service.run(&request, "simulation", &budget)).await
    }
}

fn settings(setup: &Setup) -> Settings {
    let settings = Settings::from_lookup(|name| match name {
        "DNS_SERVERS" => Some("10.0.0.2".to_owned()),
        "MIN_HEALTHY_TARGETS" => Some(setup.min_healthy.to_string()),
        "ADDRESS_SOURCE" => Some(match setup.source {
            Source::Dns => "dns".to_owned(),
            Source::Interfaces => "eni".to_owned(),
            Source::Both => "dns+eni".to_owned(),
        }),
        "SYNC_POLICY" if setup.add_only => Some("add-only".to_owned()),
        _ => None,
    });
    settings.expect("they are valid")
}
