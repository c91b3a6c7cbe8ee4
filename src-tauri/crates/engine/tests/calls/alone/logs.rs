//! Log lines of a call name it.

use std::sync::{Arc, Mutex};

use call::view::CallView;
use tracing::field::{Field, Visit};
use tracing::span::Attributes;
use tracing::{Event, Id, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::{alone, block_on};
use crate::support::Duo;

#[test]
fn every_line_of_a_call_names_it_whichever_thread_writes_it() {
    alone(
        "alone::logs::every_line_of_a_call_names_it_whichever_thread_writes_it",
        || {
            let lines = Lines::default();
            let subscriber = tracing_subscriber::registry().with(lines.clone());
            tracing::subscriber::set_global_default(subscriber).unwrap();
            block_on(log_a_call(lines));
        },
    );
}

async fn log_a_call(lines: Lines) {
    let duo = Duo::online().await;
    duo.alice.devices.show(60);
    duo.alice.devices.sing(1000);
    lines.clear();
    duo.talks().await;
    let id = match &duo.alice.view().call {
        CallView::Active { call, .. } => call.clone(),
        other => panic!("{other:?}"),
    };
    duo.bob.sees_shade(60).await;
    duo.bob.hears(1000).await;
    duo.network.roam();
    duo.pass(std::time::Duration::from_secs(12)).await;
    duo.bob.is_in_the_call().await;
    duo.hangs_up().await;
    let written = lines.take();
    assert!(written.len() > 50, "only {} lines", written.len());
    let strays: Vec<_> = written
        .iter()
        .filter(|line| line.call.as_deref() != Some(&id))
        .collect();
    assert!(strays.is_empty(), "{id} is not in {strays:#?}");
    duo.stop().await;
}

/// Lines of our own crates, as they are written. Clones share them.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

#[derive(Debug)]
#[expect(dead_code, reason = "shown when the test fails")]
struct Line {
    call: Option<String>,
    target: String,
    text: String,
    thread: Option<String>,
}

/// The `id` of a span called `call`.
struct CallId(String);

impl Lines {
    fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn take(&self) -> Vec<Line> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if span.metadata().name() == "call"
            && let Some(data) = context.span(id)
        {
            let mut found = Found::new("id");
            span.record(&mut found);
            let id = found.value.unwrap_or_default();
            data.extensions_mut().insert(CallId(id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let target = event.metadata().target();
        if !OURS.iter().any(|it| target.starts_with(it)) {
            return;
        }
        let call = context.event_scope(event).and_then(|mut scope| {
            scope.find_map(|span| Some(span.extensions().get::<CallId>()?.0.clone()))
        });
        let mut message = Found::new("message");
        event.record(&mut message);
        self.0.lock().unwrap().push(Line {
            call,
            target: target.to_owned(),
            text: message.value.unwrap_or_default(),
            thread: std::thread::current().name().map(str::to_owned),
        });
    }
}

/// Looks for one field.
struct Found {
    name: &'static str,
    value: Option<String>,
}

impl Found {
    const fn new(name: &'static str) -> Self {
        Self { name, value: None }
    }
}

impl Visit for Found {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == self.name {
            self.value = Some(format!("{value:?}"));
        }
    }
}

/// The crates whose lines belong to a call. Links to relays outlive calls and speak of none.
const OURS: [&str; 4] = ["call", "codec", "engine", "media"];
