//! Shards by their servers.

use wasmill_queue::ShardMemory;

use super::{ServerMemory, servers};

fn shard(shard: u16, server: &str, used: u64, is_full: bool) -> ShardMemory {
    ShardMemory { shard, server: server.into(), used, max: Some(100), is_away: false, is_full }
}

fn server(used_bytes: u64, max_bytes: Option<u64>, full: bool) -> ServerMemory {
    ServerMemory { server: "a:1".into(), shards: vec![0], away: false, used_bytes, max_bytes, full }
}

#[test]
fn a_server_is_nearly_full_before_it_is_full_and_not_after() {
    let is_nearly = |used, max, full| server(used, max, full).is_nearly_full();
    // Full is 750, nine tenths of that 675.
    assert_eq!(
        [0, 675, 676, 750, 900].map(|used| is_nearly(used, Some(1_000), false)),
        [false, false, true, true, true]
    );
    // Full until enough has become free: never both.
    assert_eq!([676, 740, 900].map(|used| is_nearly(used, Some(1_000), true)), [false; 3]);
    assert!(!is_nearly(u64::MAX, None, false) && is_nearly(u64::MAX, Some(u64::MAX), false));
}

#[test]
fn shards_are_told_by_their_servers() {
    let told = servers(vec![shard(0, "a:1", 5, false), shard(1, "b:1", 9, false), shard(2, "a:1", 7, true)]);
    let server = |server: &str, shards: &[u16], used_bytes, full| ServerMemory {
        server: server.into(),
        shards: shards.to_vec(),
        away: false,
        used_bytes,
        max_bytes: Some(100),
        full,
    };
    assert_eq!(told, [server("a:1", &[0, 2], 7, true), server("b:1", &[1], 9, false)]);
    assert_eq!(servers(Vec::new()), []);
    let away =
        |number, name| ShardMemory { used: 0, max: None, is_away: true, ..shard(number, name, 0, false) };
    let told = servers(vec![away(0, "a:1"), shard(1, "a:1", 5, false), away(2, "b:1")]);
    assert_eq!(told[0], server("a:1", &[0, 1], 5, false), "one of its shards has answered");
    assert!(told[1].away && told[1].used_bytes == 0, "{told:?}");
}
