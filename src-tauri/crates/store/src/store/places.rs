//! Where people were met on local networks.

use std::net::SocketAddr;

use identity::Address;

use super::Store;
use crate::db::write_whereabouts;
use crate::error::StoreError;
use crate::people::Relation;
use crate::whereabouts;

impl Store {
    /// Somebody proved to be at these places, the best first: they are kept before those where the
    /// same person was earlier, four in all. [`KnownPeople::places`] says them. Written only if
    /// something is new. Of the 256 people met last the places are kept: who should not be remembered
    /// is not told here.
    ///
    /// [`KnownPeople::places`]: crate::KnownPeople::places
    ///
    /// # Errors
    /// When it cannot be written; it is remembered until the program ends.
    pub fn met_at(&mut self, address: &Address, places: &[SocketAddr]) -> Result<(), StoreError> {
        if whereabouts::met(&mut self.contents.whereabouts, *address, places) {
            self.write_places()
        } else {
            Ok(())
        }
    }

    /// Forgets where those were who are neither saved nor in a past call.
    pub(super) fn forget_strangers(&mut self) -> Result<(), StoreError> {
        let known = &self.known;
        let all = &mut self.contents.whereabouts;
        let before = all.len();
        all.retain(|it| match known.relation(&it.address) {
            Relation::Contact | Relation::Known => true,
            Relation::Stranger | Relation::Blocked => false,
        });
        if all.len() == before {
            return Ok(());
        }
        self.write_places()
    }

    fn write_places(&mut self) -> Result<(), StoreError> {
        let whereabouts = &self.contents.whereabouts;
        self.known.locate(whereabouts);
        self.database
            .change(|transaction| write_whereabouts(transaction, whereabouts))
    }
}
