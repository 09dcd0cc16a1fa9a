//! Which frontends a run visits first in a Region beyond ELB's rate.

use eks_nlb_sync::model::{Addresses, Desired, Source};

use super::*;

/// The run before which clusters move. The process has seen all of them then.
const MOVES_IN: u32 = 2;

/// 40 of the clusters move, and are registered `within` some time of the run that
/// sees them; every frontend is looked at within three runs; at most one in
/// ten calls is refused.
async fn moved_come_first(clusters: usize, rates: Rates, within: Duration) {
    let function = Function::start(clusters, rates).await;
    let mut unseen: BTreeMap<_, u32> = BTreeMap::new();
    for run in 0..4 {
        if run == MOVES_IN {
            function.move_clusters(40);
        }
        function.calls();
        let begun = Instant::now();

        let report = function.run().await;

        let (calls, refused) = function.calls();
        assert!(refused * 10 <= calls.len(), "run {run}: {refused} of {} calls were refused", calls.len());
        for frontend in &report.frontends {
            let runs = unseen.entry(frontend.target_group.clone()).or_default();
            *runs = if was_looked_at(frontend) { 0 } else { *runs + 1 };
            assert!(*runs < 3, "{frontend:?}");
        }
        if run == MOVES_IN {
            assert_eq!(report.summary.registered, 80, "{:?}", report.summary);
            let last = last_write(&calls).duration_since(begun);
            println!(
                "{clusters} clusters, run {run}: last write after {last:?}, {refused} of {} refused",
                calls.len()
            );
            assert!(last < within, "{last:?}");
        }
    }
}

fn last_write(calls: &[(Instant, String)]) -> Instant {
    let writes = calls.iter().filter(|(_, operation)| operation == "RegisterTargets");
    writes.map(|(at, _)| *at).max().expect("there is one")
}

/// It reads only the clusters that moved, so they are visited last, and writes nothing.
#[tokio::test(start_paused = true)]
async fn a_dry_run_by_event_does_not_make_moved_clusters_last() {
    const MOVED: usize = 10;
    let function = Function::start(150, Rates::CLASSIC).await;
    function.run().await;
    function.run().await;
    function.move_clusters(MOVED);
    let clusters = (0..MOVED).map(|n| cluster(n).0.parse().expect("it is a name")).collect();
    let look = RunRequest { dry_run: true, clusters: Some(clusters), ..RunRequest::default() };
    let planned = function.run_request(&look, MINUTE).await.expect("it lists");
    assert_eq!(planned.summary.planned, MOVED, "{:?}", planned.summary);
    function.calls();
    let begun = Instant::now();

    let report = function.run().await;

    assert_eq!(report.summary.changed, MOVED, "{:?}", report.summary);
    let last = last_write(&function.calls().0).duration_since(begun);
    assert!(last < Duration::from_secs(9), "{last:?}");
}

/// Although it was visited last.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_comes_first_in_the_next_run() {
    const UNWRITTEN: usize = 10;
    let function = Function::start(150, Rates::CLASSIC).await;
    function.run().await;
    function.calls();
    function.run().await;
    {
        let mut world = function.wire.world();
        let reads = world.requests_of("DescribeTargetHealth").into_iter().rev();
        let answered = reads.filter(|read| read.error.is_none()).take(UNWRITTEN);
        let last = answered.filter_map(|read| read.target_group());
        for group in last.map(str::to_owned).collect::<Vec<_>>() {
            let target = world.targets(&group).into_keys().next().expect("it has two");
            world.drop_target(&group, &target);
        }
        world.plant(Fault::on("RegisterTargets").times(UNWRITTEN).access_denied());
    }
    let report = function.run().await;
    assert_eq!(report.summary.failed, UNWRITTEN, "{:?}", report.summary);
    function.calls();
    let begun = Instant::now();

    let report = function.run().await;

    assert_eq!(report.summary.registered, UNWRITTEN, "{:?}", report.summary);
    let last = last_write(&function.calls().0).duration_since(begun);
    println!("10 of 150 clusters could not be written before: last write after {last:?}");
    assert!(last < Duration::from_secs(9), "{last:?}");
}

/// EKS answers too slowly for one run to look up all.
#[tokio::test(start_paused = true)]
async fn every_cluster_is_looked_up_in_its_turn() {
    const CLUSTERS: usize = 90;
    let function = Function::start(CLUSTERS, Rates::NEWER).await;
    function.wire.world().plant(Fault::on("DescribeCluster").delay(Duration::from_secs(4)));
    let mut served = std::collections::BTreeSet::new();
    let mut unreached = 0;
    for _ in 0..6 {
        let begun = Instant::now();
        let report = function.run_within(Duration::from_secs(15)).await;
        let (failed, reached): (Vec<_>, Vec<_>) =
            report.frontends.into_iter().partition(|frontend| frontend.failure().is_some());
        // Their health was read, and yet they were not reached: `Failing` counts them by their age.
        let age =
            |it: &FrontendReport| it.target_group.as_ref().map(|group| function.service.history.age(group));
        assert!(failed.iter().all(|it| age(it) >= Some(begun.elapsed())), "{failed:#?}");
        unreached += failed.len();
        served.extend(reached.into_iter().map(|frontend| frontend.target_group));
    }
    assert!(unreached > CLUSTERS, "{unreached}: a run has time for all");
    assert_eq!(served.len(), CLUSTERS);
}

