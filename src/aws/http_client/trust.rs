//! Decides which certificates are trusted.
//!
//! `AWS_CA_BUNDLE`, else `SSL_CERT_FILE`, names a file with the certificates that
//! are trusted *instead of* the system's, as in the AWS CLI.

use std::fs;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_types::base64;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::InvalidEnvironment;

/// What connections trust.
pub(super) fn context(variable: &impl Fn(&str) -> Option<String>) -> Result<TlsContext, InvalidEnvironment> {
    let trusted = match bundle(variable) {
        Some((variable, path)) => TrustStore::empty().with_pem_certificate(certificates(variable, path)?),
        None => TrustStore::default(),
    };
    // It only stores the certificates.
    Ok(TlsContext::builder().with_trust_store(trusted).build().unwrap_or_default())
}

/// The file that the environment names, and the variable that does.
fn bundle(variable: &impl Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    let given = |name: &'static str| Some((name, variable(name).filter(|path| !path.is_empty())?));
    // The system's store joins the certificates of a file and of a directory.
    let has_directory = given("SSL_CERT_DIR").is_some();
    given("AWS_CA_BUNDLE").or_else(|| given("SSL_CERT_FILE").filter(|_| !has_directory))
}

/// The certificates of a bundle that can be trusted, in PEM. Invalid ones are
/// left out, as in the system's store: the HTTP client would panic.
fn certificates(variable: &'static str, path: String) -> Result<String, InvalidEnvironment> {
    let bundle = match fs::read(&path) {
        Ok(bundle) => bundle,
        Err(reason) => return Err(InvalidEnvironment::UnreadableBundle { variable, path, reason }),
    };
    let found = CertificateDer::pem_slice_iter(&bundle).filter_map(Result::ok);
    let usable = found.filter(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
    let pem = |certificate: CertificateDer<'_>| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64::encode(certificate))
    };
    let usable: String = usable.map(pem).collect();
    if usable.is_empty() { Err(InvalidEnvironment::NoCertificate { variable, path }) } else { Ok(usable) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(variables: &[(&str, &str)]) -> Option<String> {
        let of = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        context(&of).err().map(|error| error.to_string())
    }

    #[test]
    fn a_bundle_that_cannot_be_used_is_an_error_and_not_an_empty_store() {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(error(&[]), None);
        assert_eq!(error(&[("AWS_CA_BUNDLE", "")]), None);
        for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
            let missing = error(&[(name, "/none.pem")]).expect("there is no such file");
            assert!(missing.starts_with(&format!("{name}=\"/none.pem\" cannot be read")), "{missing}");
            let empty = error(&[(name, manifest)]).expect("it is no bundle");
            assert!(empty.ends_with("holds no certificate in PEM format"), "{empty}");
        }
        assert_eq!(error(&[("SSL_CERT_FILE", "/none.pem"), ("SSL_CERT_DIR", "/etc/ssl/certs")]), None);
    }

    #[test]
    fn a_certificate_that_is_broken_does_not_hide_the_others() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let sound = eks_nlb_simulator::authority_until(2030, 1, 1);
        let file = std::env::temp_dir().join(format!("eks-nlb-sync-bundle-{}.pem", std::process::id()));
        fs::write(&file, format!("# comment\n{broken}{sound}{broken}{sound}")).unwrap();
        let path = file.to_string_lossy().into_owned();

        let pem = certificates("AWS_CA_BUNDLE", path.clone()).unwrap();

        let ders = |pem: &str| {
            CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap()
        };
        assert_eq!(ders(&pem), [ders(&sound), ders(&sound)].concat());
        fs::write(&file, broken).unwrap();
        assert!(certificates("AWS_CA_BUNDLE", path).is_err());
        fs::remove_file(file).unwrap();
    }
}
