//! The session of a call between two machines.

mod task;

use media::transport::{OpenParams, Session};
use tracing::Span;

use self::task::Task;
use super::setup::Built;
use crate::peer::session::{self, Start};

/// Starts the tasks of a session; all that they log is inside `span`.
pub(crate) fn start(built: Built, params: &OpenParams, span: Span) -> Session {
    let Built {
        peer,
        local,
        migration,
        migrating,
    } = built;
    let start = Start {
        peer,
        local,
        cipher: None,
        span,
    };
    let role = params.role;
    session::start(start, |core, data| {
        Task::new(core, role, data, migration).run(migrating)
    })
}
