#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| halo_client_fuzz::numbers(data));
