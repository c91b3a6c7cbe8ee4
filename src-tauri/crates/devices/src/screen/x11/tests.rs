//! Against a real display server without a screen.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use media::picture::{Captured, Picture};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, PropMode, Rectangle,
    Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::*;

/// A display server of our own.
struct Server {
    process: Child,
    name: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "800x600x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed where tests run");
        let mut number = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        said.read_line(&mut number).unwrap();
        let name = format!(":{}", number.trim());
        Self { process, name }
    }

    fn display(&self) -> Display {
        Display::connect(Some(&self.name)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somebody else's program, with windows of one colour each.
struct Program(RustConnection);

impl Program {
    fn new(server: &Server) -> Self {
        Self(RustConnection::connect(Some(&server.name)).unwrap().0)
    }

    /// A window with a name and a colour, as 0xRRGGBB.
    fn window(&self, name: &str, (x, y): (i16, i16), size: Size, colour: u32) -> Window {
        let (connection, root) = (&self.0, self.0.setup().roots[0].root);
        let window = connection.generate_id().unwrap();
        let (width, height) = (size.width as u16, size.height as u16);
        let aux = CreateWindowAux::new().background_pixel(colour);
        let class = WindowClass::INPUT_OUTPUT;
        let made =
            connection.create_window(0, window, root, x, y, width, height, 0, class, 0, &aux);
        made.unwrap().check().unwrap();
        let (property, kind) = (
            x11rb::protocol::xproto::AtomEnum::WM_NAME,
            x11rb::protocol::xproto::AtomEnum::STRING,
        );
        let named =
            connection.change_property8(PropMode::REPLACE, window, property, kind, name.as_bytes());
        named.unwrap().check().unwrap();
        connection.map_window(window).unwrap().check().unwrap();
        window
    }

    fn paint(&self, window: Window, colour: u32) {
        let gc = self.0.generate_id().unwrap();
        let aux = CreateGCAux::new().foreground(colour);
        self.0.create_gc(gc, window, &aux).unwrap().check().unwrap();
        let all = Rectangle {
            x: 0,
            y: 0,
            width: 4000,
            height: 4000,
        };
        self.0
            .poly_fill_rectangle(window, gc, &[all])
            .unwrap()
            .check()
            .unwrap();
    }
}

enum Told {
    Picture(Captured),
    Hidden(bool),
    Ended(ScreenError),
}

struct Sink(Sender<Told>);

impl ScreenSink for Sink {
    fn picture(&mut self, captured: Captured) {
        let _ = self.0.send(Told::Picture(captured));
    }

    fn hidden(&mut self, hidden: bool) {
        let _ = self.0.send(Told::Hidden(hidden));
    }

    fn ended(&mut self, error: ScreenError) {
        let _ = self.0.send(Told::Ended(error));
    }
}

struct Shared {
    stream: Box<dyn ScreenStream>,
    told: Receiver<Told>,
}

impl Shared {
    fn open(server: &Server, id: &SourceId) -> Self {
        let (sink, told) = mpsc::channel();
        let stream = open_on(server.display(), id, Box::new(Sink(sink))).unwrap();
        Self { stream, told }
    }

    fn next(&self) -> Told {
        self.told
            .recv_timeout(Duration::from_secs(5))
            .expect("something is told")
    }

    /// The next picture of this size, whose middle is as bright as said.
    fn shows(&self, size: Size, luma: u8) {
        for _ in 0..20 {
            if let Told::Picture(captured) = self.next() {
                let shown = captured.picture.size();
                let row = shown.width as usize;
                let middle = row * (shown.height as usize / 4) + row / 4;
                if shown == size && captured.picture.planes()[0][middle].abs_diff(luma) <= 2 {
                    return;
                }
            }
        }
        panic!("no picture of {size} with {luma}");
    }

    fn says_nothing(&self) {
        let told = self.told.recv_timeout(Duration::from_millis(400));
        assert!(told.is_err(), "it stands still");
    }
}

const WHITE: (u32, u8) = (0x00ff_ffff, 235);
const BLACK: (u32, u8) = (0, 16);
const GREY: (u32, u8) = (0x0080_8080, 126);
const SIZE: Size = Size::new(200, 120);

#[test]
fn a_window_is_listed_by_its_name_and_shown_as_it_looks() {
    let server = Server::start();
    let program = Program::new(&server);
    program.window("Notes \u{1b}[0m", (10, 10), SIZE, WHITE.0);
    let display = server.display();
    let listed = list_of(&display).unwrap();
    let kinds: Vec<_> = listed.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [SourceKind::Screen, SourceKind::Window]);
    assert_eq!(listed[0].size, Size::new(800, 600));
    assert_eq!(
        (listed[1].name.as_str(), listed[1].size),
        ("Notes [0m", SIZE)
    );
    let small = looks::look_once(server.display(), &listed[1].id, Size::new(100, 60)).unwrap();
    assert_eq!(small.size(), Size::new(100, 60));
    assert_eq!(small.planes()[0][0], WHITE.1);
    let whole = looks::look_once(server.display(), &listed[0].id, Size::new(80, 60)).unwrap();
    assert_eq!(whole.size(), Size::new(80, 60));
}

#[test]
fn a_window_is_followed_through_all_that_can_happen_to_it() {
    let server = Server::start();
    let program = Program::new(&server);
    let window = program.window("Notes", (300, 200), SIZE, WHITE.0);
    let shared = Shared::open(&server, &SourceId(format!("window:{window:#x}")));
    assert_eq!(shared.stream.source().name, "Notes");
    shared.shows(SIZE, WHITE.1);
    shared.says_nothing();
    program.paint(window, GREY.0);
    shared.shows(SIZE, GREY.1);
    // Whatever covers it is not shown.
    program.window("Secret", (300, 200), SIZE, BLACK.0);
    shared.says_nothing();
    let larger = Size::new(300, 180);
    let wanted = ConfigureWindowAux::new().width(301).height(180);
    program
        .0
        .configure_window(window, &wanted)
        .unwrap()
        .check()
        .unwrap();
    program.paint(window, BLACK.0);
    shared.shows(larger, BLACK.1);
    program.0.unmap_window(window).unwrap().check().unwrap();
    assert!(matches!(shared.next(), Told::Hidden(true)));
    program.0.map_window(window).unwrap().check().unwrap();
    assert!(matches!(shared.next(), Told::Hidden(false)));
    program.paint(window, WHITE.0);
    shared.shows(larger, WHITE.1);
    program.0.destroy_window(window).unwrap().check().unwrap();
    let ended = loop {
        match shared.next() {
            Told::Picture(_) | Told::Hidden(_) => {}
            ended @ Told::Ended(_) => break ended,
        }
    };
    assert!(matches!(ended, Told::Ended(ScreenError::Gone(_))));
    drop(shared);
    let gone = open_on(
        server.display(),
        &SourceId(format!("window:{window:#x}")),
        Box::new(Sink(mpsc::channel().0)),
    );
    assert!(matches!(gone, Err(ScreenError::Gone(_))));
}

#[test]
fn a_screen_shows_its_windows_and_the_pointer() {
    let server = Server::start();
    let program = Program::new(&server);
    let root = program.0.setup().roots[0].root;
    let id = list_of(&server.display()).unwrap().remove(0).id;
    let shared = Shared::open(&server, &id);
    let whole = Size::new(800, 600);
    program.window("Notes", (100, 100), SIZE, WHITE.0);
    shared.shows(whole, WHITE.1);
    let moved = program
        .0
        .warp_pointer(x11rb::NONE, root, 0, 0, 0, 0, 210, 150);
    moved.unwrap().check().unwrap();
    // White all around, where the window is: whatever else is there is the pointer.
    let has_pointer = |picture: &Picture| {
        let luma = picture.planes()[0];
        let row = |y: usize| &luma[y * whole.width as usize..][205..225];
        (145..165).any(|y| row(y).iter().any(|it| it.abs_diff(WHITE.1) > 50))
    };
    loop {
        let Told::Picture(shown) = shared.next() else {
            panic!("the pointer is news");
        };
        assert_eq!(shown.picture.size(), whole);
        if has_pointer(&shown.picture) {
            return;
        }
    }
}

#[test]
fn a_display_that_ends_ends_what_is_captured_of_it() {
    let server = Server::start();
    let id = list_of(&server.display()).unwrap().remove(0).id;
    let shared = Shared::open(&server, &id);
    drop(server);
    loop {
        match shared.next() {
            Told::Ended(_) => return,
            Told::Picture(_) | Told::Hidden(_) => {}
        }
    }
}
