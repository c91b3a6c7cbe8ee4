//! Rows: how settings, calls and people stand in the tables, and how they are read back from
//! tables that anybody may have written to.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Transaction, params};
use serde_json::{Map, Value};

use super::Contents;
use super::fault::Fault;
use crate::history::{self, HistoryEntry, HistoryPeer};
use crate::person::{Person, PinnedHow};
use crate::record::CallRecord;
use crate::settings::Settings;
use crate::texts::{self, KeptText, KeptTextState};
use crate::whereabouts::{MAX_PEOPLE, Whereabouts};

/// Why tables were not read in full.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The file gives no more rows.
    Reading(rusqlite::Error),
    /// A row that makes no sense, in this table.
    Row(&'static str),
}

impl Trouble {
    pub(super) fn into_fault(self, path: &Path) -> Fault {
        match self {
            Self::Reading(error) => Fault::new("read", path, &error),
            Self::Row(table) => Fault::Damaged(format!("a row of {table} makes no sense")),
        }
    }
}

/// Reads everything that makes sense; the second value is the first trouble on the way.
pub(super) fn read(connection: &Connection) -> (Contents, Result<(), Trouble>) {
    let mut trouble = Ok(());
    let mut note = |found: Result<(), Trouble>| {
        if trouble.is_ok() {
            trouble = found;
        }
    };
    let (fields, read) = rows(connection, "settings", "name, value", setting);
    note(read);
    let (settings, whole) = Settings::default().with_fields(fields.into_iter().collect());
    note(whole.then_some(()).ok_or(Trouble::Row("settings")));

    let (calls, read) = rows(connection, "calls", CALL, call);
    note(read);
    let mut history = Vec::new();
    for call in calls {
        history::add(&mut history, call);
    }
    let (people, read) = rows(connection, "people", PERSON, person);
    note(read);
    let (found, read) = rows(connection, "whereabouts", WHEREABOUTS, whereabouts);
    note(read);
    let (said, read) = rows(connection, "texts", TEXT, kept_text);
    note(read);
    let mut kept = Vec::new();
    texts::merge(&mut kept, &said);
    // The oldest come first: they are left out where a file holds more than this program keeps.
    let excess = found.len().saturating_sub(MAX_PEOPLE);
    let contents = Contents {
        settings,
        history,
        people,
        whereabouts: found.into_iter().skip(excess).collect(),
        texts: kept,
    };
    (contents, trouble)
}

/// The rows of a table in the order of their numbers. Where reading stops, it goes on from the other
/// end: a damaged page hides what is on it, not what is behind it.
fn rows<T>(
    connection: &Connection,
    table: &'static str,
    columns: &str,
    parse: fn(&Row<'_>) -> Option<T>,
) -> (Vec<T>, Result<(), Trouble>) {
    let mut found = BTreeMap::new();
    let mut whole = true;
    let mut room = MAX_BYTES;
    let mut read = |order: &str| -> rusqlite::Result<()> {
        let query =
            format!("SELECT id, {columns} FROM {table} ORDER BY id {order} LIMIT {MAX_ROWS}");
        let mut statement = connection.prepare(&query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            match room.checked_sub(bytes_of(row)) {
                Some(left) => room = left,
                None => {
                    whole = false;
                    break;
                }
            }
            match parse(row) {
                Some(value) => _ = found.insert(id, value),
                None => whole = false,
            }
        }
        Ok(())
    };
    let result = read("ASC");
    if result.is_err() {
        // What stopped the first reading is told; this one finds what it can.
        let _ = read("DESC");
    }
    let result = result.map_err(Trouble::Reading);
    let result = result.and_then(|()| whole.then_some(()).ok_or(Trouble::Row(table)));
    (found.into_values().collect(), result)
}

/// Bytes of the texts in a row.
fn bytes_of(row: &Row<'_>) -> usize {
    let values = (0..row.as_ref().column_count()).map(|at| row.get_ref(at));
    let texts = values.filter_map(|it| it.ok()?.as_str().ok().map(str::len));
    texts.sum()
}

/// Far more than we write: what somebody else put there costs no more memory than this.
const MAX_ROWS: usize = 10_000;

/// As much text of one table, eight times what the largest has. A few rows can have it, and with
/// a formula in the place of a column even those of a small file.
const MAX_BYTES: usize = 16 * 1024 * 1024;

const CALL: &str = "address, name, relay, at, outgoing, reason, accepted, lasted_ms, record";
const PERSON: &str = "address, name, their_name, contact, blocked, pinned_at, pinned_how";
const WHEREABOUTS: &str = "address, places";
const TEXT: &str = "address, call, ours, number, at, text, state";

fn setting(row: &Row<'_>) -> Option<(String, Value)> {
    Some((text(row, 1)?, serde_json::from_str(&text(row, 2)?).ok()?))
}

fn call(row: &Row<'_>) -> Option<HistoryEntry> {
    Some(HistoryEntry {
        peer: HistoryPeer {
            address: text(row, 1)?,
            name: text(row, 2)?,
        },
        relay: optional(row, 3, text)?,
        at: number(row, 4)?,
        outgoing: flag(row, 5)?,
        reason: text(row, 6)?,
        accepted: flag(row, 7)?,
        lasted_ms: optional(row, 8, number)?,
        record: optional(row, 9, record)?,
    })
}

fn record(row: &Row<'_>, at: usize) -> Option<CallRecord> {
    serde_json::from_str(&text(row, at)?).ok()
}

fn person(row: &Row<'_>) -> Option<Person> {
    let how = |row: &Row<'_>, at| match text(row, at)?.as_str() {
        WORDS => Some(PinnedHow::Words),
        _ => None,
    };
    Person {
        address: text(row, 1)?,
        name: text(row, 2)?,
        their_name: text(row, 3)?,
        contact: flag(row, 4)?,
        blocked: flag(row, 5)?,
        pinned_at: optional(row, 6, number)?,
        pinned_how: optional(row, 7, how)?,
    }
    .validated()
}

