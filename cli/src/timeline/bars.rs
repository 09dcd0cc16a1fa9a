//! What was so from when to when.

use crate::trace::{Span, Time};

/// A time span in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) span: Span,
    pub(super) state: String,
}

/// What is known of an address from one source, in order.
pub(super) type Bars = Vec<Bar>;

/// The end of a bar that has not ended.
pub(super) const OPEN: Time = Time(u64::MAX);

/// Ends the last bar at `at`, unless its state stays the same.
pub(super) fn set(bars: &mut Bars, at: Time, state: Option<&str>) {
    if let Some(last) = bars.last_mut().filter(|last| last.span.to == OPEN) {
        if state == Some(last.state.as_str()) {
            return;
        }
        last.span.to = at;
    }
    if let Some(state) = state {
        bars.push(Bar { span: Span { from: at, to: OPEN }, state: state.to_owned() });
    }
}
