//! Counts connections, made and failed.

use std::collections::BTreeMap;
use std::fmt;

use crate::controllers::Controller;
use crate::kinds::Kind;

/// Connections in each zone at each step: divided evenly among up to six
/// targets.
pub(crate) const CONNECTIONS: usize = 60;

/// The connections of one controller's clients.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// All connections.
    pub made: usize,
    /// The failed ones.
    pub failed: usize,
    /// Failed ones that the all-knowing controller would have served.
    pub avoidable: usize,
    /// Failed ones that perfect judgement with the same knowledge would have served.
    pub beyond_same_knowledge: usize,
    /// The first connections counted in `beyond_same_knowledge`, in words.
    pub complaints: Vec<String>,
}

impl Score {
    /// The percentage of all connections that failed and could have been
    /// served.
    #[must_use]
    pub fn avoidable_percent(&self) -> f64 {
        self.percent(self.avoidable)
    }

    /// The percentage of all connections that failed and that perfect judgement with
    /// the same knowledge would have served.
    #[must_use]
    pub fn beyond_same_knowledge_percent(&self) -> f64 {
        self.percent(self.beyond_same_knowledge)
    }

    #[expect(clippy::cast_precision_loss, reason = "a percentage with two digits")]
    fn percent(&self, connections: usize) -> f64 {
        100.0 * connections as f64 / self.made as f64
    }
}

/// The score of each controller.
pub type Scores = BTreeMap<Controller, Score>;

/// The scores in each kind of replacement.
pub struct Table {
    /// A row for each kind.
    pub rows: Vec<(Kind, Scores)>,
}

/// As the documentation has it, in Markdown: without perfect judgement.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_perfect = |c: &Controller| matches!(c, Controller::SameKnowledge(_) | Controller::AllKnowing);
        let controllers = || Controller::ALL.into_iter().filter(|c| !is_perfect(c));
        write!(f, "| avoidable failures, % of new connections |")?;
        for controller in controllers() {
            write!(f, " {controller} |")?;
        }
        write!(f, "\n|---|{}", "---|".repeat(controllers().count()))?;
        for (kind, scores) in &self.rows {
            write!(f, "\n| {kind} |")?;
            for controller in controllers() {
                write!(f, " {:.1} |", scores[&controller].avoidable_percent())?;
            }
        }
        Ok(())
    }
}
