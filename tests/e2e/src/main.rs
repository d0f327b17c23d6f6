//! The program `halo-hit`, so that the tests of this package find it beside them.

fn main() -> std::process::ExitCode {
    halo_hit::cli::main(std::env::args_os())
}
