//! What only the queue in Redis promises, on real servers: behaviour at maxmemory, crashes and wipes of the server, lost
//! replies and wake-ups, cost in commands and bytes, what is asked of a server at the start, shards and names.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod copies;
mod cost;
mod cut_off;
mod fence;
mod full;
mod homes;
mod killed;
mod letters;
mod names;
mod permission;
mod replies;
mod start;
mod tombstones;
mod torn;
mod two_servers;
mod two_sets;
mod wake;
mod wiped;
mod world;
