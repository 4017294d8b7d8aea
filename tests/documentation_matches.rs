//! The tables in README and docs say what the program does.

use certgate::config::definitions;
use certgate::refusal::RefusalReason;

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_setting_is_in_the_readme() {
    let row = |text: &str| text.replace('|', "·");
    let table: String = definitions::all()
        .map(|d| {
            let default = match d.default {
                "" => String::new(),
                default => format!("`{default}`"),
            };
            let value = row(d.value);
            format!(
                "| `--{}` | {value} | {default} | {} |\n",
                d.name,
                row(d.help)
            )
        })
        .collect();
    assert!(
        read("README.md").contains(&table),
        "the settings in README.md should be:\n{table}"
    );
}

#[test]
fn every_refusal_is_explained() {
    let page = read("docs/refusals.md");
    for reason in RefusalReason::ALL {
        let row = format!("| `{}` |", reason.label());
        assert!(page.contains(&row), "docs/refusals.md has no row {row}");
    }
}

#[test]
fn every_dependency_is_explained() {
    let page = read("docs/dependencies.md");
    let manifest = read("Cargo.toml");
    let dependencies = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" ="));
    for (name, _) in dependencies {
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/dependencies.md has no {name}"
        );
    }
}

#[test]
fn the_tests_of_what_must_never_happen_are_there() {
    let page = read("SECURITY.md");
    let tests = page
        .lines()
        .filter_map(|line| line.rsplit("| ").next()?.strip_suffix(" |"));
    let names: Vec<&str> = tests
        .flat_map(|cell| cell.split(", "))
        .filter_map(|name| name.strip_prefix('`')?.strip_suffix('`'))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let file = match name.contains('/') {
            true => name.to_owned(),
            false => format!("tests/{name}.rs"),
        };
        read(&file);
    }
}
