//! Clients that ask a simulator and nobody else.

use std::time::Duration;

use aws_sdk_eks::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_elasticloadbalancingv2 as elb;
use aws_sdk_elasticloadbalancingv2::config::retry::RetryConfig;
use aws_sdk_elasticloadbalancingv2::config::timeout::TimeoutConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use eks_nlb_simulator::Simulator;
use eks_nlb_simulator::world::{ACCESS_KEY_ID, HOME_REGION, SECRET_ACCESS_KEY};

/// A bound for everything that would otherwise never end.
pub(crate) const BOUND: Duration = Duration::from_secs(10);

/// The configuration of one service's client, in the types of its crate.
macro_rules! config {
    ($service:ident, $sim:expr, $region:expr, $key:expr, $token:expr) => {
        $service::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url($sim.endpoint_url())
            .region(Region::new($region.to_owned()))
            .credentials_provider(Credentials::new($key, SECRET_ACCESS_KEY, $token, None, "test"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(BOUND).build())
    };
}

/// An ELB client of the home account.
pub(crate) fn elb(sim: &Simulator) -> elb::Client {
    elb_as(sim, HOME_REGION, ACCESS_KEY_ID, None)
}

/// An ELB client with any Region and credentials.
pub(crate) fn elb_as(sim: &Simulator, region: &str, key: &str, token: Option<String>) -> elb::Client {
    let http = Builder::new().build_http();
    let config = config!(elb, sim, region, key, token).http_client(http);
    elb::Client::from_conf(config.build())
}

/// An ELB client over HTTPS that trusts the authority in `pem` only.
pub(crate) fn elb_over_https(sim: &Simulator, pem: Vec<u8>) -> elb::Client {
    let trust = TrustStore::empty().with_pem_certificate(pem);
    let context = TlsContext::builder().with_trust_store(trust).build();
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context.expect("a valid certificate"))
        .build_https();
    let config = config!(elb, sim, HOME_REGION, ACCESS_KEY_ID, None).http_client(http);
    elb::Client::from_conf(config.build())
}

/// An EKS client of the home account.
pub(crate) fn eks(sim: &Simulator) -> aws_sdk_eks::Client {
    let http = Builder::new().build_http();
    let config = config!(aws_sdk_eks, sim, HOME_REGION, ACCESS_KEY_ID, None).http_client(http);
    aws_sdk_eks::Client::from_conf(config.build())
}

/// An STS client of the home account.
pub(crate) fn sts(sim: &Simulator) -> aws_sdk_sts::Client {
    let http = Builder::new().build_http();
    let config = config!(aws_sdk_sts, sim, HOME_REGION, ACCESS_KEY_ID, None).http_client(http);
    aws_sdk_sts::Client::from_conf(config.build())
}
