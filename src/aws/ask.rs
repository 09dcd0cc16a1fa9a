//! Asks any AWS service a question that has no client here: what the command
//! line looks at and the function never does.
//!
//! Credentials, retries, time-outs and endpoints are those of the other
//! clients.

use aws_config::{Region, SdkConfig};
use aws_smithy_query::QueryWriter;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::Value;

use super::account::Account;
use super::call::{answer, unusable};
use super::config;
use super::ec2::answer::refusal as ec2_refusal;
use super::parts::{self, Service};
use super::xml::Element;
use crate::error::CallError;
use crate::limits::Limits;
use crate::model::Scope;

/// The services that answer questions, by the prefix of their IAM actions;
/// with the version of the query protocol, if it is that which they speak.
const SERVICES: &[(&str, Service, Option<&str>)] = &[
    ("cloudwatch", Service { id: "CloudWatch", name: "monitoring" }, Some("2010-08-01")),
    ("ec2", Service { id: "EC2", name: "ec2" }, Some("2016-11-15")),
    ("eks", Service { id: "EKS", name: "eks" }, None),
    (
        "elasticloadbalancing",
        Service { id: "Elastic Load Balancing v2", name: "elasticloadbalancing" },
        Some("2015-12-01"),
    ),
    ("lambda", Service { id: "Lambda", name: "lambda" }, None),
    ("scheduler", Service { id: "Scheduler", name: "scheduler" }, None),
    ("sts", Service { id: "STS", name: "sts" }, Some("2011-06-15")),
];

/// Asks questions in the account and Region of a scope.
#[derive(Debug)]
pub struct Ask<'a> {
    config: SdkConfig,
    limits: &'a Limits,
}

impl Account {
    /// Makes what asks in `scope`, within `limits`. `session` names the caller
    /// to whoever reads the trail of an assumed role.
    ///
    /// # Errors
    ///
    /// The role cannot be assumed.
    pub async fn ask<'a>(
        &self,
        scope: &Scope,
        session: &str,
        limits: &'a Limits,
    ) -> Result<Ask<'a>, CallError> {
        let (config, _) = self.config_in(scope, session, limits).await?;
        Ok(Ask { config, limits })
    }
}

impl Ask<'_> {
    /// Asks a service that speaks the query protocol. `action` is the call as
    /// an IAM policy spells it.
    ///
    /// # Errors
    ///
    /// The call fails, or its answer is broken.
    pub async fn xml(
        &self,
        action: &'static str,
        parameters: &[(String, String)],
    ) -> Result<Element, CallError> {
        let (service, version, operation) = service_of(action)?;
        let version = version.ok_or_else(|| unusable(action, "the service speaks no XML"))?;
        let mut form = String::new();
        let mut query = QueryWriter::new(&mut form, operation, version);
        for (name, value) in parameters {
            query.prefix(name).string(value);
        }
        query.finish();
        let document = self.bytes(action, service, operation, Request::Form(form)).await?;
        Element::read(&document).map_err(|error| unusable(action, error.to_string()).into())
    }

    /// Asks a service that speaks JSON for what is at `path`.
    ///
    /// # Errors
    ///
    /// The call fails, or its answer is broken.
    pub async fn json(&self, action: &'static str, path: String) -> Result<Value, CallError> {
        let (service, _, operation) = service_of(action)?;
        let document = self.bytes(action, service, operation, Request::Get(path)).await?;
        serde_json::from_slice(&document).map_err(|error| unusable(action, error.to_string()).into())
    }

    /// The configuration for `service`: EKS alone has FIPS endpoints of another
    /// form than `SERVICE-fips.REGION`.
    ///
    /// Source: AWS General Reference, *Amazon EKS endpoints and quotas*.
    fn config_for(&self, service: Service) -> SdkConfig {
        let region = self.config.region().map(Region::as_ref).unwrap_or_default();
        let is_special = service.name == "eks" && self.config.use_fips() == Some(true);
        if !is_special || region.starts_with("us-gov-") || self.config.endpoint_url().is_some() {
            return self.config.clone();
        }
        self.config.to_builder().endpoint_url(format!("https://fips.eks.{region}.amazonaws.com")).build()
    }

    async fn bytes(
        &self,
        action: &'static str,
        service: Service,
        operation: &'static str,
        request: Request,
    ) -> Result<Vec<u8>, CallError> {
        let config = self.config_for(service);
        let operation = Operation::builder()
            .service_name(service.name)
            .operation_name(operation)
            .behavior_version(config::behavior_version())
            .serializer(Request::http)
            .deserializer(read)
            .runtime_plugin(parts::plugin(&config, service))
            .build();
        answer(action, self.limits.call(action, || Box::pin(operation.invoke(request))).await)
    }
}

