//! Reads what one subject needs: the listing of the Region, and then only the
//! frontends that the subject names.

use eks_nlb_sync::discover::Discovery;
use eks_nlb_sync::model::{Frontend, TargetGroupArn};
use eks_nlb_sync::publish::report::{FrontendReport, Outcome, Report};
use eks_nlb_sync::reconcile::Reconciler;

use super::subject::{Subject, names_of};
use crate::problem::Problem;
use crate::progress;
use crate::session::{Connection, listed};

/// One dry run over the frontends that a subject names.
pub(super) struct Look<'a> {
    pub(super) account: &'a Connection<'a>,
    pub(super) reconciler: Reconciler<'a>,
    listed: Vec<Frontend>,
}

impl<'a> Look<'a> {
    pub(super) fn new(account: &'a Connection<'a>) -> Self {
        Self { account, reconciler: account.reconciler(), listed: Vec::new() }
    }

    /// The target group as it was listed, if a run would reconcile it.
    pub(super) fn listed(&self, group: &TargetGroupArn) -> Option<&Frontend> {
        self.listed.iter().find(|frontend| frontend.target_group == *group)
    }

    /// Lists the Region, and reads the frontends that `subject` names. With every name
    /// of the listing, and of what was read.
    pub(super) async fn read(
        &mut self,
        subject: Subject<'_>,
    ) -> Result<(Vec<FrontendReport>, Vec<String>), Problem> {
        let Connection { session, budget, .. } = self.account;
        let mut discovery = self.account.discover(&session.request).await?;
        let mut known: Vec<_> = listed(&discovery).iter().flat_map(names_of).collect();
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
        Ok((report.frontends, known))
    }
}

fn narrow(discovery: &mut Discovery, subject: Subject<'_>) {
    let of = |frontend: &Frontend| FrontendReport::of(frontend, Outcome::Converged);
    discovery.frontends.retain(|frontend| subject.names(&of(frontend)));
    discovery.rejected.retain(|rejected| subject.names(&rejected.report));
}