#[tokio::test(start_paused = true)]
async fn six_hundred_clusters_at_the_older_rate() {
    moved_come_first(600, Rates::CLASSIC, Duration::from_secs(16)).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "minutes, unless it is optimised"]
async fn a_thousand_clusters_at_the_older_rate() {
    // Listing and tags alone take ten seconds at this rate.
    moved_come_first(1000, Rates::CLASSIC, Duration::from_secs(20)).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "minutes, unless it is optimised"]
async fn a_thousand_clusters_at_the_newer_rate() {
    moved_come_first(1000, Rates::NEWER, Duration::from_secs(10)).await;
}

/// Without its memory a process decides the same, only in another order.
#[tokio::test(start_paused = true)]
async fn a_process_that_remembers_nothing_reaches_all_in_a_few_runs() {
    let mut function = Function::start(600, Rates::CLASSIC).await;
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..4 {
        function.service.history = History::new(seed);
        let report = function.run().await;
        seen.extend(report.frontends.into_iter().filter(was_looked_at).map(|frontend| frontend.target_group));
    }
    assert_eq!(seen.len(), 600);
}

/// A frontend whose lookup fails, or that is rejected, would otherwise take each slot
/// of the least recently visited one.
#[tokio::test(start_paused = true)]
async fn a_frontend_that_is_not_reconciled_counts_as_visited() {
    let function = Function::start(1, Rates::NEWER).await;
    {
        let mut world = function.wire.world();
        world.add_frontend("unknown");
        let nameless = world.add_frontend("cluster-0");
        world.load_balancer_mut(&nameless.load_balancer).tags.remove("cluster_name");
    }
    tokio::time::sleep(MINUTE * 10).await;
    let budget = RunBudget::new(function.service.settings.max_concurrency, MINUTE);

    let report = function.service.run(&RunRequest::default(), "test", &budget).await.expect("it can list");

    assert_eq!((report.summary.failed, report.summary.converged), (2, 1), "{:?}", report.summary);
    assert_eq!((budget.visited(), budget.frontends()), (3, 3));
    for frontend in &report.frontends {
        let group = frontend.target_group.as_ref().expect("it has one");
        assert!(function.service.history.age(group) < MINUTE, "{frontend:?}");
    }
}

/// Like one that could not be written.
#[tokio::test(start_paused = true)]
async fn a_frontend_in_the_wrong_vpc_counts_as_changed() {
    let function = Function::start(1, Rates::NEWER).await;
    for is_contradicted in [false, true] {
        let report = function.run().await;
        let [frontend] = &report.frontends[..] else { panic!("{report:?}") };
        let group = frontend.target_group.as_ref().expect("it has one");
        let code = frontend.failure().map(|failure| failure.code);
        assert_eq!(code, is_contradicted.then_some(FailureCode::AddressInWrongVpc));

        let allowed = &function.service.settings.allowed_cidrs;
        let addresses = Addresses::new(frontend.desired.iter().copied(), allowed).expect("they are allowed");
        let desired = Desired::by(Source::Eni, addresses);
        let history = &function.service.history;
        let comes_first = history.place(group, Some(&desired)) < history.place(group, None);
        assert_eq!(comes_first, is_contradicted);

        let mut world = function.wire.world();
        let targets = world.target_group_mut(&group.0).targets.values_mut();
        targets.for_each(|target| target.zone = "all".to_owned());
    }
}

/// So a write never queues behind the reads of all other frontends.
#[tokio::test(start_paused = true)]
async fn a_frontend_keeps_its_slot_until_it_is_written() {
    let function = Function::start(100, Rates::CLASSIC).await;
    function.run().await;
    function.move_clusters(100);
    function.calls();

    let report = function.run().await;

    assert_eq!(report.summary.registered, 200, "{:?}", report.summary);
    let world = function.wire.world();
    let (mut read, mut written, mut most) = (0_usize, 0_usize, 0);
    for call in world.requests().iter().filter(|call| call.error.is_none()) {
        read += usize::from(call.operation == "DescribeTargetHealth");
        written += usize::from(call.operation == "RegisterTargets");
        most = most.max(read.saturating_sub(written));
    }
    // The slots while calls are spaced.
    assert!(most <= 10, "{most} frontends were read and not written");
}
