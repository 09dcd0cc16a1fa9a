use super::*;

fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, InvalidEnvironment> {
    let of =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Proxies::from_lookup(&of)
}

fn proxy_of(variables: &[(&str, &str)], url: &str) -> Option<String> {
    proxies(variables).expect("valid").of(url).map(|proxy| proxy.shown.clone())
}

const EKS: &str = "https://eks.eu-west-1.amazonaws.com/clusters/a";

#[test]
fn each_scheme_has_its_own_proxy() {
    let both = [("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "https://b:2")];
    assert_eq!(proxy_of(&both, EKS).as_deref(), Some("https://b:2"));
    assert_eq!(proxy_of(&both, "http://127.0.0.1:4566/").as_deref(), Some("http://a:1"));
    assert_eq!(proxy_of(&both[..1], EKS), None);
    assert_eq!(proxy_of(&[], EKS), None);
}

#[test]
fn lower_case_counts_and_may_be_empty() {
    let upper = ("HTTPS_PROXY", "http://a:1");
    assert_eq!(proxy_of(&[("https_proxy", "http://b:2")], EKS).as_deref(), Some("http://b:2"));
    assert_eq!(proxy_of(&[upper, ("https_proxy", "http://b:2")], EKS).as_deref(), Some("http://b:2"));
    assert_eq!(proxy_of(&[upper, ("https_proxy", "")], EKS), None);
    assert_eq!(proxy_of(&[upper, ("no_proxy", "amazonaws.com")], EKS), None);
}

#[test]
fn the_scheme_may_be_missing_and_a_password_is_not_shown() {
    assert_eq!(proxy_of(&[("HTTPS_PROXY", "proxy:3128")], EKS).as_deref(), Some("http://proxy:3128"));
    let with_password = proxies(&[("HTTPS_PROXY", "http://user:secret-1@proxy:3128/")]).expect("valid");
    let proxy = with_password.of(EKS).expect("there is one");
    assert_eq!(proxy.shown, "http://proxy:3128");
    assert!(!format!("{with_password:?}").contains("secret-1"), "{with_password:?}");
    let error = proxy.blamed(ConnectorError::io("refused".into()));
    assert!(error.is_io() && !format!("{error:?}").contains("secret-1"), "{error:?}");
}

#[test]
fn a_value_that_is_no_proxy_is_refused_and_not_repeated() {
    for value in ["socks5://secret-1:1", "http://", "://", "http://a b", "ftp://a"] {
        let error = proxies(&[("HTTPS_PROXY", value)]).expect_err(value).to_string();
        assert!(error.starts_with("HTTPS_PROXY is not") && !error.contains("secret-1"), "{error}");
    }
    let error = proxies(&[("http_proxy", "socks5://a:1")]).expect_err("it is no HTTP proxy").to_string();
    assert!(error.starts_with("http_proxy"), "{error}");
}

#[test]
fn excluded_hosts_are_not_proxied() {
    for (excluded, is_proxied) in [
        ("eks.eu-west-1.amazonaws.com", false),
        ("amazonaws.com", false),
        (".amazonaws.com", false),
        ("*.amazonaws.com", false),
        ("localhost, .amazonaws.com", false),
        ("*", false),
        ("EKS.EU-WEST-1.AMAZONAWS.COM", false),
        ("azonaws.com", true),
        ("sts.eu-west-1.amazonaws.com", true),
        ("", true),
        (",", true),
    ] {
        let variables = [("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", excluded)];
        assert_eq!(proxy_of(&variables, EKS).is_some(), is_proxied, "{excluded:?}");
    }
    let variables = [("HTTP_PROXY", "http://proxy:3128"), ("NO_PROXY", "10.0.0.0/8,::1")];
    assert_eq!(proxy_of(&variables, "http://10.1.2.3:4566/"), None);
    assert_eq!(proxy_of(&variables, "http://[::1]:4566/"), None);
    assert!(proxy_of(&variables, "http://192.168.0.1:4566/").is_some());
}

/// As botocore reads it.
#[test]
fn an_exclusion_may_be_of_one_port_or_of_everything() {
    for (excluded, url, is_proxied) in [
        ("eks.eu-west-1.amazonaws.com:443", EKS, false),
        (".amazonaws.com:443", EKS, false),
        ("amazonaws.com:8443", EKS, true),
        ("localhost, 127.0.0.1:4566", "http://127.0.0.1:4566/", false),
        ("127.0.0.1:4566", "http://127.0.0.1:4567/", true),
        ("[::1]:4566", "http://[::1]:4566/", false),
        ("::1", "http://[::1]:4566/", false),
        ("::1", "http://[::2]:1/", true),
        ("*", "http://192.168.0.1:4566/", false),
        ("*", "http://[::1]:4566/", false),
        (" * ", EKS, false),
    ] {
        let variables = [("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", excluded)];
        assert_eq!(proxy_of(&variables, url).is_some(), is_proxied, "{excluded:?}, {url}");
    }
}

#[test]
fn credential_endpoints_are_never_proxied() {
    let mut variables = vec![("HTTP_PROXY", "http://proxy:3128"), ("HTTPS_PROXY", "http://proxy:3128")];
    for url in [
        "http://169.254.169.254/latest/api/token",
        "http://[fd00:ec2::254]/latest/api/token",
        "http://169.254.170.2/v2/credentials",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials",
    ] {
        assert_eq!(proxy_of(&variables, url), None, "{url}");
    }
    let (container, instance) = ("https://localhost:1338/role", "http://imds.example:1");
    assert!(proxy_of(&variables, container).is_some() && proxy_of(&variables, instance).is_some());
    variables.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI", container));
    variables.push(("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance));
    assert_eq!((proxy_of(&variables, container), proxy_of(&variables, instance)), (None, None));
    assert!(proxy_of(&variables, "https://localhost:1339/").is_some());
}
