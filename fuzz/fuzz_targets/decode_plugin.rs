//! Any bytes as the reply of any plugin of any API version: no panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| glances_client::fuzz_decode(body));
