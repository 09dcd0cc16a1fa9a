//! Makes a certificate authority for one server on loopback.

use std::io::{self, Write};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A server certificate and the authority that clients must trust for it.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The authority's certificate, as a file for `SSL_CERT_FILE`.
    pub(crate) authority: NamedTempFile,
}

impl Tls {
    /// Makes both, for `localhost`, `127.0.0.1` and AWS's names in the home
    /// Region. Keys stay in memory.
    pub(crate) fn make() -> io::Result<Self> {
        let authority = authority().map_err(io::Error::other)?;
        let mut file = tempfile::Builder::new().prefix("eks-nlb-simulator-ca-").suffix(".pem").tempfile()?;
        file.write_all(authority.pem().as_bytes())?;
        file.flush()?;
        Ok(Self { acceptor: acceptor(&authority)?, authority: file })
    }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "eks-nlb-simulator");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

/// An authority as EKS makes for a cluster, which ends with this day, in PEM.
#[must_use]
pub fn authority_until(year: i32, month: u8, day: u8) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "kubernetes");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(year, month, day);
    let key = KeyPair::generate().expect("there is entropy");
    params.self_signed(&key).expect("the parameters are sound").pem()
}

fn acceptor(authority: &CertifiedIssuer<'static, KeyPair>) -> io::Result<TlsAcceptor> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    // A proxy can lead AWS's own names here.
    let names = ["localhost", "127.0.0.1", "*.eu-west-1.amazonaws.com"].map(str::to_owned);
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, authority).map_err(io::Error::other)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
