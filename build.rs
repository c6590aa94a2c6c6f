//! Gives the linker what the image needs, so that a user's RUSTFLAGS can't break it. The loader and the
//! tests' guest are built with it.
use std::env;
use std::path::{Path, PathBuf};

/// Below the workspace.
const SCRIPT: &str = "linker/insinit.ld";

fn main() {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let script = package.ancestors().map(|folder| folder.join(SCRIPT)).find(|path| path.is_file());
    let script = script.as_deref().unwrap_or(Path::new(SCRIPT)).display();
    println!("cargo:rerun-if-changed={script}");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    for arg in [
        &format!("-T{script}"),
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
