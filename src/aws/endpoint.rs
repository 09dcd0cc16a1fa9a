//! Resolves the endpoints of services that are called with the SDK's generic
//! operation.
//!
//! The SDK crates of EKS, ELB and STS resolve their own endpoints. Those of EC2,
//! Lambda, Scheduler, SNS and CloudWatch follow the rules of ELB, with another name
//! and with exceptions in GovCloud. Their crates would take longer to compile than
//! the rest of the workspace. IAM has one endpoint for each partition.
//! `tests/endpoints.tsv` holds all of them to botocore's rule sets.

mod iam;

use aws_config::SdkConfig;
use aws_sdk_elasticloadbalancingv2::config::endpoint as elb;
use aws_sdk_elasticloadbalancingv2::config::endpoint::ResolveEndpoint as _;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::{EndpointFuture, EndpointResolverParams, ResolveEndpoint};
use aws_smithy_types::endpoint::Endpoint;
use aws_types::region::SigningRegion;
use aws_types::service_config::ServiceConfigKey;

use self::GovCloudFips::{AsElb, Plain, PlainInTwoRegions, Suffixed};
use self::Rules::{Eks, Elb, Iam, LikeElb, Sts};

/// An AWS service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service {
    /// The prefix of its IAM actions.
    pub(super) actions: &'static str,
    /// As in `AWS_ENDPOINT_URL_EC2`, with a space for each underscore.
    id: &'static str,
    /// In endpoints and signatures.
    pub(super) name: &'static str,
    /// The version of the query protocol, if it speaks it.
    pub(super) query_version: Option<&'static str>,
    rules: Rules,
}

/// What resolves the endpoints of a service.
#[derive(Clone, Copy, Debug)]
enum Rules {
    /// The crate of EKS.
    Eks,
    /// The crate of ELB.
    Elb,
    /// The crate of STS.
    Sts,
    /// The crate of ELB, with the service's own name.
    LikeElb(GovCloudFips),
    /// A table of partitions.
    Iam,
}

/// The endpoint with FIPS in GovCloud, where the usual endpoint of many services
/// is the FIPS endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GovCloudFips {
    /// As ELB has it: `-fips` with dual-stack only.
    AsElb,
    /// Always with `-fips`.
    Suffixed,
    /// Never with `-fips`.
    Plain,
    /// Without `-fips` in the two Regions that exist, and only with single-stack.
    PlainInTwoRegions,
}

pub(super) const EC2: Service = service("ec2", "EC2", "ec2", Some("2016-11-15"), LikeElb(AsElb));
const ELB: Service = service(
    "elasticloadbalancing",
    "Elastic Load Balancing v2",
    "elasticloadbalancing",
    Some("2015-12-01"),
    Elb,
);

/// Every service that the function or the command line calls.
pub(super) const SERVICES: [Service; 9] = [
    service("cloudwatch", "CloudWatch", "monitoring", Some("2010-08-01"), LikeElb(Plain)),
    EC2,
    service("eks", "EKS", "eks", None, Eks),
    ELB,
    service("iam", "IAM", "iam", Some("2010-05-08"), Iam),
    service("lambda", "Lambda", "lambda", None, LikeElb(Suffixed)),
    service("scheduler", "Scheduler", "scheduler", None, LikeElb(Suffixed)),
    service("sns", "SNS", "sns", Some("2010-03-31"), LikeElb(PlainInTwoRegions)),
    service("sts", "STS", "sts", Some("2011-06-15"), Sts),
];

const fn service(
    actions: &'static str,
    id: &'static str,
    name: &'static str,
    query_version: Option<&'static str>,
    rules: Rules,
) -> Service {
    Service { actions, id, name, query_version, rules }
}

/// Where a service is.
#[derive(Debug)]
pub(super) struct ServiceEndpoint {
    service: Service,
    given_url: Option<String>,
    region: Option<String>,
    fips: Option<bool>,
    dual_stack: Option<bool>,
}

/// The parameters of one crate's rules.
macro_rules! params {
    ($endpoint:path, $of:expr) => {{
        use $endpoint as endpoint;
        endpoint::Params::builder()
            .set_region($of.region.clone())
            .set_use_fips($of.fips)
            .set_use_dual_stack($of.dual_stack)
            .set_endpoint($of.given_url.clone())
            .build()
    }};
}

impl ServiceEndpoint {
    pub(super) fn of(config: &SdkConfig, service: Service) -> Self {
        Self {
            service,
            given_url: given_url(config, service),
            region: config.region().map(|region| region.as_ref().to_owned()),
            fips: config.use_fips(),
            dual_stack: config.use_dual_stack(),
        }
    }

