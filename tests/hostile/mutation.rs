//! Changes of bytes, at random.

use proptest::prelude::*;
use proptest::sample::Index;

/// One change of some bytes.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Move(Index, Index, usize),
    Cut(Index),
}

/// A few changes. `inserted` holds fragments that are meaningful in such bytes.
pub(crate) fn mutations(inserted: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<Mutation>> {
    let at = any::<Index>;
    let one = prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (at(), 0u8..8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at(), inserted).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (at(), 1usize..100).prop_map(|(at, count)| Mutation::Remove(at, count)),
        (at(), 1usize..100).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        (at(), at(), 1usize..100).prop_map(|(from, to, count)| Mutation::Move(from, to, count)),
        at().prop_map(Mutation::Cut),
    ];
    prop::collection::vec(one, 1..6)
}

impl Mutation {
    /// Changes the bytes from `start` on.
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>, start: usize) {
        if bytes.len() <= start {
            return;
        }
        let place = |at: &Index, bytes: &[u8]| start + at.index(bytes.len() - start);
        let part = |at: usize, count: usize, bytes: &[u8]| at..(at + count).min(bytes.len());
        match self {
            Self::Set(at, byte) => {
                let at = place(at, bytes);
                bytes[at] = *byte;
            }
            Self::Flip(at, bit) => {
                let at = place(at, bytes);
                bytes[at] ^= 1 << bit;
            }
            Self::Insert(at, inserted) => {
                let at = place(at, bytes);
                bytes.splice(at..at, inserted.iter().copied());
            }
            Self::Remove(at, count) => {
                let range = part(place(at, bytes), *count, bytes);
                bytes.drain(range);
            }
            Self::Repeat(at, count) => {
                let at = place(at, bytes);
                let repeated = bytes[part(at, *count, bytes)].to_vec();
                bytes.splice(at..at, repeated);
            }
            Self::Move(from, to, count) => {
                let range = part(place(from, bytes), *count, bytes);
                let moved: Vec<u8> = bytes.drain(range).collect();
                let to = start + to.index(bytes.len() - start + 1);
                bytes.splice(to..to, moved);
            }
            Self::Cut(at) => bytes.truncate(place(at, bytes)),
        }
    }
}
