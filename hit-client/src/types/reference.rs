//! References from an item to the records of other systems that stand for it.

use url::Url;

/// Which reference of an item: at most one exists per key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ReferenceKey {
    /// The other system; `halopsa` is the only one the contract knows.
    pub system: Box<str>,
    /// Which installation of it: the Halo tenant. Out of `A-Z a-z 0-9 . _ -`, at most 64 characters.
    pub instance: Box<str>,
    /// What the record is there: `opportunity`, `project` or `client`. Same characters.
    pub kind: Box<str>,
}

impl ReferenceKey {
    /// The name of HaloPSA in references.
    pub const HALOPSA: &'static str = "halopsa";

    /// A reference into a HaloPSA tenant.
    pub fn halopsa(tenant: impl Into<Box<str>>, kind: impl Into<Box<str>>) -> Self {
        Self { system: Self::HALOPSA.into(), instance: tenant.into(), kind: kind.into() }
    }

    /// A reference into any system.
    pub fn new(
        system: impl Into<Box<str>>,
        instance: impl Into<Box<str>>,
        kind: impl Into<Box<str>>,
    ) -> Self {
        Self { system: system.into(), instance: instance.into(), kind: kind.into() }
    }
}

/// What a reference points at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ReferenceTarget {
    /// The record's id in the other system, as text.
    pub id: Box<str>,
    /// Where a person opens that record.
    pub url: Option<Url>,
    /// A text that the writer of the reference put on both records.
    pub marker: Option<Box<str>>,
}

impl ReferenceTarget {
    /// A target without url and marker.
    pub fn new(id: impl Into<Box<str>>) -> Self {
        Self { id: id.into(), url: None, marker: None }
    }

    /// Adds where a person opens the record.
    #[must_use]
    pub fn url(mut self, url: Url) -> Self {
        self.url = Some(url);
        self
    }

    /// Adds the marker that both records carry.
    #[must_use]
    pub fn marker(mut self, marker: impl Into<Box<str>>) -> Self {
        self.marker = Some(marker.into());
        self
    }
}

/// A reference as an item carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ExternalReference {
    /// Which reference of the item.
    pub key: ReferenceKey,
    /// What it points at.
    pub target: ReferenceTarget,
}

impl ExternalReference {
    /// A reference of key and target.
    pub fn new(key: ReferenceKey, target: ReferenceTarget) -> Self {
        Self { key, target }
    }
}

/// Finds items by their references.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ReferenceFilter {
    /// The kind of reference.
    pub key: ReferenceKey,
    /// The record that it must point at; `None` for any.
    pub id: Option<Box<str>>,
}

impl ReferenceFilter {
    /// Items with any reference of this key.
    pub fn any(key: ReferenceKey) -> Self {
        Self { key, id: None }
    }

    /// Items whose reference points at exactly this record.
    pub fn exactly(key: ReferenceKey, id: impl Into<Box<str>>) -> Self {
        Self { key, id: Some(id.into()) }
    }
}
