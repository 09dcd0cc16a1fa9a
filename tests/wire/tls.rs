//! AWS over HTTPS: who is trusted, and who is not.

use eks_nlb_simulator::{Options, Simulator};

use crate::support::*;

async fn over_https() -> Simulator {
    let options = Options { https: true, ..Options::default() };
    Simulator::start_with(options).await.expect("loopback has free ports")
}

#[tokio::test]
async fn an_authority_that_is_trusted_is_spoken_to() {
    let sim = over_https().await;
    assert!(sim.endpoint_url().starts_with("https://"));
    let frontend = payments(&mut sim.world());
    let function = Function::start_with(sim, &[]).await;

    for outcome in ["changed", "converged"] {
        assert_eq!(entry(&function.sync().await, &frontend)["outcome"], outcome);
    }
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_is_told_nothing() {
    let sim = over_https().await;
    busy_payments(&mut sim.world());
    let mut command = command(&sim, &[ONE_ATTEMPT]);
    command.env_remove("SSL_CERT_FILE");
    let function = Function::spawn(sim, command);

    let message = function.sync_without_discovery().await;

    assert!(message.contains("cannot be reached"), "{message}");
    assert!(message.to_lowercase().contains("certificate"), "{message}");
    assert_eq!(function.world().requests().len(), 0);
}

#[tokio::test]
async fn another_simulators_authority_is_not_trusted() {
    let (sim, other) = (over_https().await, over_https().await);
    let authority = other.env().into_iter().find(|(name, _)| name == "SSL_CERT_FILE").expect("one").1;
    let function = Function::start_with(sim, &[ONE_ATTEMPT, ("SSL_CERT_FILE", &authority)]).await;

    assert!(function.sync_without_discovery().await.contains("cannot be reached"));
}

#[tokio::test]
async fn an_eks_that_is_not_trusted_is_told_for_each_frontend() {
    let (sim, other) = (Simulator::start().await, over_https().await);
    let frontend = busy_payments(&mut sim.world());
    let variables = [ONE_ATTEMPT, ("AWS_ENDPOINT_URL_EKS", &other.endpoint_url())];
    let function = Function::start_with(sim, &variables).await;

    let report = function.sync_with_failures().await;

    assert_eq!(code(entry(&report, &frontend)), "AwsUnreachable");
    assert_eq!(function.world().writes().len(), 0);
}
