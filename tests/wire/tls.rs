//! AWS over HTTPS: trusted and untrusted certificates, versions and ciphers.

use eks_nlb_simulator::Simulator;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::*;

#[tokio::test]
async fn an_authority_that_is_trusted_is_spoken_to() {
    let sim = over_https().await;
    assert!(sim.endpoint_url().starts_with("https://"));
    let frontend = payments(&mut sim.world());
    let function = Function::start_with(sim, &[]).await;

    for outcome in ["changed", "converged"] {
        assert_eq!(reported(&function.sync().await, &frontend)["outcome"], outcome);
    }
}

/// The first message that the program sends to AWS: the numbers of its ciphers.
///
/// Source: RFC 8446, 4.1.2.
async fn offered_ciphers() -> Vec<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let url = format!("https://{}", listener.local_addr().expect("it is bound"));
    let sim = Simulator::start().await;
    let function = Function::start_with(sim, &[ONE_ATTEMPT, ("AWS_ENDPOINT_URL", &url)]).await;
    let hello = async {
        let (mut client, _) = listener.accept().await.expect("a client");
        let mut hello = [0; 1024];
        client.read_exact(&mut hello[..44]).await.expect("up to the length of a session's id");
        assert_eq!((hello[0], hello[5]), (22, 1), "a ClientHello");
        let id = usize::from(hello[43]);
        client.read_exact(&mut hello[..id + 2]).await.expect("an id and a length");
        let length = usize::from(u16::from_be_bytes([hello[id], hello[id + 1]]));
        client.read_exact(&mut hello[..length]).await.expect("ciphers");
        hello[..length].chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    };
    tokio::select! {
        ciphers = timeout(PATIENCE, hello) => ciphers.expect("it connects"),
        answer = function.invoke("{}") => panic!("it has not connected: {answer:?}"),
    }
}

/// Those of TLS 1.3, and of 1.2 those with ECDHE and an authenticated cipher:
/// all have forward secrecy, and nothing older can be negotiated.
///
/// Source: the registry of RFC 8447, *TLS Cipher Suites*, recommended ones.
#[tokio::test]
async fn only_ciphers_of_tls_1_2_and_1_3_with_forward_secrecy_are_offered() {
    const RECOMMENDED: [u16; 9] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];
    /// Signals secure renegotiation; not a cipher.
    const SCSV: u16 = 0x00ff;

    let offered = offered_ciphers().await;

    assert!(offered.contains(&RECOMMENDED[0]), "{offered:x?}");
    assert!(offered.iter().all(|cipher| RECOMMENDED.contains(cipher) || *cipher == SCSV), "{offered:x?}");
}
