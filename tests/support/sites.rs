//! A gateway of several sites, and visits to them.

use std::net::SocketAddr;

use openssl::ssl::SslSession;
use serde_json::Value;

use super::certgate::Certgate;
use super::client::{Client, Connection};
use super::eventually;
use super::http::Response;

/// What became of one connection.
pub struct Visit {
    pub response: Response,
    pub resumed: bool,
    ticket: Option<SslSession>,
}

impl Visit {
    #[track_caller]
    pub fn ticket(&self) -> SslSession {
        self.new_ticket().expect("a ticket")
    }

    pub fn new_ticket(&self) -> Option<SslSession> {
        self.ticket.clone()
    }
}

/// One request for a site, without a server name if that is empty; the gate must say the same of it as the client.
pub fn visit(gate: &Certgate, client: &Client, host: &str) -> Result<Visit, String> {
    let (client, host) = match host {
        // The tests' content doesn't care, and an empty Host is nobody's.
        "" => (client.clone(), "localhost"),
        name => (client.clone().sni(name), name),
    };
    let mut connection = client.connect(gate.address)?;
    // The kernel gives a port to one connection after another: those lines are of others.
    let earlier = lines_of(gate, connection.local()).len();
    let response = ask(&mut connection, "/", host)?;
    connection.close();
    let resumed = connection.resumed();
    let line = eventually("the request's line", || {
        lines_of(gate, connection.local()).into_iter().nth(earlier)
    });
    assert_eq!(line["resumed"], resumed, "{line}");
    Ok(Visit {
        response,
        resumed,
        ticket: connection.ticket(),
    })
}

/// `GET` with this host.
pub fn ask(connection: &mut Connection, path: &str, host: &str) -> Result<Response, String> {
    connection.request(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
}

fn lines_of(gate: &Certgate, from: SocketAddr) -> Vec<Value> {
    let from = from.to_string();
    let lines = gate.lines().into_iter();
    lines
        .filter(|line| line["event"] == "request" && line["client"] == from)
        .collect()
}

/// The line of the access log about the connection from this address.
#[track_caller]
pub fn request_line(gate: &Certgate, from: SocketAddr) -> Value {
    let from = from.to_string();
    gate.log_line(|line| line["event"] == "request" && line["client"] == from)
}
