//! The Region and the role of a run.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// The Region and the account that a run acts in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The Region; the function's own if absent.
    pub region: Option<Region>,
    /// The role to act as; the function's own if absent.
    pub role: Option<Role>,
}

/// A role to assume, usually of another account.
#[derive(Clone, PartialEq, Eq)]
pub struct Role {
    arn: String,
    external_id: Option<String>,
}

/// The name of a Region. It becomes part of host names, so its form is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region(String);

/// The text does not name a Region, a role, or an external id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum InvalidScope {
    #[error("region: {0:?} is not the name of a Region")]
    Region(String),
    #[error("roleArn: {0:?} is not the ARN of an IAM role")]
    RoleArn(String),
    // An external id is kept out of messages and logs, so it is not repeated.
    #[error("externalId must be 2 to 1224 letters, digits or any of _+=,.@:/-")]
    ExternalId,
}

impl Role {
    /// Takes an ARN as in `arn:aws:iam::111122223333:role/name`, and the
    /// external id that the role's trust policy may require.
    ///
    /// # Errors
    ///
    /// [`InvalidScope`] if either has another form.
    pub fn new(arn: String, external_id: Option<String>) -> Result<Self, InvalidScope> {
        if !is_role_arn(&arn) {
            return Err(InvalidScope::RoleArn(arn));
        }
        if external_id.as_deref().is_some_and(|id| !is_external_id(id)) {
            return Err(InvalidScope::ExternalId);
        }
        Ok(Self { arn, external_id })
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The external id. Keep it out of messages and logs.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    /// The account that the role belongs to.
    #[must_use]
    pub fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role").field("arn", &self.arn).finish_non_exhaustive()
    }
}

impl Region {
    /// The name, as in `eu-west-1`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        let valid = text.len() <= 32 && text.split('-').count() >= 3 && text.split('-').all(is_part);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidScope::Region(text.to_owned())) }
    }
}

/// Source: IAM API Reference, *Role*, `Arn`, `Path` and `RoleName`.
fn is_role_arn(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts[..] else { return false };
    let name = resource.strip_prefix("role/").unwrap_or_default();
    arn == "arn"
        && (partition == "aws" || partition.starts_with("aws-"))
        && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        && (service, region) == ("iam", "")
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && (1..=576).contains(&name.len())
        && name.chars().all(allowed)
}

/// Source: STS API Reference, *AssumeRole*, `ExternalId`.
fn is_external_id(text: &str) -> bool {
    (2..=1224).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_keeps_its_external_id_to_itself() {
        let arn = "arn:aws:iam::111122223333:role/path/eks-nlb-sync".to_owned();
        let role = Role::new(arn, Some("secret-1".to_owned())).unwrap();

        assert_eq!(role.account(), "111122223333");
        assert_eq!(role.external_id(), Some("secret-1"));
        assert!(!std::format!("{role:?}").contains("secret-1"));
    }
}
