//! Tells why the program did not start, in a box of the system: whoever clicked an icon does not see
//! standard error. Main thread only; returns when the user closes the box.

#[cfg(target_os = "linux")]
use gtk::prelude::{DialogExt, GtkWindowExt, MessageDialogExt, WidgetExt};

/// Shows `sentence` in a box of the system. Without a display nothing is shown.
#[cfg(target_os = "linux")]
pub(crate) fn show(sentence: &str) {
    if let Some(alert) = alert(sentence, gtk::ButtonsType::Close) {
        alert.run();
    }
}

/// Shows `sentence` as [`show`] does; whether the user wants another attempt. Without a display
/// nobody does.
#[cfg(target_os = "linux")]
pub(crate) fn try_again(sentence: &str) -> bool {
    use gtk::ResponseType;

    let Some(alert) = alert(sentence, gtk::ButtonsType::None) else {
        return false;
    };
    alert.add_button("Close", ResponseType::Close);
    alert.add_button("Try again", ResponseType::Accept);
    let wants = alert.run() == ResponseType::Accept;
    // Off the screen before the next one comes.
    alert.hide();
    wants
}

#[cfg(target_os = "linux")]
fn alert(sentence: &str, buttons: gtk::ButtonsType) -> Option<gtk::MessageDialog> {
    gtk::init().ok()?;
    let alert = gtk::MessageDialog::new(
        None::<&gtk::Window>,
        gtk::DialogFlags::empty(),
        gtk::MessageType::Error,
        buttons,
        "Tincan cannot start",
    );
    alert.set_title("Tincan");
    alert.set_secondary_text(Some(sentence));
    Some(alert)
}

/// Other systems get the line on standard error alone.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn show(_sentence: &str) {}

/// Other systems get the line on standard error alone.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn try_again(_sentence: &str) -> bool {
    false
}
