//! Cuts listings into pages as AWS does.

use std::collections::BTreeMap;
use std::num::ParseIntError;
use std::ops::Bound;

use super::Refusal;

/// Most items ELB puts in a page.
const MAX_PAGE: usize = 400;

/// The part of a listing that is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paging<'a> {
    /// At most this many items: 1 to 400.
    pub size: Option<usize>,
    /// Where the previous page ended.
    pub marker: Option<&'a str>,
}

/// A part of a listing.
#[derive(Debug)]
pub struct Page<'a, T> {
    /// The items, in an arbitrary order.
    pub items: Vec<&'a T>,
    /// Where the next page begins; `None` on the last.
    pub next_marker: Option<String>,
}

impl<'a, T> Page<'a, T> {
    /// A listing without any item.
    pub(crate) fn empty() -> Self {
        Self { items: Vec::new(), next_marker: None }
    }

    /// The page of at most `size` items that are `wanted`, after `marker`; an
    /// error if the marker is invalid.
    pub(crate) fn cut(
        all: &'a BTreeMap<u64, T>,
        size: usize,
        marker: Option<&str>,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Self, ParseIntError> {
        let from = marker
            .map_or(Ok(Bound::Unbounded), |marker| u64::from_str_radix(marker, 16).map(Bound::Excluded))?;
        let mut rest = all.range((from, Bound::Unbounded)).filter(|(_, item)| wanted(item));
        let mut items = Vec::new();
        let mut last = None;
        for (&id, item) in rest.by_ref().take(size) {
            items.push(item);
            last = Some(id);
        }
        let next_marker = rest.next().and(last).map(|id| format!("{id:016x}"));
        Ok(Self { items, next_marker })
    }
}

impl Paging<'_> {
    /// Cuts a listing of ELB's.
    pub(crate) fn cut<T>(
        self,
        all: &BTreeMap<u64, T>,
        cap: usize,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Page<'_, T>, Refusal> {
        let size = self.checked_size()?.min(cap);
        let invalid =
            |_| Refusal::validation(format!("Invalid marker '{}'", self.marker.unwrap_or_default()));
        Page::cut(all, size, self.marker, wanted).map_err(invalid)
    }

    fn checked_size(self) -> Result<usize, Refusal> {
        match self.size {
            None => Ok(MAX_PAGE),
            Some(size @ 1..=MAX_PAGE) => Ok(size),
            Some(size) => {
                let bound = match size {
                    0 => "greater than or equal to 1",
                    _ => "less than or equal to 400",
                };
                Err(Refusal::validation(format!(
                    "1 validation error detected: Value '{size}' at 'pageSize' failed to satisfy \
                     constraint: Member must have value {bound}"
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_and_end() {
        let all: BTreeMap<u64, u64> = (0..7).map(|n| (n * 3, n)).collect();
        let mut marker: Option<String> = None;
        let mut sizes = Vec::new();
        let mut seen = Vec::new();
        loop {
            let paging = Paging { size: Some(2), marker: marker.as_deref() };
            let page = paging.cut(&all, 400, |n| *n != 3).expect("a valid page");
            sizes.push(page.items.len());
            seen.extend(page.items.into_iter().copied());
            marker = page.next_marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(sizes, [2, 2, 2]);
        assert_eq!(seen, [0, 1, 2, 4, 5, 6]);
    }

    #[test]
    fn sizes_and_markers_have_bounds() {
        let all = BTreeMap::from([(1, 1)]);
        let cut = |size, marker| Paging { size, marker }.cut(&all, 400, |_| true);
        for size in [0, 401] {
            let refusal = cut(Some(size), None).expect_err("out of bounds");
            assert_eq!(refusal.code, "ValidationError", "{size}");
        }
        assert!(cut(Some(400), None).is_ok());
        assert!(cut(None, Some("nonsense")).is_err());
    }
}
