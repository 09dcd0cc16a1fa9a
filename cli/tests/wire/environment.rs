//! Profiles, certificates and proxies, as every AWS tool takes them from its
//! environment. Each error in them ends in one sentence, and nothing is
//! written.

use std::fs;
use std::path::Path;

use eks_nlb_simulator::closed_address;
use tempfile::TempDir;

use crate::support::*;

const PROFILES: &str = "\
[profile identity-center]
region = eu-west-1
sso_session = company
sso_account_id = 111122223333
sso_role_name = reader

[sso-session company]
sso_region = eu-west-1
sso_start_url = https://company.awsapps.com/start

[profile console]
region = eu-west-1
login_session = arn:aws:iam::111122223333:user/admin

[profile broken-process]
region = eu-west-1
credential_process = /bin/false

[profile role]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/reader
source_profile = nowhere

[profile empty]
region = eu-west-1

[profile guarded]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/reader
source_profile = no-region
mfa_serial = arn:aws:iam::111122223333:mfa/me

[profile no-region]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = secret
";

/// A home directory with `profiles`.
fn home(profiles: &str) -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    fs::create_dir(home.path().join(".aws")).expect("made");
    fs::write(home.path().join(".aws/config"), profiles).expect("written");
    home
}

/// `arguments` in a home directory, without other credentials.
async fn run_at(desk: &Desk, home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = desk.command(arguments);
    for variable in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ] {
        command.env_remove(variable);
    }
    command.env("HOME", home).env("AWS_MAX_ATTEMPTS", "1").envs(variables.iter().copied());
    said(command).await
}

#[tokio::test]
async fn a_profile_that_gives_no_credentials_is_named_with_cause_and_next_step() {
    let desk = Desk::new(small_fleet).await;
    let home = home(PROFILES);
    let cases: [(&str, &[&str]); 8] = [
        ("identity-center", &["from profile identity-center", "`aws sso login --profile identity-center`"]),
        ("console", &["from profile console", "`aws login --profile console`"]),
        ("broken-process", &["credential_process of profile broken-process"]),
        ("role", &["source_profile of profile role", "nowhere"]),
        ("no-region", &["no Region", "--region"]),
        (
            "guarded",
            &[
                "profile guarded has mfa_serial",
                "`eval \"$(aws configure export-credentials --profile guarded",
            ],
        ),
        ("empty", &["profile empty configures none", "`aws login --profile empty`"]),
        ("consle", &["there is no profile consle", "did you mean console?"]),
    ];
    for (profile, parts) in cases {
        let flag = run_at(&desk, home.path(), &[], &["plan", "--profile", profile]).await;
        let variable = run_at(&desk, home.path(), &[("AWS_PROFILE", profile)], &["plan"]).await;

        flag.assert_one_sentence(1, parts);
        variable.assert_one_sentence(1, parts);
    }
    assert_eq!(desk.writes(), 0);
}

/// A home directory with `profiles`, and the profile `base`, whose program prints the
/// credentials that the simulated account accepts.
fn home_of_process(desk: &Desk, profiles: &str) -> TempDir {
    let env = desk.sim.env();
    let of =
        |name: &str| env.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).expect(name);
    let credentials = serde_json::json!({
        "Version": 1,
        "AccessKeyId": of("AWS_ACCESS_KEY_ID"),
        "SecretAccessKey": of("AWS_SECRET_ACCESS_KEY"),
    });
    let home = home("");
    let file = home.path().join("credentials.json");
    fs::write(&file, credentials.to_string()).expect("written");
    let process = format!("credential_process = /bin/cat {}", file.display());
    let profiles = format!("[profile base]\nregion = eu-west-1\n{process}\n{profiles}");
    fs::write(home.path().join(".aws/config"), profiles).expect("written");
    home
}

#[tokio::test]
async fn a_profile_of_a_flag_wins_over_the_environment() {
    let desk = Desk::new(small_fleet).await;
    let home = home_of_process(&desk, "");
    let other = [("AWS_ACCESS_KEY_ID", "AKIDOTHER"), ("AWS_SECRET_ACCESS_KEY", "other")];

    let said = run_at(&desk, home.path(), &other, &["plan", "--profile", "base"]).await;

    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    said.assert_shows(&["nlb-payments"]);
    let refused = run_at(&desk, home.path(), &other, &["plan", "--region", "eu-west-1"]).await;
    refused.assert_one_sentence(1, &["AWS does not accept the credentials"]);
}

