use aws_config::Region;

use super::*;
use crate::aws::query_client;

const TABLE: &str = include_str!("../../../tests/endpoints.tsv");

const SERVICES: [(&str, Service); 9] = [
    ("cloudwatch", CLOUDWATCH),
    ("ec2", EC2),
    ("eks", EKS),
    ("elasticloadbalancing", ELB),
    ("iam", IAM),
    ("lambda", LAMBDA),
    ("scheduler", SCHEDULER),
    ("sns", SNS),
    ("sts", STS),
];

async fn resolved(service: Service, region: &str, fips: bool, dual_stack: bool) -> Result<String, BoxError> {
    let region = Region::new(region.to_owned());
    let config = SdkConfig::builder().region(region).use_fips(fips).use_dual_stack(dual_stack).build();
    // The query client gives IAM's URL, where there is one.
    let config = query_client::iam::config_of(&config, service).unwrap_or(config);
    Ok(ServiceEndpoint::of(&config, service).resolve().await?.url().to_owned())
}

/// The function's clients are those of EC2, EKS, ELB and STS.
#[test]
fn every_service_that_is_called_is_in_the_table() {
    let called = query_client::SERVICES.iter().map(|(name, ..)| *name);
    assert!(called.eq(SERVICES.map(|(name, _)| name)));
    for (name, _) in SERVICES {
        assert!(TABLE.contains(&format!("\n{name}\t")), "{name}");
    }
}

/// `tests/python/moto/test_endpoints.py` makes the table.
#[tokio::test]
async fn endpoints_are_those_of_the_rule_sets_of_aws() {
    let mut rows = 0;
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let [name, region, expected @ ..] = &*row.split('\t').collect::<Vec<_>>() else { panic!("{row}") };
        let (_, service) = *SERVICES.iter().find(|(known, _)| known == name).expect("a service");
        let columns = [(false, false), (true, false), (false, true), (true, true)];
        assert_eq!(expected.len(), columns.len(), "{row}");
        for ((fips, dual_stack), expected) in columns.into_iter().zip(expected) {
            let url = resolved(service, region, fips, dual_stack).await.unwrap_or_else(|_| "-".to_owned());
            assert_eq!(url, *expected, "{name} in {region}, FIPS {fips}, dual-stack {dual_stack}");
        }
        rows += 1;
    }
    assert!(rows > 100, "{rows} rows");
}

#[tokio::test]
async fn a_given_url_is_taken_as_it_is_and_excludes_fips_and_dual_stack() {
    for (_, service) in SERVICES {
        let given = |fips: bool| {
            SdkConfig::builder().endpoint_url("http://127.0.0.1:4566/prefix").use_fips(fips).build()
        };
        let url = ServiceEndpoint::of(&given(false), service).resolve().await.expect("no rule forbids it");
        assert_eq!(url.url(), "http://127.0.0.1:4566/prefix");
        let refused =
            ServiceEndpoint::of(&given(true), service).resolve().await.expect_err("it is no FIPS endpoint");
        assert!(refused.to_string().contains("FIPS and custom endpoint"), "{refused}");
    }
}
