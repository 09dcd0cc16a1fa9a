//! Fetches credentials once, before the first call: a profile may run a program
//! or assume a role for them.

use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use crate::problem::Problem;
use crate::profile::Source;

/// Provides the credentials that were fetched already, and afterwards those of
/// its source.
#[derive(Debug)]
struct Fetched {
    first: Mutex<Option<Credentials>>,
    source: SharedCredentialsProvider,
}

impl ProvideCredentials for Fetched {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        match self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(credentials) => Provided::ready(Ok(credentials)),
            None => self.source.provide_credentials(),
        }
    }
}

/// `config` with the credentials of `profile`. The SDK would report missing
/// ones as a call that cannot be sent.
pub(crate) async fn fetched(config: SdkConfig, profile: Source) -> Result<SdkConfig, Problem> {
    let Some(source) = config.credentials_provider() else { return Ok(config) };
    let first = source.provide_credentials().await;
    let first = first.map_err(|error| Problem::Credentials { profile, error })?;
    let fetched = Fetched { first: Mutex::new(Some(first)), source };
    Ok(config.to_builder().credentials_provider(SharedCredentialsProvider::new(fetched)).build())
}
