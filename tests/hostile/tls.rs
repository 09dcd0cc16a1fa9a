//! TLS as the shipped program offers it: 1.2 and 1.3, with ciphers that keep
//! what was said yesterday a secret, and nothing older.

use std::time::Duration;

use eks_nlb_simulator::Simulator;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::*;

const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

/// The extension that says which versions a client speaks.
///
/// Source: RFC 8446, 4.2.1.
const SUPPORTED_VERSIONS: u16 = 43;

/// Takes parts off the front of a message.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn number(&mut self, bytes: usize) -> usize {
        self.take(bytes).iter().fold(0, |number, &byte| number << 8 | usize::from(byte))
    }

    /// A part that begins with its length, in so many bytes.
    fn part(&mut self, bytes: usize) -> Self {
        let length = self.number(bytes);
        Reader(self.take(length))
    }

    /// All that is left, as numbers of two bytes.
    fn pairs(self) -> Vec<u16> {
        self.0.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }
}

/// What a client offers in its first message.
#[derive(Debug)]
struct Hello {
    legacy_version: usize,
    ciphers: Vec<u16>,
    versions: Vec<u16>,
    compressions: Vec<u8>,
}

fn read_hello(record: &[u8]) -> Hello {
    let mut record = Reader(record);
    assert_eq!(record.number(1), 22, "a handshake");
    record.take(2);
    let mut handshake = record.part(2);
    assert_eq!(handshake.number(1), 1, "a ClientHello");
    let mut hello = handshake.part(3);
    let legacy_version = hello.number(2);
    hello.take(32);
    hello.part(1);
    let ciphers = hello.part(2).pairs();
    let compressions = hello.part(1).0.to_vec();
    let mut extensions = hello.part(2);
    let mut versions = Vec::new();
    while !extensions.0.is_empty() {
        let kind = extensions.number(2);
        let mut content = extensions.part(2);
        if kind == usize::from(SUPPORTED_VERSIONS) {
            versions = content.part(1).pairs();
        }
    }
    Hello { legacy_version, ciphers, versions, compressions }
}

/// What the program says first to whoever it takes for AWS.
async fn hello() -> Hello {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let url = format!("https://{}", listener.local_addr().expect("it is bound"));
    let sim = Simulator::start().await;
    let function = Function::start_with(sim, &[ONE_ATTEMPT, ("AWS_ENDPOINT_URL", &url)]).await;
    let listening = async {
        let (mut client, _) = listener.accept().await.expect("a client");
        let mut head = [0; 5];
        client.read_exact(&mut head).await.expect("a record");
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        client.read_exact(&mut body).await.expect("a record");
        [&head[..], &body].concat()
    };
    let record = tokio::select! {
        record = timeout(Duration::from_secs(30), listening) => record.expect("it connects"),
        answer = function.invoke("{}") => panic!("it has not connected: {answer:?}"),
    };
    read_hello(&record)
}

#[tokio::test]
async fn nothing_older_than_tls_1_2_is_offered() {
    let hello = hello().await;

    let mut versions = hello.versions.clone();
    versions.sort_unstable();
    assert_eq!(versions, [TLS_1_2, TLS_1_3], "{hello:x?}");
    assert_eq!(hello.legacy_version, usize::from(TLS_1_2), "{hello:x?}");
    assert_eq!(hello.compressions, [0], "{hello:x?}");
}

/// Those of TLS 1.3, and of 1.2 those with ECDHE and an authenticated cipher.
///
/// Source: the registry of RFC 8447, *TLS Cipher Suites*, recommended ones.
#[tokio::test]
async fn only_ciphers_with_forward_secrecy_are_offered() {
    const RECOMMENDED: [u16; 9] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];
    /// Says that a renegotiation is safe; no cipher.
    const SCSV: u16 = 0x00ff;

    let hello = hello().await;

    assert!(!hello.ciphers.is_empty());
    for cipher in &hello.ciphers {
        assert!(RECOMMENDED.contains(cipher) || *cipher == SCSV, "{cipher:#x} in {hello:x?}");
    }
}
