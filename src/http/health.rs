//! The health answer on the ports of clients: for load balancers that ask by HTTPS, and show no certificate.
//!
//! It is given before anything else is looked at, and tells whether the process is ready; of what is behind it, no more
//! than that it is missed.
//! A client without a certificate that may come in nowhere gets this answer or a 403, on a connection of its own kind
//! ([`HttpServer::check`]).

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, StatusCode, Version};

use super::body::Body;
use super::client_body::ClientBody;
use super::logged::{Log, Logged};
use super::pages;
use super::service::{GOODBYE, HttpServer, finish};
use crate::access::{Connection, RefusedConnection, Wire};
use crate::config::health::HealthSettings;
use crate::lifecycle::Member;
use crate::lifecycle::ending::Stage;
use crate::lifecycle::readiness::Readiness;
use crate::telemetry::Telemetry;
use crate::telemetry::events::health::HealthChecked;

/// Who is answered, and by what.
pub struct Health {
    settings: HealthSettings,
    readiness: Arc<Readiness>,
    telemetry: Arc<Telemetry>,
}

/// What becomes of somebody without a certificate; each is called once at most.
pub struct Outcomes {
    /// It was told whether the process is ready.
    pub checked: Box<dyn FnOnce() + Send>,
    /// It asked for something else, or for nothing.
    pub refused: Box<dyn FnOnce() + Send>,
}

impl Health {
    /// Answers by these settings.
    pub fn new(
        settings: HealthSettings,
        readiness: Arc<Readiness>,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        Self {
            settings,
            readiness,
            telemetry,
        }
    }

    /// The answer, if this is what load balancers ask for.
    pub fn answer<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let is_for = request.uri().path() == self.settings.path
            && matches!(*request.method(), Method::GET | Method::HEAD)
            && self.knows(request.headers());
        if !is_for {
            return None;
        }
        let (status, word) = match self.readiness.now() {
            Ok(()) => (StatusCode::OK, "ready"),
            Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why.label()),
        };
        HealthChecked {
            result: word,
            user_agent: request.headers().get(USER_AGENT),
        }
        .emit(&self.telemetry);
        let text = format!("{word}\n");
        let mut response = Response::new(Body::full(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Some(response)
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let agent = headers.get(USER_AGENT).map_or(&b""[..], |a| a.as_bytes());
        agent.starts_with(self.settings.user_agent.as_bytes())
    }
}

/// How far somebody without a certificate is.
struct Asker {
    outcomes: Mutex<(Option<Outcome>, Option<Outcome>)>,
    /// Whether anything was asked for.
    has_asked: AtomicBool,
}

type Outcome = Box<dyn FnOnce() + Send>;

impl Asker {
    fn checked(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
        let outcome = self.lock().0.take();
        if let Some(checked) = outcome {
            checked();
        }
    }

