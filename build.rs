//! Gives the linker what the image needs, so that a user's RUSTFLAGS can't break it.
use std::env;

fn main() {
    println!("cargo:rerun-if-changed=linker/insinit.ld");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    for arg in [
        &format!("-T{root}/linker/insinit.ld"),
        "--no-pie",
        "-znorelro",
        "-zmax-page-size=65536",
        "-znosectionheader",
        "--orphan-handling=error",
        "--build-id=none",
    ] {
        println!("cargo:rustc-link-arg-bins={arg}");
    }
}
