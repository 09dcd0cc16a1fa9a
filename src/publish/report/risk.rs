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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::error::{CallError, FrontendError};
    use crate::model::{CurrentTarget, TargetState, Targets};

    fn target(last: u8) -> Target {
        Target::new(IpAddr::from([10, 0, 0, last]), 443)
    }

    #[test]
    fn new_targets_that_could_not_be_written_put_clients_at_risk() {
        let denied = || CallError::AccessDenied { action: "a call", reason: String::new() }.into();
        let unavailable = || CallError::Unavailable { action: "a call", reason: String::new() }.into();
        for (error, state, unwritten) in [
            (unavailable(), Some(TargetState::Healthy), 1),
            (denied(), Some(TargetState::Healthy), 1),
            // No client was served before, or an operator must act first.
            (unavailable(), Some(TargetState::Draining), 0),
            (unavailable(), None, 0),
            (FrontendError::NoTargetGroup, Some(TargetState::Healthy), 0),
        ] {
            let listed = state.map(|state| CurrentTarget { state, zone: None, is_overridden: false });
            let report = FrontendReport {
                desired: [1, 2, 3].map(|last| target(last).ip()).into(),
                registered: vec![target(2)],
                current: Some(listed.map(|listed| (target(1), listed)).into_iter().collect::<Targets>()),
                ..FrontendReport::new((&error).into())
            };
            assert_eq!(report.with_unwritten(443).unwritten, unwritten, "{error}, {state:?}");
        }
    }
}
