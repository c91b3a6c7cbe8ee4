//! What a relay counts about itself. No label comes from a client, and nothing here is anybody's
//! address.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters and gauges; whoever does something counts it.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    /// Connections that were taken in, whatever became of them.
    pub(crate) accepted: Counter,
    refused: Family<Refused, Counter>,
    tls_handshakes: Family<Outcome, Counter>,
    authentications: Family<Outcome, Counter>,
    /// Envelopes from clients.
    pub(crate) messages: Counter,
    /// Their payloads.
    pub(crate) message_bytes: Counter,
    /// How often a client was read more slowly because it sent too much.
    pub(crate) rate_limit_delays: Counter,
    /// Tokens that let somebody into a room at the LiveKit server.
    pub(crate) livekit_tokens: Counter,
    livekit_failures: Family<FailedRequest, Counter>,
    livekit_rooms: Gauge,
    connections: Gauge,
    pending: Gauge,
    sessions: Gauge,
    draining: Gauge,
}

/// Why a connection was refused or cut off before it belonged to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// Its source, or the relay, has as many connections as it may.
    Full,
    /// Too many arrive.
    Rate,
    /// A newer connection took its place before it had proven an address.
    Crowded,
    /// It took too long to ask for something.
    Slow,
    /// It did not begin with the header that its proxy owes.
    ProxyHeader,
    /// It did not say which host it asks.
    Malformed,
    /// It asked for a host that is not this relay.
    Host,
    /// It is a page in a browser.
    Page,
    /// It comes from where this relay serves nobody.
    Far,
}

/// What the LiveKit server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RoomRequest {
    /// Whether it is there and knows the key.
    Check,
    /// To open a room.
    Create,
    /// Whether anybody is in one.
    Look,
    /// To close one.
    Delete,
}

/// What is true of the relay at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gauges {
    pub(crate) connections: usize,
    pub(crate) pending: usize,
    pub(crate) sessions: usize,
    pub(crate) livekit_rooms: usize,
    pub(crate) draining: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    reason: Refusal,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailedRequest {
    request: RoomRequest,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: Success,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Success {
    Ok,
    Failed,
}

impl EncodeLabelValue for Refusal {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let name = match self {
            Self::Full => "full",
            Self::Rate => "rate",
            Self::Crowded => "crowded",
            Self::Slow => "slow",
            Self::ProxyHeader => "proxy_header",
            Self::Malformed => "malformed",
            Self::Host => "host",
            Self::Page => "page",
            Self::Far => "far",
        };
        name.encode(encoder)
    }
}

impl EncodeLabelValue for RoomRequest {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let name = match self {
            Self::Check => "check",
            Self::Create => "create",
            Self::Look => "look",
            Self::Delete => "delete",
        };
        name.encode(encoder)
    }
}

impl EncodeLabelValue for Success {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        let name = match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        };
        name.encode(encoder)
    }
}

impl Metrics {
    pub(crate) fn refused(&self, reason: Refusal) {
        self.refused.get_or_create(&Refused { reason }).inc();
    }

    pub(crate) fn tls_handshake(&self, ok: bool) {
        self.tls_handshakes.get_or_create(&outcome(ok)).inc();
    }

    pub(crate) fn authentication(&self, ok: bool) {
        self.authentications.get_or_create(&outcome(ok)).inc();
    }

    pub(crate) fn livekit_failed(&self, request: RoomRequest) {
        let failed = FailedRequest { request };
        self.livekit_failures.get_or_create(&failed).inc();
    }

    /// Everything in the `OpenMetrics` text format.
    pub(crate) fn text(&self, gauges: Gauges) -> String {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.connections.set(number(gauges.connections));
        self.pending.set(number(gauges.pending));
        self.sessions.set(number(gauges.sessions));
        self.livekit_rooms.set(number(gauges.livekit_rooms));
        self.draining.set(gauges.draining.into());
        let mut out = String::new();
        if text::encode(&mut out, &self.registry).is_err() {
            tracing::error!("the metrics cannot be written down");
        }
        out
    }

    /// The content type of [`Self::text`].
    pub(crate) const CONTENT_TYPE: &str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("tincan_relay"),
            accepted: Counter::default(),
            refused: Family::default(),
            tls_handshakes: Family::default(),
            authentications: Family::default(),
            messages: Counter::default(),
            message_bytes: Counter::default(),
            rate_limit_delays: Counter::default(),
            livekit_tokens: Counter::default(),
            livekit_failures: Family::default(),
            livekit_rooms: Gauge::default(),
            connections: Gauge::default(),
            pending: Gauge::default(),
            sessions: Gauge::default(),
            draining: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        let mut counter = |name: &str, help: &str, it: &Counter| {
            registry.register(name, help, it.clone());
        };
        counter("accepted", "Connections taken in", &self.accepted);
        counter("messages", "Envelopes from clients", &self.messages);
        counter(
            "message_bytes",
            "Bytes in their payloads",
            &self.message_bytes,
        );
        counter(
            "rate_limit_delays",
            "Times a client was read more slowly",
            &self.rate_limit_delays,
        );
        counter(
            "livekit_tokens",
            "Tokens that let somebody into a room",
            &self.livekit_tokens,
        );
        registry.register(
            "livekit_failures",
            "Requests to the LiveKit server that failed",
            self.livekit_failures.clone(),
        );
        registry.register(
            "refused",
            "Connections refused or cut off before they belonged to anybody",
            self.refused.clone(),
        );
        registry.register(
            "tls_handshakes",
            "TLS handshakes that ended",
            self.tls_handshakes.clone(),
        );
        registry.register(
            "authentications",
            "Clients that proved an address, or did not",
            self.authentications.clone(),
        );
        let mut gauge = |name: &str, help: &str, it: &Gauge| {
            registry.register(name, help, it.clone());
        };
        gauge(
            "connections",
            "Open connections that count",
            &self.connections,
        );
        gauge(
            "pending",
            "Connections that have not proven an address yet",
            &self.pending,
        );
        gauge(
            "sessions",
            "Sessions, with those that wait for their client",
            &self.sessions,
        );
        gauge(
            "livekit_rooms",
            "Rooms at the LiveKit server",
            &self.livekit_rooms,
        );
        gauge("draining", "1 while the relay ends", &self.draining);
    }
}

const fn outcome(ok: bool) -> Outcome {
    let result = if ok { Success::Ok } else { Success::Failed };
    Outcome { result }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_can_be_read() {
        let metrics = Metrics::default();
        metrics.messages.inc();
        metrics.refused(Refusal::ProxyHeader);
        metrics.authentication(false);
        metrics.livekit_failed(RoomRequest::Create);
        let text = metrics.text(Gauges {
            connections: 3,
            pending: 2,
            sessions: 1,
            livekit_rooms: 4,
            draining: true,
        });
        for line in [
            "tincan_relay_messages_total 1",
            "tincan_relay_refused_total{reason=\"proxy_header\"} 1",
            "tincan_relay_authentications_total{result=\"failed\"} 1",
            "tincan_relay_connections 3",
            "tincan_relay_pending 2",
            "tincan_relay_sessions 1",
            "tincan_relay_livekit_failures_total{request=\"create\"} 1",
            "tincan_relay_livekit_rooms 4",
            "tincan_relay_draining 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in {text}");
        }
    }
}
