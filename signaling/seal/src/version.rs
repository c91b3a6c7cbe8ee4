//! Which version and features of sealing two sides use with each other.

use crate::dropped::Dropped;

/// What a side can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// At least one, at most [`Self::MAX_VERSIONS`].
    pub(crate) versions: Vec<u16>,
    /// One bit for each feature.
    pub(crate) features: u32,
}

/// What two sides use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) version: u16,
    pub(crate) features: u32,
}

impl Offer {
    /// As many as one would ever keep alive, and few enough to fit every frame that lists them.
    pub(crate) const MAX_VERSIONS: usize = 16;

    /// What this program can.
    pub(crate) fn ours() -> Self {
        Self {
            versions: vec![VERSION],
            features: FEATURES,
        }
    }

    /// The same, of somebody who only asks whether the other side is there.
    pub(crate) fn of_question() -> Self {
        let mut offer = Self::ours();
        offer.features |= ASKS;
        offer
    }

    /// Whether nothing follows on the answer.
    pub(crate) const fn only_asks(&self) -> bool {
        self.features & ASKS != 0
    }

    /// The highest version that both have, with the features that both have. Features that only
    /// one of them knows are ignored.
    pub(crate) fn agree(&self, other: &Self) -> Option<Agreement> {
        let common = self
            .versions
            .iter()
            .filter(|it| other.versions.contains(it));
        Some(Agreement {
            version: *common.max()?,
            features: self.features & other.features,
        })
    }

    /// Whether the other side may choose this from our offer.
    pub(crate) fn allows(&self, agreement: Agreement) -> bool {
        self.versions.contains(&agreement.version) && agreement.features & !self.features == 0
    }

    /// Writes a count, the versions and the features.
    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        let versions = &self.versions[..self.versions.len().min(Self::MAX_VERSIONS)];
        into.push(u8::try_from(versions.len()).unwrap_or(u8::MAX));
        into.extend(versions.iter().flat_map(|it| it.to_be_bytes()));
        into.extend(self.features.to_be_bytes());
    }

    /// Reads what [`Self::write`] wrote, and returns what follows.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Dropped> {
        let (&count, rest) = bytes.split_first().ok_or(Dropped::Malformed)?;
        let count = usize::from(count);
        if count == 0 || count > Self::MAX_VERSIONS {
            return Err(Dropped::Malformed);
        }
        let (versions, rest) = rest.split_at_checked(2 * count).ok_or(Dropped::Malformed)?;
        let (features, rest) = rest.split_first_chunk().ok_or(Dropped::Malformed)?;
        let (versions, _) = versions.as_chunks();
        let offer = Self {
            versions: versions.iter().map(|it| u16::from_be_bytes(*it)).collect(),
            features: u32::from_be_bytes(*features),
        };
        Ok((offer, rest))
    }
}

/// The version of what is described in the crate's documentation.
const VERSION: u16 = 1;

/// Of a HELLO after which nothing follows. No feature: it is in no agreement.
const ASKS: u32 = 1 << 31;

/// The first version has none.
const FEATURES: u32 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(versions: &[u16], features: u32) -> Offer {
        Offer {
            versions: versions.to_vec(),
            features,
        }
    }

    #[test]
    fn the_highest_common_version_and_the_common_features_are_used() {
        let agree = |a: &Offer, b: &Offer| a.agree(b).map(|it| (it.version, it.features));
        let ours = offer(&[1, 2, 4], 0b011);
        assert_eq!(agree(&ours, &offer(&[1], 0)), Some((1, 0)));
        assert_eq!(agree(&ours, &offer(&[4, 3, 2], 0b110)), Some((4, 0b010)));
        assert_eq!(agree(&ours, &offer(&[3, 5], u32::MAX)), None);
    }

    #[test]
    fn a_choice_outside_of_the_offer_is_not_allowed() {
        let ours = offer(&[1, 2], 0b01);
        let allows = |version, features| ours.allows(Agreement { version, features });
        assert!(allows(2, 0) && allows(1, 1));
        assert!(!allows(3, 0));
        assert!(!allows(1, 0b10));
    }

    #[test]
    fn no_version_and_too_many_are_refused() {
        for count in [0, 17, 255] {
            let mut bytes = vec![0; 600];
            bytes[0] = count;
            assert_eq!(Offer::read(&bytes), Err(Dropped::Malformed));
        }
    }
}