    fn refused(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
        let outcome = self.lock().1.take();
        if let Some(refused) = outcome {
            refused();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Option<Outcome>, Option<Outcome>)> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpServer {
    /// Tells somebody without a certificate whether the process is ready, and nothing else, for no longer than a
    /// request's header may take: a load balancer asks at once.
    pub async fn check(
        self: &Arc<Self>,
        refused: RefusedConnection,
        outcomes: Outcomes,
        mut member: Member,
    ) {
        let RefusedConnection {
            stream, session, ..
        } = refused;
        let connection = Arc::new(Connection::new(session, None));
        let http2 = connection.session.http2;
        let asker = Arc::new(Asker {
            outcomes: Mutex::new((Some(outcomes.checked), Some(outcomes.refused))),
            has_asked: AtomicBool::new(false),
        });
        let (server, whose, who) = (self.clone(), connection.clone(), asker.clone());
        let handler = move |request: Request<ClientBody>| {
            let response = server.check_answer(&request, &whose, &who);
            async move { Ok::<_, Infallible>(response) }
        };
        let conversation = self.converse(Wire::Tls(stream), http2, handler, connection.clone());
        let mut conversation = pin!(conversation);
        let time = tokio::time::sleep(self.header_timeout);
        let over = tokio::select! {
            () = conversation.as_mut() => true,
            () = member.closing() => false,
            () = time => false,
        };
        if !over {
            connection.ending.tell(Stage::Closing);
            // Its end in time or not: there is nothing more to tell this client.
            let _ = tokio::time::timeout(GOODBYE, conversation).await;
        }
        if !asker.has_asked.load(Ordering::Relaxed) {
            asker.refused();
        }
    }

    fn check_answer(
        &self,
        request: &Request<ClientBody>,
        connection: &Arc<Connection>,
        asker: &Asker,
    ) -> Response<Logged> {
        let is_http1 = request.version() <= Version::HTTP_11;
        let cut = request.method() == Method::HEAD;
        if let Some(response) = self.health_answer(request) {
            asker.checked();
            let closing = is_http1 && connection.ending.is(Stage::Closing);
            let persistence = closing.then_some("close");
            return Log::none().wrap(finish(response, cut, persistence), None);
        }
        asker.refused();
        let page = match self.refuses_by_page {
            true => pages::refusal(),
            false => pages::error(StatusCode::FORBIDDEN),
        };
        let log = Log::of(request, connection.clone(), self.telemetry.clone());
        // One refusal is enough: the next request needs another connection anyway.
        let response = finish(page, cut, is_http1.then_some("close"));
        if !is_http1 {
            connection.ending.tell(Stage::Closing);
        }
        log.wrap(response, None)
    }

    /// The health answer, if that is what the request is for.
    pub(super) fn health_answer<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        self.health.as_ref()?.answer(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{Lifecycle, Phase};

    fn health(user_agent: &str, readiness: Arc<Readiness>) -> Health {
        let settings = HealthSettings {
            path: "/healthz".to_owned(),
            user_agent: user_agent.to_owned(),
        };
        Health::new(
            settings,
            readiness,
            Arc::new(Telemetry::new(false).unwrap()),
        )
    }

    fn request(method: &str, target: &str, agent: Option<&str>) -> Request<()> {
        let builder = Request::builder().method(method).uri(target);
        let builder = agent
            .into_iter()
            .fold(builder, |builder, agent| builder.header(USER_AGENT, agent));
        builder.body(()).unwrap()
    }

    #[test]
    fn only_this_path_and_user_agent() {
        let strict = health("ELB-HealthChecker/", Arc::default());
        let elb = Some("ELB-HealthChecker/2.0");
        for (method, target, agent, answered) in [
            ("GET", "/healthz", elb, true),
            ("HEAD", "/healthz", elb, true),
            ("GET", "/healthz?a=b", elb, true),
            ("POST", "/healthz", elb, false),
            ("GET", "/healthz/", elb, false),
            ("GET", "/%68ealthz", elb, false),
            ("GET", "//healthz", elb, false),
            ("GET", "/Healthz", elb, false),
            ("GET", "/healthz", None, false),
            ("GET", "/healthz", Some("curl ELB-HealthChecker/2.0"), false),
        ] {
            let answer = strict.answer(&request(method, target, agent));
            assert_eq!(answer.is_some(), answered, "{method} {target} {agent:?}");
        }
        let any = health("", Arc::default());
        assert!(any.answer(&request("GET", "/healthz", None)).is_some());
    }

    #[test]
    fn it_tells_the_phase() {
        let lifecycle = Lifecycle::start();
        let readiness = Arc::<Readiness>::default();
        let health = health("", readiness.clone());
        let status = || {
            health
                .answer(&request("GET", "/healthz", None))
                .unwrap()
                .status()
        };
        assert_eq!(status(), 200);
        readiness.observe(lifecycle.observer());
        assert_eq!(status(), 200);
        lifecycle.enter(Phase::Draining);
        assert_eq!(status(), 503);
    }
}
