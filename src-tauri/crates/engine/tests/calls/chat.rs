//! What is said in text: seen by both, told to whoever keeps it, and in no log.

use std::time::Duration;

use call::chat::Text;
use engine::CommandError;
use engine::command::Command;
use engine::view::{ChatView, TextState};

use crate::support::{Duo, Person};

const SECOND: Duration = Duration::from_secs(1);

fn say(text: &str) -> Command {
    let text = Text::new(text).unwrap();
    Command::Say { text }
}

impl Person {
    /// Waits until the conversation is so.
    async fn reads(&self, is_so: impl Fn(&ChatView) -> bool) -> ChatView {
        let chat = |view: &engine::view::EngineView| view.chat.clone().filter(|it| is_so(it));
        self.sees("the conversation", chat).await
    }

    async fn has_text(&self, text: &str, state: TextState) {
        self.reads(|chat| {
            let is_it = |it: &engine::view::ChatText| it.text.as_str() == text && it.state == state;
            chat.texts.iter().any(is_it)
        })
        .await;
    }
}

#[tokio::test]
async fn what_one_says_the_other_reads_and_both_keep() {
    let duo = Duo::in_a_call().await;
    let mut kept = [&duo.alice, &duo.bob].map(|it| it.engine().said());
    duo.alice.does(say("hello")).await;
    duo.bob.has_text("hello", TextState::Received).await;
    duo.alice.has_text("hello", TextState::Delivered).await;
    assert_eq!(duo.bob.view().chat.as_ref().unwrap().unread, 1);
    duo.bob.does(Command::ReadChat { open: true }).await;
    duo.bob.reads(|chat| chat.unread == 0).await;
    duo.bob.does(Command::Typing).await;
    duo.alice.reads(|chat| chat.typing).await;
    duo.bob.does(say("hi")).await;
    duo.alice
        .reads(|chat| !chat.typing && chat.texts.len() == 2)
        .await;

    duo.hangs_up().await;
    duo.pass(4 * SECOND).await;
    let nobody = duo.alice.engine().command(say("still there?")).await;
    assert_eq!(nobody, Err(CommandError::NotInCall));
    let told = kept.each_mut().map(|kept| {
        let said = std::iter::from_fn(|| kept.try_recv().ok());
        let last = |states: &mut Vec<_>, said: engine::Said| {
            let text = said.text.text.as_str().to_owned();
            states.retain(|(it, _)| *it != text);
            states.push((text, said.text.state));
        };
        said.fold(Vec::new(), |mut states, said| {
            last(&mut states, said);
            states
        })
    });
    let word = |it: &str, state| (it.to_owned(), state);
    let alice = [
        word("hello", TextState::Delivered),
        word("hi", TextState::Received),
    ];
    assert_eq!(told[0], alice);
    assert_eq!(
        told[1],
        [
            word("hello", TextState::Received),
            word("hi", TextState::Delivered)
        ]
    );
    duo.stop().await;
}

#[tokio::test]
async fn while_the_path_is_away_texts_go_over_the_relay() {
    let duo = Duo::in_a_call().await;
    duo.network.cut();
    duo.pass(3 * SECOND).await;
    duo.alice.does(say("are you there?")).await;
    duo.bob
        .has_text("are you there?", TextState::Received)
        .await;
    duo.pass(SECOND).await;
    duo.alice
        .has_text("are you there?", TextState::Delivered)
        .await;
    duo.network.mend();
    duo.alice.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn what_does_not_arrive_has_failed_a_moment_after_the_end() {
    let mut duo = Duo::in_a_call().await;
    let mut kept = duo.alice.engine().said();
    duo.network.cut();
    duo.relay.dies().await;
    duo.pass(3 * SECOND).await;
    duo.alice.does(say("hello?")).await;
    duo.alice.has_text("hello?", TextState::Sent).await;
    duo.alice.hangs_up().await;
    duo.pass(5 * SECOND).await;
    let states = [kept.recv().await.unwrap(), kept.recv().await.unwrap()];
    let states = states.map(|it| it.text.state);
    assert_eq!(states, [TextState::Sent, TextState::Failed]);
    duo.stop().await;
}
