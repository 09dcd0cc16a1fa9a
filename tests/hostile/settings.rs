//! Settings: any text is a setting or is refused under the name of its variable.

use eks_nlb_sync::settings::{InvalidSetting, Settings};
use proptest::prelude::*;

/// Every variable, with values that it takes.
const VARIABLES: [(&str, &[&str]); 10] = [
    ("NLB_TAG", &["eks-nlb-sync=enabled", "team, stage=prod", "a=b=c", "ключ=значение"]),
    ("CLUSTER_NAME_TAG", &["cluster_name", "kubernetes.io/cluster name"]),
    ("SYNC_POLICY", &["sync", "add-only"]),
    ("DRY_RUN", &["true", "false"]),
    ("MIN_HEALTHY_TARGETS", &["1", "65535", "+1", "0"]),
    ("ALLOWED_CIDRS", &["10.0.0.0/8,fc00::/7", "0.0.0.0/0", "::ffff:10.0.0.0/104"]),
    ("DNS_SERVERS", &["10.0.0.2", "10.0.0.2:53, [fd00::2]:5353", "fe80::1%1"]),
    ("DNS_TIMEOUT_MS", &["5000", "4294967295", "4294967296"]),
    ("MAX_CONCURRENCY", &["20", "65535"]),
    ("METRICS_NAMESPACE", &["EksNlbSync", "Team/EksNlbSync#1"]),
];

fn with(variable: &str, value: &str) -> Result<Settings, InvalidSetting> {
    Settings::from_lookup(|name| (name == variable).then(|| value.to_owned()))
}

/// A variable with any text, or with a value of its own in which a part is
/// replaced.
fn setting() -> impl Strategy<Value = (&'static str, String)> {
    let text = prop_oneof![any::<String>(), "[ ,=0-9./:\\[\\]%a-z+-]{0,40}"];
    let like = (prop::sample::select(&VARIABLES[..]), any::<prop::sample::Index>(), text, 0u8..4);
    like.prop_map(|((variable, values), index, text, how)| {
        let value = values[index.index(values.len())];
        let at = value.char_indices().map(|(at, _)| at).nth(index.index(value.chars().count())).unwrap_or(0);
        let value = match how {
            0 => text,
            1 => value.to_owned(),
            2 => format!("{}{text}", &value[..at]),
            _ => format!("{}{text}{}", &value[..at], &value[at..]),
        };
        (variable, value)
    })
}

proptest! {
    #[test]
    fn any_text_is_a_setting_or_refused_by_its_name((variable, value) in setting()) {
        match with(variable, &value) {
            Err(error) => {
                prop_assert_eq!(error.variable, variable);
                prop_assert_eq!(&error.value, &value);
                let told = error.to_string().starts_with(&format!("{variable}={value:?} is not "));
                prop_assert!(told, "{}", error);
            }
            Ok(settings) => {
                prop_assert!(!settings.dns_timeout.is_zero());
                prop_assert!(!settings.allowed_cidrs.0.is_empty());
                let servers = settings.dns_servers.unwrap_or_default();
                prop_assert!(servers.iter().all(|server| server.port() != 0));
                prop_assert_eq!(servers.is_empty(), variable != "DNS_SERVERS");
                // A selector prints as it was written.
                let again = with("NLB_TAG", &settings.nlb_tag.to_string()).expect("it was valid");
                prop_assert_eq!(again.nlb_tag, settings.nlb_tag);
            }
        }
    }
}

#[test]
fn a_value_of_any_length_is_refused() {
    for (variable, values) in VARIABLES {
        let long = values[0].repeat(1 << 18);
        assert_eq!(with(variable, &long).expect_err(variable).variable, variable);
    }
}
