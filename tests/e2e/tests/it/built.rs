//! Programs of other packages. Cargo hands a package its own programs only, but puts all of them beside each other.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where cargo puts the programs of this run.
fn folder() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().to_owned()
}

/// Where the program of this name stands, once it is built.
pub(crate) fn program(name: &str) -> PathBuf {
    folder().join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

/// Builds programs as the tests were built: whoever runs the tests of this package alone may have none yet, or old
/// ones.
pub(crate) fn build(arguments: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    let target = folder().parent().map(Path::to_owned).unwrap();
    cargo.args(["build", "--locked", "-q"]).args(arguments).env("CARGO_TARGET_DIR", target);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success());
}
