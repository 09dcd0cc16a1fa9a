//! Keeps Network Load Balancers pointed at the private addresses of EKS API
//! servers.
//!
//! [`service`] puts the stages of a run together; everything before `plan` only
//! reads:
//!
//! ```text
//! discover   tagged NLBs ─▶ Frontend     DescribeLoadBalancers, DescribeTargetGroups, DescribeTags
//!                │
//!                ├───────────────────────────────┐
//! observe   ApiEndpoint                       Targets       DescribeCluster │ DescribeTargetHealth
//!                ▼                               │
//!            Desired                             │          DescribeNetworkInterfaces, DNS
//!                └───────────────┬───────────────┘
//! plan                         Plan                         a pure function, in the crate `core/`
//!                                ▼
//! apply                       Applied                       RegisterTargets, then DeregisterTargets
//!                                ▼
//! publish                     Report
//! ```
//!
//! [`schedule`] orders and bounds the work; [`history`] holds what a process
//! remembers. The function is stateless: the target group is the state, and the
//! next run is the retry. An event says *when* to run, never *what changed*.

pub use eks_nlb_sync_core::{model, plan, reasons, serving};

pub mod apply;
pub mod aws;
pub mod discover;
pub mod error;
pub mod handler;
pub mod history;
pub mod observe;
pub mod publish;
pub mod reconcile;
pub mod request;
pub mod schedule;
pub mod service;
pub mod settings;
