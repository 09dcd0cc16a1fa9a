//! Reads what one subject needs: the listing of the Region, and then only the
//! frontends that the subject names.

use eks_nlb_sync::aws::account::Clients;
use eks_nlb_sync::discover::{Discovery, discover};
use eks_nlb_sync::model::{Frontend, TargetGroupArn};
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reconcile::Reconciler;
use eks_nlb_sync::schedule::budget::RunBudget;

use super::subject::{Subject, names_of};
use crate::problem::Problem;
use crate::progress;
use crate::session::Session;

/// One dry run over the frontends that a subject names.
pub(super) struct Look<'a> {
    pub(super) session: &'a Session,
    pub(super) clients: &'a Clients,
    pub(super) budget: &'a RunBudget,
    pub(super) reconciler: Reconciler<'a>,
    listed: Vec<Frontend>,
}

/// The result for a subject.
pub(super) struct Found {
    /// The frontends that the subject names.
    pub(super) frontends: Vec<FrontendReport>,
    /// Every name of the listing, and of what was read.
    pub(super) known: Vec<String>,
}

impl<'a> Look<'a> {
    pub(super) fn new(session: &'a Session, clients: &'a Clients, budget: &'a RunBudget) -> Self {
        let reconciler = session.service.reconciler(clients, &session.request, budget);
        Self { session, clients, budget, reconciler, listed: Vec::new() }
    }

    /// The target group as it was listed, if a run would reconcile it.
    pub(super) fn listed(&self, group: &TargetGroupArn) -> Option<&Frontend> {
        self.listed.iter().find(|frontend| frontend.target_group == *group)
    }

    /// Lists the Region, and reads the frontends that `subject` names.
    pub(super) async fn read(&mut self, subject: Subject<'_>) -> Result<Found, Problem> {
        let Self { session, budget, .. } = *self;
        let mut discovery =
            discover(&self.reconciler.elb, session.settings(), &session.request, &session.service.history)
                .await?;
        let mut known: Vec<_> =
            discovery.frontends.iter().flat_map(|it| names_of(&listed_as(it)).collect::<Vec<_>>()).collect();
        known.extend(discovery.rejected.iter().flat_map(|rejected| names_of(&rejected.report)));
        if subject.is_in_listing() {
            narrow(&mut discovery, subject);
        }
        budget.expect_frontends(discovery.frontends.len() + discovery.rejected.len());
        self.listed.clone_from(&discovery.frontends);
        let load_balancers = discovery.load_balancers;
        let run = Box::pin(self.reconciler.reconcile_all(discovery));
        let (reports, _) = progress::of_run(session.region(), budget, run).await;
        let mut report = Report::new(true, session.region().to_owned(), load_balancers, reports);
        known.extend(report.frontends.iter().flat_map(names_of));
        report.frontends.retain(|frontend| subject.names(frontend));
        Ok(Found { frontends: report.frontends, known })
    }
}

/// Keeps the frontends of `discovery` that `subject` names.
fn narrow(discovery: &mut Discovery, subject: Subject<'_>) {
    discovery.frontends.retain(|frontend| subject.names(&listed_as(frontend)));
    discovery.rejected.retain(|rejected| subject.names(&rejected.report));
}

/// A frontend of which nothing but the listing is known.
fn listed_as(frontend: &Frontend) -> FrontendReport {
    FrontendReport::of(frontend, Outcome::Converged)
}
