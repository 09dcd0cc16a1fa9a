//! One process of the shipped function: its settings, clients and resolver,
//! over the simulated wire. It runs what Lambda runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use eks_nlb_sync::error::CallError;
use eks_nlb_sync::model::ClusterName;
use eks_nlb_sync::publish::report::Report;
use eks_nlb_sync::reconcile::Mode;
use eks_nlb_sync::request::Request;
use eks_nlb_sync::settings::Settings;
use eks_nlb_traffic::function::Function;

use crate::harness::{ProcessId, SharedHarness};
use crate::history::{Setup, Source};
use crate::wire::aws::Calls;
use crate::wire::dns::Names;

/// One process.
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    function: Function<Names>,
}

impl Process {
    /// Starts the function as `main` does.
    pub(crate) async fn start(harness: &SharedHarness, id: ProcessId, setup: &Setup) -> Self {
        let calls = Calls { harness: Arc::clone(harness), id };
        let names = Names { harness: Arc::clone(harness), id };
        Self { id, function: Function::between(settings(setup), calls, names).await }
    }

    /// One run, as the handler makes it.
    pub(crate) async fn run(
        &self,
        mode: Mode,
        only: Option<&BTreeSet<ClusterName>>,
    ) -> Result<Report, CallError> {
        let dry_run = mode == Mode::DryRun;
        self.function.run(&Request { dry_run, clusters: only.cloned(), ..Request::default() }).await
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
            Source::Auto => "auto".to_owned(),
        }),
        "SYNC_POLICY" if setup.add_only => Some("add-only".to_owned()),
        _ => None,
    });
    settings.expect("they are valid")
}
