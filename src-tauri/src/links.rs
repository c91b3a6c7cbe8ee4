//! Links in texts of the other side: opened by the system's own program, after a check.
//!
//! The page shows the whole host before it asks. What is handed to the system is the link as it was
//! parsed: in ASCII, with everything that a program might take for something else percent-encoded.

use tauri::WebviewWindow;
use url::Url;

use crate::desktop;
use crate::error::{ErrorCode, UiError};

/// Opens a link of the web, or begins a mail.
///
/// # Errors
/// When it is another kind of link, or the system has no program for it.
pub(crate) async fn open(window: &WebviewWindow, link: &str) -> Result<(), UiError> {
    let link = checked(link).ok_or_else(|| UiError::new(ErrorCode::BadLink, &"no web link"))?;
    desktop::open(window, link, ErrorCode::LinkNotOpened).await
}

/// The link, if it leads to the web or to somebody's mail and to nothing else: no other scheme, no
/// name and password that look like a host, nothing that a mail program would attach.
fn checked(link: &str) -> Option<Url> {
    if link.len() > MAX_LINK {
        return None;
    }
    let mut url = Url::parse(link).ok()?;
    match url.scheme() {
        "http" | "https" => {
            let bare = url.username().is_empty() && url.password().is_none();
            (bare && url.host_str().is_some()).then_some(url)
        }
        "mailto" => {
            url.set_query(None);
            url.set_fragment(None);
            Some(url)
        }
        _ => None,
    }
}

/// As browsers cut them.
const MAX_LINK: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_web_and_mail_open_and_nothing_else() {
        let table = [
            (
                "https://example.org/a?b=c#d",
                Some("https://example.org/a?b=c#d"),
            ),
            ("http://EXAMPLE.org", Some("http://example.org/")),
            ("https://пример.рф/", Some("https://xn--e1afmkfd.xn--p1ai/")),
            (
                "https://example.org/\"; rm -rf '",
                Some("https://example.org/%22;%20rm%20-rf%20'"),
            ),
            ("mailto:ann@example.org", Some("mailto:ann@example.org")),
            (
                "mailto:ann@example.org?attach=/etc/passwd&subject=x",
                Some("mailto:ann@example.org"),
            ),
            ("https://bank.example@evil.example/", None),
            ("file:///etc/passwd", None),
            ("javascript:alert(1)", None),
            ("tincan:x", None),
            ("smb://host/share", None),
            ("//example.org", None),
            ("example.org", None),
            ("", None),
        ];
        for (link, opened) in table {
            assert_eq!(checked(link).as_ref().map(Url::as_str), opened, "{link}");
        }
        assert!(checked(&format!("https://example.org/{}", "x".repeat(MAX_LINK))).is_none());
    }
}
