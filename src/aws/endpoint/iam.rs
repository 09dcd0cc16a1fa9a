//! Resolves the endpoint of IAM, which is one for each partition.
//!
//! Source: botocore's `endpoint-rule-set-1` of IAM (read November 2026).

/// How the names of a partition's Regions begin, the Region that calls of IAM are
/// signed for, and the host of IAM: plain, with FIPS, with dual-stack, with both.
type Endpoint = (&'static str, &'static str, [&'static str; 4]);

const COMMERCIAL: Endpoint = (
    "",
    "us-east-1",
    ["iam.amazonaws.com", "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"],
);

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
];

/// The Region that calls of IAM are signed for.
pub(super) fn signing_region(region: &str) -> &'static str {
    of(region).1
}

/// The URL of IAM.
pub(super) fn url(region: &str, fips: bool, dual_stack: bool) -> String {
    let [plain, with_fips, with_dual_stack, with_both] = of(region).2;
    let host = match (fips, dual_stack) {
        (false, false) => plain,
        (true, false) => with_fips,
        (false, true) => with_dual_stack,
        (true, true) => with_both,
    };
    format!("https://{host}")
}

fn of(region: &str) -> Endpoint {
    ENDPOINTS.iter().find(|(prefix, ..)| region.starts_with(prefix)).copied().unwrap_or(COMMERCIAL)
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
            assert_eq!(signing_region(region), signed_for, "{region}");
        }
    }
}
