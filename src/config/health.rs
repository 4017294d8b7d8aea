//! The health answer on the ports of clients: where it is, and who gets it.

use std::str::FromStr;

use super::settings::Reader;
use super::site::{ContentSettings, Site};
use super::values::Expected;
use crate::findings::Finding;

/// What load balancers ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSettings {
    /// Exactly this path, as it is in the request.
    pub path: String,
    /// What the User-Agent begins with; empty for any.
    pub user_agent: String,
}

/// `health-path`.
struct Path(String);

impl FromStr for Path {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#%\\\"<>".contains(&byte);
        match text.starts_with('/') && text.bytes().all(plain) {
            true => Ok(Self(text.to_owned())),
            false => Err("a path such as /healthz, without ? # % and spaces".into()),
        }
    }
}

/// `health-user-agent`.
struct UserAgent(String);

impl FromStr for UserAgent {
    type Err = Expected;
    fn from_str(text: &str) -> Result<Self, Expected> {
        if text == "any" {
            return Ok(Self(String::new()));
        }
        match text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            true => Ok(Self(text.to_owned())),
            false => Err("what a User-Agent begins with, in ASCII; or any".into()),
        }
    }
}

impl Reader<'_> {
    /// `None` if there is no health answer. A tunnel has no requests that could ask for it.
    pub(super) fn health(&mut self, sites: &[Site]) -> Option<HealthSettings> {
        let user_agent = self.none_or_more::<UserAgent>("health-user-agent").pop();
        let Some(path) = self.none_or_more::<Path>("health-path").pop() else {
            self.agent_of_nothing();
            return None;
        };
        let is_tunnel = |site: &&Site| matches!(site.settings.content, ContentSettings::Tunnel(_));
        let tunnels: Vec<_> = sites.iter().filter(is_tunnel).collect();
        let place = self.written("health-path").place;
        let redirects = self.written("redirect").values != ["off"];
        if let Some(tunnel) = tunnels.first() {
            let found = match tunnel.label.as_str() {
                "" => "set, with an upstream of tcp://".to_owned(),
                label => format!("set, with an upstream of tcp:// in {label}"),
            };
            let finding = match tunnels.len() == sites.len() && !redirects {
                true => Finding::error(place, found)
                    .expected("an upstream of http://, h2c:// or unix:, or files"),
                false => Finding::warning(place, found),
            };
            self.findings.push(finding.advice(
                "Raw bytes can't ask for a path: have the load balancer connect only (TCP), or ask the admin port.",
            ));
        }
        Some(HealthSettings {
            path: path.0,
            user_agent: user_agent.map_or(String::new(), |agent| agent.0),
        })
    }

    fn agent_of_nothing(&mut self) {
        let agent = self.written("health-user-agent");
        // A path that is wrong was said.
        if !agent.is_default && self.written("health-path").values.is_empty() {
            self.findings.push(
                Finding::warning(agent.place, "not used, since health-path is not set")
                    .advice("Set --health-path, such as /healthz, or leave this out."),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for good in ["/", "/healthz", "/a/b.txt", "/a;b=c", "/~x/"] {
            assert!(good.parse::<Path>().is_ok(), "{good}");
        }
        for bad in [
            "", "healthz", "/a?b", "/a b", "/%61", "/a#b", "/\u{e4}", "/a\n",
        ] {
            assert!(bad.parse::<Path>().is_err(), "{bad}");
        }
    }

    #[test]
    fn any_user_agent_is_an_empty_beginning() {
        let read = |text: &str| text.parse::<UserAgent>().map(|agent| agent.0);
        assert_eq!(read("any"), Ok(String::new()));
        assert_eq!(read("ELB-HealthChecker/"), Ok("ELB-HealthChecker/".into()));
        assert!(read("a\r\nb").is_err());
    }
}
