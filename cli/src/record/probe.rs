//! Connects as a client does: TCP, TLS with the cluster's own authorities, and
//! `GET /readyz`. Sends no credentials.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::base64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use crate::trace::{Change, Probed};

/// Most tools give up a connection after this time.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most of an answer that is read: its status line.
const STATUS_BYTES: usize = 64;

/// Connects to the servers of one cluster.
#[derive(Clone)]
pub(crate) struct Prober {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    host: String,
}

impl Prober {
    /// Trusts what EKS names as the authorities of the cluster at `host`, in
    /// base64; `None` if no certificate can be read.
    pub(crate) fn new(host: &str, authority: &str) -> Option<Self> {
        let bundle = base64::decode(authority).ok()?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bundle).flatten());
        if roots.is_empty() {
            return None;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .ok()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).ok()?;
        Some(Self { config: Arc::new(config), name, host: host.to_owned() })
    }

    /// Connects to `of` at `address`.
    pub(crate) async fn probe(&self, of: Probed, address: SocketAddr) -> Change {
        let began = Instant::now();
        let (connects, readyz, failed) = match timeout(PATIENCE, TcpStream::connect(address)).await {
            Err(_) | Ok(Err(_)) => (false, None, Some("tcp")),
            Ok(Ok(stream)) => self.handshake(stream).await,
        };
        let milliseconds = u64::try_from(began.elapsed().as_millis()).ok();
        Change::Probe { of, connects, readyz, failed: failed.map(str::to_owned), milliseconds }
    }

    async fn handshake(&self, stream: TcpStream) -> (bool, Option<u16>, Option<&'static str>) {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        match timeout(PATIENCE, connector.connect(self.name.clone(), stream)).await {
            Ok(Err(error)) if is_about_the_certificate(&error) => (false, None, Some("certificate")),
            Ok(Err(_)) | Err(_) => (false, None, Some("tls")),
            Ok(Ok(mut stream)) => {
                let status = timeout(PATIENCE, self.readyz(&mut stream)).await;
                match status {
                    Ok(Ok(Some(status))) => (true, Some(status), None),
                    Ok(Ok(None) | Err(_)) | Err(_) => (true, None, Some("http")),
                }
            }
        }
    }

    async fn readyz(
        &self,
        stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    ) -> io::Result<Option<u16>> {
        let request = format!(
            "GET /readyz HTTP/1.1\r\nHost: {}\r\nUser-Agent: eks-nlb\r\nConnection: close\r\n\r\n",
            self.host
        );
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut answer = Vec::new();
        while answer.len() < STATUS_BYTES && !answer.contains(&b'\n') {
            let mut part = [0; STATUS_BYTES];
            let length = stream.read(&mut part).await?;
            answer.extend(part.iter().take(length));
            if length == 0 {
                break;
            }
        }
        let line = String::from_utf8_lossy(&answer);
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        Ok(status)
    }
}

fn is_about_the_certificate(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use eks_nlb_simulator::{Options, SilentAddress, Simulator, authority_until, closed_address};

    use super::*;

    /// What a probe finds, without its duration.
    async fn found(prober: &Prober, address: SocketAddr) -> (bool, Option<u16>, Option<String>) {
        let probe = prober.probe(Probed::Node("a".to_owned()), address).await;
        let Change::Probe { connects, readyz, failed, .. } = probe else { panic!("{probe:?}") };
        (connects, readyz, failed)
    }

    fn because(failed: &str) -> (bool, Option<u16>, Option<String>) {
        (false, None, Some(failed.to_owned()))
    }

    #[tokio::test]
    async fn a_probe_says_how_far_it_came() {
        let https = Simulator::start_with(Options { https: true, ..Options::default() }).await.unwrap();
        let env = https.env();
        let (_, path) = env.iter().find(|(name, _)| name == "SSL_CERT_FILE").unwrap();
        let authority = base64::encode(fs::read(path).unwrap());
        let address = https.endpoint_url().strip_prefix("https://").unwrap().parse().unwrap();

        let own = Prober::new("localhost", &authority).unwrap();
        let (connects, readyz, failed) = found(&own, address).await;
        assert!(connects && readyz.is_some() && failed.is_none(), "{readyz:?} {failed:?}");

        let of_another = Prober::new("another.example", &authority).unwrap();
        assert_eq!(found(&of_another, address).await, because("certificate"));
        let elsewhere = Prober::new("localhost", &base64::encode(authority_until(2036, 1, 1))).unwrap();
        assert_eq!(found(&elsewhere, address).await, because("certificate"));

        let plain = Simulator::start().await;
        let plain = plain.endpoint_url().strip_prefix("http://").unwrap().parse().unwrap();
        assert_eq!(found(&own, plain).await, because("tls"));
        assert_eq!(found(&own, closed_address().unwrap()).await, because("tcp"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_silent_is_given_up() {
        let silent = SilentAddress::open().unwrap();
        let prober = Prober::new("localhost", &base64::encode(authority_until(2036, 1, 1))).unwrap();
        assert_eq!(found(&prober, silent.address).await, because("tls"));
    }

    #[test]
    fn without_an_authority_nothing_is_probed() {
        for none in ["", "!", &base64::encode("nonsense")] {
            assert!(Prober::new("localhost", none).is_none(), "{none:?}");
        }
    }
}
