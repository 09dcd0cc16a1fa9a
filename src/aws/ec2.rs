//! Lists the network interfaces of control planes in EC2.
//!
//! EC2's own SDK crate takes minutes to compile for this one read, so
//! [`operation`] makes it with the SDK's generic operation: signing, endpoints,
//! retries and time-outs are the SDK's. [`answer`] reads the XML.

pub(super) mod answer;
pub(super) mod operation;

use super::call::{Caller, RESPONSE_TOO_LONG, all_pages};
use crate::error::CallError;
use crate::model::Interfaces;

pub use answer::interface;

const ACTION: &str = "ec2:DescribeNetworkInterfaces";

/// The interfaces of a page, in turn. A page of the largest size whose
/// interfaces have many tags is longer than a response may be; then all are read
/// in smaller pages.
///
/// Source: EC2 API Reference, *DescribeNetworkInterfaces*, `MaxResults`: 5 to
/// 1,000 (November 2026).
const PAGE_SIZES: [u16; 2] = [1000, 100];

/// EC2, within the budget of one run.
pub struct Ec2<'a> {
    pub(super) operation: &'a operation::DescribeNetworkInterfaces,
    pub(super) caller: Caller<'a>,
}

impl Ec2<'_> {
    /// Lists every interface of the Region that claims to be a control plane's.
    ///
    /// # Errors
    ///
    /// A page that fails: a partial list is never returned.
    pub async fn control_plane_interfaces(&self) -> Result<Interfaces, CallError> {
        let [largest, smaller] = PAGE_SIZES;
        match self.pages_of(largest).await {
            Err(error) if error.is_rejected_as(&[RESPONSE_TOO_LONG]) => self.pages_of(smaller).await,
            listed => listed,
        }
    }

    async fn pages_of(&self, size: u16) -> Result<Interfaces, CallError> {
        let pages = all_pages(ACTION, async |token| {
            let page = || operation::Page { token: token.clone(), size };
            let answer = self.caller.call(ACTION, || self.operation.invoke(page())).await?;
            Ok((answer.interfaces, answer.next_token))
        });
        Ok(pages.await?.into_iter().collect())
    }
}
