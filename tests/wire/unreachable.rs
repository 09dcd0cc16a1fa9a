//! Each cause for which AWS cannot be reached is named, with its own remedy.

use std::net::SocketAddr;
use std::time::Duration;

use eks_nlb_simulator::{SilentAddress, Simulator, closed_address};
use eks_nlb_sync::aws::account::Account;
use eks_nlb_sync::aws::config;
use eks_nlb_sync::error::{CallError, UnreachableCause};
use eks_nlb_sync::history::History;
use eks_nlb_sync::model::Scope;
use eks_nlb_sync::schedule::budget::RunBudget;
use eks_nlb_sync::settings::{SdkRetries, Settings};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::http_proxy::{FORBIDDEN, HttpProxy, PAGE, Policy};
use crate::support::*;

/// A phrase that only this remedy has.
const REMEDIES: [(UnreachableCause, &str); 4] = [
    (UnreachableCause::Name, "does not resolve"),
    (UnreachableCause::Route, "NAT gateway"),
    (UnreachableCause::Certificate, "AWS_CA_BUNDLE"),
    (UnreachableCause::Proxy, "NO_PROXY"),
];

#[track_caller]
fn assert_cause(message: &str, cause: UnreachableCause) {
    for (of, remedy) in REMEDIES {
        assert_eq!(message.contains(remedy), of == cause, "{remedy:?} in {message:?}");
    }
}

/// Discovery fails with AwsUnreachable, for `cause`.
async fn unreachable(sim: Simulator, variables: &[(&str, &str)], cause: UnreachableCause) -> String {
    let function = Function::start_with(sim, variables).await;
    let message = function.sync_without_discovery().await;
    assert!(message.contains("cannot be reached"), "{message}");
    assert_cause(&message, cause);
    let line = function.logged(|line| line["level"] == "ERROR").await;
    assert_eq!(line["code"], "AwsUnreachable", "{line}");
    message
}

/// A name that no resolver is asked for: its first label is too long.
fn unresolvable() -> String {
    format!("{}.example", "a".repeat(64))
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    let url = format!("http://{}", unresolvable());
    let variables = [ONE_ATTEMPT, ("AWS_ENDPOINT_URL", &*url)];
    let message = unreachable(Simulator::start().await, &variables, UnreachableCause::Name).await;
    assert!(message.contains(&unresolvable()), "{message}");
}

/// An address that loses packets, because its queue of new connections is full, with
/// what fills it.
async fn full_queue() -> (SocketAddr, impl Sized) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("loopback has free ports");
    let listener = socket.listen(1).expect("it is bound");
    let address = listener.local_addr().expect("it is bound");
    let mut held = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        held.push(connected.expect("it is taken"));
    }
    (address, (listener, held))
}

#[tokio::test]
async fn no_route_and_no_answer() {
    let (closed, silent) = (closed_address().expect("free"), SilentAddress::open().expect("free"));
    let (full, _held) = full_queue().await;
    for (address, reason) in [
        (closed, "refused"),
        (silent.address, "attempt timeout (single attempt) occurred after 5s"),
        (full, "connect timeout occurred after 2s"),
    ] {
        let url = format!("http://{address}");
        let variables = [ONE_ATTEMPT, ("AWS_ENDPOINT_URL", &*url)];
        let message = unreachable(Simulator::start().await, &variables, UnreachableCause::Route).await;
        assert!(message.contains(reason), "{message}");
    }
}

/// The same over TLS, where the client hears nothing, or its handshake ends.
#[tokio::test]
async fn no_answer_to_a_handshake() {
    let silent = SilentAddress::open().expect("free");
    let url = format!("https://{}", silent.address);
    let variables = [ONE_ATTEMPT, ("AWS_ENDPOINT_URL", &*url)];
    unreachable(Simulator::start().await, &variables, UnreachableCause::Route).await;
}

