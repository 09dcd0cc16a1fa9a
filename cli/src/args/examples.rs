//! The last lines of every command's help.

/// After the help of the program.
pub(super) const PROGRAM: &str = "\
Examples:
  eks-nlb --demo status           # a simulated account: needs no credentials
  eks-nlb status                  # whose clients are served?
  eks-nlb explain NoRunAlarm      # what an alarm means, and what to do

Exit codes:
  0    done
  1    an error, a wrong flag, a frontend that failed, or a check of doctor that did
  2    only for plan --detailed-exitcode: there is something to change
  3    a cluster is cut off: status, and plan where the plan registers nothing for it
  130  interrupted by Ctrl-C; record ends with 0 then
  141  the reader of the output has closed the pipe";

pub(super) const STATUS: &str = "\
Examples:
  eks-nlb status
  eks-nlb status --cluster payments --output json";

pub(super) const VERSION: &str = "\
Examples:
  eks-nlb version
  eks-nlb version --function sync-Function-1A2B --output json";

pub(super) const PLAN: &str = "\
Examples:
  eks-nlb plan
  eks-nlb plan --all --cluster payments
  eks-nlb plan --detailed-exitcode --output json";

pub(super) const SYNC: &str = "\
Examples:
  eks-nlb sync --cluster payments
  eks-nlb sync --yes --output json";

pub(super) const WATCH: &str = "\
Examples:
  eks-nlb watch --dry-run
  eks-nlb watch --yes --every 5m
  eks-nlb watch --listen 0.0.0.0:8080  # in a container: it does not ask";

pub(super) const EXPLAIN: &str = "\
Examples:
  eks-nlb explain payments
  eks-nlb explain 10.0.1.10
  eks-nlb explain waitingForHealthyReplacement
  eks-nlb explain NoRunAlarm";

pub(super) const DOCTOR: &str = "\
Examples:
  eks-nlb doctor
  eks-nlb doctor --pre --cluster payments
  eks-nlb doctor --skip endpoint-service --skip schedule";

pub(super) const RECORD: &str = "\
Examples:
  eks-nlb record payments
  eks-nlb record payments --probe --until-quiet 30m --out upgrade.jsonl";

pub(super) const TIMELINE: &str = "\
Examples:
  eks-nlb timeline upgrade.jsonl
  eks-nlb timeline upgrade.jsonl --svg upgrade.svg";

pub(super) const REPLAY: &str = "\
Examples:
  eks-nlb replay upgrade.jsonl
  eks-nlb replay upgrade.jsonl --output json";

pub(super) const COMPLETIONS: &str = "\
Examples:
  eks-nlb completions bash > ~/.local/share/bash-completion/completions/eks-nlb
  eks-nlb completions zsh > ~/.zfunc/_eks-nlb
  eks-nlb completions fish > ~/.config/fish/completions/eks-nlb.fish";

pub(super) const MAN: &str = "\
Examples:
  eks-nlb man | man -l -
  eks-nlb man plan > eks-nlb-plan.1";
