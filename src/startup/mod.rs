//! From the environment to checked certificates and a process that can do no more than it needs.
//!
//! In the order of a start: [`process`] keeps others from looking in; [`environment`] yields the raw values,
//! [`repair`] makes clean [`pem`] of them, [`materials`] decides which of them are used ([`keys`], [`crls`] and
//! [`ticket_secret`] read what is no certificate), [`checks`] reports on them, [`files`] writes them to disk and
//! [`reexec`] drops the secrets from the process's environment. Then the ports are bound ([`crate::net::bind`]), and
//! [`privileges`] are given up. [`example_pki`] stands beside: a throwaway PKI for trying certgate out.

pub mod checks;
pub mod crls;
pub mod environment;
pub mod example_pki;
pub mod files;
pub mod keys;
pub mod materials;
pub mod pem;
pub mod privileges;
pub mod process;
pub mod reexec;
pub mod repair;
pub mod ticket_secret;

#[cfg(test)]
pub(crate) mod test_certificates;
#[cfg(test)]
pub(crate) mod test_crls;
