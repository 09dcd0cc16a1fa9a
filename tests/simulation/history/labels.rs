//! Names what happens in a history, for the tally and for planted faults.

use std::fmt::Debug;

use super::{Call, Fault, Happening};

impl Call {
    /// The operation as the simulator names it.
    pub(crate) fn operation(self) -> String {
        if self == Self::Any { "*".to_owned() } else { format!("{self:?}") }
    }
}

impl Happening {
    /// What it is counted as, as in `rotated: One`, whatever its numbers are.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Rotate { how, .. } => named("rotated", how),
            Self::Health { at: None, .. } => "health of an API server changed".to_owned(),
            Self::Health { at: Some(_), .. } => "health of an API server to change".to_owned(),
            Self::Hardened { .. } => "API servers refuse health checks".to_owned(),
            Self::Names { say, .. } => named("DNS", say),
            Self::Cluster { is, .. } => named("cluster", is),
            Self::Frontend { is, .. } => named("frontend", is),
            Self::Hand { does, .. } => named("by hand", does),
            Self::StaleReads { .. } => "AWS: reads lag".to_owned(),
            Self::Fault { fault: Fault::Named(fault), .. } => format!("AWS: {}", <&str>::from(*fault)),
            Self::Fault { fault, .. } => named("AWS", fault),
        }
    }
}

fn named(family: &str, variant: &impl Debug) -> String {
    let variant = format!("{variant:?}");
    format!("{family}: {}", variant.split('(').next().unwrap_or_default())
}
