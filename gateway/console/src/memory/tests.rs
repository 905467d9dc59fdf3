//! Shards by their servers.

use wasmill_queue::ShardMemory;

use super::{ServerMemory, servers};

fn shard(shard: u16, server: &str, used: u64, is_full: bool) -> ShardMemory {
    ShardMemory { shard, server: server.into(), used, max: Some(100), is_full }
}

#[test]
fn shards_are_told_by_their_servers() {
    let told = servers(vec![shard(0, "a:1", 5, false), shard(1, "b:1", 9, false), shard(2, "a:1", 7, true)]);
    let server = |server: &str, shards: &[u16], used_bytes, full| ServerMemory {
        server: server.into(),
        shards: shards.to_vec(),
        used_bytes,
        max_bytes: Some(100),
        full,
    };
    assert_eq!(told, [server("a:1", &[0, 2], 7, true), server("b:1", &[1], 9, false)]);
    assert_eq!(servers(Vec::new()), []);
}
