//! Ports for servers that a test takes down and starts again.

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

use rand::RngExt;

/// Below the range from which the kernel gives ports to outgoing connections: nobody takes the port of a server that is
/// down, and about to be restarted, by chance.
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// Files with the numbers of ports, each locked by the process that has asked for the port.
static RESERVED: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port that is free now, and that only servers of tests ask for. No test on this machine is given it again before this
/// process has ended.
///
/// # Panics
/// When the folder of reservations in the system's temporary one cannot be written to.
pub fn free_port() -> u16 {
    let mut chance = rand::rng();
    loop {
        let port = chance.random_range(PORTS);
        if reserve(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Reserves a port until this process has ended, however it does: looking whether it is free keeps nobody from taking it before a
/// server of ours listens there. Whether it was not reserved yet.
fn reserve(port: u16) -> bool {
    // A folder for each user: nobody can write to the files of another.
    let user = rustix::process::getuid().as_raw();
    let folder = std::env::temp_dir().join(format!("wasmill-test-ports-{user}"));
    std::fs::create_dir_all(&folder).unwrap();
    let file = File::create(folder.join(port.to_string())).unwrap();
    match file.try_lock() {
        Ok(()) => {
            RESERVED.lock().unwrap().push(file);
            true
        }
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(error)) => panic!("{} cannot be locked: {error}", folder.display()),
    }
}
