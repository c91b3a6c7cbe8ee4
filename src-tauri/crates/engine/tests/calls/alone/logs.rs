//! Log lines of a call name it.

use std::fmt::Debug;
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
    for thread in ["aenc", "playout", "vdec", "venc"] {
        let wrote = written
            .iter()
            .any(|it| it.thread.as_deref() == Some(thread));
        assert!(wrote, "nothing is heard of {thread}");
    }
    let strays: Vec<_> = written.iter().filter(|line| !line.names(&id)).collect();
    assert!(strays.is_empty(), "{id} is not in {strays:#?}");
    duo.stop().await;
}

/// Lines of our own crates, as they are written. Clones share them.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

#[derive(Debug)]
struct Line {
    /// The call of the span that it is in.
    call: Option<String>,
    target: String,
    text: String,
    thread: Option<String>,
}

impl Line {
    /// Whether this line names the call, by its span or by itself. What a phone without a call is
    /// given belongs to none, even when a call comes of it.
    fn names(&self, call: &str) -> bool {
        let before = self.target == "call::phone"
            && ["input: Message(", "input: Link("]
                .iter()
                .any(|it| self.text.contains(it));
        match &self.call {
            Some(named) => named == call,
            None => self.text.contains(call) || before,
        }
    }
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
            let mut id = IdField::default();
            span.record(&mut id);
            data.extensions_mut()
                .insert(CallId(id.0.unwrap_or_default()));
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
        let mut text = Text::default();
        event.record(&mut text);
        self.0.lock().unwrap().push(Line {
            call,
            target: target.to_owned(),
            text: text.0,
            thread: std::thread::current().name().map(str::to_owned),
        });
    }
}

/// All fields in one line.
#[derive(Debug, Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!("{}: {value:?} ", field.name()));
    }
}

/// The field `id`.
#[derive(Debug, Default)]
struct IdField(Option<String>);

impl Visit for IdField {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "id" {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

/// The crates whose lines belong to a call. Links to relays outlive calls and speak of none.
const OURS: [&str; 4] = ["call", "codec", "engine", "media"];
