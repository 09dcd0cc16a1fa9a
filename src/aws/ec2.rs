//! Lists the network interfaces of control planes in EC2.
//!
//! EC2's own SDK crate takes minutes to compile for this one read, so
//! [`operation`] makes it with the SDK's generic operation: signing, endpoints,
//! retries and time-outs are the SDK's. [`answer`] reads the XML.

pub(super) mod answer;
pub(super) mod operation;

use super::call::{all_pages, answer};
use crate::error::CallError;
use crate::limits::Limits;
use crate::model::Interfaces;

const ACTION: &str = "ec2:DescribeNetworkInterfaces";

/// EC2, within the limits of one run.
pub struct Ec2<'a> {
    pub(super) operation: &'a operation::DescribeNetworkInterfaces,
    pub(super) limits: &'a Limits,
}

impl Ec2<'_> {
    /// Lists every interface of the Region that claims to be a control plane's.
    ///
    /// # Errors
    ///
    /// A page that fails: half a list is none.
    pub async fn control_plane_interfaces(&self) -> Result<Interfaces, CallError> {
        let pages = all_pages(ACTION, async |token| {
            let page =
                answer(ACTION, self.limits.call(ACTION, || Box::pin(self.operation.invoke(token))).await)?;
            Ok((page.interfaces, page.next_token))
        });
        Ok(pages.await?.into_iter().collect())
    }
}
