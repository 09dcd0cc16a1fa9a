//! Holds the SDK's parts of which an operation of any AWS service is made.
//!
//! It has what a client of the SDK has: region, credentials, time-outs,
//! retries, and endpoints by the service's rules ([`super::endpoint`]).

use aws_config::SdkConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SigningName;

use super::config;
use super::endpoint::{Service, ServiceEndpoint, signing_region};
use super::limiters::ThrottlingIsWaitedOut;
use super::response_guard::FinalErrors;

/// All parts of an operation of `service` except its request and its response.
pub(super) fn plugin(config: &SdkConfig, service: Service) -> StaticRuntimePlugin {
    StaticRuntimePlugin::new()
        .with_config(values(config, service).freeze())
        .with_runtime_components(components(config, service))
}

/// A request in the query protocol.
pub(super) fn form(form: String) -> Result<HttpRequest, BoxError> {
    let length = form.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(form));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
    request.headers_mut().insert("content-length", length);
    Ok(request)
}

/// What the SDK's parts look up by type.
fn values(config: &SdkConfig, service: Service) -> Layer {
    let mut values = Layer::new(service.name);
    values.store_put(EndpointResolverParams::new(()));
    values.store_put(AuthSchemeOptionResolverParams::new(()));
    values.store_put(SigV4OperationSigningConfig::default());
    values.store_put(SigningName::from_static(service.name));
    values.store_put(ApiMetadata::new(service.name, env!("CARGO_PKG_VERSION")));
    values.store_put(config::retry_quota(service.name));
    values.store_or_unset(config.region().cloned());
    values.store_or_unset(signing_region(config, service));
    values.store_or_unset(config.retry_config().cloned());
    values.store_or_unset(config.timeout_config().cloned());
    values.store_or_unset(config.stalled_stream_protection());
    values.store_or_unset(config.app_name().cloned());
    values
}

/// The SDK's parts.
fn components(config: &SdkConfig, service: Service) -> RuntimeComponentsBuilder {
    let mut components = RuntimeComponentsBuilder::new(service.name);
    components
        .set_http_client(config.http_client())
        .set_sleep_impl(config.sleep_impl())
        .set_time_source(config.time_source())
        .set_identity_cache(config.identity_cache())
        .set_endpoint_resolver(Some(ServiceEndpoint::of(config, service)))
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
        .push_retry_classifier(ServiceClockSkewClassifier::<ErrorMetadata>::new())
        .push_retry_classifier(FinalErrors)
        .push_retry_classifier(ThrottlingIsWaitedOut);
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    components
}
