#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::search_query(data));
