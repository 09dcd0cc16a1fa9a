//! A process that acts as one role after the other.

use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use eks_nlb_sync::model::{Role, Scope};
use eks_nlb_sync::settings::SdkRetries;

use super::*;

/// The cache of the function's own credentials; notes which others it is asked for.
#[derive(Clone, Debug, Default)]
struct HomeCache(Arc<Mutex<BTreeMap<String, usize>>>);

impl ResolveCachedIdentity for HomeCache {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let mut asked = self.0.lock().expect("nobody panics with it");
        *asked.entry(format!("{:?}", resolver.cache_partition())).or_default() += 1;
        IdentityFuture::new(async move { resolver.resolve_identity(components, config).await })
    }
}

/// That cache forgets nothing, so a process that serves a fleet would grow with each
/// role that it assumes.
#[tokio::test(start_paused = true)]
async fn the_credentials_of_a_role_are_not_kept_with_the_functions_own() {
    let mut function = Function::start(1, Rates::NEWER).await;
    let cache = HomeCache::default();
    let home = config::loader(Connector(function.wire.clone()), SdkRetries::default())
        .identity_cache(cache.clone())
        .region(Region::from_static(HOME_REGION))
        .credentials_provider(Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test"))
        .load();
    function.service.account = Account::new(home.await, SdkRetries::default()).expect("there is a Region");
    for account in ["222222222222", "333333333333", "444444444444"] {
        let arn = format!("arn:aws:iam::{account}:role/eks-nlb-sync");
        function.wire.world().add_role(&arn);
        let role = Some(Role::new(arn, None).expect("a role"));
        let request = RunRequest { scope: Scope { region: None, role }, ..RunRequest::default() };
        let budget = RunBudget::new(function.service.settings.max_concurrency, MINUTE);

        function.service.run(&request, "test", &budget).await.expect("it can list");
    }

    let asked = cache.0.lock().expect("nobody panics with it");
    assert_eq!(asked.len(), 1, "{asked:?}");
}

/// The rate that AWS accepts in another Region is learnt once.
#[tokio::test(start_paused = true)]
async fn a_run_in_another_region_keeps_the_clients_of_the_run_before() {
    let function = Function::start(1, Rates::NEWER).await;
    let scope = Scope { region: Some("us-east-1".parse().expect("a Region")), role: None };
    let budget = RunBudget::new(function.service.settings.max_concurrency, MINUTE);
    let clients =
        async || function.service.clients(&scope, "test", &budget).await.expect("no role is assumed");

    let (first, second) = (clients().await, clients().await);

    assert!(std::ptr::eq(first.limiters(), second.limiters()));
}
