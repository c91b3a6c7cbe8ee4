//! What a connection runs over: TCP, with or without the relay's own TLS.

use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// A client's stream of bytes, of one type whichever it is: so an upgraded connection is taken out
/// of hyper as what it was put in, instead of behind a pointer to whatever can be read and written.
/// TLS is boxed, because its state takes more than a kilobyte.
pub(crate) type Transport = Either<TcpStream, Box<TlsStream<TcpStream>>>;
