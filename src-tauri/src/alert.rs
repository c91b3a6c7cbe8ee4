//! The last word of a start that failed, before the eyes of whoever clicked an icon: standard
//! error is seen by nobody there. Main thread only, and it waits until the user has read it.

/// Shows `sentence` in a box of the system. Without a display nothing is shown.
#[cfg(target_os = "linux")]
pub(crate) fn show(sentence: &str) {
    use gtk::prelude::{DialogExt, GtkWindowExt, MessageDialogExt};

    if gtk::init().is_err() {
        return;
    }
    let alert = gtk::MessageDialog::new(
        None::<&gtk::Window>,
        gtk::DialogFlags::empty(),
        gtk::MessageType::Error,
        gtk::ButtonsType::Close,
        "Tincan cannot start",
    );
    alert.set_title("Tincan");
    alert.set_secondary_text(Some(sentence));
    alert.run();
}

/// Other systems get the line on standard error alone.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn show(_sentence: &str) {}
