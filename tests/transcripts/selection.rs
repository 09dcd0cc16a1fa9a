//! Which load balancers and target groups are managed.

use eks_nlb_simulator::World;
use eks_nlb_simulator::world::{
    LoadBalancerKind, LoadBalancerSpec, MANAGED_TAG, Protocol, Scheme, TargetGroupSpec, TargetType,
};

use crate::setup::{NEW, OLD, converged, frontend};
use crate::story::Story;

/// A managed load balancer of `payments`, and its target group as `change` makes it.
fn group(world: &mut World, name: &str, change: impl FnOnce(TargetGroupSpec) -> TargetGroupSpec) {
    let spec = LoadBalancerSpec { name: format!("nlb-{name}"), ..LoadBalancerSpec::managed("payments") };
    let load_balancer = world.add_load_balancer(spec);
    let group = world.add_target_group(change(TargetGroupSpec::ip(&load_balancer)));
    if world.target_group(&group).target_type == TargetType::Ip {
        world.put_targets(&group, OLD);
    }
}

#[tokio::test(start_paused = true)]
async fn skipped_groups() {
    let mut story = Story::start("skipped_groups", "Target groups that are left alone").await;
    story.when("a group for each reason, all with the old addresses", |world| {
        world.add_cluster("payments", NEW);
        group(world, "excluded", TargetGroupSpec::excluded);
        group(world, "controller", |group| group.of_controller("tools"));
        group(world, "instances", |group| TargetGroupSpec { target_type: TargetType::Instance, ..group });
        group(world, "alb", |group| TargetGroupSpec { target_type: TargetType::Alb, ..group });
        group(world, "udp", |group| TargetGroupSpec { protocol: Some(Protocol::Udp), ..group });
        group(world, "tcp-udp", |group| TargetGroupSpec { protocol: Some(Protocol::TcpUdp), ..group });
        group(world, "tls", |group| TargetGroupSpec { protocol: Some(Protocol::Tls), ..group });
        group(world, "no-listener", |group| TargetGroupSpec { listener: false, ..group });
        group(world, "tagged", |group| group.tag(MANAGED_TAG.0, MANAGED_TAG.1));
        let tagged = world.frontend_named("tagged").load_balancer;
        world.add_target_group(TargetGroupSpec::ip(&tagged));
    });
    story.runs(3).await;
    story.when("one is no longer excluded", |world| {
        let group = world.frontend_named("excluded").target_group;
        world.target_group_mut(&group).tags.clear();
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn selected_balancers() {
    let variables = [("NLB_TAG", "team=core,eks-nlb-sync")];
    let mut story = Story::start_with("selected_balancers", "Load balancers with two tags", &variables).await;
    story.when("some have one tag, one is an ALB, one is public, one has no group", |world| {
        world.add_cluster("payments", OLD);
        let tagged = |name: &str| LoadBalancerSpec {
            name: name.to_owned(),
            ..LoadBalancerSpec::managed("payments").tag("team", "core")
        };
        let public = LoadBalancerSpec { scheme: Scheme::InternetFacing, ..tagged("public") };
        for spec in [
            tagged("selected"),
            tagged("other-team").tag("team", "edge"),
            tagged("no-team").without_tag("team"),
            tagged("other-value").tag(MANAGED_TAG.0, "whatever"),
            tagged("no-managed-tag").without_tag(MANAGED_TAG.0),
            LoadBalancerSpec { kind: LoadBalancerKind::Application, ..tagged("alb") },
            public,
        ] {
            let load_balancer = world.add_load_balancer(spec);
            world.add_target_group(TargetGroupSpec::ip(&load_balancer));
        }
        world.add_load_balancer(tagged("no-group"));
    });
    story.runs(2).await;
    story.end();
}

/// Reasons that meet in one load balancer.
#[tokio::test(start_paused = true)]
async fn several_reasons() {
    let mut story = Story::start("several_reasons", "Groups and balancers with several reasons").await;
    story.when(
        "a public load balancer with an excluded group, an excluded group of a missing cluster",
        |world| {
            world.add_cluster("payments", OLD);
            group(world, "public-excluded", TargetGroupSpec::excluded);
            group(world, "controller-excluded", |group| group.of_controller("tools").excluded());
            let public = world.frontend_named("public-excluded").load_balancer;
            world.load_balancer_mut(&public).scheme = Scheme::InternetFacing;
            let load_balancer = world.add_load_balancer(LoadBalancerSpec::managed("missing"));
            world.add_target_group(TargetGroupSpec::ip(&load_balancer).excluded());
            world.add_target_group(
                TargetGroupSpec { protocol: Some(Protocol::Udp), ..TargetGroupSpec::ip(&load_balancer) }
                    .tag(MANAGED_TAG.0, MANAGED_TAG.1),
            );
            world.add_target_group(TargetGroupSpec::ip(&load_balancer));
        },
    );
    story.run().await;
    story.invoke(r#"{"clusters": ["payments", "missing"]}"#).await;
    story.end();
}

/// Of two selecting tags the first says who owns a target group.
#[tokio::test(start_paused = true)]
async fn two_tags_are_lost() {
    let variables = [("NLB_TAG", "eks-nlb-sync=enabled,team=core")];
    let mut story =
        Story::start_with("two_tags_are_lost", "Load balancers that lost one of two tags", &variables).await;
    story.when("one lost the first, one the second, one both, one has an empty cluster name", |world| {
        world.add_cluster("payments", OLD);
        let tagged = |name: &str| LoadBalancerSpec {
            name: name.to_owned(),
            ..LoadBalancerSpec::managed("payments").tag("team", "core")
        };
        for spec in [
            tagged("complete"),
            tagged("no-first").without_tag(MANAGED_TAG.0),
            tagged("no-second").without_tag("team"),
            tagged("neither").without_tag("team").without_tag(MANAGED_TAG.0),
            tagged("nameless").without_tag(MANAGED_TAG.0).tag("cluster_name", ""),
        ] {
            let load_balancer = world.add_load_balancer(spec);
            world.add_target_group(TargetGroupSpec::ip(&load_balancer).tag(MANAGED_TAG.0, MANAGED_TAG.1));
        }
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn public_is_allowed() {
    let variables = [("ALLOW_INTERNET_FACING", "true")];
    let mut story =
        Story::start_with("public_is_allowed", "An internet-facing load balancer", &variables).await;
    story.when("it is public", |world| {
        let frontend = frontend(world, "payments", OLD);
        world.load_balancer_mut(&frontend.load_balancer).scheme = Scheme::InternetFacing;
    });
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_managed() {
    let mut story = Story::start("nothing_is_managed", "No load balancer has the tag").await;
    story.runs(2).await;
    story.when("a load balancer without tags", |world| {
        world.add_load_balancer(LoadBalancerSpec::network("other"));
    });
    story.runs(2).await;
    story.end();
}

/// No call is made for the tags of other load balancers' target groups.
#[tokio::test(start_paused = true)]
async fn one_of_many() {
    let mut story = Story::start("one_of_many", "One load balancer of thirty-one is managed").await;
    story.brief();
    story.when("thirty others with a target group each", |world| {
        converged(world, "payments", OLD);
        for n in 0..30 {
            let load_balancer = world.add_load_balancer(LoadBalancerSpec::network(&format!("other-{n}")));
            world.add_target_group(TargetGroupSpec::ip(&load_balancer));
        }
    });
    story.runs(2).await;
    story.end();
}

/// The load balancer that loses its tag is reported while this process remembers it.
#[tokio::test(start_paused = true)]
async fn a_tag_is_lost() {
    let mut story = Story::start("a_tag_is_lost", "Load balancers lose their tags").await;
    story.when("two converged clusters, one group with the tag; a third balancer never had it", |world| {
        converged(world, "ledger", ["10.1.1.10", "10.1.2.11"]);
        converged(world, "payments", OLD);
        let frontend = world.frontend_named("payments");
        world
            .target_group_mut(&frontend.target_group)
            .tags
            .insert(MANAGED_TAG.0.to_owned(), MANAGED_TAG.1.to_owned());
        let never = LoadBalancerSpec::managed("payments").without_tag(MANAGED_TAG.0);
        let load_balancer =
            world.add_load_balancer(LoadBalancerSpec { name: "nlb-never".to_owned(), ..never });
        world.add_target_group(TargetGroupSpec::ip(&load_balancer));
    });
    story.runs(2).await;
    story.when("both lose the tag, and one of them the cluster's name", |world| {
        for cluster in ["ledger", "payments"] {
            let load_balancer = world.frontend_named(cluster).load_balancer;
            world.load_balancer_mut(&load_balancer).tags.remove(MANAGED_TAG.0);
        }
        let load_balancer = world.frontend_named("ledger").load_balancer;
        world.load_balancer_mut(&load_balancer).tags.clear();
        world.set_health("10.1.1.10", eks_nlb_simulator::Health::Never);
    });
    story.runs(2).await;
    story.when("one is excluded, the other has its tag again", |world| {
        let load_balancer = world.frontend_named("ledger").load_balancer;
        world.load_balancer_mut(&load_balancer).tags.insert(MANAGED_TAG.0.to_owned(), "disabled".to_owned());
        let load_balancer = world.frontend_named("payments").load_balancer;
        world
            .load_balancer_mut(&load_balancer)
            .tags
            .insert(MANAGED_TAG.0.to_owned(), MANAGED_TAG.1.to_owned());
    });
    story.runs(2).await;
    story.when("an hour without a run, and the excluded one has no tag at all", |world| {
        let load_balancer = world.frontend_named("ledger").load_balancer;
        world.load_balancer_mut(&load_balancer).tags.clear();
    });
    story.pass(crate::story::MINUTE * 61).await;
    story.run().await;
    story.end();
}

/// Each listing has several pages, and tags are read twenty at a time.
#[tokio::test(start_paused = true)]
async fn pages() {
    let mut story = Story::start("pages", "Listings of several pages").await;
    story.when("eleven clusters, in pages of three", |world| {
        world.page_cap = 3;
        for n in 0..11 {
            let addresses = [format!("10.0.{n}.10"), format!("10.0.{n}.11")];
            let name = format!("c{n}");
            world.add_cluster(&name, &addresses);
            let frontend = world.add_frontend(&name);
            world.put_targets(&frontend.target_group, &addresses);
        }
    });
    story.run().await;
    story.end();
}
