//! Ports for servers that a test takes down and starts again.

use std::net::{Ipv4Addr, TcpListener};

use rand::RngExt;

/// Below the range from which the kernel gives ports to outgoing connections: nobody takes the port of a server that is
/// down, and about to be restarted, by chance.
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// A port that is free now, and that only servers of tests ask for.
pub fn free_port() -> u16 {
    let mut chance = rand::rng();
    loop {
        let port = chance.random_range(PORTS);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
