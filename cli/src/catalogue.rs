//! All checks: the statement that is true if one passes, and what to do if it
//! fails.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::output::docs;

/// Declares [`CheckId`] with its names and texts: a check cannot be left out of
/// any.
macro_rules! catalogue {
    ($(
        $group:literal {
            $($(#[doc = $about:literal])+ $Variant:ident = $name:literal { $title:expr; $remedy:expr; })*
        }
    )*) => {
        /// A check of `doctor`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum CheckId {
            $($($(#[doc = $about])+ $Variant,)*)*
        }

        impl CheckId {
            /// Every one, in the order in which they are made.
            pub(crate) const ALL: &'static [Self] = &[$($(Self::$Variant,)*)*];

            /// As in `cross-zone`: its heading in the documentation, too.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$Variant => $name,)*)*
                }
            }

            /// The group in which it is shown.
            pub(crate) fn group(self) -> &'static str {
                match self {
                    $($(Self::$Variant => $group,)*)*
                }
            }

            /// What it is about, for docs/cli.md.
            #[cfg(test)]
            pub(super) fn about(self) -> &'static [&'static str] {
                match self {
                    $($(Self::$Variant => &[$($about),+],)*)*
                }
            }

            /// The statement that is true if the check passes.
            pub(crate) fn title(self) -> &'static str {
                match self {
                    $($(Self::$Variant => $title,)*)*
                }
            }

            /// What to do if it fails.
            pub(crate) fn remedy(self) -> &'static str {
                match self {
                    $($(Self::$Variant => $remedy,)*)*
                }
            }
        }
    };
}

mod checks;
#[cfg(test)]
#[path = "../../tests/support/generated.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod generated;

pub(crate) use checks::CheckId;

impl CheckId {
    /// Where it is described.
    pub(crate) fn link(self) -> String {
        format!("{}#{self}", docs!("cli.md"))
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for CheckId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What must be in order before a control plane is upgraded.
pub(crate) const BEFORE_UPGRADE: &[CheckId] = &[
    CheckId::Credentials,
    CheckId::Managed,
    CheckId::Cluster,
    CheckId::ClusterHealth,
    CheckId::Addresses,
    CheckId::ClusterCa,
    CheckId::FreeAddresses,
    CheckId::Zones,
    CheckId::SecurityGroups,
    CheckId::CrossZone,
    CheckId::Thresholds,
    CheckId::WriteTag,
    CheckId::WritePolicy,
    CheckId::Function,
    CheckId::FunctionSettings,
    CheckId::Schedule,
    CheckId::LastSuccess,
    CheckId::Alarms,
    CheckId::Served,
    CheckId::Overrides,
    CheckId::Plan,
];

/// The checks that an upgrade of a control plane is over.
pub(crate) const AFTER_UPGRADE: &[CheckId] = &[
    CheckId::Credentials,
    CheckId::Managed,
    CheckId::Cluster,
    CheckId::ClusterHealth,
    CheckId::Addresses,
    CheckId::ClusterCa,
    CheckId::Zones,
    CheckId::Function,
    CheckId::FunctionSettings,
    CheckId::LastSuccess,
    CheckId::Served,
    CheckId::Overrides,
    CheckId::Settled,
    CheckId::Plan,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");

    #[test]
    fn the_generated_chapters_are_those_of_the_checks() {
        let chapters = CheckId::ALL.iter().map(|id| {
            let about: Vec<_> = id.about().iter().map(|line| line.trim()).collect();
            format!("### {id}\n\n{}\n", about.join("\n"))
        });
        let parts = [("checks", chapters.collect::<Vec<_>>().join("\n"))];
        generated::hold(PAGE, |page| generated::page(page, &parts));
    }

    #[test]
    fn each_check_has_its_own_name_and_remedy() {
        for of in [CheckId::as_str, CheckId::remedy] {
            let texts: BTreeSet<_> = CheckId::ALL.iter().map(|id| of(*id)).collect();
            assert_eq!(texts.len(), CheckId::ALL.len());
        }
    }
}
