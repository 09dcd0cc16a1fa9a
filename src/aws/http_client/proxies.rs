//! Decides which requests go through a proxy, by the environment.
//!
//! `HTTPS_PROXY` is for `https` URLs and `HTTP_PROXY` for `http` URLs, each in
//! either case; of both, lower case counts, as in botocore. A proxy's URL may
//! leave out the scheme, and may hold a user name and a password.
//!
//! Two kinds of URL are never proxied: URLs whose host `NO_PROXY` names (as a
//! host, with its subdomains, an address, or a network; on one port, if it names
//! one), and the endpoints that
//! serve the credentials of an instance or a container, which no proxy can reach.

use std::fmt;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;
use http::uri::Authority;
use hyper_util::client::proxy::matcher::Matcher;

use super::InvalidEnvironment;

/// Where an instance or a container gets its credentials.
///
/// Sources: EC2 User Guide, *Access instance metadata*; ECS Developer Guide,
/// *Task IAM role*; EKS User Guide, *EKS Pod Identity Agent* (November 2026).
const CREDENTIAL_ENDPOINTS: &str = "169.254.0.0/16,fd00:ec2::/32";

/// Variables that name a credential endpoint elsewhere.
const CREDENTIAL_VARIABLES: [&str; 2] =
    ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT"];

/// The proxies of an environment.
#[derive(Debug)]
pub(super) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    matcher: Matcher,
    /// Hosts that are not proxied on one port.
    by_port: Vec<(u16, Matcher)>,
    /// Hosts with their ports that are never proxied.
    credentials: Vec<Authority>,
}

/// A proxy.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) config: ProxyConfig,
    /// Whether this is the proxy for `https` URLs.
    pub(super) is_for_tls: bool,
    url: String,
    /// The URL without user name and password.
    shown: String,
}

// The URL may hold a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.shown).finish()
    }
}

/// A request failed on its way through a proxy.
#[derive(Debug)]
pub(in crate::aws) struct ThroughProxy {
    url: String,
    source: BoxError,
}

impl fmt::Display for ThroughProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "through the proxy {}", self.url)
    }
}

impl std::error::Error for ThroughProxy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

impl Proxies {
    pub(super) fn from_lookup(
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let http = proxy(either_case(variable, ["http_proxy", "HTTP_PROXY"]), false)?;
        let https = proxy(either_case(variable, ["https_proxy", "HTTPS_PROXY"]), true)?;
        let url = |proxy: &Option<Proxy>| proxy.as_ref().map_or_else(String::new, |proxy| proxy.url.clone());
        let excluded =
            either_case(variable, ["no_proxy", "NO_PROXY"]).map_or_else(String::new, |(_, hosts)| hosts);
        // `*.example.com` is read as `.example.com`: a host with its subdomains.
        let excluded = excluded.replace("*.", ".");
        let except = |hosts: String| Matcher::builder().http(url(&http)).https(url(&https)).no(hosts).build();
        let by_port = excluded.split(',').filter_map(host_and_port);
        let by_port = by_port.map(|(host, port)| (port, except(host.to_owned()))).collect();
        let is_all = excluded.split(',').any(|host| host.trim() == "*");
        let addresses = if is_all { "0.0.0.0/0,::/0," } else { "" };
        let matcher = except(format!("{CREDENTIAL_ENDPOINTS},{addresses}{excluded}"));
        let of_url = |name: &&str| variable(name)?.parse::<Uri>().ok()?.into_parts().authority;
        let credentials = CREDENTIAL_VARIABLES.iter().filter_map(of_url).collect();
        Ok(Self { http, https, matcher, by_port, credentials })
    }

    /// The proxy for a request to `url`, if there is one.
    pub(super) fn of(&self, url: &str) -> Option<&Proxy> {
        if self.http.is_none() && self.https.is_none() {
            return None;
        }
        let url: Uri = url.parse().ok()?;
        if url.authority().is_some_and(|authority| self.credentials.contains(authority)) {
            return None;
        }
        self.matcher.intercept(&url)?;
        let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("https") { 443 } else { 80 });
        if self.by_port.iter().any(|(own, hosts)| *own == port && hosts.intercept(&url).is_none()) {
            return None;
        }
        if url.scheme_str() == Some("https") { self.https.as_ref() } else { self.http.as_ref() }
    }
}

impl Proxy {
    /// The error of a request that went through this proxy.
    pub(super) fn blamed(&self, error: ConnectorError) -> ConnectorError {
        let (is_timeout, is_io, kind) = (error.is_timeout(), error.is_io(), error.as_other());
        let source = Box::new(ThroughProxy { url: self.shown.clone(), source: error.into_source() });
        if is_timeout {
            ConnectorError::timeout(source)
        } else if is_io {
            ConnectorError::io(source)
        } else {
            ConnectorError::other(source, kind)
        }
    }
}

/// The first of two variables that has a value, with its name.
fn either_case(
    variable: &impl Fn(&str) -> Option<String>,
    names: [&'static str; 2],
) -> Option<(&'static str, String)> {
    let found = names.into_iter().find_map(|name| Some((name, variable(name)?)));
    found.filter(|(_, value)| !value.trim().is_empty())
}

/// As in `example.com:8443`, and nothing for an address of IPv6 without brackets.
fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.trim().rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).or(Some(host));
    let is_bare = text.contains("::") && !text.contains(']');
    Some((host.filter(|_| !is_bare)?, port.parse().ok()?))
}

fn proxy(
    given: Option<(&'static str, String)>,
    is_for_tls: bool,
) -> Result<Option<Proxy>, InvalidEnvironment> {
    let Some((variable, value)) = given else { return Ok(None) };
    let value = value.trim();
    let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let invalid = || InvalidEnvironment::Proxy { variable };
    let parsed: Uri = url.parse().map_err(|_| invalid())?;
    let host = parsed.authority().map(Authority::as_str).and_then(|authority| authority.rsplit('@').next());
    let shown = format!("{}://{}", parsed.scheme_str().unwrap_or_default(), host.unwrap_or_default());
    let new = if is_for_tls { ProxyConfig::https::<Uri> } else { ProxyConfig::http };
    let config = new(parsed).map_err(|_| invalid())?;
    Ok(Some(Proxy { config, is_for_tls, url, shown }))
}

#[cfg(test)]
mod tests;
