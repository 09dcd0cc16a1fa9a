//! One sentence for each problem, with the next step, and the exit code of the
//! program.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use aws_credential_types::provider::error::CredentialsError;
use eks_nlb_sync::aws::config::MalformedUrl;
use eks_nlb_sync::error::{CallError, UnreachableCause, chain};
use eks_nlb_sync::model::{ClusterName, InvalidScope};

use crate::names::did_you_mean;
use crate::profile::{NotSelected, Source};

/// Why a command ends early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    Usage(String),
    #[error("{spelt}={value:?} is not {wanted}")]
    Setting { spelt: String, value: String, wanted: &'static str },
    #[error("{0}{remedy}", remedy = remedy_of_scope(.0))]
    Scope(#[from] InvalidScope),
    #[error("no Region: give --region, or set AWS_REGION or the Region of your profile")]
    NoRegion,
    #[error("{0}")]
    Profile(#[from] NotSelected),
    #[error(
        "{0:?} is not the name of a Region: give --region, or correct AWS_REGION or the Region of your profile"
    )]
    InvalidRegion(String),
    #[error(transparent)]
    Endpoint(#[from] MalformedUrl),
    #[error("no AWS credentials{}: {}{}", .profile.place(), .profile.remedy(), cause_of_credentials(.profile, .error))]
    Credentials { profile: Source, error: CredentialsError },
    #[error("name servers cannot be read from the system: set DNS_SERVERS ({0})")]
    Resolver(String),
    #[error("{}", sentence(.0))]
    Call(#[from] CallError),
    #[error("no managed load balancer carries the name of cluster {name}{}", did_you_mean(.nearest.as_deref()))]
    UnknownCluster { name: ClusterName, nearest: Option<String> },
    #[error(
        "{subject:?} is no cluster, load balancer, target group or address in {region}, and no code, reason, check or \
         alarm has that name{hint}"
    )]
    UnknownSubject { subject: String, region: String, hint: String },
    #[error(
        "standard input is not a terminal, so writes cannot be confirmed: use --yes to write, or --dry-run to print the plan"
    )]
    NobodyToAsk,
    #[error("nothing was written")]
    Declined,
    #[error("interrupted; nothing was written")]
    Interrupted,
    #[error("interrupted while writing; run `eks-nlb plan` to see what remains to be done")]
    InterruptedWhileWriting,
    #[error("the output cannot be written: {0}")]
    Write(io::Error),
    #[error("{path}: {reason}")]
    File { path: String, reason: String },
    #[error("{address} cannot be listened on: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("no `eks-nlb watch` answers on {address}: {source}; give the address of its --listen")]
    Probe { address: SocketAddr, source: io::Error },
    #[error("the `eks-nlb watch` on {address} is not ready: its last run could not list the load balancers")]
    NotReady { address: SocketAddr },
    #[error("signals cannot be waited for: {0}")]
    Signals(io::Error),
    #[error("the simulator does not start: {0}")]
    Demo(io::Error),
}

/// Ctrl-C ended the program: 128 and the number of the signal, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// The same of a pipe that was closed.
const CLOSED_PIPE: u8 = 141;

impl Problem {
    /// Something about a file.
    pub(crate) fn file(path: &Path, reason: &impl ToString) -> Self {
        Self::File { path: path.display().to_string(), reason: reason.to_string() }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        if matches!(self, Self::Interrupted | Self::InterruptedWhileWriting) {
            ExitCode::from(INTERRUPTED)
        } else if self.is_closed_pipe() {
            ExitCode::from(CLOSED_PIPE)
        } else {
            ExitCode::FAILURE
        }
    }

    /// Whether standard output was closed by its reader (EPIPE).
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// A call that failed, with what a person at this machine can do.
pub(crate) fn sentence(error: &CallError) -> String {
    match error {
        CallError::AccessDenied { action, reason } => {
            format!(
                "IAM denies {action}: allow it, or act as another with --profile or --role-arn ({reason})"
            )
        }
        CallError::Throttled { action, .. } => {
            format!(
                "{action} is throttled: other clients use up the account's request rate, so try again in a minute"
            )
        }
        CallError::Rejected { .. } if error.is_about_credentials() => {
            format!(
                "AWS does not accept the credentials: sign in again, or check access key, secret and this machine's \
                 clock ({error})"
            )
        }
        CallError::Unreachable { action, cause, reason } => {
            format!("{action} cannot be reached: {}; {reason}", remedy_of_network(*cause))
        }
        CallError::NotStarted { step } => format!("this command's time was up before {step}"),
        CallError::NotFinished { step } => format!("{step} gave no answer in this command's time"),
        CallError::Unavailable { .. } | CallError::Rejected { .. } => error.to_string(),
    }
}

/// How to give what names no Region, role or external id.
fn remedy_of_scope(invalid: &InvalidScope) -> &'static str {
    match invalid {
        InvalidScope::RoleArn(_) => "; give --role-arn as in arn:aws:iam::111122223333:role/name",
        InvalidScope::Region(_) | InvalidScope::ExternalId => "",
    }
}

/// What a person at this machine can do. The function's messages give other
/// advice.
fn remedy_of_network(cause: UnreachableCause) -> &'static str {
    match cause {
        UnreachableCause::Name => {
            "its host name does not resolve: check --region and this machine's name servers"
        }
        UnreachableCause::Route => {
            "no connection, or no answer in time: check this machine's network and HTTPS_PROXY (in a VPC: a NAT gateway, \
             or the interface endpoint of the service)"
        }
        UnreachableCause::Certificate | UnreachableCause::Proxy => cause.remedy(),
    }
}

/// The cause, in the SDK's words; `None` if there was no source of credentials
/// to try.
fn cause_of_credentials(profile: &Source, error: &CredentialsError) -> String {
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) && profile.place().is_empty() {
        return String::new();
    }
    format!(" ({})", chain(error))
}
