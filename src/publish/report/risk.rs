//! Derives from the report of a frontend whether clients are cut off, or will
//! be.

use super::FrontendReport;
use crate::model::{Target, Zone};
use crate::serving::cut_off;

impl FrontendReport {
    /// The same with the desired targets on `port` that a failed write left out.
    #[must_use]
    pub fn with_unwritten(mut self, port: u16) -> Self {
        let is_in_service = |target: &Target| {
            self.current
                .as_ref()
                .and_then(|current| current.get(target))
                .is_some_and(|it| it.state.is_in_service())
        };
        let has_served = self.current.iter().flatten().any(|(_, listed)| listed.state.is_in_service());
        let failed = self.failure().is_some_and(|failure| !failure.code.is_configuration());
        if failed && has_served {
            let desired = self.desired.iter().map(|ip| Target::new(*ip, port));
            self.unwritten =
                desired.filter(|target| !is_in_service(target) && !self.registered.contains(target)).count();
        }
        self
    }

    /// Whether clients are cut off in some zone, or will be: the control plane
    /// moved, and its new targets could not be written.
    #[must_use]
    pub fn is_at_risk(&self) -> bool {
        self.unwritten > 0 || !self.cut_off().is_empty()
    }

    /// The zones whose clients are cut off.
    #[must_use]
    pub fn cut_off(&self) -> Vec<Zone> {
        self.current.as_ref().map(cut_off).unwrap_or_default()
    }
}
