use aws_config::Region;
use aws_types::service_config::LoadServiceConfig;

use super::*;

const TABLE: &str = include_str!("../../../tests/endpoints.tsv");

async fn resolved(service: Service, region: &str, fips: bool, dual_stack: bool) -> Result<String, BoxError> {
    let region = Region::new(region.to_owned());
    let config = SdkConfig::builder().region(region).use_fips(fips).use_dual_stack(dual_stack).build();
    Ok(ServiceEndpoint::of(&config, service).resolve().await?.url().to_owned())
}

#[test]
fn every_service_that_is_called_is_in_the_table() {
    for Service { actions, .. } in SERVICES {
        assert!(TABLE.contains(&format!("\n{actions}\t")), "{actions}");
    }
}

/// `tests/python/moto/test_endpoints.py` makes the table.
#[tokio::test]
async fn endpoints_are_those_of_the_rule_sets_of_aws() {
    let mut rows = 0;
    for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let [name, region, expected @ ..] = &*row.split('\t').collect::<Vec<_>>() else { panic!("{row}") };
        let service = SERVICES.into_iter().find(|known| known.actions == *name).expect("a service");
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
    for service in SERVICES {
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

#[test]
fn calls_of_iam_alone_are_signed_for_another_region() {
    let config = SdkConfig::builder().region(Region::from_static("eu-west-1")).build();
    for service in SERVICES {
        let expected = if service.actions == "iam" { "us-east-1" } else { "eu-west-1" };
        assert_eq!(signing_region(&config, service), Some(SigningRegion::from_static(expected)));
    }
}

/// An environment with `AWS_ENDPOINT_URL_EC2`.
#[derive(Debug)]
struct OfEc2;

impl LoadServiceConfig for OfEc2 {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.service_id() == "EC2").then(|| "http://127.0.0.1:4567".to_owned())
    }
}

#[test]
fn a_url_of_one_service_comes_before_the_url_of_all() {
    let config = SdkConfig::builder().endpoint_url("http://127.0.0.1:4566").service_config(OfEc2).build();
    for service in SERVICES {
        let port = if service.actions == "ec2" { 4567 } else { 4566 };
        assert_eq!(given_url(&config, service), Some(format!("http://127.0.0.1:{port}")));
    }
}
