//! The way out for handlers, closed to the mill's own parts.

use std::net::IpAddr;

use wasmill_egress::{DeniedTarget, Egress, EgressConfig};
use wasmill_process::Config;
use wasmill_process::config::{LogKind, QueueKind};

use crate::failure::{Exit, Failure, Result};

/// The gate that this configuration describes.
pub(crate) fn open(config: &Config) -> Result<Egress> {
    let unusable = |what: String| Failure::new(Exit::Config, what);
    let mut denied = Vec::new();
    for text in config.egress.denied().map(str::to_owned).chain(own_parts(config)) {
        let target: DeniedTarget =
            text.parse().map_err(|error| unusable(format!("egress.denied: {error}.")))?;
        denied.push(target);
    }
    let mut extra_roots = Vec::new();
    let file = &config.egress.ca_file;
    if !file.as_os_str().is_empty() {
        let pem = std::fs::read_to_string(file).map_err(|error| {
            unusable(format!("egress.ca_file: {} cannot be read: {error}.", file.display()))
        })?;
        extra_roots.push(pem);
    }
    let settings = EgressConfig { denied, extra_roots, ..EgressConfig::default() };
    Egress::new(settings).map_err(|error| unusable(format!("[egress]: {error}.")))
}

/// The machines of the mill's own stores: no handler has business there, whatever it is granted. Those on this machine are
/// loopback, which a route has to name to reach it.
fn own_parts(config: &Config) -> Vec<String> {
    let mut hosts = Vec::new();
    if config.queue.kind == QueueKind::Redis {
        let authority = |url: &str| {
            let rest = url.split_once("://")?.1;
            let authority = rest.split(['/', '?']).next()?;
            Some(authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_owned())
        };
        let tcp = config.queue.urls().filter(|url| url.reveal().starts_with("redis://"));
        hosts.extend(tcp.filter_map(|url| authority(url.reveal())));
    }
    if config.log.kind == LogKind::Kafka {
        hosts.extend(config.kafka.brokers.iter().map(str::to_owned));
    }
    hosts.iter().filter_map(|host| remote_host(host)).collect()
}

/// The host of `HOST:PORT`, unless it is this machine.
fn remote_host(authority: &str) -> Option<String> {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => authority.split(':').next()?,
    };
    let is_here = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address.is_unspecified(),
        Err(_) => host.is_empty() || host == "localhost",
    };
    (!is_here).then(|| host.to_owned())
}

#[cfg(test)]
mod tests;
