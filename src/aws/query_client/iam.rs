//! Resolves the endpoint of IAM, which is one for each partition.
//!
//! Source: botocore's `endpoint-rule-set-1` of IAM (read November 2026).

use aws_config::{Region, SdkConfig};

use crate::aws::endpoint::{self, Service};

/// How the names of a partition's Regions begin, the Region that calls of IAM are
/// signed for, and the host of IAM: plain, with FIPS, with dual-stack, with both.
type Endpoint = (&'static str, &'static str, [&'static str; 4]);

#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = &[
    ("cn-", "cn-north-1",
        ["iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn",
         "iam.global.api.amazonwebservices.com.cn", "iam-fips.api.amazonwebservices.com.cn"]),
    ("us-gov-", "us-gov-west-1",
        ["iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "iam.us-gov.api.aws"]),
    ("us-iso-", "us-iso-east-1",
        ["iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov", "iam.api.aws.ic.gov", "iam-fips.api.aws.ic.gov"]),
    ("us-isob-", "us-isob-east-1",
        ["iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov", "iam.api.aws.scloud", "iam-fips.api.aws.scloud"]),
    ("eu-isoe-", "eu-isoe-west-1",
        ["iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk", "iam.api.cloud-aws.adc-e.uk", "iam-fips.api.cloud-aws.adc-e.uk"]),
    ("us-isof-", "us-isof-south-1",
        ["iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov", "iam.api.aws.hci.ic.gov", "iam-fips.api.aws.hci.ic.gov"]),
    ("eusc-", "eusc-de-east-1",
        ["iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu",
         "iam.global.api.amazonwebservices.eu", "iam-fips.api.amazonwebservices.eu"]),
    ("", "us-east-1",
        ["iam.amazonaws.com", "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"]),
];

/// The configuration for calls of IAM; nothing for other services, and where the
/// operator gives the URL.
pub(in crate::aws) fn config_of(config: &SdkConfig, service: Service) -> Option<SdkConfig> {
    if service.id != endpoint::IAM.id || endpoint::given_url(config, service).is_some() {
        return None;
    }
    let region = config.region().map(Region::as_ref).unwrap_or_default();
    let (_, signed_for, [plain, fips, dual_stack, both]) =
        ENDPOINTS.iter().find(|(prefix, ..)| region.starts_with(prefix))?;
    let host = match (config.use_fips() == Some(true), config.use_dual_stack() == Some(true)) {
        (false, false) => plain,
        (true, false) => fips,
        (false, true) => dual_stack,
        (true, true) => both,
    };
    let builder = config.to_builder().region(Region::from_static(signed_for));
    let builder = builder.endpoint_url(format!("https://{host}"));
    // A URL that the operator gives excludes FIPS and dual-stack.
    Some(builder.use_fips(false).use_dual_stack(false).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which host it has is in tests/endpoints.tsv.
    #[test]
    fn calls_are_signed_for_the_one_region_of_the_partition() {
        for (region, signed_for) in [
            ("eu-west-1", "us-east-1"),
            ("us-gov-east-1", "us-gov-west-1"),
            ("cn-northwest-1", "cn-north-1"),
            ("us-iso-west-1", "us-iso-east-1"),
            ("us-isob-west-1", "us-isob-east-1"),
            ("eu-isoe-west-1", "eu-isoe-west-1"),
            ("us-isof-east-1", "us-isof-south-1"),
            ("eusc-de-east-1", "eusc-de-east-1"),
        ] {
            let config = SdkConfig::builder().region(Region::from_static(region)).use_fips(true);
            let config = config.use_dual_stack(true).build();
            let of_iam = config_of(&config, endpoint::IAM).expect("no URL is given");
            assert_eq!(of_iam.region().map(Region::as_ref), Some(signed_for));
            assert_eq!((of_iam.use_fips(), of_iam.use_dual_stack()), (Some(false), Some(false)));
            assert!(config_of(&config, endpoint::EC2).is_none());
        }
        let given = SdkConfig::builder().endpoint_url("http://127.0.0.1:4566").build();
        assert!(config_of(&given, endpoint::IAM).is_none());
    }
}
