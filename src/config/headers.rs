//! Reads what upstreams are told of clients: `identity-headers`, and the templates of `[headers]`.

use figment::value::Value;

use super::file::kind_of;
use super::identity::{HeaderTemplate, IdentityFormat, IdentitySettings, TemplateFault, normal};
use super::layers::holds_pem;
use super::settings::Reader;
use crate::findings::Finding;

impl Reader<'_> {
    pub(super) fn identity(&mut self) -> IdentitySettings {
        let mut formats: Vec<IdentityFormat> = Vec::new();
        for format in self.none_or_more("identity-headers") {
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        let templates = self.templates(&formats);
        IdentitySettings { formats, templates }
    }

    fn templates(&mut self, formats: &[IdentityFormat]) -> Vec<HeaderTemplate> {
        let layers = self.layers;
        let Some((table, label)) = layers.headers(self.site) else {
            return Vec::new();
        };
        let Value::Dict(_, table) = table else {
            let found = format!("found {}", kind_of(table));
            self.findings.push(
                Finding::error(format!("headers in {label}"), found)
                    .expected("a table")
                    .advice("Write [headers], or [site.headers] below a [[site]], and one \"NAME\" = \"TEMPLATE\" a line."),
            );
            return Vec::new();
        };
        let mut templates: Vec<HeaderTemplate> = Vec::new();
        for (name, value) in table {
            // A key in the wrong place is not shown.
            let place = match name.len() > 100 || name.contains("-----") {
                true => format!("headers in {label}"),
                false => format!("headers.{name:?} in {label}"),
            };
            let finding = match read(name, value) {
                Ok(template) => match other_writer(&template, &templates, formats) {
                    None => {
                        templates.push(template);
                        continue;
                    }
                    Some(other) => Finding::error(place, format!("is written by {other}, too"))
                        .expected("another name"),
                },
                Err(fault) => {
                    let finding = Finding::error(place, fault.found).expected(fault.expected);
                    finding.advice(fault.advice.unwrap_or_default())
                }
            };
            self.findings.push(finding);
        }
        templates
    }
}

fn read(name: &str, value: &Value) -> Result<HeaderTemplate, TemplateFault> {
    let fault = |found| TemplateFault {
        found,
        expected: "a text such as \"{subject.cn}\"".to_owned(),
        advice: None,
    };
    match value {
        value if holds_pem(value) => Err(fault(
            "found a PEM block, which is not shown here".to_owned(),
        )),
        Value::String(_, text) => HeaderTemplate::parse(name, text),
        other => Err(fault(format!("found {}", kind_of(other)))),
    }
}

/// Who else writes this header. Upstreams that take dashes and underscores for one would see two.
fn other_writer(
    template: &HeaderTemplate,
    templates: &[HeaderTemplate],
    formats: &[IdentityFormat],
) -> Option<String> {
    let name = normal(template.name.as_str());
    let format = formats.iter().find(|f| f.names().contains(&name.as_str()));
    let other = templates.iter().find(|t| normal(t.name.as_str()) == name);
    format
        .map(|format| format!("identity-headers {format}"))
        .or_else(|| other.map(|other| format!("headers.{:?}", other.name.as_str())))
}
