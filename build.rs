//! Gives the linker of the artifact its layout.

#![expect(clippy::disallowed_methods, reason = "these variables are cargo's, not settings")]

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=packaging/layout.ld");
    let is = |name, value| var(name).is_ok_and(|set| set == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        let layout = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/layout.ld");
        println!("cargo::rustc-link-arg-bin=eks-nlb-sync=-T{layout}");
    }
}
