//! Settings: defaults < TOML file < environment < flags, read once before anything is bound.
//!
//! [`definitions`] says which settings there are, [`layers`] lays what was written over each other,
//! [`settings`] makes it typed and complete. A leaf: every stage may use it, it uses none.

pub mod definitions;
pub mod layers;
pub mod settings;
pub mod upstream;
pub mod values;

pub use settings::{ContentSettings, OcspSettings, Settings, StapleSettings, Times, TlsSettings};