/// It stays untrusted, so it is not tried again. A proxy on the way is not to
/// blame.
#[tokio::test]
async fn a_certificate_that_is_not_trusted() {
    let (sim, other) = (over_https().await, over_https().await);
    let proxy = HttpProxy::start(Policy::To(address_of(&sim))).await;
    let authority = authority_of(&other);
    let bundle = ("AWS_CA_BUNDLE", &*authority);

    let direct = unreachable(over_https().await, &[bundle], UnreachableCause::Certificate).await;
    let proxied =
        unreachable(sim, &[bundle, ("HTTPS_PROXY", &proxy.url(""))], UnreachableCause::Certificate).await;

    for message in [direct, proxied] {
        assert!(message.contains("invalid peer certificate"), "{message}");
    }
    // Load balancers, target groups and interfaces, each once.
    let connections = proxy.requests().len();
    assert!(connections <= 3, "{connections} connections");
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let sim = over_https().await;
    let other = sim.endpoint_url().replace("127.0.0.1", "127.0.0.2");
    let proxy = HttpProxy::start(Policy::To(address_of(&sim))).await;
    let variables = [("AWS_ENDPOINT_URL", &*other), ("HTTPS_PROXY", &proxy.url(""))];
    unreachable(sim, &variables, UnreachableCause::Certificate).await;
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_not_there() {
    let refusing = HttpProxy::start(Policy::Answer(FORBIDDEN)).await;
    let closed = format!("http://{}", closed_address().expect("free"));
    let unnamed = format!("http://user:secret-1@{}:3128", unresolvable());
    for url in [refusing.url("user:secret-1@"), closed, unnamed] {
        let variables = [ONE_ATTEMPT, ("HTTPS_PROXY", &*url)];
        let message = unreachable(over_https().await, &variables, UnreachableCause::Proxy).await;
        let shown = url.replace("user:secret-1@", "");
        assert!(message.contains(&format!("through the proxy {shown}")), "{message}");
        assert!(!message.contains("secret-1"), "{message}");
    }
}

/// An HTML page cannot come from AWS, whatever its status, and neither can plain
/// text in place of a TLS handshake.
#[tokio::test]
async fn a_proxy_that_answers_in_the_place_of_aws() {
    for response in
        [PAGE, FORBIDDEN, "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"]
    {
        let page = HttpProxy::start(Policy::Answer(response)).await;
        for url in [page.url(""), page.url("").replace("http:", "https:")] {
            let variables = [ONE_ATTEMPT, ("AWS_ENDPOINT_URL", &*url)];
            unreachable(Simulator::start().await, &variables, UnreachableCause::Proxy).await;
        }
    }
}

/// The command line's reads are made with the same client.
#[tokio::test]
async fn a_page_does_not_pass_for_credentials_that_aws_accepts() {
    for response in [PAGE, FORBIDDEN] {
        let page = HttpProxy::start(Policy::Answer(response)).await;
        let home = config::loader(config::https(|_| None).expect("valid"), SdkRetries::default())
            .region(aws_config::Region::from_static("eu-west-1"))
            .credentials_provider(aws_sdk_eks::config::Credentials::new("a", "b", None, None, "test"))
            .endpoint_url(page.url(""))
            .load();
        let account = Account::new(home.await, SdkRetries::default()).expect("there is a Region");
        let settings = Settings::from_lookup(|_| None).expect("the defaults are valid");
        let budget = RunBudget::new(settings.max_concurrency, TIME);
        let clients = account.clients(&Scope::default(), "page", &budget, &History::default().assumed).await;
        let clients = clients.expect("no role is assumed");
        let client = clients.query_client(&budget);
        let error = client.xml("sts:GetCallerIdentity", &[]).await.expect_err("a page is no identity");
        assert!(matches!(error, CallError::Unreachable { cause: UnreachableCause::Proxy, .. }), "{error:?}");
        let error =
            client.json("lambda:GetFunctionConfiguration", "/f".to_owned()).await.expect_err("a page");
        assert!(matches!(error, CallError::Unreachable { cause: UnreachableCause::Proxy, .. }), "{error:?}");
    }
}

/// A request that cannot be made is not blamed on the network.
#[tokio::test]
async fn an_endpoint_or_credentials_that_are_missing_are_no_matter_of_the_network() {
    let function = Function::start_with(Simulator::start().await, &[("AWS_USE_FIPS_ENDPOINT", "true")]).await;
    let message = function.sync_without_discovery().await;
    assert!(message.contains("FIPS and custom endpoint are not supported"), "{message}");
    assert!(REMEDIES.iter().all(|(_, remedy)| !message.contains(remedy)), "{message}");

    let sim = Simulator::start().await;
    let mut command = command(&sim, &[]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let function = Function::spawn(sim, command);
    let message = function.sync_without_discovery().await;
    assert!(message.contains("credential"), "{message}");
    assert!(REMEDIES.iter().all(|(_, remedy)| !message.contains(remedy)), "{message}");
}
