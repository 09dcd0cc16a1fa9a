//! Makes a certificate authority, and what is served and trusted in its name.

use std::io::{self, Write};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use tempfile::NamedTempFile;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A server certificate and the authority that clients must trust for it.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The authority's certificate, as a file for `SSL_CERT_FILE`.
    pub(crate) authority: NamedTempFile,
}

impl Tls {
    /// Makes both, for `localhost` and `127.0.0.1`.
    pub(crate) fn make() -> io::Result<Self> {
        let authority = Authority::make()?;
        let mut file = tempfile::Builder::new().prefix("eks-nlb-simulator-ca-").suffix(".pem").tempfile()?;
        file.write_all(authority.0.pem().as_bytes())?;
        file.flush()?;
        Ok(Self { acceptor: authority.acceptor(&["localhost", "127.0.0.1"])?, authority: file })
    }
}

/// A certificate authority. Its keys are nowhere but in memory.
#[expect(missing_debug_implementations, reason = "it is a private key")]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Makes one that nobody trusts yet.
    ///
    /// # Errors
    ///
    /// If there is no randomness to be had.
    pub fn make() -> io::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "eks-nlb-simulator");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let made = KeyPair::generate().and_then(|key| CertifiedIssuer::self_signed(params, key));
        made.map(Self).map_err(io::Error::other)
    }

    /// Serves TLS with a new certificate for `names`, and a new key.
    pub(crate) fn acceptor(&self, names: &[&str]) -> io::Result<TlsAcceptor> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.0).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .map_err(io::Error::other)?;
        // Nobody comes back with one: see `connector`.
        config.send_tls13_tickets = 0;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Trusts this authority and no other, and checks names. Every connection
    /// is a full handshake: a resumed one would check no certificate.
    pub(crate) fn connector(&self) -> io::Result<TlsConnector> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).map_err(io::Error::other)?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}
