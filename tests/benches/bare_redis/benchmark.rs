//! `redis-benchmark`, the tool that comes with Redis.

use std::net::SocketAddr;
use std::process::Command;

const REQUESTS: &str = "400000";
const CONNECTIONS: &str = "50";
const PAYLOAD_BYTES: &str = "200";
/// The least that a script can do.
const TRIVIAL: &str = "return redis.call('SET',KEYS[1],ARGV[1])";

/// Requests per second by kind: plain, and with 16 requests in flight on each connection.
pub(crate) fn measure(redis: SocketAddr) -> Vec<(String, f64)> {
    let mut figures = Vec::new();
    for pipeline in ["1", "16"] {
        let kinds: [(&str, &[&str]); 3] = [
            ("SET", &["-t", "set"]),
            ("LPUSH", &["-t", "lpush"]),
            ("EVAL of one SET", &["EVAL", TRIVIAL, "1", "key", "value"]),
        ];
        for (what, arguments) in kinds {
            let what = format!("{what}, {CONNECTIONS} connections, pipelines of {pipeline}");
            figures.push((what, requests_per_second(redis, pipeline, arguments)));
        }
    }
    figures
}

fn requests_per_second(redis: SocketAddr, pipeline: &str, arguments: &[&str]) -> f64 {
    let output = Command::new("redis-benchmark")
        .args(["-h", &redis.ip().to_string(), "-p", &redis.port().to_string()])
        .args(["-n", REQUESTS, "-c", CONNECTIONS, "-d", PAYLOAD_BYTES, "-P", pipeline, "--csv"])
        .args(arguments)
        .output()
        .expect("redis-benchmark cannot be started: install Debian's package redis-tools");
    let text = String::from_utf8(output.stdout).unwrap();
    // "test","rps",… and then a line of the same shape with the figures; the test's name may hold commas.
    let figures = text.lines().last().and_then(|line| line.rsplit("\",\"").nth(6)).map(str::to_owned);
    figures
        .and_then(|figure| figure.parse().ok())
        .unwrap_or_else(|| panic!("redis-benchmark said: {text}{}", String::from_utf8_lossy(&output.stderr)))
}
