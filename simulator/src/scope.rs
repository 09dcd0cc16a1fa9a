//! Names where a resource lives: an account and a Region.

use std::fmt;

/// The account of every simulator, unless a test says otherwise.
pub const HOME_ACCOUNT: &str = "111122223333";

/// The Region of every simulator, unless a test says otherwise.
pub const HOME_REGION: &str = "eu-west-1";

/// The name of the simulated Lambda function.
pub const FUNCTION_NAME: &str = "eks-nlb-sync";

/// An account and a Region: the part of the world that a regional AWS API sees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Twelve digits.
    pub account: String,
    /// As in `eu-west-1`.
    pub region: String,
}

impl Scope {
    /// The scope of `account` and `region`.
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Self {
        Self { account: account.into(), region: region.into() }
    }

    /// The scope an ARN names; `None` if it names none.
    #[must_use]
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.split(':');
        (parts.next()? == "arn").then_some(())?;
        let (region, account) = (parts.nth(2)?, parts.next()?);
        Some(Self::new(account, region))
    }

    /// The partition the Region belongs to.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        match () {
            () if self.region.starts_with("cn-") => "aws-cn",
            () if self.region.starts_with("us-gov-") => "aws-us-gov",
            () => "aws",
        }
    }

    /// The domain under which the partition's endpoints are.
    #[must_use]
    pub fn domain(&self) -> &'static str {
        if self.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }

    /// An ARN of `service` in this scope.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition(), self.region, self.account)
    }

    /// The three zones of every Region: `a`, `b`, `c`.
    #[must_use]
    pub fn zones(&self) -> [String; 3] {
        ["a", "b", "c"].map(|letter| format!("{}{letter}", self.region))
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::new(HOME_ACCOUNT, HOME_REGION)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}
