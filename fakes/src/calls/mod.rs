//! The layer around every API call: it gives the call an id, records it, applies faults, and answers.
//!
//! Both fakes plug in as an `Api`. Their answers are computed without waiting, under one lock, so a
//! call takes effect at one instant; all waiting (late, lost and broken answers) happens here.

mod about;
mod answered;
mod api;
mod bending;
mod in_process;
mod incoming;
mod lies;
mod open_call;
mod readings;
mod reply;
mod route;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, response::Response};
use http::{Method, Request};

use self::{
    bending::{Ending, Instead},
    open_call::OpenCall,
};
use crate::{
    env::Env,
    faults::{Effect, Faults, Held, Subject},
    history::{Caller, History, Lost, What},
    ids::CallId,
};

pub(crate) use about::About;
pub(crate) use api::{Api, CallContext};
pub(crate) use in_process::{Failure, PATIENCE, Refusal, RunnerCall};
pub(crate) use incoming::Incoming;
pub(crate) use readings::{Shown, runner_words};
pub use reply::ConnectionReset;
pub(crate) use reply::{Live, Reply};
pub(crate) use route::Route;
pub use route::{RouteInfo, Surface};

/// Numbers, records and bends the calls of one world. Clones share everything.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) env: Env,
    pub(crate) history: History,
    pub(crate) faults: Faults,
    last: Arc<AtomicU64>,
    ordinals: Arc<Mutex<BTreeMap<&'static str, u32>>>,
    pages: lies::Pages,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Calls")
    }
}

impl Calls {
    pub(crate) fn new(env: Env, history: History, faults: Faults) -> Self {
        Self {
            env,
            history,
            faults,
            last: Arc::default(),
            ordinals: Arc::default(),
            pages: lies::Pages::default(),
        }
    }

    /// A router that answers everything as `api` does.
    pub(crate) fn router<A: Api>(&self, api: &A) -> axum::Router {
        let (calls, api) = (self.clone(), api.clone());
        axum::Router::new().fallback(move |request: Request<Body>| {
            let (calls, api) = (calls.clone(), api.clone());
            async move {
                let wants_body = request.method() != Method::HEAD;
                let mut response = calls.serve(&api, request).await;
                if !wants_body && response.extensions().get::<ConnectionReset>().is_none() {
                    *response.body_mut() = Body::empty();
                }
                response
            }
        })
    }

    fn begin(&self, name: &'static str) -> (CallId, u32) {
        let call = CallId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let mut ordinals = self.ordinals.lock().unwrap_or_else(PoisonError::into_inner);
        let ordinal = ordinals.entry(name).or_insert(0);
        *ordinal += 1;
        (call, *ordinal)
    }

    async fn serve<A: Api>(&self, api: &A, request: Request<Body>) -> Response {
        let request = incoming::read(request).await;
        let endpoint = api.recognise(&request.method, &request.path);
        let about = api.about(&endpoint, &request);
        let (call, ordinal) = self.begin(about.name);
        let (auth, credential) = api.authenticate(&endpoint, &request);
        let received = self.history.record(
            None,
            What::CallReceived {
                call,
                by: about.by,
                name: about.name.to_owned(),
                method: request.method.to_string(),
                path: request.target(),
                credential,
                about: about.said(),
            },
        );
        self.history
            .keep(request.target().len() + request.body.len());
        if self.history.is_over() {
            // Without an answer a caller that spins stops here, even one that never lets go of its thread otherwise.
            return std::future::pending().await;
        }
        let context = CallContext {
            call,
            ordinal,
            received,
            as_of_ms: None,
        };
        let mut open = OpenCall::new(self.history.clone(), context, about.name);

        let entity = format!("{}#{ordinal}", about.name);
        let subject = about.subject(&entity, call);
        let plan = self.bend(&subject, received, Effect::suits_calls);
        let context = CallContext {
            as_of_ms: plan.as_of_ms,
            ..context
        };
        open.because = plan.last_event;
        let (reply, ending) = match plan.ending {
            Ending::Honest => {
                let mut reply = self.honest(api, &endpoint, &auth, &request, context, about.name);
                open.because = self.lie(&mut reply, &request, &subject, open.because);
                (Some(reply), None)
            }
            Ending::Instead(effect) => (None, Some(effect)),
            Ending::Afterwards(effect) => {
                let _lost = self.honest(api, &endpoint, &auth, &request, context, about.name);
                (None, Some(effect))
            }
        };
        if ending.is_some() {
            self.faults.pass_by(&subject, Effect::bends_answers);
        }
        self.wait(plan.delay, &plan.held, &subject).await;
        let reply = match ending {
            None => reply,
            Some(Instead::Answer {
                status,
                headers,
                body,
            }) => Some(Reply::scripted(status, headers, body)),
            Some(Instead::Nothing) => {
                // The caller's patience ends this future; the drop of `open` records it.
                std::future::pending().await
            }
            Some(Instead::Reset) => None,
        };
        let Some(reply) = reply else {
            open.lost(Lost::Reset);
            return ConnectionReset::response();
        };
        if open.because != received && about.by == Caller::Dispatcher && !reply.breaks_off {
            let asked = Asked {
                endpoint: &endpoint,
                auth: &auth,
                request: &request,
                context,
                about: &about,
            };
            self.note_false_readings(api, &asked, &reply, open.because);
        }
        let (breaks_off, told) = (reply.breaks_off, reply.refusal_text());
        let response = reply.into_response(api.common_headers(call, &auth));
        if breaks_off {
            open.lost(Lost::Reset);
        } else {
            open.answered(&response, &told, self.env.clock.now());
        }
        response
    }

    /// Waits for as long as these strikes hold a call back.
    async fn wait(&self, delay: Duration, held: &[Held], subject: &Subject<'_>) {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        for held in held {
            self.faults.let_on(*held, subject);
        }
    }

    fn honest<A: Api>(
        &self,
        api: &A,
        endpoint: &A::Endpoint,
        auth: &A::Auth,
        request: &Incoming,
        call: CallContext,
        name: &'static str,
    ) -> Reply {
        let reply = api.answer(endpoint, auth, request, call);
        if reply.changed_something {
            let name = name.to_owned();
            self.history.record(
                Some(call.received),
                What::CallEffect {
                    call: call.call,
                    name,
                },
            );
        }
        reply
    }
}

/// A call with everything that is known of it.
struct Asked<'a, A: Api> {
    endpoint: &'a A::Endpoint,
    auth: &'a A::Auth,
    request: &'a Incoming,
    context: CallContext,
    about: &'a About,
}