    async fn resolve(&self) -> Result<Endpoint, BoxError> {
        match self.service.rules {
            Eks => {
                use aws_sdk_eks::config::endpoint::{DefaultResolver, ResolveEndpoint as _};
                let params = params!(aws_sdk_eks::config::endpoint, self)?;
                DefaultResolver::new().resolve_endpoint(&params).await
            }
            Sts => {
                use aws_sdk_sts::config::endpoint::{DefaultResolver, ResolveEndpoint as _};
                let params = params!(aws_sdk_sts::config::endpoint, self)?;
                DefaultResolver::new().resolve_endpoint(&params).await
            }
            Elb => self.of_elb().await,
            LikeElb(_) | Iam if self.given_url.is_some() => self.of_elb().await,
            Iam => {
                let region = self.region.as_deref().unwrap_or_default();
                let url = iam::url(region, self.fips == Some(true), self.dual_stack == Some(true));
                Ok(Endpoint::builder().url(url).build())
            }
            LikeElb(fips) => self.like_elb(fips).await,
        }
    }

    async fn of_elb(&self) -> Result<Endpoint, BoxError> {
        let params = params!(aws_sdk_elasticloadbalancingv2::config::endpoint, self)?;
        elb::DefaultResolver::new().resolve_endpoint(&params).await
    }

    /// ELB's endpoint with another first label. The Region, the domain of the
    /// partition, and an error where the partition has no FIPS or dual-stack come
    /// from the SDK.
    async fn like_elb(&self, gov_cloud: GovCloudFips) -> Result<Endpoint, BoxError> {
        let of_elb = self.of_elb().await?;
        let (label, domain) = labels(of_elb.url())?;
        let is_suffixed = if self.fips == Some(true) && self.is_in_gov_cloud().await? {
            match gov_cloud {
                AsElb => label.ends_with(FIPS),
                Suffixed => true,
                Plain => false,
                PlainInTwoRegions => {
                    let is_one = matches!(self.region.as_deref(), Some("us-gov-east-1" | "us-gov-west-1"));
                    self.dual_stack == Some(true) || !is_one
                }
            }
        } else {
            label.ends_with(FIPS)
        };
        let suffix = if is_suffixed { FIPS } else { "" };
        Ok(Endpoint::builder().url(format!("https://{}{suffix}.{domain}", self.service.name)).build())
    }

    /// Whether ELB's endpoint with FIPS has no suffix, which is so in GovCloud
    /// only.
    async fn is_in_gov_cloud(&self) -> Result<bool, BoxError> {
        let single_stack = Self {
            service: ELB,
            given_url: None,
            region: self.region.clone(),
            fips: Some(true),
            dual_stack: Some(false),
        };
        let endpoint = single_stack.of_elb().await?;
        Ok(!labels(endpoint.url())?.0.ends_with(FIPS))
    }
}

/// What marks the first label of a FIPS endpoint.
const FIPS: &str = "-fips";

/// The first label of a URL's host, and the rest.
fn labels(url: &str) -> Result<(&str, &str), BoxError> {
    let host = url.strip_prefix("https://");
    host.and_then(|host| host.split_once('.')).ok_or_else(|| format!("unexpected ELB endpoint {url}").into())
}

impl ResolveEndpoint for ServiceEndpoint {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::new(self.resolve())
    }
}

/// The Region that calls of `service` are signed for.
pub(super) fn signing_region(config: &SdkConfig, service: Service) -> Option<SigningRegion> {
    let region = config.region().cloned()?;
    let is_iam = matches!(service.rules, Iam);
    Some(if is_iam {
        SigningRegion::from_static(iam::signing_region(region.as_ref()))
    } else {
        region.into()
    })
}

/// The URL that the operator gives, for the service or for all.
fn given_url(config: &SdkConfig, service: Service) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let own = config.service_config().and_then(|service| service.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// A URL that the operator gives for a service, and that is not an HTTP URL.
#[derive(Debug, thiserror::Error)]
#[error(
    "the endpoint {0:?} is not an http or https URL: correct AWS_ENDPOINT_URL, that of the service, or endpoint_url of \
     the profile"
)]
pub struct MalformedUrl(String);

/// Checks the URLs that the operator gives. The SDK would refuse each call, and print
/// all of its request.
///
/// # Errors
///
/// The first URL that is not an HTTP URL.
pub fn check_given_urls(config: &SdkConfig) -> Result<(), MalformedUrl> {
    let mut given = SERVICES.into_iter().filter_map(|service| given_url(config, service));
    let is_http = |url: &String| {
        let url = url.parse::<http::Uri>().ok();
        url.is_some_and(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some())
    };
    given.find(|url| !is_http(url)).map_or(Ok(()), |url| Err(MalformedUrl(url)))
}

#[cfg(test)]
mod tests;
