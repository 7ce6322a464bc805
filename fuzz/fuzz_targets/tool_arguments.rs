//! Any JSON as the arguments of any tool: refused with words or taken, no panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| glances_mcp::tools::fuzz_arguments(body));
