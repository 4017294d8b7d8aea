//! The black-box tests: each module is one behaviour of the real binary, over real sockets.

mod support;

mod a_bad_reload_changes_nothing;
mod a_log_that_nobody_reads_stops_nothing;
mod access_log;
mod access_rules;
mod admin_port;
mod admits_only_the_ca;
mod bench_connections;
mod bench_counts_failures;
mod bench_is_a_command_of_its_own;
mod bench_keeps_its_pace;
mod bench_modes;
mod bench_output;
mod broken_pems_are_refused;
mod certificate_ends_are_measured;
mod check_reports;
mod client_auth_header;
mod client_auth_header_of_many;
mod client_auth_modes;
mod client_certificate_inventory;
mod connections_at_the_close;
mod connections_end_when_their_client_is_kept_out;
mod connections_end_with_their_certificate;
mod connections_have_an_age;
mod crl_by_url;
mod crl_by_url_lies;
mod crl_by_url_reload;
mod crl_by_url_start;
mod crl_decides_who_is_revoked;
mod crl_files_are_replaced;
mod crl_from_the_environment;
mod crl_in_force_or_not;
mod demo_shows_the_gate;
mod documentation_matches;
mod drains_on_sigterm;
mod each_kind_of_rule;
mod everything_wrong_is_said_at_once;
mod files_are_written_safely;
mod files_in_memory_have_their_bounds;
mod files_in_memory_stay_true;
mod forwarded_for_over_tls;
mod forwarded_for_that_is_spoilt;
mod handshake_refusal_reasons;
mod health_on_the_tls_port;
mod identity_headers;
mod identity_headers_are_checked;
mod identity_headers_parse_back;
mod idle_connections_end_in_order;
mod idle_connections_hold_little;
mod limits_behind_a_proxy;
mod limits_per_client;
mod listeners;
mod logs_clients_that_give_up;
mod made_up_headers_stay_outside;
mod mangled_pems_are_repaired;
mod many_client_cas;
mod no_smuggling;
mod ocsp_binds_resumption;
mod ocsp_decides;
mod ocsp_holds_up_nobody;
mod options_that_let_more_in;
mod out_of_descriptors;
mod overload_bounds;
mod overload_timeouts;
mod paths_stay_in_the_root;
mod pauses_between_requests;
mod pings_are_not_logged;
mod pinned_clients;
mod pinned_clients_return;
mod plain_http_connections_end;
mod plain_http_listener;
mod privileges;
mod protocols_and_ciphers;
mod proxy_headers_that_never_come;
mod proxy_passes_requests_on;
mod proxy_protocol_in;
mod proxy_protocol_malformed;
mod proxy_protocol_out;
mod proxy_protocol_trust;
mod proxy_protocol_vpce;
mod proxy_says_who_asks;
mod proxy_streams;
mod ready_by_upstreams;
mod redirect;
mod refusal_page;
mod refusal_reasons;
mod refusals_stay_on_one_line;
mod refused_clients_get_their_alert;
mod reload_takes_effect;
mod reload_under_load;
mod requests_take_turns;

mod resumption_across_reloads;
mod resumption_is_as_strict;
mod routes_and_certificates;
mod routes_are_checked;
mod routes_are_reloaded;
mod routes_by_any_spelling;
mod routes_by_path;
mod secrets_are_never_printed;
mod secrets_leave_the_environment;
mod settings_come_in_layers;
mod several_certificates;
mod several_upstreams;
mod shadow_decides_nothing;
mod sites_are_checked;
mod sites_by_server_name;
mod sites_keep_to_themselves;
mod slow_readers_hold_little;
mod staples_its_own_status;
mod static_content;
mod status_json;
mod ticket_secret_is_kept;
mod tickets_across_a_fleet;
mod tickets_lend_no_identity;
mod tunnel_carries_bytes;
mod unix_listener;
mod unix_listener_file;
mod unknown_server_names;
mod upstream_failures;
mod verified_chains_are_sound;
mod verify_agrees_chain_by_chain;
mod verify_connects;
mod verify_says_the_same;
mod verify_strict;
mod websocket_upgrade;
mod who_is_not_in_yet_takes_no_place;

/// A file that nobody lists would be a test that never runs.
#[test]
fn every_file_is_listed() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let list = std::fs::read_to_string(format!("{here}/main.rs")).unwrap();
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") {
            assert!(
                list.contains(&format!("mod {module};")),
                "{name} is not listed"
            );
        }
    }
}
