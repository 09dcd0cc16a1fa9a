//! Keeps IAM roles and the credentials issued for them.
//!
//! Signatures are not checked: an access key id alone says which account
//! calls.

use std::collections::BTreeMap;

use super::{HOME_ACCOUNT, Refusal, Scope, World};

/// The home account's access key id.
pub const ACCESS_KEY_ID: &str = "AKIASIMULATEDACCOUNT";

/// The home account's secret key, which signs and is never checked.
pub const SECRET_ACCESS_KEY: &str = "simulated/not/a/secret";

/// A role that may be assumed by anyone who knows its external id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSpec {
    /// As in `arn:aws:iam::444455556666:role/sync`.
    pub arn: String,
    /// What callers must present, if the trust policy asks for it.
    pub external_id: Option<String>,
}

/// Credentials that AssumeRole issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Sent in requests; it identifies the account.
    pub access_key_id: String,
    /// Signs requests.
    pub secret_access_key: String,
    /// Sent in a header.
    pub token: String,
    /// As in `arn:aws:sts::444455556666:assumed-role/sync/session`.
    pub arn: String,
}

/// The credentials that every world knows.
pub(super) fn home_session() -> BTreeMap<String, String> {
    BTreeMap::from([(ACCESS_KEY_ID.to_owned(), HOME_ACCOUNT.to_owned())])
}

impl World {
    /// Makes a role that may be assumed without an external id.
    pub fn add_role(&mut self, arn: &str) {
        self.add_role_with(arn, None);
    }

    /// Makes a role whose trust policy asks for `external_id`.
    pub fn add_role_with(&mut self, arn: &str, external_id: Option<&str>) {
        let external_id = external_id.map(str::to_owned);
        let arn = arn.to_owned();
        self.roles.insert(arn.clone(), RoleSpec { arn, external_id });
    }

    /// Makes every credential issued by AssumeRole invalid.
    pub fn revoke_sessions(&mut self) {
        self.sessions = home_session();
    }

    /// The account an access key id belongs to.
    pub(crate) fn account_of(&self, access_key_id: &str) -> Option<&str> {
        self.sessions.get(access_key_id).map(String::as_str)
    }

    /// AssumeRole.
    pub(crate) fn assume_role(
        &mut self,
        caller: &str,
        arn: &str,
        session_name: &str,
        external_id: Option<&str>,
    ) -> Result<Session, Refusal> {
        let known = self.roles.get(arn);
        let trusts = |role: &RoleSpec| match &role.external_id {
            Some(wanted) => external_id == Some(wanted),
            None => true,
        };
        if !known.is_some_and(trusts) {
            let message =
                format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}");
            return Err(Refusal::new(403, "AccessDenied", message));
        }
        let account = Scope::of_arn(arn).map(|scope| scope.account).unwrap_or_default();
        let role = arn.rsplit('/').next().unwrap_or_default();
        let id = self.next_id();
        let session = Session {
            access_key_id: format!("ASIA{id:016X}"),
            secret_access_key: SECRET_ACCESS_KEY.to_owned(),
            token: format!("token-{id:016x}"),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session_name}"),
        };
        self.sessions.insert(session.access_key_id.clone(), account);
        Ok(session)
    }
}
