//! EC2's answers are read, and malformed ones are rejected as a whole.

use super::*;

/// As in the EC2 API Reference, *DescribeNetworkInterfaces*, with what EKS's
/// interfaces have.
const ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>fc45294c-006b-457b-bab9-012f5b3b0e40</requestId>
  <networkInterfaceSet>
    <item>
      <networkInterfaceId>eni-0a1b2c3d4e5f60718</networkInterfaceId>
      <subnetId>subnet-0a1b2c3d</subnetId>
      <vpcId>vpc-0a1b2c3d</vpcId>
      <availabilityZone>eu-west-1a</availabilityZone>
      <description>Amazon EKS payments</description>
      <ownerId>111122223333</ownerId>
      <requesterId>444455556666</requesterId>
      <requesterManaged>false</requesterManaged>
      <status>in-use</status>
      <macAddress>02:74:b0:72:79:61</macAddress>
      <privateIpAddress>10.0.1.10</privateIpAddress>
      <privateDnsName>ip-10-0-1-10.eu-west-1.compute.internal</privateDnsName>
      <sourceDestCheck>true</sourceDestCheck>
      <groupSet>
        <item><groupId>sg-0a1b2c3d</groupId><groupName>eks-cluster-sg-payments-123 &amp; more</groupName></item>
        <item><groupId>sg-4e5f6071</groupId><groupName>more</groupName></item>
      </groupSet>
      <attachment>
        <attachmentId>eni-attach-0a1b2c3d</attachmentId>
        <instanceOwnerId>999988887777</instanceOwnerId>
        <deviceIndex>1</deviceIndex>
        <status>attached</status>
        <attachTime>2026-11-25T03:00:00.000Z</attachTime>
        <deleteOnTermination>false</deleteOnTermination>
      </attachment>
      <tagSet/>
      <privateIpAddressesSet>
        <item><privateIpAddress>10.0.1.10</privateIpAddress><primary>true</primary></item>
        <item><privateIpAddress>10.0.1.99</privateIpAddress><primary>false</primary></item>
      </privateIpAddressesSet>
      <ipv6AddressesSet>
        <item><ipv6Address>2001:db8:1234::10</ipv6Address></item>
      </ipv6AddressesSet>
      <interfaceType>interface</interfaceType>
    </item>
    <item>
      <networkInterfaceId>eni-4e5f60718a1b2c3d0</networkInterfaceId>
      <description/>
      <privateIpAddress>not an address</privateIpAddress>
      <groupSet/>
    </item>
  </networkInterfaceSet>
  <nextToken>eyJ2IjoiMiJ9</nextToken>
</DescribeNetworkInterfacesResponse>
"#;

#[test]
fn an_answer_is_read() {
    let page = page(ANSWER.as_bytes()).unwrap();

    let described = Interface {
        description: "Amazon EKS payments".to_owned(),
        kind: "interface".to_owned(),
        status: "in-use".to_owned(),
        vpc: "vpc-0a1b2c3d".to_owned(),
        security_groups: ["sg-0a1b2c3d", "sg-4e5f6071"].map(str::to_owned).into(),
        owner: "111122223333".to_owned(),
        instance_owner: "999988887777".to_owned(),
        addresses: ["10.0.1.10", "2001:db8:1234::10"].map(|ip| ip.parse().unwrap()).into(),
    };
    assert_eq!(page.interfaces, [described, Interface::default()]);
    assert_eq!(page.next_token.as_deref(), Some("eyJ2IjoiMiJ9"));
}

#[test]
fn an_empty_answer_is_one() {
    for (token, expected) in [("", None), ("<nextToken/>", None), ("<nextToken>a</nextToken>", Some("a"))] {
        for set in ["<networkInterfaceSet/>", "<networkInterfaceSet></networkInterfaceSet>"] {
            let page = page(format!("<Answer>{set}{token}</Answer>").as_bytes()).unwrap();
            assert_eq!(page.interfaces, []);
            assert_eq!(page.next_token.as_deref(), expected);
        }
    }
}

#[test]
fn of_an_answer_that_is_cut_off_nothing_is_read() {
    let whole = ANSWER.trim_end();
    for end in 0..whole.len() {
        assert!(page(&whole.as_bytes()[..end]).is_err(), "{}", &whole[..end]);
    }
}

#[test]
fn of_an_answer_that_is_broken_nothing_is_read() {
    for (part, broken) in [
        ("<groupSet>", "<groupSet"),
        ("<groupSet>", ""),
        ("</item>", "</itme>"),
        ("<item>", "<item><<"),
        ("<tagSet/>", "<tagSet>"),
        ("networkInterfaceSet", "networkInterfaces"),
        ("&amp;", "&"),
        ("<ownerId>", "<ownerId><ownerId>"),
        ("<ownerId>", "<ownerId>444455556666</ownerId><ownerId>"),
    ] {
        let document = ANSWER.replacen(part, broken, 1);
        assert!(page(document.as_bytes()).is_err(), "{part} as {broken}");
    }
    for other in ["", "{}", "<html><body>busy</body></html>", "\u{fffd}", "<a/>"] {
        assert!(page(other.as_bytes()).is_err(), "{other}");
    }
    assert!(page(b"<a><networkInterfaceSet/>\xff</a>").is_err());
}

#[test]
fn a_refusal_has_code_and_message() {
    let refused = refusal(
        b"<?xml version=\"1.0\"?><Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not \
          authorized.</Message></Error></Errors><RequestID>1</RequestID></Response>",
    );
    assert_eq!(refused.code(), Some("UnauthorizedOperation"));
    assert_eq!(refused.message(), Some("You are not authorized."));
    for other in ["", "Service Unavailable", "<Response><Errors/></Response>", "<html/>"] {
        assert_eq!(refusal(other.as_bytes()).code(), None, "{other}");
    }
}
