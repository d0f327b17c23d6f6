//! The program `halo-hit`: a shell over the library.

fn main() -> std::process::ExitCode {
    halo_hit::cli::main(std::env::args_os())
}
