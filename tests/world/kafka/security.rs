//! Listeners with passwords and with TLS, on ports of their own beside the plain one.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::parts;
use crate::port::free_port;

const KEYS: &str = "keys.p12";
const AUTHORITY: &str = "authority.pem";

/// The secured listeners of a broker, and what a client says and trusts there.
#[derive(Clone, Debug)]
pub struct Security {
    folder: PathBuf,
    password_port: u16,
    tls_port: u16,
    both_port: u16,
}

impl Security {
    /// The user that the brokers know, by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512.
    pub const USER: &str = "jobs";
    /// Its password.
    pub const PASSWORD: &str = "correct-horse";

    pub(super) fn new(folder: &Path) -> Self {
        let mut ports = Vec::new();
        while ports.len() < 3 {
            let port = free_port();
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        Self { folder: folder.to_owned(), password_port: ports[0], tls_port: ports[1], both_port: ports[2] }
    }

    /// For `security.protocol=sasl_plaintext`.
    pub fn password_bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.password_port)
    }

    /// For `security.protocol=ssl`.
    pub fn tls_bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.tls_port)
    }

    /// For `security.protocol=sasl_ssl`.
    pub fn password_tls_bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.both_port)
    }

    /// The certificate that a client must trust (`ssl.ca.location`), as PEM. It stands for `127.0.0.1` and `localhost`.
    pub fn authority_path(&self) -> PathBuf {
        self.folder.join(AUTHORITY)
    }

    /// What stands behind the plain listener.
    pub(super) fn listeners(&self) -> String {
        let Self { password_port, tls_port, both_port, .. } = self;
        format!(
            ",SASL_PLAINTEXT://127.0.0.1:{password_port},SSL://127.0.0.1:{tls_port},SASL_SSL://127.0.0.1:{both_port}"
        )
    }

    /// Further lines of the broker's configuration.
    pub(super) fn properties(&self) -> String {
        let keys = self.folder.join(KEYS);
        let (user, password) = (Self::USER, Self::PASSWORD);
        let mut lines = vec![
            "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512".to_owned(),
            format!("ssl.keystore.location={}", keys.display()),
            "ssl.keystore.type=PKCS12".to_owned(),
            format!("ssl.keystore.password={password}"),
        ];
        let modules = "org.apache.kafka.common.security";
        for listener in ["sasl_plaintext", "sasl_ssl"] {
            let jaas = |mechanism: &str, module: String| {
                format!("listener.name.{listener}.{mechanism}.sasl.jaas.config={modules}.{module};")
            };
            let plain = format!("plain.PlainLoginModule required user_{user}=\"{password}\"");
            lines.push(jaas("plain", plain));
            for scram in ["scram-sha-256", "scram-sha-512"] {
                lines.push(jaas(scram, "scram.ScramLoginModule required".to_owned()));
            }
        }
        lines.join("\n") + "\n"
    }

    /// Makes the broker's key and certificate with the JDK's own tool.
    pub(super) async fn make_keys(&self) {
        let keys = self.folder.join(KEYS).display().to_string();
        let store = ["-keystore", &keys, "-storepass", Self::PASSWORD, "-alias", "broker"];
        let key = ["-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-validity", "3650"];
        let name = ["-storetype", "PKCS12", "-ext", "SAN=ip:127.0.0.1,dns:localhost"];
        must(Command::new("keytool").args(key).args(name).args(store)).await;
        let file = self.authority_path().display().to_string();
        must(Command::new("keytool").args(["-exportcert", "-rfc", "-file", &file]).args(store)).await;
    }

    /// Writes the users of SCRAM into the storage of a cluster that has not started yet: they are part of its metadata.
    pub(super) async fn add_users(&self, cluster_id: &str, properties: &Path) {
        let mut command = Command::new("java");
        command.args(parts::java(&self.folder)).args(["kafka.tools.StorageTool", "format"]);
        command.args(["-t", cluster_id, "-c"]).arg(properties);
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let (user, password) = (Self::USER, Self::PASSWORD);
            command.args(["--add-scram", &format!("{mechanism}=[name={user},password={password}]")]);
        }
        must(&mut command).await;
    }
}

async fn must(command: &mut Command) {
    let output = command.output().await.unwrap_or_else(|error| {
        panic!("{command:?} cannot be run ({error}): install a JDK 17 or newer, such as Debian's default-jdk-headless")
    });
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?} ended with {}:\n{said}", output.status);
}
