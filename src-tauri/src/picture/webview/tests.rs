use std::time::Duration;

use engine::PictureFeed;
use futures::{SinkExt, StreamExt};
use media::picture::Picture;
use media::units::Size;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::picture::webview::message::HEADER;

type Page = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const OURS: &str = "tauri://localhost";
const SIZE: Size = Size::new(64, 36);

struct Stand {
    surface: Webview,
    remote: PictureFeed,
    local: PictureFeed,
}

impl Stand {
    fn new() -> Self {
        let (remote, local) = (PictureFeed::default(), PictureFeed::default());
        let feeds = Feeds {
            remote: remote.clone(),
            local: local.clone(),
            ..Feeds::default()
        };
        let surface = Webview::start(&Handle::current(), feeds).unwrap();
        Self {
            surface,
            remote,
            local,
        }
    }

    fn show_remote(&self, w: f64, h: f64) {
        let remote = Some(Rect::new(0.0, 0.0, w, h));
        self.surface.set_stage(Stage {
            remote,
            scale: 1.0,
            ..Stage::default()
        });
    }

    async fn page(&self) -> Page {
        connect(&self.surface.url, Some(OURS)).await.unwrap()
    }
}

async fn connect(url: &str, origin: Option<&str>) -> Result<Page, Error> {
    let mut request = url.into_client_request()?;
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
    }
    connect_async(request).await.map(|(page, _)| page)
}

fn picture(level: u8) -> Option<Arc<Picture>> {
    let mut picture = Picture::black(SIZE);
    picture.data_mut().fill(level);
    Some(Arc::new(picture))
}

async fn next(page: &mut Page) -> Vec<u8> {
    let message = timeout(Duration::from_secs(5), page.next()).await.unwrap();
    message.unwrap().unwrap().into_data().to_vec()
}

async fn is_quiet(page: &mut Page) -> bool {
    timeout(Duration::from_millis(100), page.next())
        .await
        .is_err()
}

#[tokio::test]
async fn only_our_page_with_the_secret_gets_in() {
    let stand = Stand::new();
    let url = stand.surface.pictures_url().unwrap();
    assert!(url.starts_with("ws://127.0.0.1:"));
    assert!(connect(&url, Some(OURS)).await.is_ok());
    let wrong = format!(
        "{}{}",
        &url[..url.len() - 1],
        if url.ends_with('0') { '1' } else { '0' }
    );
    let shorter = &url[..url.len() - 1];
    for (url, origin) in [
        (url.as_str(), None),
        (url.as_str(), Some("https://example.org")),
        (url.as_str(), Some("null")),
        (wrong.as_str(), Some(OURS)),
        (shorter, Some(OURS)),
    ] {
        let Err(Error::Http(answer)) = connect(url, origin).await else {
            panic!("{origin:?} got in at {url}");
        };
        assert_eq!(answer.status(), 404);
    }
}

#[tokio::test]
async fn a_new_picture_comes_at_once_with_its_header() {
    let stand = Stand::new();
    stand.show_remote(64.0, 36.0);
    let mut page = stand.page().await;
    stand.remote.show(picture(77));
    let message = next(&mut page).await;
    assert_eq!(
        message[..HEADER],
        [1, 0, 0, 0, 64, 0, 0, 0, 36, 0, 0, 0, 1, 0, 0, 0]
    );
    assert_eq!(message.len(), HEADER + Picture::len_of(SIZE));
    assert!(message[HEADER..].iter().all(|it| *it == 77));
}

#[tokio::test]
async fn a_page_that_does_not_keep_up_gets_the_newest_next() {
    let stand = Stand::new();
    stand.show_remote(64.0, 36.0);
    let mut page = stand.page().await;
    for level in [1, 2] {
        stand.remote.show(picture(level));
        assert_eq!(next(&mut page).await[HEADER], level);
    }
    for level in [3, 4, 5] {
        stand.remote.show(picture(level));
    }
    assert!(is_quiet(&mut page).await);
    page.send(Message::binary(1u32.to_le_bytes().to_vec()))
        .await
        .unwrap();
    assert_eq!(next(&mut page).await[HEADER], 5);
    assert!(is_quiet(&mut page).await);
}

#[tokio::test]
async fn nothing_is_sent_without_a_place_or_for_a_hidden_window() {
    let stand = Stand::new();
    let mut page = stand.page().await;
    stand.remote.show(picture(1));
    stand.local.show(picture(2));
    assert!(is_quiet(&mut page).await);
    stand.surface.set_window_shown(false);
    stand.show_remote(64.0, 36.0);
    assert!(is_quiet(&mut page).await);
    stand.surface.set_window_shown(true);
    assert_eq!(next(&mut page).await[HEADER], 1);
}

#[tokio::test]
async fn a_small_place_gets_a_small_picture() {
    let stand = Stand::new();
    stand.show_remote(32.0, 18.0);
    let mut page = stand.page().await;
    stand.remote.show(picture(9));
    assert_eq!(
        next(&mut page).await.len(),
        HEADER + Picture::len_of(Size::new(32, 18))
    );
}

#[tokio::test]
async fn a_reloaded_page_takes_over() {
    let stand = Stand::new();
    stand.show_remote(64.0, 36.0);
    stand.remote.show(picture(3));
    let mut old = stand.page().await;
    assert_eq!(next(&mut old).await[HEADER], 3);
    let mut new = stand.page().await;
    assert_eq!(next(&mut new).await[HEADER], 3);
    let end = timeout(Duration::from_secs(5), old.next()).await.unwrap();
    assert!(matches!(end, None | Some(Err(_) | Ok(Message::Close(_)))));
}
