//! From the environment to checked certificates, before anything is bound.
//!
//! In the order of a start: [`environment`] yields the raw values, [`repair`] makes clean [`pem`] of
//! them, [`materials`] decides which of them are used, [`checks`] reports on them, [`files`] writes
//! them to disk and [`reexec`] drops the secrets from the process's environment.
//! [`example_pki`] stands beside: a throwaway PKI for trying certgate out.

pub mod checks;
pub mod crls;
pub mod environment;
pub mod example_pki;
pub mod files;
pub mod keys;
pub mod limits;
pub mod materials;
pub mod pem;
pub mod privileges;
pub mod reexec;
pub mod repair;
pub mod ticket_secret;

#[cfg(test)]
pub(crate) mod test_certificates;
#[cfg(test)]
pub(crate) mod test_crls;
