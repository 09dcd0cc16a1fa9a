use super::*;

#[test]
fn a_denied_write_names_the_tag_and_a_denied_read_does_not() {
    let denied = |action| CallError::AccessDenied { action, reason: "AccessDenied".to_owned() }.to_string();

    for action in ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"] {
        assert!(denied(action).contains("tag the target group"), "{action}");
    }
    assert_eq!(denied("eks:DescribeCluster"), "IAM denies eks:DescribeCluster: AccessDenied");
}

/// Many libraries repeat the cause in their own message.
#[test]
fn each_cause_is_named_once() {
    #[derive(Debug, thiserror::Error)]
    #[error("send: {0}")]
    struct Repeats(#[source] InvalidHost);

    let source = Box::new(Repeats(InvalidHost("a".to_owned())));
    let host = "abc.example".parse().unwrap();
    let error = FrontendError::DnsFailed { host, family: Family::Ipv4, source };

    assert_eq!(chain(&error), "abc.example cannot be resolved (IPv4): send: \"a\" is not a DNS name");
}
