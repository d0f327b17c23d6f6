//! The program `halo-hit`.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
