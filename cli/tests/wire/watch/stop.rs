//! A signal ends a watch between writes.

use super::*;

#[tokio::test]
async fn sigterm_ends_it_within_a_second_between_runs_and_while_it_reads() {
    let mut idle = Watch::start(Desk::new(small_fleet).await, &["--every", "1h"]);
    idle.logged(|line| line["_aws"].is_object()).await;
    let mut reading = Watch::start(
        Desk::new(|world| {
            small_fleet(world);
            world.plant(Fault::on("DescribeTargetHealth").silence());
        })
        .await,
        &["--every", "1h"],
    );
    reading.calls("DescribeTargetHealth", 1).await;

    for watch in [&mut idle, &mut reading] {
        let (code, took) = watch.terminate().await;
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}

/// As of `kubectl get --watch`.
#[tokio::test]
async fn an_interruption_is_its_exit_code() {
    let mut idle = Watch::start(Desk::new(small_fleet).await, &["--every", "1h"]);
    idle.logged(|line| line["_aws"].is_object()).await;
    let mut reading = Watch::start(
        Desk::new(|world| world.plant(Fault::on("DescribeLoadBalancers").silence())).await,
        &["--every", "1h"],
    );
    reading.calls("DescribeLoadBalancers", 1).await;
    // The run ends with this write, before the signal could end it.
    let mut writing = Watch::start(
        Desk::new(|world| {
            busy_fleet(world, 1);
            world.plant(Fault::on("DeregisterTargets").delay(Duration::from_secs(2)));
        })
        .await,
        &["--every", "1h"],
    );
    writing.calls("DeregisterTargets", 1).await;

    for watch in [&mut writing, &mut idle, &mut reading] {
        assert_eq!(watch.end("-INT").await.0, Some(130));
    }
}

#[tokio::test]
async fn sigterm_never_parts_registering_from_deregistering() {
    const FRONTENDS: u8 = 30;
    let desk = Desk::new(|world| busy_fleet(world, FRONTENDS)).await;
    let mut watch = Watch::start(desk, &["--every", "1h", "--max-concurrency", "3"]);
    watch.calls("RegisterTargets", 5).await;

    let (code, took) = watch.terminate().await;

    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
    let world = watch.sim.world();
    assert_eq!(world.count("RegisterTargets"), world.count("DeregisterTargets"));
    assert!(world.count("RegisterTargets") < usize::from(FRONTENDS), "it was over before");
}

/// A throttled write has not been accepted, so nothing is parted.
#[tokio::test]
async fn sigterm_ends_it_while_a_write_is_throttled() {
    let desk = Desk::new(|world| {
        busy_fleet(world, 1);
        world.plant(Fault::on("RegisterTargets").throttle());
    })
    .await;
    let mut command = desk.command(&["watch", "--every", "1h"]);
    command.env_remove("AWS_MAX_ATTEMPTS");
    let mut watch = Watch::of(desk, command);
    watch.calls("RegisterTargets", 2).await;

    let (code, took) = watch.terminate().await;

    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}