/// Variables, and the parts of the sentence that refuses them.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[tokio::test]
async fn a_profile_may_assume_a_role_with_another_one() {
    const ROLE: &str = "arn:aws:iam::111122223333:role/reader";
    let desk = Desk::new(|world| {
        small_fleet(world);
        world.add_role(ROLE);
    })
    .await;
    let reader = format!("[profile reader]\nregion = eu-west-1\nrole_arn = {ROLE}\nsource_profile = base\n");
    let home = home_of_process(&desk, &reader);

    let flag = run_at(&desk, home.path(), &[], &["plan", "--profile", "reader"]).await;
    let variable = run_at(&desk, home.path(), &[("AWS_PROFILE", "reader")], &["plan"]).await;

    assert_eq!((flag.code, flag.err.as_str()), (Some(0), ""), "{flag:?}");
    assert_eq!((variable.code, &variable.out), (Some(0), &flag.out), "{variable:?}");
    assert_eq!(desk.sim.world().count("AssumeRole"), 2, "once for each command");
}

#[tokio::test]
async fn a_wrong_environment_ends_in_one_sentence() {
    let desk = Desk::new(small_fleet).await;
    let here = home("[profile good]\na line without an equals sign\n");
    let bundle = here.path().join("empty.pem").display().to_string();
    fs::write(&bundle, "nothing").expect("written");
    let closed = format!("http://{}", closed_address().expect("loopback has free ports"));
    let cases: [Case<'_>; 13] = [
        (&[("AWS_REGION", "Ireland")], &["\"Ireland\" is not the name of a Region", "--region"]),
        (&[("AWS_REGION", "")], &["no Region", "--region"]),
        (
            &[("AWS_ENDPOINT_URL", "nowhere")],
            &["\"nowhere\" is not an http or https URL", "AWS_ENDPOINT_URL"],
        ),
        (&[("AWS_ENDPOINT_URL_EKS", "ftp://a")], &["\"ftp://a\" is not an http or https URL"]),
        (&[("AWS_MAX_ATTEMPTS", "many")], &["AWS_MAX_ATTEMPTS=\"many\"", "a whole number from 1"]),
        (&[("AWS_RETRY_MODE", "never")], &["AWS_RETRY_MODE=\"never\"", "standard or adaptive"]),
        (&[("AWS_CONFIG_FILE", "~/.aws/config")], &["the profiles cannot be read"]),
        (&[("AWS_CA_BUNDLE", "/nowhere.pem")], &["AWS_CA_BUNDLE=\"/nowhere.pem\" cannot be read"]),
        (&[("AWS_CA_BUNDLE", &bundle)], &["AWS_CA_BUNDLE", "holds no certificate in PEM format"]),
        (&[("HTTPS_PROXY", "not a proxy")], &["HTTPS_PROXY is not the URL of an HTTP proxy"]),
        (&[("AWS_ENDPOINT_URL", "http://nowhere.invalid")], &["does not resolve", "--region"]),
        (&[("AWS_ENDPOINT_URL", &closed)], &["cannot be reached", "this machine's network"]),
        (&[("HTTP_PROXY", &closed)], &["cannot be reached", "proxy"]),
    ];
    for (variables, parts) in cases {
        for arguments in [&["plan"][..], &["status"], &["explain", "payments"], &["sync", "--yes"]] {
            let mut command = desk.command(arguments);
            command.env("HOME", if parts[0].contains("profiles") { here.path() } else { Path::new("/") });
            command.env("AWS_MAX_ATTEMPTS", "1").envs(variables.iter().copied());
            said(command).await.assert_one_sentence(1, parts);
        }
    }
    assert_eq!(desk.writes(), 0);
}

/// Variables that point elsewhere, or that no simulator can follow, change nothing.
#[tokio::test]
async fn the_demonstration_heeds_no_variable_of_an_account() {
    let closed = format!("http://{}", closed_address().expect("loopback has free ports"));
    for (variable, value) in [
        ("AWS_ENDPOINT_URL", closed.as_str()),
        ("AWS_ENDPOINT_URL_EKS", closed.as_str()),
        ("AWS_ENDPOINT_URL_LAMBDA", closed.as_str()),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("AWS_CA_BUNDLE", "/nowhere.pem"),
        ("HTTPS_PROXY", "not a proxy"),
        ("AWS_PROFILE", "nobody"),
        ("AWS_REGION", "us-east-1"),
        ("DNS_SERVERS", "192.0.2.1"),
    ] {
        for (name, code, part) in
            [("status", 3, "6 clusters in eu-west-1"), ("version", 0, "function eks-nlb-sync in eu-west-1")]
        {
            let mut command = bare(&["--demo", name]);
            command.env(variable, value);

            let said = said(command).await;

            assert_eq!((said.code, said.err.as_str()), (Some(code), ""), "{variable}: {said:?}");
            assert!(said.out.contains(part), "{variable}: {said:?}");
        }
    }
}
