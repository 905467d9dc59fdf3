//! What each role does, and where.

use super::*;

fn cluster(log: LogKind) -> Config {
    let mut config = Config::default();
    config.queue.kind = QueueKind::Redis;
    config.log.kind = log;
    config
}

#[test]
fn a_console_administers_and_takes_nothing_in() {
    let config = cluster(LogKind::Kafka);
    let console = Role::Console;
    assert!(console.administers() && console.shows() && console.logs());
    assert!(!console.takes_jobs_in() && !console.works() && !console.relays(&config));
    assert!(Role::Gateway.administers() && Role::Gateway.takes_jobs_in());
    assert!(!Role::Worker.administers() && !Role::Relay.administers());
}

#[test]
fn a_console_listens_at_an_address_of_its_own() {
    let mut config = cluster(LogKind::Kafka);
    let gateway = Role::Gateway.listen(&config);
    assert_eq!(Role::Console.listen(&config), ([127, 0, 0, 1], 8424).into());
    *Role::Console.listen_mut(&mut config) = ([127, 0, 0, 1], 7).into();
    assert_eq!(Role::Console.listen(&config), ([127, 0, 0, 1], 7).into());
    assert_eq!(Role::Gateway.listen(&config), gateway);
}

#[test]
fn a_console_needs_others_to_share_with_and_only_without_a_log_the_queue() {
    for (config, needs_queue) in [(cluster(LogKind::Kafka), false), (cluster(LogKind::None), true)] {
        assert!(Role::Console.fits(&config).is_ok());
        assert_eq!(Role::Console.needs_queue(&config), needs_queue);
    }
    let alone = Role::Console.fits(&Config::default()).map_err(|failure| failure.to_string());
    assert!(alone.is_err_and(|said| said.contains("`wasmill console` is one process of several")));
}
