//! Finds the profile that credentials come from, and how a person signs in with
//! it.

use std::borrow::Cow;

use aws_config::BehaviorVersion;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_types::os_shim_internal::{Env, Fs};
use eks_nlb_sync::error::chain;
use eks_nlb_sync::settings;

use crate::names::{self, did_you_mean};

/// The variables that name a profile, as the SDK reads them.
const VARIABLE: &str = "AWS_PROFILE";

/// The profile that is used without a name.
const DEFAULT: &str = "default";

/// What a profile may get credentials by, in the SDK's order.
const WAYS: [&str; 7] = [
    "web_identity_token_file",
    "role_arn",
    "sso_session",
    "sso_start_url",
    "login_session",
    "credential_process",
    "aws_access_key_id",
];

/// The profile that credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    name: String,
    /// One of [`WAYS`]; nothing if the profile does not exist, or configures no
    /// credentials.
    way: Option<&'static str>,
    /// Whether a flag or variable names it.
    is_named: bool,
    /// Whether its role is assumed with an MFA code. The SDK asks for none.
    needs_code: bool,
}

/// Why no profile is selected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSelected {
    #[error(
        "there is no profile {name}{} in ~/.aws/config and ~/.aws/credentials, or in the files that AWS_CONFIG_FILE and \
         AWS_SHARED_CREDENTIALS_FILE name; `aws configure list-profiles` lists them",
        did_you_mean(.nearest.as_deref())
    )]
    Unknown { name: String, nearest: Option<String> },
    #[error("the profiles cannot be read: {0}")]
    Unreadable(String),
}

/// The profile that `flag`, or else the environment, selects.
///
/// # Errors
///
/// The files cannot be read, or have no profile of that name.
pub(crate) async fn selected(flag: Option<&str>) -> Result<Source, NotSelected> {
    let given = flag.map(|name| Cow::Owned(name.to_owned()));
    let (fs, env, files) = (Fs::real(), Env::real(), EnvConfigFiles::default());
    let profiles = aws_config::profile::load(&fs, &env, &files, given);
    let profiles: ProfileSet = profiles.await.map_err(|error| NotSelected::Unreadable(chain(&error)))?;
    let named = flag.map(str::to_owned).or_else(|| settings::variable(VARIABLE));
    let name = named.clone().unwrap_or_else(|| DEFAULT.to_owned());
    let is_named = named.is_some();
    match profiles.get_profile(&name) {
        Some(profile) => {
            let way = WAYS.into_iter().find(|key| profile.get(key).is_some());
            let needs_code = way == Some("role_arn") && profile.get("mfa_serial").is_some();
            Ok(Source { name, way, is_named, needs_code })
        }
        None if !is_named => Ok(Source { name, way: None, is_named, needs_code: false }),
        None => Err(NotSelected::Unknown { nearest: names::nearest(&name, profiles.profiles()), name }),
    }
}

/// The credentials of a profile that a flag names. The SDK's default would take
/// those of the environment first.
pub(crate) async fn credentials(
    name: &str,
    https: impl HttpClient + 'static,
) -> ProfileFileCredentialsProvider {
    let region = ProfileFileRegionProvider::builder().profile_name(name).build().region().await;
    let config = ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(https)
        .with_region(region);
    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name).build()
}

impl Source {
    /// The next step where it gave no credentials.
    pub(crate) fn remedy(&self) -> String {
        let Self { name, way, is_named, needs_code } = self;
        let flag = if name == DEFAULT { String::new() } else { format!(" --profile {name}") };
        match *way {
            _ if *needs_code => format!(
                "profile {name} has mfa_serial, and this program asks for no MFA code: take credentials from the AWS CLI \
                 with `eval \"$(aws configure export-credentials --profile {name} --format env)\"`, and leave --profile \
                 and {VARIABLE} out"
            ),
            None if *is_named => format!(
                "profile {name} configures none: sign in with `aws login{flag}`, add a role, an SSO session, a process or \
                 access keys to it, or name another with --profile or {VARIABLE}"
            ),
            None => format!(
                "name a profile with --profile or {VARIABLE}, sign in with `aws login` or `aws sso login`, or set \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ),
            Some("sso_session" | "sso_start_url") => format!("sign in with `aws sso login{flag}`"),
            Some("login_session") => format!("sign in with `aws login{flag}`"),
            Some("credential_process") => {
                format!("run the credential_process of profile {name} by hand: it failed")
            }
            Some("web_identity_token_file") => {
                format!("check role_arn and web_identity_token_file of profile {name}")
            }
            Some("role_arn") => format!(
                "check role_arn and credential_source or source_profile of profile {name}; sign in with the profile that \
                 source_profile names"
            ),
            Some(_) => format!("check the access keys of profile {name}"),
        }
    }

    /// As in ` in profile dev`; nothing for what has no profile.
    pub(crate) fn place(&self) -> String {
        self.way.map_or_else(String::new, |_| format!(" from profile {}", self.name))
    }
}