/// The service of `action`, its version of the query protocol, and the operation.
fn service_of(action: &'static str) -> Result<(Service, Option<&'static str>, &'static str), CallError> {
    let (prefix, operation) = action.split_once(':').unwrap_or_default();
    let known = SERVICES.iter().find(|(known, ..)| *known == prefix);
    let (_, service, version) = known.ok_or_else(|| unusable(action, "no such service is known"))?;
    Ok((*service, *version, operation))
}

/// A question as it is sent.
#[derive(Debug)]
enum Request {
    Form(String),
    Get(String),
}

impl Request {
    fn http(self) -> Result<HttpRequest, BoxError> {
        match self {
            Self::Form(form) => parts::form(form),
            Self::Get(path) => {
                let mut request = HttpRequest::new(SdkBody::empty());
                request.set_method("GET")?;
                request.set_uri(path)?;
                Ok(request)
            }
        }
    }
}

/// The document of a success, or a refusal.
fn read(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>> {
    let document = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(document.to_owned());
    }
    let refusal = match response.headers().get("x-amzn-errortype") {
        Some(code) => json_refusal(code, document),
        None => query_refusal(document).unwrap_or_else(|| ec2_refusal(document)),
    };
    Err(OrchestratorError::operation(refusal))
}

/// The code may be followed by a URL.
fn json_refusal(code: &str, document: &[u8]) -> ErrorMetadata {
    let body: Value = serde_json::from_slice(document).unwrap_or_default();
    let message = body.get("message").or_else(|| body.get("Message")).and_then(Value::as_str);
    ErrorMetadata::builder()
        .code(code.split(':').next().unwrap_or_default())
        .message(message.unwrap_or_default())
        .build()
}

/// As all but EC2 write it.
fn query_refusal(document: &[u8]) -> Option<ErrorMetadata> {
    let refused = Element::read(document).ok()?;
    let error = refused.child("Error").ok()??;
    let (code, message) = (error.text_of("Code").ok()?, error.text_of("Message").ok()?);
    Some(ErrorMetadata::builder().code(code).message(message).build())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_eks_has_fips_endpoints_of_its_own() {
        let limits = Limits::new(NonZeroU16::MIN, Duration::from_secs(1));
        let url = |action, region, fips| {
            let config = SdkConfig::builder().region(Region::new(region)).use_fips(fips).build();
            let (service, ..) = service_of(action).unwrap();
            let asked = Ask { config, limits: &limits }.config_for(service);
            asked.endpoint_url().map(str::to_owned)
        };
        let own = "https://fips.eks.us-east-1.amazonaws.com".to_owned();
        assert_eq!(url("eks:DescribeCluster", "us-east-1", true), Some(own));
        assert_eq!(url("eks:DescribeCluster", "us-east-1", false), None);
        assert_eq!(url("eks:DescribeCluster", "us-gov-west-1", true), None);
        assert_eq!(url("ec2:DescribeNetworkInterfaces", "us-east-1", true), None);
    }

    #[test]
    fn a_refusal_has_code_and_message_in_each_protocol() {
        let query =
            b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        for refusal in [
            json_refusal("AccessDenied:http://internal.amazon.com/", br#"{"message":"no"}"#),
            json_refusal("AccessDenied", br#"{"Message":"no"}"#),
            query_refusal(query).unwrap(),
        ] {
            assert_eq!((refusal.code(), refusal.message()), (Some("AccessDenied"), Some("no")));
        }
        assert!(query_refusal(b"nonsense").is_none());
    }
}
