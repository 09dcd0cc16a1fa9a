//! Something between this machine and AWS: a certificate that is not trusted, and a
//! proxy that answers with a page.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::*;

/// What only belongs to a network without a route.
const ROUTE: &str = "NAT gateway";

/// Every command that reads an account and fails without AWS.
const COMMANDS: [&[&str]; 5] =
    [&["status"], &["plan"], &["explain", "payments"], &["sync", "--yes"], &["sync", "--dry-run"]];

/// `arguments` with what this machine trusts, and with `variables`.
async fn run(desk: &Desk, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = desk.command(arguments);
    command.env_remove("SSL_CERT_FILE").env("AWS_MAX_ATTEMPTS", "1").envs(variables.iter().copied());
    said(command).await
}

/// What `doctor` and `version` say, which look at AWS and go on.
async fn assert_looked_for(desk: &Desk, variables: &[(&str, &str)], parts: &[&str]) {
    let doctor = run(desk, variables, &["doctor"]).await;
    let version = run(desk, variables, &["version"]).await;
    assert_eq!((doctor.code, doctor.err.as_str()), (Some(1), ""), "{doctor:?}");
    assert_eq!((version.code, version.err.as_str()), (Some(0), ""), "{version:?}");
    // The cause is the same for every check.
    let causes = doctor.out.matches("elasticloadbalancing:DescribeLoadBalancers cannot be reached").count();
    assert_eq!(causes, 1, "{}", doctor.out);
    for said in [doctor, version] {
        assert!(!said.out.lines().any(|line| line.starts_with(['✓', '✗'])), "{}", said.out);
        let said = words(&said.out);
        assert!(!said.contains(ROUTE), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part} is missing: {said}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_named_with_its_variable() {
    let (desk, other) = (Desk::over_https(small_fleet).await, Desk::over_https(small_fleet).await);
    let of_other = other.sim.env().into_iter().find(|(name, _)| name == "SSL_CERT_FILE").expect("one").1;
    let parts = ["invalid peer certificate", "AWS_CA_BUNDLE"];
    for variables in [&[][..], &[("AWS_CA_BUNDLE", of_other.as_str())]] {
        for arguments in COMMANDS {
            let said = run(&desk, variables, arguments).await;
            said.assert_one_sentence(1, &parts);
            assert!(!said.err.contains(ROUTE), "{said:?}");
        }
        assert_looked_for(&desk, variables, &parts).await;
    }
    assert_eq!((desk.writes(), desk.sim.world().requests().len()), (0, 0));
}

#[tokio::test]
async fn a_bundle_with_the_authority_is_enough() {
    let desk = Desk::over_https(small_fleet).await;
    let authority = desk.sim.env().into_iter().find(|(name, _)| name == "SSL_CERT_FILE").expect("one").1;

    let said = run(&desk, &[("AWS_CA_BUNDLE", &authority)], &["plan"]).await;

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    said.assert_shows(&["3 to register"]);
}

/// A page as a proxy shows it to people.
const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\n\
     content-length: 57\r\n\r\n<!DOCTYPE html><html><body><p>Sign in first</body></html>";

/// Answers every request with [`PAGE`], until the set is dropped.
async fn page() -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let address = listener.local_addr().expect("it is bound");
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut clients = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            clients.spawn(answer(client));
        }
    });
    (address, task)
}

async fn answer(mut client: TcpStream) {
    let mut request = [0; 4096];
    if client.read(&mut request).await.is_ok_and(|length| length > 0) {
        _ = client.write_all(PAGE.as_bytes()).await;
    }
}

/// In the place of AWS, as the proxy for its names, and as one that speaks no TLS.
#[tokio::test]
async fn a_proxy_that_answers_with_a_page_is_named() {
    let (plain, secure) = (Desk::with_defaults(small_fleet).await, Desk::over_https(small_fleet).await);
    let (address, _task) = page().await;
    let (http, https) = (format!("http://{address}"), format!("https://{address}"));
    let cases = [
        (&plain, ("AWS_ENDPOINT_URL", &http)),
        (&plain, ("AWS_ENDPOINT_URL", &https)),
        (&plain, ("HTTP_PROXY", &http)),
        (&secure, ("HTTPS_PROXY", &http)),
    ];
    for (desk, (name, url)) in cases {
        let variables = [(name, url.as_str())];
        for arguments in COMMANDS {
            let said = run(desk, &variables, arguments).await;
            said.assert_one_sentence(1, &["proxy", "NO_PROXY"]);
            assert!(!said.err.contains(ROUTE) && !said.err.contains("AWS_CA_BUNDLE"), "{said:?}");
        }
        assert_looked_for(desk, &variables, &["proxy"]).await;
        assert_eq!((desk.writes(), desk.sim.world().requests().len()), (0, 0), "{name}");
    }
}
