//! The sources of addresses, and what perfect judgement concludes from them.

/// Where addresses come from: `ADDRESS_SOURCE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `auto`, the default.
    Auto,
    /// `dns`.
    Dns,
    /// `eni`.
    Eni,
    /// `dns+eni`.
    Both,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Dns, Self::Eni, Self::Both];

    /// The value of the setting.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dns => "dns",
            Self::Eni => "eni",
            Self::Both => "dns+eni",
        }
    }
}

/// What the sources answer at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// What DNS names; nothing if it fails.
    pub(crate) named: Option<Vec<String>>,
    /// The addresses of the control plane's interfaces.
    pub(crate) interfaces: Vec<String>,
}

/// The conclusion from one source, or from two.
pub(crate) struct Belief {
    /// The addresses that serve, or will.
    pub(crate) serve: Vec<String>,
    /// The addresses that may still serve; nothing if every one may.
    pub(crate) may_serve: Option<Vec<String>>,
}

impl Known {
    /// The conclusion by `source`; `None` if it gives no answer.
    pub(crate) fn by(&self, source: Source) -> Option<Belief> {
        let Self { named, interfaces } = self;
        let belief = |serve: &[String], other: &[String]| Belief {
            serve: serve.to_vec(),
            may_serve: Some([serve, other].concat()),
        };
        match source {
            Source::Dns => named.as_ref().map(|named| belief(named, &[])),
            Source::Eni => Some(belief(interfaces, &[])),
            Source::Both => named.as_ref().map(|named| {
                let both = named.iter().filter(|address| interfaces.contains(address)).cloned().collect();
                Belief { serve: both, may_serve: Some([named.as_slice(), interfaces].concat()) }
            }),
            // EKS has two API servers at least, so fewer interfaces decide nothing.
            Source::Auto if interfaces.len() < 2 => named.as_ref().map(|named| belief(named, interfaces)),
            Source::Auto => Some(match named {
                Some(named) => belief(interfaces, named),
                None => Belief { serve: interfaces.clone(), may_serve: None },
            }),
        }
    }
}
