//! Resolves the endpoint of IAM, which is one for each partition.
//!
//! Source: botocore's `endpoint-rule-set-1` of IAM (read November 2026).

use aws_config::{Region, SdkConfig};

use crate::aws::endpoint::{self, Service};

/// How the names of a partition's Regions begin, the Region that calls of IAM are
/// signed for, and the host of IAM without FIPS and with it.
type Endpoint = (&'static str, &'static str, [&'static str; 2]);

#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = &[
    ("cn-",      "cn-north-1",      ["iam.cn-north-1.amazonaws.com.cn",       "iam-fips.amazonaws.com.cn"]),
    ("us-gov-",  "us-gov-west-1",   ["iam.us-gov.amazonaws.com",              "iam.us-gov.amazonaws.com"]),
    ("us-iso-",  "us-iso-east-1",   ["iam.us-iso-east-1.c2s.ic.gov",          "iam-fips.us-iso-east-1.c2s.ic.gov"]),
    ("us-isob-", "us-isob-east-1",  ["iam.us-isob-east-1.sc2s.sgov.gov",      "iam-fips.us-isob-east-1.sc2s.sgov.gov"]),
    ("eusc-",    "eusc-de-east-1",  ["iam.eusc-de-east-1.amazonaws.eu",       "iam-fips.amazonaws.eu"]),
    ("",         "us-east-1",       ["iam.amazonaws.com",                     "iam-fips.amazonaws.com"]),
];

/// The configuration for calls of IAM; nothing for other services, and where the
/// operator gives the URL.
pub(super) fn config_of(config: &SdkConfig, service: Service) -> Option<SdkConfig> {
    if service.id != endpoint::IAM.id || endpoint::given_url(config, service).is_some() {
        return None;
    }
    let region = config.region().map(Region::as_ref).unwrap_or_default();
    let (_, signed_for, [plain, fips]) = ENDPOINTS.iter().find(|(prefix, ..)| region.starts_with(prefix))?;
    let host = if config.use_fips() == Some(true) { fips } else { plain };
    let builder = config.to_builder().region(Region::from_static(signed_for));
    let builder = builder.endpoint_url(format!("https://{host}"));
    // The URL is given, which excludes both.
    Some(builder.use_fips(false).use_dual_stack(false).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_one_iam() {
        for (region, fips, url, signed_for) in [
            ("eu-west-1", false, "https://iam.amazonaws.com", "us-east-1"),
            ("eu-west-1", true, "https://iam-fips.amazonaws.com", "us-east-1"),
            ("us-gov-east-1", true, "https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
            ("cn-northwest-1", false, "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ] {
            let config = SdkConfig::builder().region(Region::from_static(region)).use_fips(fips).build();
            let of_iam = config_of(&config, endpoint::IAM).expect("no URL is given");
            assert_eq!(of_iam.endpoint_url(), Some(url));
            assert_eq!(of_iam.region().map(Region::as_ref), Some(signed_for));
            assert_eq!(of_iam.use_fips(), Some(false));
            assert!(config_of(&config, endpoint::EC2).is_none());
        }
        let given = SdkConfig::builder().endpoint_url("http://127.0.0.1:4566").build();
        assert!(config_of(&given, endpoint::IAM).is_none());
    }
}
