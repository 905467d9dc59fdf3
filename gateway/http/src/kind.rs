//! Every kind of problem the gateway answers with: its stable name, its status, its title. One table, so that no
//! two places give one thing two names.

use axum::http::StatusCode;

/// What kind of problem it is. The name is stable: programs may compare it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    // The request.
    MalformedJson,
    InvalidField,
    UnknownField,
    NotBuilt,
    InvalidId,
    InvalidReceipt,
    InvalidEvent,
    BodyBroken,
    BodyTooSlow,
    BodyTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    NotFound,
    MethodNotAllowed,
    ForeignHost,
    ForeignOrigin,
    TokenMissing,
    TokenUnknown,
    TokenExpired,
    RightMissing,
    TypeForbidden,
    // Jobs.
    UnknownType,
    UnknownJob,
    TypeOff,
    PayloadTooLarge,
    PayloadGone,
    JobEnded,
    MaxPending,
    // Modules and the catalog.
    UnknownModule,
    ModuleRefused,
    ModuleConflict,
    CatalogInvalid,
    CatalogMoved,
    CatalogRefused,
    RevisionMoved,
    UnknownRevision,
    UnknownEntry,
    InUse,
    // Tokens.
    UnknownToken,
    TokenConflict,
    // The state of the service.
    Busy,
    StorageFull,
    QueueFull,
    LogBusy,
    LogRefuses,
    OutcomeUnknown,
    ShuttingDown,
    Unavailable,
    Internal,
}

impl Kind {
    /// The stable name, as in `urn:wasmill:problem:<name>` and in metrics.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The status of an answer of this kind.
    pub fn status(self) -> StatusCode {
        self.row().1
    }

    /// A short summary that is the same for all problems of the kind.
    pub fn title(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::MalformedJson => ("malformed-json", S::BAD_REQUEST, "The JSON is malformed"),
            Self::InvalidField => ("invalid-field", S::BAD_REQUEST, "A field is missing or not valid"),
            Self::UnknownField => ("unknown-field", S::BAD_REQUEST, "There is no such field"),
            Self::NotBuilt => ("not-built", S::BAD_REQUEST, "This field is not built yet"),
            Self::InvalidId => ("invalid-id", S::BAD_REQUEST, "This is not a job id"),
            Self::InvalidReceipt => ("invalid-receipt", S::BAD_REQUEST, "This is not a receipt of this job"),
            Self::InvalidEvent => {
                ("invalid-event", S::BAD_REQUEST, "This is not a CloudEvent that can be a job")
            }
            Self::BodyBroken => ("body-broken", S::BAD_REQUEST, "The body broke off"),
            Self::BodyTooSlow => ("body-too-slow", S::REQUEST_TIMEOUT, "The body came too slowly"),
            Self::BodyTooLarge => ("body-too-large", S::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::UriTooLong => ("uri-too-long", S::URI_TOO_LONG, "The address is too long"),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "This content type is not accepted here",
            ),
            Self::NotFound => ("not-found", S::NOT_FOUND, "There is nothing at this address"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", S::METHOD_NOT_ALLOWED, "This address does not know this method")
            }
            Self::ForeignHost => ("foreign-host", S::FORBIDDEN, "The request was meant for another host"),
            Self::ForeignOrigin => ("foreign-origin", S::FORBIDDEN, "The request comes from a foreign page"),
            Self::TokenMissing => ("token-missing", S::UNAUTHORIZED, "This needs a token"),
            Self::TokenUnknown => ("token-unknown", S::UNAUTHORIZED, "This token is not known here"),
            Self::TokenExpired => ("token-expired", S::UNAUTHORIZED, "This token's time is over"),
            Self::RightMissing => ("right-missing", S::FORBIDDEN, "The token has not the role for this"),
            Self::TypeForbidden => ("type-forbidden", S::FORBIDDEN, "The token is not for this job type"),
            Self::UnknownType => ("unknown-type", S::NOT_FOUND, "There is no such job type"),
            Self::UnknownJob => ("unknown-job", S::NOT_FOUND, "There is no such job"),
            Self::TypeOff => ("type-off", S::CONFLICT, "The job type is switched off"),
            Self::PayloadTooLarge => ("payload-too-large", S::PAYLOAD_TOO_LARGE, "The payload is too large"),
            Self::PayloadGone => ("payload-gone", S::NOT_FOUND, "The payload is not kept any more"),
            Self::JobEnded => ("job-ended", S::CONFLICT, "The job has already ended"),
            Self::MaxPending => {
                ("max-pending", S::TOO_MANY_REQUESTS, "As many jobs of this type wait as may wait")
            }
            Self::UnknownModule => ("unknown-module", S::NOT_FOUND, "There is no such module"),
            Self::ModuleRefused => {
                ("module-refused", S::UNPROCESSABLE_ENTITY, "The module cannot be a handler")
            }
            Self::ModuleConflict => ("module-conflict", S::CONFLICT, "The tag already names another module"),
            Self::CatalogInvalid => {
                ("catalog-invalid", S::UNPROCESSABLE_ENTITY, "The routing table has mistakes")
            }
            Self::CatalogMoved => ("catalog-moved", S::CONFLICT, "Somebody else changed the routing table"),
            Self::CatalogRefused => {
                ("catalog-refused", S::UNPROCESSABLE_ENTITY, "The routing table cannot be changed so")
            }
            Self::RevisionMoved => {
                ("revision-moved", S::PRECONDITION_FAILED, "Somebody else changed the routing table")
            }
            Self::UnknownRevision => ("unknown-revision", S::NOT_FOUND, "There is no such revision"),
            Self::UnknownEntry => ("unknown-entry", S::NOT_FOUND, "The routing table has no such entry"),
            Self::InUse => ("in-use", S::CONFLICT, "It is in use"),
            Self::UnknownToken => ("unknown-token", S::NOT_FOUND, "There is no such token"),
            Self::TokenConflict => ("token-conflict", S::CONFLICT, "The tokens cannot be changed so"),
            Self::Busy => ("busy", S::SERVICE_UNAVAILABLE, "The gateway is busy"),
            Self::StorageFull => ("storage-full", S::INSUFFICIENT_STORAGE, "The log has no room"),
            Self::QueueFull => ("queue-full", S::SERVICE_UNAVAILABLE, "The queue has no room"),
            Self::LogBusy => ("log-busy", S::SERVICE_UNAVAILABLE, "The log is busy"),
            Self::LogRefuses => ("log-refuses", S::SERVICE_UNAVAILABLE, "The log refuses records"),
            Self::OutcomeUnknown => {
                ("outcome-unknown", S::SERVICE_UNAVAILABLE, "It is not known whether this was stored")
            }
            Self::ShuttingDown => ("shutting-down", S::SERVICE_UNAVAILABLE, "The gateway is shutting down"),
            Self::Unavailable => {
                ("unavailable", S::SERVICE_UNAVAILABLE, "A store does not answer at the moment")
            }
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "The gateway failed"),
        }
    }
}
