//! Tells why the program did not start, in a box of the system: whoever clicked an icon does not see
//! standard error. Main thread only; returns when the user closes the box.

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
