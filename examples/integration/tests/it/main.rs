//! The program as a user runs it: its help, its complaints, its exit codes, and commands that need no network.

mod command_line;
mod decisions;
mod mistakes;
mod program;
