//! Makes the one HTTP client of every AWS client, as the environment asks.
//!
//! [`proxies`] says which requests go through a proxy, [`trust`] which
//! certificates are trusted. Errors keep their types, so that
//! [`super::unreachable`] can name the cause.

mod proxies;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

pub(super) use proxies::ThroughProxy;
use proxies::{Proxies, Proxy};

/// Unused connections are dropped after this time: longer than the minute
/// between two runs.
///
/// hyper measures this by a clock that may stop while Lambda freezes the
/// process. The first calls after a long freeze would each wait on a dead
/// connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// At most this many hosts have pooled connections; for a further host, all pools are
/// dropped.
///
/// A Region has three or four hosts, and a run of 100 clusters opens 70 connections to
/// them. A fleet's process may serve every Region, and may open 1,024 files
/// (Lambda Developer Guide, *Lambda quotas*, November 2026).
const MAX_HOSTS: usize = 12;

/// A variable of the environment that the HTTP client cannot work with.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant is its documentation")]
pub enum InvalidEnvironment {
    // The value may hold a password, so it is not repeated.
    #[error("{variable} is not the URL of an HTTP proxy, as in http://proxy.example.com:3128")]
    Proxy { variable: &'static str },
    #[error("{variable}={path:?} cannot be read: {reason}")]
    UnreadableBundle { variable: &'static str, path: String, reason: io::Error },
    #[error("{variable}={path:?} holds no certificate in PEM format")]
    NoCertificate { variable: &'static str, path: String },
}

/// The HTTP client for the environment that `variable` reads.
///
/// # Errors
///
/// [`InvalidEnvironment`] names a variable that would be ignored otherwise.
pub fn https(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<impl HttpClient + 'static, InvalidEnvironment> {
    let proxies = Proxies::from_lookup(&variable)?;
    let tls = trust::context(&variable)?;
    Ok(Https {
        routes: Arc::new(Routes { proxies, tls }),
        current: Mutex::new((BTreeMap::new(), SystemTime::now())),
    })
}

/// An HTTP client that drops its connections after [`IDLE_TIMEOUT`] on the wall
/// clock.
#[derive(Debug)]
struct Https {
    routes: Arc<Routes>,
    /// The connectors by their time-outs, and when one was last used.
    current: Mutex<(BTreeMap<Timeouts, Arc<Connectors>>, SystemTime)>,
}

/// For connecting, and for the first byte of the response.
type Timeouts = (Option<Duration>, Option<Duration>);

/// How requests get to their servers.
#[derive(Debug)]
struct Routes {
    proxies: Proxies,
    tls: TlsContext,
}

/// The connectors of the same time-outs, each made when it is first used.
#[derive(Debug)]
struct Connectors {
    routes: Arc<Routes>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
    pools: Mutex<Pools>,
}

/// The pools of connections: hyper's, one for each way to a host.
#[derive(Debug, Default)]
struct Pools {
    direct: Option<SharedHttpConnector>,
    http_proxy: Option<SharedHttpConnector>,
    https_proxy: Option<SharedHttpConnector>,
    /// That have connections in one of them.
    hosts: BTreeSet<String>,
}

impl Https {
    fn connectors(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
        now: SystemTime,
    ) -> Arc<Connectors> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let (connectors, used) = &mut *current;
        // If the clock was set back, the idle time counts as zero.
        if now.duration_since(*used).unwrap_or_default() > IDLE_TIMEOUT {
            connectors.clear();
        }
        *used = now;
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let of_timeouts = connectors.entry(timeouts).or_insert_with(|| {
            Arc::new(Connectors {
                routes: Arc::clone(&self.routes),
                settings: settings.clone(),
                components: components.clone(),
                pools: Mutex::default(),
            })
        });
        Arc::clone(of_timeouts)
    }
}

impl HttpClient for Https {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let now = components.time_source().map_or_else(SystemTime::now, |clock| clock.now());
        SharedHttpConnector::new(ByUrl(self.connectors(settings, components, now)))
    }
}

/// Sends a request directly or through a proxy.
#[derive(Debug)]
struct ByUrl(Arc<Connectors>);

impl HttpConnector for ByUrl {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self(connectors) = self;
        let proxy = connectors.routes.proxies.of(request.uri());
        let response = connectors.connector_for(request.uri(), proxy).call(request);
        let Some(proxy) = proxy.cloned() else { return response };
        HttpConnectorFuture::new(async move { response.await.map_err(|error| proxy.blamed(error)) })
    }
}

impl Connectors {
    /// The connector for a request to `url`.
    fn connector_for(&self, url: &str, proxy: Option<&Proxy>) -> SharedHttpConnector {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let host = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        if !pools.hosts.contains(&host) {
            if pools.hosts.len() == MAX_HOSTS {
                *pools = Pools::default();
            }
            pools.hosts.insert(host);
        }
        let connector = match proxy {
            None => &mut pools.direct,
            Some(proxy) if proxy.is_for_tls => &mut pools.https_proxy,
            Some(_) => &mut pools.http_proxy,
        };
        connector.get_or_insert_with(|| self.connector(proxy)).clone()
    }

    fn connector(&self, proxy: Option<&Proxy>) -> SharedHttpConnector {
        let mut connector = Connector::builder()
            .connector_settings(self.settings.clone())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(self.routes.tls.clone());
        connector.set_sleep_impl(self.components.sleep_impl());
        connector.set_proxy_config(proxy.map(|proxy| proxy.config.clone()));
        SharedHttpConnector::new(connector.build_with_resolver(SystemResolver))
    }
}

/// The system's resolver, as hyper uses it, with an error that has a type.
#[derive(Clone, Debug)]
struct SystemResolver;

impl ResolveDns for SystemResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            match tokio::net::lookup_host((name, 0)).await {
                Ok(found) => Ok(found.map(|address| address.ip()).collect()),
                Err(reason) => Err(ResolveDnsError::new(format!("{name}: {reason}"))),
            }
        })
    }
}
