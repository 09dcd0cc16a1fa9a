//! Reads account, Region and service from the `Authorization` header.

use super::Call;
use crate::world::{Refusal, Scope, World};

/// The services that are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Elb,
    Eks,
    Sts,
    Ec2,
    CloudWatch,
    Iam,
    Sns,
    Lambda,
    Scheduler,
    Unknown,
}

impl Service {
    /// The service with this name in a credential scope.
    fn named(name: &str) -> Self {
        match name {
            "elasticloadbalancing" => Self::Elb,
            "eks" => Self::Eks,
            "sts" => Self::Sts,
            "ec2" => Self::Ec2,
            "monitoring" => Self::CloudWatch,
            "iam" => Self::Iam,
            "sns" => Self::Sns,
            "lambda" => Self::Lambda,
            "scheduler" => Self::Scheduler,
            _ => Self::Unknown,
        }
    }

    /// Its name in ARNs and IAM actions.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Elb => "elasticloadbalancing",
            Self::Eks => "eks",
            Self::Sts => "sts",
            Self::Ec2 => "ec2",
            Self::CloudWatch => "cloudwatch",
            Self::Iam => "iam",
            Self::Sns => "sns",
            Self::Lambda => "lambda",
            Self::Scheduler => "scheduler",
            Self::Unknown => "",
        }
    }

    /// The namespace of its XML.
    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::Elb => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::CloudWatch => "http://monitoring.amazonaws.com/doc/2010-08-01/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
            Self::Eks | Self::Ec2 | Self::Lambda | Self::Scheduler | Self::Unknown => "",
        }
    }
}

/// The caller of an API.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) service: Service,
    pub(super) scope: Scope,
    /// Why calls with these credentials are refused.
    pub(super) refusal: Option<Refusal>,
}

impl Caller {
    /// The caller that an `Authorization` header names.
    pub(super) fn of(world: &World, authorization: Option<&str>) -> Self {
        let Some((key, region, service)) = authorization.and_then(credential) else {
            let message = "Missing Authentication Token";
            return Self {
                service: Service::Unknown,
                scope: Scope::new("", ""),
                refusal: Some(Refusal::new(403, "MissingAuthenticationToken", message)),
            };
        };
        let service = Service::named(service);
        let account = world.account_of(key);
        Self {
            service,
            scope: Scope::new(account.unwrap_or_default(), region),
            refusal: account.is_none().then(|| {
                let code = match service {
                    Service::Eks | Service::Lambda | Service::Scheduler => "UnrecognizedClientException",
                    Service::Ec2 => "AuthFailure",
                    Service::Elb
                    | Service::Sts
                    | Service::CloudWatch
                    | Service::Iam
                    | Service::Sns
                    | Service::Unknown => "InvalidClientTokenId",
                };
                let message = "The security token included in the request is invalid.";
                Refusal::new(403, code, message)
            }),
        }
    }

    /// The caller's ARN. Every account's credentials are those of one role.
    pub(super) fn arn(&self) -> String {
        let account = &self.scope.account;
        format!("arn:aws:sts::{account}:assumed-role/eks-nlb-sync/eks-nlb-sync")
    }

    /// IAM's refusal of a call.
    pub(super) fn denied(&self, call: &Call) -> Refusal {
        let action = format!("{}:{}", self.service.name(), call.operation);
        let parameter = |name: &str| {
            let found = call.parameters.iter().find(|(key, _)| key == name)?;
            Some(found.1.clone())
        };
        let resource = match self.service {
            Service::Eks => {
                let name = parameter("name").unwrap_or_default();
                Some(self.scope.arn("eks", &format!("cluster/{name}")))
            }
            Service::Elb => parameter("TargetGroupArn"),
            Service::Sts => parameter("RoleArn"),
            Service::Ec2
            | Service::CloudWatch
            | Service::Iam
            | Service::Sns
            | Service::Lambda
            | Service::Scheduler
            | Service::Unknown => None,
        };
        let on = resource.map_or_else(String::new, |arn| format!(" on resource: {arn}"));
        let message = format!(
            "User: {} is not authorized to perform: {action}{on} because no identity-based policy \
             allows the {action} action",
            self.arn()
        );
        let code = match self.service {
            Service::Eks | Service::Lambda | Service::Scheduler => "AccessDeniedException",
            Service::Ec2 => "UnauthorizedOperation",
            Service::Elb
            | Service::Sts
            | Service::CloudWatch
            | Service::Iam
            | Service::Sns
            | Service::Unknown => "AccessDenied",
        };
        Refusal::new(403, code, message)
    }
}

/// Access key id, Region and service in an `Authorization` header.
fn credential(header: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = header.split_once("Credential=")?;
    let mut parts = rest.split(',').next()?.trim().split('/');
    let (key, _date) = (parts.next()?, parts.next()?);
    Some((key, parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ACCESS_KEY_ID;

    #[test]
    fn the_credential_scope_names_account_region_and_service() {
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/20260101/us-east-1/eks/aws4_request, \
             SignedHeaders=host, Signature=00"
        );
        let caller = Caller::of(&World::new(), Some(&header));

        assert_eq!(caller.service, Service::Eks);
        assert_eq!(caller.scope, Scope::new("111122223333", "us-east-1"));
        assert_eq!(caller.refusal, None);
    }

    #[test]
    fn unknown_credentials_are_refused() {
        let unknown = "AWS4-HMAC-SHA256 Credential=AKIANOBODY/20260101/eu-west-1/sts/aws4_request";
        for (header, code) in [
            (None, "MissingAuthenticationToken"),
            (Some("Bearer xyz"), "MissingAuthenticationToken"),
            (Some(unknown), "InvalidClientTokenId"),
        ] {
            let refusal = Caller::of(&World::new(), header).refusal;
            assert_eq!(refusal.map(|r| r.code), Some(code.into()), "{header:?}");
        }
    }
}
