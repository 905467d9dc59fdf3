//! Tells a service about something: posts the payload's `{"subject": "…", "text": "…"}` as JSON to the setting
//! `endpoint`, with the secret `TOKEN` as a bearer token, and answers `{"status": 200}`. The job's id goes along as an
//! idempotency key, so that a repeated attempt is no second message.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmill_sdk::{Failure, config, context, handler, http, log, secrets};

/// What to tell, and what is sent.
#[derive(Deserialize, Serialize)]
struct Message {
    subject: String,
    text: String,
}

/// How the service answered.
#[derive(Serialize)]
struct Told {
    status: u16,
}

const TIMEOUT: Duration = Duration::from_secs(5);

#[handler]
fn notify(message: Message) -> Result<Told, Failure> {
    let endpoint = config::require("endpoint")?;
    let token = secrets::get("TOKEN")?;
    let response = http::post(&endpoint)
        .secret_header("authorization", "Bearer ", &token)
        .header("idempotency-key", context::job_id())
        .json(&message)
        .timeout(TIMEOUT)
        .send()?;
    log::info!("{endpoint} answered {}", response.status());
    let status = response.error_for_status()?.status();
    Ok(Told { status })
}

#[cfg(test)]
mod tests;
