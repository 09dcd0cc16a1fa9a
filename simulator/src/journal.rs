//! Records every AWS call, in order, and how it ended.

/// An AWS call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// As in `elasticloadbalancing`.
    pub service: String,
    /// As in `RegisterTargets`.
    pub operation: String,
    /// The account whose credentials signed it; empty for unknown ones.
    pub account: String,
    /// The Region it was signed for.
    pub region: String,
    /// Its parameters as the query protocol spells them, as in
    /// `Targets.member.1.Id`; DescribeCluster has `name`.
    pub parameters: Vec<(String, String)>,
    /// The HTTP status of the answer, or of the one that was lost.
    pub status: u16,
    /// The error code, if it was refused.
    pub error: Option<String>,
}

impl Recorded {
    /// The parameter `name`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// The members of the list `name`, in order.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.parameters
            .iter()
            .filter(|(key, _)| {
                let rest = key.strip_prefix(name).and_then(|rest| rest.strip_prefix(".member."));
                rest.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
            })
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The target group that the call is about.
    #[must_use]
    pub fn target_group(&self) -> Option<&str> {
        self.parameter("TargetGroupArn")
    }

    /// The targets that the call names, in order, as `id:port` or `id`.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        let member = |n: usize, field: &str| self.parameter(&format!("Targets.member.{n}.{field}"));
        (1..)
            .map_while(|n| {
                let id = member(n, "Id")?;
                Some(member(n, "Port").map_or_else(|| id.to_owned(), |port| format!("{id}:{port}")))
            })
            .collect()
    }

    /// The zones that the call names for its targets, in the same order.
    #[must_use]
    pub fn zones(&self) -> Vec<Option<&str>> {
        let member = |n: usize, field: &str| self.parameter(&format!("Targets.member.{n}.{field}"));
        (1..).map_while(|n| member(n, "Id").map(|_| member(n, "AvailabilityZone"))).collect()
    }

    /// Whether the call changes anything.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.operation.as_str(), "RegisterTargets" | "DeregisterTargets")
    }
}
