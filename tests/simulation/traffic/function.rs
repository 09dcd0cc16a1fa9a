//! The shipped function before a world that nothing disturbs.

use eks_nlb_simulator::api::{Request, Response, respond};
use eks_nlb_simulator::dns::{self, Answered};
use eks_nlb_simulator::world::{MANAGED_TAG, Transport};
use eks_nlb_simulator::{SharedWorld, World};
use eks_nlb_sync::settings::Settings;

use super::controllers::Source;
use crate::connector::Aws;
use crate::process::Process;
use crate::socketless::NameServer;
use crate::stage::Seat;

/// AWS and DNS as they are.
#[derive(Clone)]
pub(crate) struct Undisturbed(SharedWorld);

impl Undisturbed {
    fn with<T>(&self, does: impl FnOnce(&mut World) -> T) -> T {
        does(&mut self.0.lock().expect("nobody panics with it"))
    }
}

impl Aws for Undisturbed {
    type Heard = ();

    fn answer(&self, request: &Request<'_>) -> Option<(Response, ())> {
        Some((self.with(|world| respond(world, request)), ()))
    }
}

impl NameServer for Undisturbed {
    fn answer(&self, question: &[u8], transport: Transport) -> Vec<Answered> {
        vec![self.with(|world| dns::answer(world, question, transport))]
    }
}

/// A process with this `ADDRESS_SOURCE`, which is also the value of the tag of
/// its load balancer. All other settings are the default.
pub(crate) async fn start(world: &SharedWorld, source: Source) -> Process<Undisturbed> {
    let settings = Settings::from_lookup(|name| match name {
        "DNS_SERVERS" => Some("10.0.0.2".to_owned()),
        "ADDRESS_SOURCE" => Some(source.as_str().to_owned()),
        "NLB_TAG" => Some(format!("{}={}", MANAGED_TAG.0, source.as_str())),
        _ => None,
    });
    let here = Undisturbed(world.clone());
    Process::between(Seat(0), settings.expect("they are valid"), here.clone(), here).await
}
