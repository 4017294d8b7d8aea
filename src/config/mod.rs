//! Settings: defaults < TOML file < environment < flags, read once before anything is bound.
//!
//! [`definitions`] says which settings there are, [`layers`] lays what was written over each other,
//! [`settings`] makes it typed and complete. A leaf: every stage may use it, it uses none.

pub mod closing;
pub mod definitions;
pub mod file;
mod header_auth;
mod headers;
pub mod health;
pub mod identity;
pub mod layers;
pub mod limits;
pub mod listen;
pub mod networks;
pub mod overload;
mod pinned;
pub mod proxy_protocol;
pub mod ready;
pub mod routes;
pub mod server_name;
pub mod settings;
pub mod shadow;
pub mod site;
mod sites;
pub mod sources;
pub mod unix;
pub mod upstream;
pub mod user;
pub mod values;

pub use routes::RouteSettings;
pub use settings::{Settings, Times, TlsSettings};
pub use site::{ContentSettings, OcspSettings, Site, SiteSettings, StapleSettings};
