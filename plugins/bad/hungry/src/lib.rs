//! Takes memory until it gets no more, then answers `{"bytes": …}`: how much it got, to 64 KiB. Payload, all fields
//! optional: `{"touch": true}` writes to every page, `{"trap": true}` asks once more in a way that cannot be refused
//! and so traps, `{"at_most": 1048576}` is content with so many bytes.

use std::hint::black_box;

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, handler};

/// How to eat.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Appetite {
    touch: bool,
    trap: bool,
    at_most: Option<usize>,
}

/// What was had.
#[derive(Serialize)]
struct Meal {
    bytes: usize,
}

/// A WebAssembly page.
const PAGE_BYTES: usize = 64 << 10;
/// The first bite; each refusal halves it, down to a page.
const BITE_BYTES: usize = 4 << 20;
/// As many bites as 4 GiB have room for, and the last, smaller ones.
const BITES_MAX: usize = 1024 + 64;

#[handler]
fn hungry(appetite: Option<Appetite>) -> Result<Meal, Failure> {
    let appetite = appetite.unwrap_or_default();
    let at_most = appetite.at_most.unwrap_or(usize::MAX);
    let mut eaten = Vec::with_capacity(BITES_MAX);
    let (mut bytes, mut bite) = (0, BITE_BYTES);
    while bite >= PAGE_BYTES && eaten.len() < BITES_MAX {
        let mut memory = Vec::<u8>::new();
        if bite > at_most - bytes || memory.try_reserve_exact(bite).is_err() {
            bite /= 2;
            continue;
        }
        if appetite.touch {
            memory.resize(bite, 1);
        }
        bytes += bite;
        // Whoever optimises must believe that the memory is used.
        eaten.push(black_box(memory));
    }
    if appetite.trap {
        black_box(vec![1_u8; BITE_BYTES]);
    }
    drop(eaten);
    Ok(Meal { bytes })
}

#[cfg(test)]
mod tests;
