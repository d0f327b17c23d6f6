#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hit_client_fuzz::webhooks(data));
