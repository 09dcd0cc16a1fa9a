//! DNS messages: made byte by byte, and read by another reader than the one under test.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const AAAA: u16 = 28;

/// Where the question stands, and so the first name of a message.
pub(crate) const QUESTION_AT: usize = 12;

/// A pointer to the name at byte `at`.
pub(crate) fn pointer(at: usize) -> Vec<u8> {
    (0xc000 | u16::try_from(at).expect("within the message")).to_be_bytes().to_vec()
}

/// A name without compression.
pub(crate) fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels
        .flat_map(|label| [&[u8::try_from(label.len()).expect("a label")], label.as_bytes()].concat())
        .collect();
    bytes.push(0);
    bytes
}

/// A record with a TTL of one minute.
pub(crate) fn record(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("a record").to_be_bytes();
    [owner, &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 60], &length, data].concat()
}

/// An answer with the id and the question of `question`, of these records.
pub(crate) fn answer(question: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(records.len()).expect("16 bits").to_be_bytes();
    let end = question_end(question).expect("the resolver asks a question");
    let head = [&question[..2], &[0x81, 0x80, 0, 1], &count, &[0; 4]].concat();
    [head, question[QUESTION_AT..end].to_vec(), records.concat()].concat()
}

fn question_end(message: &[u8]) -> Option<usize> {
    let (_, end) = read_name(message, QUESTION_AT)?;
    Some(end + 4)
}

fn number(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]))
}

/// The labels at `at`, in lower case, and where what follows them begins.
fn read_name(message: &[u8], at: usize) -> Option<(Vec<Vec<u8>>, usize)> {
    let (mut at, mut end, mut labels) = (at, None, Vec::new());
    // A valid name has no more pointers than a message has labels.
    for _ in 0..256 {
        let length = usize::from(*message.get(at)?);
        match length >> 6 {
            0 if length == 0 => return Some((labels, end.unwrap_or(at + 1))),
            0 => {
                labels.push(message.get(at + 1..at + 1 + length)?.to_ascii_lowercase());
                at += 1 + length;
            }
            3 => {
                end.get_or_insert(at + 2);
                at = usize::from(number(message, at)? & 0x3fff);
            }
            _ => return None,
        }
    }
    None
}

/// All addresses of `kind` that `message` gives to `host` or to what it is an
/// alias of, as far as the message can be read.
pub(crate) fn addresses(message: &[u8], host: &str, kind: u16) -> BTreeSet<IpAddr> {
    let mut aliases: BTreeMap<Vec<Vec<u8>>, Vec<Vec<Vec<u8>>>> = BTreeMap::new();
    let mut found: Vec<(Vec<Vec<u8>>, IpAddr)> = Vec::new();
    let mut at = question_end(message).unwrap_or(message.len());
    let count = number(message, 6).unwrap_or(0);
    for _ in 0..count {
        let Some((owner, fixed)) = read_name(message, at) else { break };
        let (Some(of), Some(length)) = (number(message, fixed), number(message, fixed + 8)) else { break };
        let start = fixed + 10;
        at = start + usize::from(length);
        let Some(data) = message.get(start..at) else { break };
        if of == CNAME
            && let Some((target, _)) = read_name(message, start)
        {
            aliases.entry(owner).or_default().push(target);
        } else if of == A
            && kind == A
            && let Ok(octets) = <[u8; 4]>::try_from(data)
        {
            found.push((owner, Ipv4Addr::from(octets).into()));
        } else if of == AAAA
            && kind == AAAA
            && let Ok(octets) = <[u8; 16]>::try_from(data)
        {
            found.push((owner, Ipv6Addr::from(octets).into()));
        }
    }
    let asked: Vec<Vec<u8>> = host.split('.').map(|label| label.to_ascii_lowercase().into_bytes()).collect();
    let (mut names, mut unfollowed) = (BTreeSet::from([asked.clone()]), vec![asked]);
    while let Some(name) = unfollowed.pop() {
        for target in aliases.get(&name).into_iter().flatten() {
            if names.insert(target.clone()) {
                unfollowed.push(target.clone());
            }
        }
    }
    found.into_iter().filter(|(owner, _)| names.contains(owner)).map(|(_, ip)| ip).collect()
}
