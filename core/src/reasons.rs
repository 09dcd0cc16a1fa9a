//! Names everything that reports and alarms can say, each with one text.
//!
//! The names are part of the contract. `ALL` lists each kind in the order of
//! docs/reference.md, and tests hold the reference to it.

mod alarm;
mod error_type;
mod failure;
mod outcome;
mod round_error;
mod rule;
mod skip;
mod withhold;

pub use alarm::Alarm;
pub use error_type::ErrorType;
pub use failure::FailureCode;
pub use outcome::OutcomeName;
pub use round_error::RoundError;
pub use rule::Rule;
pub use skip::SkipReason;
pub use withhold::WithholdReason;

/// What an operator asks about a reason: what is happening, are clients cut
/// off, what do I do?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is happening.
    pub happening: &'static str,
    /// Whether clients are cut off.
    pub cut_off: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// Declares an enum whose variants have a name and an explanation, and its
/// `ALL`: a variant cannot be left out of either. What is happening documents the
/// variant here, in the command line's answers and in docs/.
macro_rules! catalogue {
    (
        $(#[$of_enum:meta])*
        pub enum $Enum:ident {
            $(
                $Variant:ident = $name:literal {
                    $happening:literal;
                    $cut_off:expr;
                    $remedy:expr;
                }
            )*
        }
    ) => {
        $(#[$of_enum])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $Enum {
            $(#[doc = $happening] $Variant,)*
        }

        impl $Enum {
            /// Every one, in the order of docs/reference.md.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)*];

            /// The stable name for reports, logs, metrics and alarms.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)*
                }
            }

            /// What it means and what to do.
            #[must_use]
            pub fn explanation(self) -> $crate::reasons::Explanation {
                let (happening, cut_off, remedy) = match self {
                    $(Self::$Variant => ($happening, $cut_off, $remedy),)*
                };
                $crate::reasons::Explanation { happening, cut_off, remedy }
            }
        }

        impl core::fmt::Display for $Enum {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $Enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use catalogue;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn no_name_is_used_twice() {
        let names: Vec<_> = FailureCode::ALL
            .iter()
            .map(|code| code.as_str())
            .chain(SkipReason::ALL.iter().map(|reason| reason.as_str()))
            .chain(WithholdReason::ALL.iter().map(|reason| reason.as_str()))
            .chain(Rule::ALL.iter().map(|rule| rule.as_str()))
            .chain(OutcomeName::ALL.iter().map(|outcome| outcome.as_str()))
            .chain(ErrorType::ALL.iter().map(|error| error.as_str()))
            .chain(Alarm::ALL.iter().map(|alarm| alarm.as_str()))
            .chain(RoundError::ALL.iter().map(|error| error.as_str()))
            .collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }
}
