//! What the commands around a recording take.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use eks_nlb_sync::model::ClusterName;

use super::values::{duration, interval};

/// What `record` takes.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The cluster whose frontend is recorded
    #[arg(value_name = "CLUSTER")]
    pub(crate) cluster: ClusterName,
    /// Its target group, by name or ARN, where the cluster has several
    #[arg(long, value_name = "NAME")]
    pub(crate) target_group: Option<String>,
    /// How often DNS and interfaces are read, and servers are probed
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub(crate) every: Duration,
    /// The least time from one call of ELB's to the next
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    pub(crate) elb_every: Duration,
    /// End this long after the last event; before the first event it never ends
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) until_quiet: Option<Duration>,
    /// The file to write, or to continue [default: CLUSTER.trace.jsonl]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Connect to each server and to the load balancer, too: TCP, TLS and GET /readyz
    #[arg(long)]
    pub(crate) probe: bool,
    /// Replace account, names and addresses by pseudonyms
    #[arg(long)]
    pub(crate) pseudonymise: bool,
}

/// What `timeline` takes.
#[derive(Debug, Args)]
pub(crate) struct TimelineArgs {
    /// A trace that `record` has written
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where to write the picture [default: FILE.svg]
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

/// What `replay` takes.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// A trace that `record` has written
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}
