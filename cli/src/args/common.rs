//! The flags that every command takes.

use clap::Args;
use eks_nlb_sync::model::{ClusterName, Region};

use super::settings::SettingFlags;
use super::values::function_name;
use crate::output::Output;

/// The heading of these flags, which comes after those of the command.
const HEADING: &str = "Global options";

/// The flags of every command that reads an account.
#[derive(Debug, Args)]
pub(crate) struct Common {
    // No comment for help: rustdoc would have the names of variables in backticks.
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING,
          help = "The profile to sign in with [default: AWS_PROFILE]")]
    pub(crate) profile: Option<String>,
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING,
          help = "The Region to act in [default: AWS_REGION, else that of the profile]")]
    pub(crate) region: Option<Region>,
    /// The role to act as, of this or another account
    #[arg(long, global = true, value_name = "ARN", help_heading = HEADING)]
    pub(crate) role_arn: Option<String>,
    /// The external ID that the role's trust policy asks for
    #[arg(long, global = true, value_name = "ID", requires = "role_arn", help_heading = HEADING)]
    pub(crate) external_id: Option<String>,
    /// Only this cluster; may be given several times
    #[arg(long = "cluster", global = true, value_name = "NAME", help_heading = HEADING)]
    pub(crate) clusters: Vec<ClusterName>,
    /// The deployed function, whose settings are taken where neither flag nor
    /// variable gives another [default: eks-nlb-sync, else the only one that has
    /// its variables]
    #[arg(long, alias = "function-name", global = true, env = "EKS_NLB_FUNCTION", hide_env_values = true, value_name = "NAME", value_parser = function_name,
          help_heading = HEADING)]
    function: Option<String>,
    /// What to print
    #[arg(long, short, global = true, value_enum, default_value_t, help_heading = HEADING)]
    pub(crate) output: Output,
    /// Act in a simulated account: needs no credentials, and leaves nothing behind but the file of record
    #[arg(long, global = true, conflicts_with_all = ["profile", "region", "role_arn"], help_heading = HEADING)]
    pub(crate) demo: bool,
    #[command(flatten)]
    pub(crate) settings: SettingFlags,
}

impl Common {
    /// The name of the deployed function, if one is given. An empty variable counts as
    /// unset.
    pub(crate) fn function(&self) -> Option<&str> {
        self.function.as_deref().filter(|name| !name.is_empty())
    }
}
