//! A call over HTTP, from its arrival to its answer.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::{Method, Request};
use tower::service_fn;
use vocabulary::OnAnswer;

use super::{
    About, Api, CallContext, Calls, ConnectionReset, Incoming, Reply,
    bending::{Ending, Instead},
    incoming,
    open_call::OpenCall,
};
use crate::{
    faults::Subject,
    history::{Caller, Lost, What},
    http_service::Answering,
    json_text::push_number,
};

/// The key of a call's draws.
pub(super) fn numbered(name: &str, ordinal: u32) -> String {
    let mut entity = String::with_capacity(name.len() + 8);
    entity.push_str(name);
    entity.push('#');
    push_number(&mut entity, ordinal.into());
    entity
}

/// A call with everything that is known of it.
pub(super) struct Asked<A: Api> {
    pub(super) endpoint: A::Endpoint,
    pub(super) auth: A::Auth,
    pub(super) request: Incoming,
    pub(super) about: About,
    pub(super) context: CallContext,
}

impl Calls {
    /// A router that answers everything as `api` does.
    pub(crate) fn router<A: Api>(&self, api: &A) -> axum::Router {
        axum::Router::new().fallback_service(self.service(api))
    }

    /// The same without what a router costs for each request.
    pub(crate) fn service<A: Api>(&self, api: &A) -> Answering {
        let shared = Arc::new((self.clone(), api.clone()));
        Answering::new(service_fn(move |request: Request<Body>| {
            let shared = Arc::clone(&shared);
            async move {
                let (calls, api) = &*shared;
                Ok(calls.respond(api, request).await)
            }
        }))
    }

    /// Answers a request as `api` does.
    pub(crate) async fn respond<A: Api>(&self, api: &A, request: Request<Body>) -> Response {
        let wants_body = request.method() != Method::HEAD;
        let mut response = self.serve(api, request).await;
        if !wants_body && response.extensions().get::<ConnectionReset>().is_none() {
            *response.body_mut() = Body::empty();
        }
        response
    }

    /// A call arrives, takes effect at that instant unless a fault prevents it, waits for as long as faults
    /// hold it, and is answered.
    async fn serve<A: Api>(&self, api: &A, request: Request<Body>) -> Response {
        let request = incoming::read(request).await;
        let mut asked = self.receive(api, request);
        if self.history.is_over() {
            // Without an answer a caller that spins stops here, even one that never lets go of its thread otherwise.
            return std::future::pending().await;
        }
        let (name, context) = (asked.about.name, asked.context);
        let mut open = OpenCall::new(self.history.clone(), context, name);
        let entity = numbered(name, context.ordinal);
        let subject = asked.about.subject(&entity, context.call);
        let plan = self.bend(&subject, context.received);
        asked.context.as_of_ms = plan.as_of_ms;
        open.because = plan.last_event;
        let outcome = self.answer(api, &asked, plan.ending, &subject, &mut open);
        self.wait(plan.delay, &plan.held, &subject).await;
        let reply = match outcome {
            Ok(reply) => Some(reply),
            Err(Instead::Answer(answer)) => Some(Reply::scripted(answer)),
            Err(Instead::Nothing) => {
                // The caller's patience ends this future; the drop of `open` records it.
                std::future::pending().await
            }
            Err(Instead::Reset) => None,
        };
        self.let_go(api, &asked, reply, open)
    }

    /// Gives a call its id and records that it has arrived.
    fn receive<A: Api>(&self, api: &A, request: Incoming) -> Asked<A> {
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
                method: request.method.as_str().to_owned(),
                path: request.target(),
                credential,
                about: about.said(),
            },
        );
        self.history.keep(request.bytes());
        let context = CallContext {
            call,
            ordinal,
            received,
            as_of_ms: None,
        };
        Asked {
            endpoint,
            auth,
            request,
            about,
            context,
        }
    }

    /// What the call does and is answered with, or what its caller gets in the answer's place.
    fn answer<A: Api>(
        &self,
        api: &A,
        asked: &Asked<A>,
        ending: Ending,
        subject: &Subject<'_>,
        open: &mut OpenCall,
    ) -> Result<Reply, Instead> {
        let instead = match ending {
            Ending::Honest => {
                let mut reply = self.honest(api, asked);
                open.because = self.lie(&mut reply, &asked.request, subject, open.because);
                return Ok(reply);
            }
            Ending::Instead(instead) => instead,
            Ending::Afterwards(instead) => {
                let _lost = self.honest(api, asked);
                instead
            }
        };
        self.faults.pass_by::<OnAnswer>(subject);
        Err(instead)
    }

    /// The API's own answer, recorded if the call changed something.
    fn honest<A: Api>(&self, api: &A, asked: &Asked<A>) -> Reply {
        let Asked {
            endpoint,
            auth,
            request,
            about,
            context,
        } = asked;
        let reply = api.answer(endpoint, auth, request, *context);
        if reply.changed_something {
            let (call, name) = (context.call, about.name.to_owned());
            self.history
                .record(Some(context.received), What::CallEffect { call, name });
        }
        reply
    }

    /// Lets the answer go, or the connection.
    fn let_go<A: Api>(
        &self,
        api: &A,
        asked: &Asked<A>,
        reply: Option<Reply>,
        mut open: OpenCall,
    ) -> Response {
        let Some(reply) = reply else {
            open.lost(Lost::Reset);
            return ConnectionReset::response();
        };
        let Asked {
            auth,
            about,
            context,
            ..
        } = asked;
        if open.because != context.received && about.by == Caller::Dispatcher && !reply.breaks_off {
            self.note_false_readings(api, asked, &reply, open.because);
        }
        let (breaks_off, told) = (reply.breaks_off, reply.refusal_text());
        let response =
            reply.into_response(|headers| api.common_headers(context.call, auth, headers));
        if breaks_off {
            open.lost(Lost::Reset);
        } else {
            open.answered(&response, &told, self.env.clock.now());
        }
        response
    }
}
