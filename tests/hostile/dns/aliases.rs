//! Aliases: in chains, in circles, and by the thousand.

use super::*;

/// An alias of an alias of an alias, as long as a message can be, in the order
/// that `order` makes of it: the host, `aaa.`, `aab.` and so on.
fn chain(order: impl Fn(&mut Vec<Vec<u8>>), last: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Vec<u8>> {
    let label = |n: usize| [&[3][..], &short(n), &[0]].concat();
    let mut records = filled(|n| match n {
        0 => record(&pointer(QUESTION_AT), CNAME, &label(0)),
        n => record(&label(n - 1), CNAME, &label(n)),
    });
    records.pop();
    let end = last(&label(records.len() - 1));
    order(&mut records);
    records.push(end);
    records
}

#[test]
fn a_chain_of_thousands_of_aliases_is_followed_or_refused_in_no_time() {
    type Order = fn(&mut Vec<Vec<u8>>);
    // hickory follows a chain in the order in which servers send it.
    let orders: [(Order, bool); 3] = [
        (|_| {}, true),
        (|records| records.reverse(), false),
        (|records| records.sort_by_key(|record| record.iter().rev().copied().collect::<Vec<_>>()), false),
    ];
    for (order, is_followed) in orders {
        let records = chain(order, |end| record(end, A, &[10, 0, 1, 10]));
        assert!(records.len() > 2_500, "{}", records.len());
        let server = of_records(records);
        let resolved = within(BOUND, || resolve(&server, Family::Ipv4));
        let addresses = resolved.ok().map(|addresses| addresses.iter().collect::<Vec<_>>());
        assert_eq!(addresses, is_followed.then(|| vec![IpAddr::from([10, 0, 1, 10])]));
        assert!(server.questions() < 60, "{} questions", server.questions());
    }
}

#[test]
fn a_circle_of_thousands_of_aliases_is_left_in_no_time() {
    let server = of_records(chain(|_| {}, |end| record(end, CNAME, &pointer(QUESTION_AT))));
    assert!(within(BOUND, || resolve(&server, Family::Ipv4)).is_err());
    assert!(server.questions() < 60, "{} questions", server.questions());
}

#[test]
fn one_name_with_thousands_of_aliases_is_read_in_no_time() {
    let label = |n: usize| [&[3][..], &short(n), &[0]].concat();
    let records = filled(|n| record(&pointer(QUESTION_AT), CNAME, &label(n)));
    let server = of_records(records);
    assert!(within(BOUND, || resolve(&server, Family::Ipv4)).is_err());
    assert!(server.questions() < 60, "{} questions", server.questions());
}

#[test]
fn an_alias_that_always_leads_on_is_given_up() {
    let server = NameServer::new(|_, question| {
        let n = u16::from_be_bytes([question[0], question[1]]);
        vec![answer(question, &[record(&pointer(QUESTION_AT), CNAME, &name(&format!("n{n}.example")))])]
    });
    assert!(within(BOUND, || resolve(&server, Family::Ipv4)).is_err());
    assert!(server.questions() < 60, "{} questions", server.questions());
}
