//! Makes one EC2 operation out of the SDK's parts; decides nothing.
//!
//! It has what a client of the SDK has: region, credentials, time-outs,
//! retries, and the endpoint's variables. EC2's endpoints follow the same
//! rules as ELB's but for the name, so ELB's client resolves them: partitions,
//! FIPS and dual-stack are the SDK's table.

use aws_config::SdkConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sdk_elasticloadbalancingv2::config::endpoint::{self as elb, DefaultResolver, Params};
use aws_smithy_query::QueryWriter;
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::endpoint::{EndpointFuture, EndpointResolverParams, ResolveEndpoint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::endpoint::Endpoint;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use aws_types::service_config::ServiceConfigKey;

use super::answer::{self, Page};
use crate::aws::config;
use crate::model::DESCRIPTION_PREFIX;

const SERVICE: &str = "ec2";
const OPERATION: &str = "DescribeNetworkInterfaces";
const VERSION: &str = "2016-11-15";

/// The largest page of network interfaces.
///
/// Source: EC2 API Reference, *DescribeNetworkInterfaces*, `MaxResults`.
const PAGE_SIZE: u16 = 1000;

/// Describes the interfaces whose description begins as EKS's do.
#[derive(Clone, Debug)]
pub(in crate::aws) struct DescribeNetworkInterfaces(Operation<Option<String>, Page, ErrorMetadata>);

impl DescribeNetworkInterfaces {
    /// Makes it with all that `config` says of clients.
    pub(in crate::aws) fn new(config: &SdkConfig) -> Self {
        let operation = Operation::builder()
            .service_name(SERVICE)
            .operation_name(OPERATION)
            .behavior_version(config::behavior_version())
            .serializer(request)
            .deserializer(answer::read)
            .runtime_plugin(
                StaticRuntimePlugin::new()
                    .with_config(values(config).freeze())
                    .with_runtime_components(components(config)),
            );
        Self(operation.build())
    }

    /// Asks for the page at `token`, or for the first.
    pub(super) async fn invoke(
        &self,
        token: Option<String>,
    ) -> Result<Page, SdkError<ErrorMetadata, HttpResponse>> {
        self.0.invoke(token).await
    }
}

fn request(token: Option<String>) -> Result<HttpRequest, BoxError> {
    let mut form = String::new();
    let mut query = QueryWriter::new(&mut form, OPERATION, VERSION);
    query.prefix("Filter.1.Name").string("description");
    query.prefix("Filter.1.Value.1").string(&format!("{DESCRIPTION_PREFIX}*"));
    query.prefix("MaxResults").string(&PAGE_SIZE.to_string());
    if let Some(token) = token {
        query.prefix("NextToken").string(&token);
    }
    query.finish();
    let length = form.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(form));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
    request.headers_mut().insert("content-length", length);
    Ok(request)
}

/// What the SDK's parts look up by type.
fn values(config: &SdkConfig) -> Layer {
    let mut values = Layer::new(SERVICE);
    values.store_put(EndpointResolverParams::new(()));
    values.store_put(AuthSchemeOptionResolverParams::new(()));
    values.store_put(SigV4OperationSigningConfig::default());
    values.store_put(SigningName::from_static(SERVICE));
    values.store_put(ApiMetadata::new(SERVICE, env!("CARGO_PKG_VERSION")));
    values.store_put(config::retry_quota(SERVICE));
    values.store_or_unset(config.region().cloned());
    values.store_or_unset(config.region().cloned().map(SigningRegion::from));
    values.store_or_unset(config.retry_config().cloned());
    values.store_or_unset(config.timeout_config().cloned());
    values.store_or_unset(config.stalled_stream_protection());
    values.store_or_unset(config.app_name().cloned());
    values
}

/// The SDK's parts.
fn components(config: &SdkConfig) -> RuntimeComponentsBuilder {
    let mut components = RuntimeComponentsBuilder::new(SERVICE);
    components
        .set_http_client(config.http_client())
        .set_sleep_impl(config.sleep_impl())
        .set_time_source(config.time_source())
        .set_identity_cache(config.identity_cache())
        .set_endpoint_resolver(Some(Ec2Endpoint::of(config)))
        .set_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
        .push_auth_scheme(SigV4AuthScheme::new())
        .push_interceptor(ConnectionPoisoningInterceptor::new())
        .push_interceptor(InvocationIdInterceptor::new())
        .push_interceptor(RequestInfoInterceptor::new())
        .push_interceptor(ServiceClockSkewInterceptor::new())
        .push_interceptor(UserAgentInterceptor::new())
        .push_retry_classifier(HttpStatusCodeClassifier::default())
        .push_retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
        .push_retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
        .push_retry_classifier(ServiceClockSkewClassifier::<ErrorMetadata>::new());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    components
}

/// Where EC2 is: where ELB would be, under EC2's name.
#[derive(Debug)]
struct Ec2Endpoint {
    elb: DefaultResolver,
    params: Result<Params, String>,
}

impl Ec2Endpoint {
    fn of(config: &SdkConfig) -> Self {
        let params = Params::builder()
            .set_region(config.region().map(|region: &Region| region.as_ref().to_owned()))
            .set_use_fips(config.use_fips())
            .set_use_dual_stack(config.use_dual_stack())
            .set_endpoint(given_url(config))
            .build();
        Self { elb: DefaultResolver::new(), params: params.map_err(|error| error.to_string()) }
    }

    async fn resolve(&self) -> Result<Endpoint, BoxError> {
        let params = self.params.as_ref().map_err(String::as_str)?;
        let endpoint = elb::ResolveEndpoint::resolve_endpoint(&self.elb, params).await?;
        if params.endpoint().is_some() {
            return Ok(endpoint);
        }
        let url = endpoint.url().replacen("elasticloadbalancing", SERVICE, 1);
        Ok(Endpoint::builder().url(url).build())
    }
}

impl ResolveEndpoint for Ec2Endpoint {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::new(self.resolve())
    }
}

/// The URL that the operator gives, for EC2 or for every service.
fn given_url(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("EC2")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let own = config.service_config().and_then(|service| service.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_endpoint_is_that_of_the_partition() {
        for (region, fips, dual_stack, url) in [
            ("eu-west-1", false, false, "https://ec2.eu-west-1.amazonaws.com"),
            ("us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com"),
            ("us-east-1", false, true, "https://ec2.us-east-1.api.aws"),
            ("us-east-1", true, true, "https://ec2-fips.us-east-1.api.aws"),
            ("us-gov-west-1", true, false, "https://ec2.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", false, false, "https://ec2.eusc-de-east-1.amazonaws.eu"),
        ] {
            let config = SdkConfig::builder()
                .region(Region::new(region))
                .use_fips(fips)
                .use_dual_stack(dual_stack)
                .build();
            assert_eq!(Ec2Endpoint::of(&config).resolve().await.unwrap().url(), url);
        }
    }

    #[test]
    fn a_request_is_a_form() {
        let form = |token: Option<&str>| {
            let request = request(token.map(str::to_owned)).unwrap();
            String::from_utf8(request.body().bytes().unwrap().to_vec()).unwrap()
        };
        let first = "Action=DescribeNetworkInterfaces&Version=2016-11-15&Filter.1.Name=description\
                     &Filter.1.Value.1=Amazon%20EKS%20%2A&MaxResults=1000";
        assert_eq!(form(None), first);
        assert_eq!(form(Some("a+/=&b")), format!("{first}&NextToken=a%2B%2F%3D%26b"));
    }
}
