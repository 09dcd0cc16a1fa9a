use super::catalogue;

/// A round writes only through the function, member by member.
const NOT_BY_THIS: &str =
    "Not by this error, but target groups of members that were not synced do not follow their clusters.";

catalogue! {
    /// The `error` of a failed execution of the fleet's workflow, in fleet.yaml.
    pub enum RoundError {
        NoList = "NoList" {
            "fleet.json is missing from the fleet's bucket, or is no JSON list; no member was synced.";
            NOT_BY_THIS;
            "Upload the list: docs/operations.md#fleet. The bucket keeps its former versions.";
        }
        NoMembers = "NoMembers" {
            "fleet.json is an empty list; no member was synced.";
            NOT_BY_THIS;
            "Upload a list with members: docs/operations.md#fleet. The bucket keeps its former versions.";
        }
        StillRunning = "StillRunning" {
            "The round before was still running, so this one did not begin.";
            "Not by this error: the round before syncs the members.";
            "Raise MaxConcurrency, or begin rounds less often.";
        }
        TooManyFailures = "TooManyFailures" {
            "More than ToleratedFailures members failed; all others were synced.";
            NOT_BY_THIS;
            "report.json names the folder with the results: FAILED_0.json there has each failed member with its cause. `eks-nlb doctor` with --region, --role-arn and --external-id checks one member.";
        }
    }
}
