//! Command line in, exit code out.

use std::process::ExitCode;

/// Replies are thousands of small pieces: the system's allocator took a fifth of a call.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    glances_mcp::cli::main()
}
