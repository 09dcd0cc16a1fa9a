use super::catalogue;

catalogue! {
    /// The `errorType` of an invocation that ends as a function error.
    pub enum ErrorType {
        InvalidEvent = "InvalidEvent" {
            "The event has an unknown key, or a value of the wrong type; the run did not start.";
            "Not by this error: nothing was read or written.";
            "Read errorMessage: it names the key, or where in the event the value is. Correct the input of the schedule or of the caller; the keys are in docs/reference.md#events.";
        }
        DiscoveryFailed = "DiscoveryFailed" {
            "The load balancers, target groups or tags could not be listed; nothing was written.";
            "Not by this error, but no target group follows its cluster until runs succeed again.";
            "Read errorMessage: it names the call and the cause. `eks-nlb doctor` makes the same calls.";
        }
        FrontendsFailed = "FrontendsFailed" {
            "The run failed for one or more frontends and served all others.";
            "Not by this error, but the targets of these frontends do not follow their clusters.";
            "`eks-nlb plan` shows each frontend that fails, with its code.";
        }
    }
}