const WORDS: &str = "words";

fn whereabouts(row: &Row<'_>) -> Option<Whereabouts> {
    Whereabouts::parse(&text(row, 1)?, &text(row, 2)?)
}

fn kept_text(row: &Row<'_>) -> Option<KeptText> {
    let kept = KeptText {
        address: text(row, 1)?,
        call: text(row, 2)?,
        number: u32::try_from(number(row, 4)?).ok()?,
        at: number(row, 5)?,
        text: text(row, 6)?,
        state: KeptTextState::named(&text(row, 7)?)?,
    }
    .validated()?;
    (kept.state.is_ours() == flag(row, 3)?).then_some(kept)
}

fn text(row: &Row<'_>, at: usize) -> Option<String> {
    Some(row.get_ref(at).ok()?.as_str().ok()?.to_owned())
}

fn number(row: &Row<'_>, at: usize) -> Option<u64> {
    u64::try_from(row.get_ref(at).ok()?.as_i64().ok()?).ok()
}

fn flag(row: &Row<'_>, at: usize) -> Option<bool> {
    number(row, at).map(|it| it != 0)
}

/// None within for null, none without for what makes no sense.
fn optional<T>(
    row: &Row<'_>,
    at: usize,
    parse: impl FnOnce(&Row<'_>, usize) -> Option<T>,
) -> Option<Option<T>> {
    match row.get_ref(at).ok()? {
        ValueRef::Null => Some(None),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => {
            parse(row, at).map(Some)
        }
    }
}

/// Writes the settings that are others than those in the table.
pub(crate) fn write_settings(
    transaction: &Transaction<'_>,
    settings: &Settings,
) -> rusqlite::Result<()> {
    let mut write = transaction.prepare(
        "INSERT INTO settings (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
    )?;
    let fields: Map<String, Value> = settings.fields();
    for (name, value) in fields {
        write.execute(params![name, value.to_string()])?;
    }
    Ok(())
}

/// Writes the calls in the place of those in the table: at most 200 short rows, some 30 KB. Which
/// of them went and which were merged, the history decided.
pub(crate) fn write_history(
    transaction: &Transaction<'_>,
    history: &[HistoryEntry],
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM calls", [])?;
    let mut write = transaction.prepare(&format!(
        "INSERT INTO calls ({CALL}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    ))?;
    for call in history {
        write.execute(params![
            call.peer.address,
            call.peer.name,
            call.relay,
            signed(call.at),
            call.outgoing,
            call.reason,
            call.accepted,
            call.lasted_ms.map(signed),
            call.record.and_then(|it| serde_json::to_string(&it).ok()),
        ])?;
    }
    Ok(())
}

/// Writes what is remembered of these people; those of whom nothing is, go.
pub(crate) fn write_people<'a>(
    transaction: &Transaction<'_>,
    people: impl IntoIterator<Item = &'a Person>,
) -> rusqlite::Result<()> {
    let mut forget = transaction.prepare("DELETE FROM people WHERE address = ?1")?;
    let mut write = transaction.prepare(&format!(
        "INSERT INTO people ({PERSON}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (address) DO UPDATE SET
            name = excluded.name, their_name = excluded.their_name,
            contact = excluded.contact, blocked = excluded.blocked,
            pinned_at = excluded.pinned_at, pinned_how = excluded.pinned_how"
    ))?;
    for person in people {
        if !person.is_kept() {
            forget.execute([&person.address])?;
            continue;
        }
        let how = person.pinned_how.map(|how| match how {
            PinnedHow::Words => WORDS,
        });
        write.execute(params![
            person.address,
            person.name,
            person.their_name,
            person.contact,
            person.blocked,
            person.pinned_at.map(signed),
            how,
        ])?;
    }
    Ok(())
}

/// Writes where people were met in the place of what is in the table: at most 256 short rows.
pub(crate) fn write_whereabouts(
    transaction: &Transaction<'_>,
    whereabouts: &[Whereabouts],
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM whereabouts", [])?;
    let mut write = transaction.prepare(&format!(
        "INSERT INTO whereabouts ({WHEREABOUTS}) VALUES (?1, ?2)"
    ))?;
    for one in whereabouts {
        write.execute(params![one.address.to_string(), one.text()])?;
    }
    Ok(())
}

/// Writes these texts, or what became of them, and deletes others.
pub(crate) fn change_texts<'a>(
    transaction: &Transaction<'_>,
    written: impl IntoIterator<Item = &'a KeptText>,
    deleted: impl IntoIterator<Item = &'a KeptText>,
) -> rusqlite::Result<()> {
    let mut write = transaction.prepare(&format!(
        "INSERT INTO texts ({TEXT}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (address, call, ours, number) DO UPDATE SET state = excluded.state"
    ))?;
    for one in written {
        write.execute(params![
            one.address,
            one.call,
            one.state.is_ours(),
            one.number,
            signed(one.at),
            one.text,
            one.state.name(),
        ])?;
    }
    let mut delete = transaction.prepare(
        "DELETE FROM texts WHERE address = ?1 AND call = ?2 AND ours = ?3 AND number = ?4",
    )?;
    for one in deleted {
        delete.execute(params![
            one.address,
            one.call,
            one.state.is_ours(),
            one.number
        ])?;
    }
    Ok(())
}

/// Writes texts in the place of those in the table.
pub(crate) fn write_texts(
    transaction: &Transaction<'_>,
    texts: &[KeptText],
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM texts", [])?;
    change_texts(transaction, texts, [])
}

/// Numbers were brought within their limits before.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
