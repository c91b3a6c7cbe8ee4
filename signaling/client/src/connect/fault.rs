//! What a failure means for the user: nothing there, something else there, or a relay that
//! refuses.

use std::io;

use rustls::CertificateError;
use signal_wire::ErrorCode;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::http::StatusCode;

use crate::event::Problem;

/// What the last frame of a relay means.
pub(crate) const fn error_problem(code: ErrorCode) -> Problem {
    match code {
        ErrorCode::Malformed | ErrorCode::Version => Problem::Refused,
        ErrorCode::BadProof => Problem::BadProof,
        ErrorCode::Busy => Problem::Full,
        // What a later version says may pass as well as anything else.
        ErrorCode::Timeout | ErrorCode::TooSlow | ErrorCode::ShuttingDown | ErrorCode::Unknown => {
            Problem::Unreachable
        }
    }
}

/// What an error of a socket means that has not become a link yet.
pub(super) fn socket_problem(error: &Error) -> Problem {
    match error {
        Error::Io(error) => io_problem(error),
        Error::ConnectionClosed | Error::AlreadyClosed => Problem::Unreachable,
        Error::Http(response) => status_problem(response.status()),
        _ => Problem::NotARelay,
    }
}

fn io_problem(error: &io::Error) -> Problem {
    let tls = error.get_ref().and_then(|it| it.downcast_ref());
    if let Some(problem) = tls.and_then(certificate_problem) {
        return problem;
    }
    match error.kind() {
        // Closed without an answer, or no TLS where TLS is due.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Problem::NotARelay,
        _ => Problem::Unreachable,
    }
}

/// What is wrong with the certificate, if it is the certificate.
fn certificate_problem(error: &rustls::Error) -> Option<Problem> {
    let rustls::Error::InvalidCertificate(error) = error else {
        return matches!(error, rustls::Error::NoCertificatesPresented)
            .then_some(Problem::CertificateUntrusted);
    };
    Some(match error {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Problem::CertificateExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Problem::CertificateOtherName
        }
        // An unknown issuer, a wrong signature, a revocation, another purpose, broken bytes: in
        // all of them nobody whom this machine trusts vouches for this server.
        _ => Problem::CertificateUntrusted,
    })
}

/// A relay without room answers 503, one that is asked too often 429; a proxy whose relay is away
/// answers 502 or 504, and a relay that is known by other names 421.
fn status_problem(status: StatusCode) -> Problem {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Problem::Full,
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Problem::Unreachable,
        StatusCode::MISDIRECTED_REQUEST => Problem::BadProof,
        _ => Problem::NotARelay,
    }
}
