//! What EKS says about clusters.

use eks_nlb_simulator::world::{ClusterSpec, ClusterStatus, World as Account};

use crate::setup::{NEW, OLD, converged};
use crate::story::Story;

/// A cluster as `change` makes it, with a frontend.
fn cluster(world: &mut Account, name: &str, change: impl FnOnce(&mut ClusterSpec)) {
    let mut spec = ClusterSpec::new(name, OLD);
    change(&mut spec);
    world.create_cluster(spec);
    world.add_frontend(name);
}

#[tokio::test(start_paused = true)]
async fn clusters_that_are_not_ready() {
    let mut story =
        Story::start("clusters_that_are_not_ready", "A cluster in each status and of each kind").await;
    story.when("each has an empty target group", |world| {
        use ClusterStatus::{Creating, Deleting, Failed, Pending, Updating};
        for (name, status) in [
            ("creating", Creating),
            ("deleting", Deleting),
            ("failed", Failed),
            ("pending", Pending),
            ("updating", Updating),
        ] {
            cluster(world, name, |spec| spec.status = status);
        }
        cluster(world, "public", |spec| (spec.private_access, spec.public_access) = (false, true));
        cluster(world, "both", |spec| spec.public_access = true);
        cluster(world, "outpost", |spec| {
            spec.outpost = Some("arn:aws:outposts:eu-west-1:111122223333:outpost/op-1".to_owned());
        });
        cluster(world, "connected", |spec| spec.connector = Some("EKS_ANYWHERE".to_owned()));
        world.add_frontend("missing");
        cluster(world, "endpointless", |_| ());
        world.cluster_mut("endpointless").endpoint = None;
        cluster(world, "odd-endpoint", |spec| {
            spec.endpoint = Some("https://user@EXAMPLE.com:443/path".to_owned());
        });
        cluster(world, "plain-endpoint", |spec| spec.endpoint = Some("http://api.example.com".to_owned()));
    });
    story.runs(3).await;
    story.when("two are ready", |world| {
        world.cluster_mut("creating").status = ClusterStatus::Active;
        let cluster = world.cluster_mut("creating");
        cluster.endpoint = Some("https://api.creating.example".to_owned());
        world.publish("creating");
        world.cluster_mut("deleting").status = ClusterStatus::Active;
    });
    story.run().await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_recreated() {
    let mut story = Story::start("a_cluster_is_recreated", "A cluster is deleted, and made again").await;
    story.when("a converged cluster", |world| converged(world, "payments", OLD));
    story.run().await;
    story.when("it is deleted", |world| world.delete_cluster("payments"));
    story.runs(2).await;
    story.when("it is made again", |world| {
        world.create_cluster(ClusterSpec::new("payments", NEW));
    });
    story.runs(3).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn consent_of_clusters() {
    let variables = [("CLUSTER_TAG", "private-link=yes")];
    let mut story = Story::start_with("consent_of_clusters", "Only clusters with a tag", &variables).await;
    story.when("one has the tag, one another value, one none", |world| {
        for (name, value) in [("yes", Some("yes")), ("no", Some("no")), ("none", None)] {
            cluster(world, name, |spec| {
                spec.tags.extend(value.map(|value| ("private-link".to_owned(), value.to_owned())));
            });
        }
    });
    story.runs(2).await;
    story.end();
}

#[tokio::test(start_paused = true)]
async fn names_of_clusters() {
    let mut story =
        Story::start("names_of_clusters", "Tags that name no cluster, or one that EKS has not").await;
    story.when("an empty name, an invalid one, one on the target group only", |world| {
        for (balancer, name) in [("empty", ""), ("invalid", "<cluster name>"), ("absent", "gone")] {
            let frontend = world.add_frontend(balancer);
            world
                .load_balancer_mut(&frontend.load_balancer)
                .tags
                .insert("cluster_name".to_owned(), name.to_owned());
        }
        converged(world, "payments", OLD);
        let frontend = world.add_frontend("unnamed");
        world.load_balancer_mut(&frontend.load_balancer).tags.remove("cluster_name");
        let tags = &mut world.target_group_mut(&frontend.target_group).tags;
        tags.insert("cluster_name".to_owned(), "payments".to_owned());
        let frontend = world.add_frontend("nameless");
        world.load_balancer_mut(&frontend.load_balancer).tags.remove("cluster_name");
    });
    story.runs(2).await;
    story.end();
}
