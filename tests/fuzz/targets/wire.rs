//! Wire format v1: no bytes make the readers panic, and what was read is written and read again the same.
#![no_main]
#![allow(clippy::unwrap_used, reason = "a panic is a finding")]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wasmill_job::wire::{
    Record, decode, decode_dead, decode_progress, encode_cancel, encode_copy, encode_dead, encode_job,
    encode_progress,
};

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    match decode(&bytes) {
        Ok(Record::Job(job)) => {
            let again = decode(&encode_job(&job).unwrap()).unwrap();
            assert_eq!(again, Record::Job(job));
        }
        Ok(Record::Cancel(cancel)) => {
            assert_eq!(decode(&encode_cancel(&cancel).unwrap()).unwrap(), Record::Cancel(cancel));
        }
        Ok(Record::Copy { job, of }) => {
            assert_eq!(decode(&encode_copy(&job, &of).unwrap()).unwrap(), Record::Copy { job, of });
        }
        Err(_) => {}
    }
    if let Ok(letter) = decode_dead(&bytes) {
        assert_eq!(decode_dead(&encode_dead(&letter).unwrap()).unwrap(), letter);
    }
    if let Ok(progress) = decode_progress(&bytes) {
        assert_eq!(decode_progress(&encode_progress(&progress, usize::MAX).unwrap()).unwrap(), progress);
        assert!(decode_progress(&encode_progress(&progress, 300).unwrap()).is_ok());
    }
});
