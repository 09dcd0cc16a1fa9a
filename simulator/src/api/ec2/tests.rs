//! DescribeNetworkInterfaces on the wire.

use crate::api::tests::post;
use crate::world::{EKS_ACCOUNT, NetworkInterface, World};

#[test]
fn network_interfaces_come_in_pages_as_ec2_writes_them() {
    let mut world = World::new();
    world.add_cluster("payments", ["10.0.1.10", "fd00::10", "10.0.2.11"]);
    let branch = world.control_plane_interface("payments", ["10.0.1.99"]);
    let branch = NetworkInterface { kind: "branch".to_owned(), description: "pod".to_owned(), ..branch };
    world.add_interface(branch);
    let filter = "Action=DescribeNetworkInterfaces&Version=2016-11-15&Filter.1.Name=description\
                  &Filter.1.Value.1=Amazon+EKS+%2A";

    let (status, body) = post(&mut world, "ec2", filter);
    assert_eq!(status, 200);
    let start = "<DescribeNetworkInterfacesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
                 <requestId>00000000-0000-4000-8000-000000000000</requestId><networkInterfaceSet><item>";
    assert!(body.starts_with(start), "{body}");
    let group = &world.cluster("payments").security_group;
    for (part, times) in [
        ("<description>Amazon EKS payments</description><ownerId>111122223333</ownerId>", 2),
        (&format!("<groupSet><item><groupId>{group}</groupId>"), 2),
        (&format!("<instanceOwnerId>{EKS_ACCOUNT}</instanceOwnerId>"), 2),
        ("<availabilityZone>eu-west-1a</availabilityZone>", 1),
        ("<item><privateIpAddress>10.0.1.10</privateIpAddress><primary>true</primary></item>", 1),
        ("<ipv6AddressesSet><item><ipv6Address>fd00::10</ipv6Address></item></ipv6AddressesSet>", 1),
        ("<nextToken>", 0),
        ("branch", 0),
    ] {
        assert_eq!(body.matches(part).count(), times, "{part} in {body}");
    }

    world.page_cap = 1;
    let (_, first) = post(&mut world, "ec2", &format!("{filter}&MaxResults=1000"));
    let token = first.split("<nextToken>").nth(1).and_then(|rest| rest.split('<').next());
    let token = token.expect("there is another page");
    let (_, second) = post(&mut world, "ec2", &format!("{filter}&NextToken={token}"));
    assert_eq!((first.matches("<item><networkI").count(), second.matches("<item><networkI").count()), (1, 1));
    assert!(!second.contains("nextToken"), "{second}");

    for (wrong, code) in
        [("&MaxResults=4", "InvalidParameterValue"), ("&NextToken=x", "InvalidParameterValue")]
    {
        let (status, body) = post(&mut world, "ec2", &format!("{filter}{wrong}"));
        let start = format!("<Response><Errors><Error><Code>{code}</Code><Message>");
        assert!(status == 400 && body.starts_with(&start), "{body}");
    }
}

#[test]
fn interfaces_of_aws_services_may_be_hidden_and_a_page_may_be_large() {
    let mut world = World::new();
    world.add_cluster("payments", ["10.0.1.10", "10.0.2.11"]);
    let count = |world: &mut World, parameter: &str| {
        let (status, body) = post(world, "ec2", &format!("Action=DescribeNetworkInterfaces{parameter}"));
        assert_eq!(status, 200, "{body}");
        (body.matches("<networkInterfaceId>").count(), body.len())
    };
    world.hides_managed = true;
    assert_eq!(count(&mut world, "").0, 0);
    assert_eq!(count(&mut world, "&IncludeManagedResources=true").0, 2);

    let tags = (0..20).map(|n| (format!("example.com/team/{n:04}"), "x".repeat(200)));
    let tagged = world.control_plane_interface("payments", ["10.0.1.99"]);
    let tagged = NetworkInterface { tags: tags.collect(), instance_owner: None, ..tagged };
    for _ in 0..1_000 {
        world.add_interface(tagged.clone());
    }
    let (interfaces, bytes) = count(&mut world, "&MaxResults=1000");
    assert_eq!(interfaces, 1_000);
    assert!(bytes > 4 << 20, "{bytes}");
}
