//! AWS behind a proxy, and with other certificate authorities.

use std::collections::BTreeSet;

use eks_nlb_simulator::Simulator;
use eks_nlb_simulator::world::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use serde_json::json;
use tokio::process::Command;

use crate::http_proxy::{HttpProxy, Policy};
use crate::support::*;

/// The function with AWS's own endpoints, which only a proxy can lead to `sim`.
fn with_aws_endpoints(sim: &Simulator, variables: &[(&str, &str)]) -> Command {
    let mut command = command(sim, variables);
    command.env_remove("AWS_ENDPOINT_URL").env_remove("SSL_CERT_FILE");
    command
}

#[tokio::test]
async fn aws_is_reached_by_its_own_names_through_the_proxy_and_the_bundle() {
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        let sim = over_https().await;
        let authority = authority_of(&sim);
        let frontend = payments(&mut sim.world());
        let proxy = HttpProxy::start(Policy::To(address_of(&sim))).await;
        let url = proxy.url("user:pass%20word@");
        let command = with_aws_endpoints(&sim, &[(variable, &url), ("AWS_CA_BUNDLE", &authority)]);
        let function = Function::spawn(sim, command);

        for outcome in ["changed", "converged"] {
            assert_eq!(reported(&function.sync().await, &frontend)["outcome"], outcome);
        }

        let requests = proxy.requests();
        let lines: BTreeSet<&str> = requests.iter().map(|request| &*request.line).collect();
        let expected = ["ec2", "eks", "elasticloadbalancing"]
            .map(|service| format!("CONNECT {service}.eu-west-1.amazonaws.com:443 HTTP/1.1"));
        assert_eq!(lines, expected.iter().map(String::as_str).collect());
        // Of `user:pass word`, as RFC 7617 has it.
        let basic = Some("Basic dXNlcjpwYXNzIHdvcmQ=");
        assert!(requests.iter().all(|request| request.authorization.as_deref() == basic), "{requests:?}");
        for line in function.log() {
            assert!(!line.to_string().contains("pass"), "{line}");
        }
    }
}

#[tokio::test]
async fn plain_http_has_a_proxy_of_its_own() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let to = address_of(&sim);
    let proxy = HttpProxy::start(Policy::To(to)).await;
    let unused = HttpProxy::start(Policy::To(to)).await;
    let variables = [("HTTP_PROXY", proxy.url("")), ("HTTPS_PROXY", unused.url(""))];
    let function = Function::start_with(sim, &variables.each_ref().map(|(name, url)| (*name, &**url))).await;

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");

    let lines = proxy.lines();
    assert_eq!(lines.len(), function.world().requests().len(), "{lines:#?}");
    // Only calls of AWS: the Runtime API is never proxied.
    let of_aws = |line: &String| line.contains(&format!(" http://{to}/"));
    assert!(!lines.is_empty() && lines.iter().all(of_aws), "{lines:#?}");
    assert_eq!(unused.requests().len(), 0);
}

#[tokio::test]
async fn excluded_hosts_are_reached_directly() {
    let sim = over_https().await;
    let authority = authority_of(&sim);
    let frontend = payments(&mut sim.world());
    let to = address_of(&sim);
    let proxy = HttpProxy::start(Policy::To(to)).await;
    let by_name = format!("https://localhost:{}", to.port());
    let function = Function::start_with(
        sim,
        &[
            ("AWS_CA_BUNDLE", &authority),
            ("HTTPS_PROXY", &proxy.url("")),
            ("NO_PROXY", "example.com, localhost"),
            ("AWS_ENDPOINT_URL_EKS", &by_name),
        ],
    )
    .await;

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");

    let lines = BTreeSet::from_iter(proxy.lines());
    assert_eq!(lines, [format!("CONNECT {to} HTTP/1.1")].into());
    assert_eq!(function.world().requests_of("DescribeCluster").len(), 1);
}

/// The endpoints that serve the credentials of an instance or a container are
/// never proxied.
#[tokio::test]
async fn credentials_are_not_fetched_through_the_proxy() {
    let sim = Simulator::start().await;
    let frontend = payments(&mut sim.world());
    let proxy = HttpProxy::start(Policy::To(address_of(&sim))).await;
    let document = json!({
        "AccessKeyId": ACCESS_KEY_ID, "SecretAccessKey": SECRET_ACCESS_KEY, "Token": "t", "Expiration": "2099-01-01T00:00:00Z",
    })
    .to_string();
    let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{document}", document.len());
    let container = HttpProxy::start(Policy::Answer(response.leak())).await;
    let (uri, url) = (format!("{}/role", container.url("")), proxy.url(""));
    let mut command = command(&sim, &[("HTTP_PROXY", &url), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri)]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let function = Function::spawn(sim, command);

    assert_eq!(reported(&function.sync().await, &frontend)["outcome"], "changed");

    assert_eq!(container.lines(), ["GET /role HTTP/1.1"]);
    let lines = proxy.lines();
    assert!(!lines.is_empty() && !lines.iter().any(|line| line.contains("/role")), "{lines:?}");
}

/// A variable that would be ignored stops the start, and a password in it is
/// not repeated.
#[tokio::test]
async fn an_environment_that_cannot_be_used_stops_the_start() {
    let sim = Simulator::start().await;
    for (variable, value) in
        [("HTTPS_PROXY", "socks5://user:secret-1@proxy:1080"), ("AWS_CA_BUNDLE", "/none.pem")]
    {
        let stopped = output(command(&sim, &[(variable, value)])).await;

        let log = String::from_utf8_lossy(&stopped.stdout);
        assert!(!stopped.status.success(), "{log}");
        assert!(log.contains(variable) && !log.contains("secret-1"), "{log}");
    }
}
