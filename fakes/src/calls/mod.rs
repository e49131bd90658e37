//! The layer around every API call: it gives the call an id, records it, applies faults, and answers.
//!
//! Both fakes plug in as an `Api`. Their answers are computed without waiting, under one lock, so a
//! call takes effect at one instant; all waiting (late, lost and broken answers) happens here.

mod answered;
mod in_process;
mod lies;
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
use bytes::Bytes;
use http::{HeaderMap, Method, Request, request::Parts};

use crate::{
    env::Env,
    faults::{Effect, Faults, Held, Strike, Subject},
    history::{CallAbout, Caller, CredentialUse, History, Lost, What},
    ids::{CallId, EventId, HfJobId, JobId, RunId, RunnerId},
};

pub(crate) use in_process::{Failure, PATIENCE, RunnerCall};
pub(crate) use readings::{Shown, runner_words};
pub use reply::ConnectionReset;
pub(crate) use reply::{Live, Reply};
pub(crate) use route::Route;
pub use route::{RouteInfo, Surface};

/// No request body of either API comes near this.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A request with its body read.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Incoming {
    /// A header's value as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The scheme and the credential of the `Authorization` header.
    pub(crate) fn authorization(&self) -> Option<(&str, &str)> {
        let (scheme, credential) = self.header("authorization")?.split_once(' ')?;
        Some((scheme, credential.trim()))
    }

    fn target(&self) -> String {
        if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        }
    }
}

/// What the fake knows of the call it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallContext {
    pub(crate) call: CallId,
    /// How many calls of this name came before it, plus one: the key of its draws.
    pub(crate) ordinal: u32,
    /// Its `call.received`.
    pub(crate) received: EventId,
    /// The moment whose state it is to be answered from, if that is not now.
    pub(crate) as_of_ms: Option<u64>,
}

/// What a call says it is about: for the history, and for fault rules that are narrowed to it.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) name: &'static str,
    /// Who calls it.
    pub(crate) by: Caller,
    /// `owner/name`.
    pub(crate) repo: Option<String>,
    /// An organisation's login, where there is no repository.
    pub(crate) organization: Option<String>,
    /// The job, as the path names it and by its name if there is one.
    pub(crate) job: Option<(JobId, Option<String>)>,
    pub(crate) run: Option<RunId>,
    pub(crate) job_names: Vec<String>,
    pub(crate) runner: Option<RunnerId>,
    pub(crate) hf_job: Option<HfJobId>,
    pub(crate) flavor: Option<String>,
    /// The flavor of the HF job that it creates or is about, whether the call says so or not.
    pub(crate) has_flavor: Option<&'static str>,
    /// A runner's.
    pub(crate) labels: Vec<String>,
    pub(crate) runner_name: Option<String>,
    pub(crate) installation: Option<u64>,
    /// The repositories a token is to be restricted to.
    pub(crate) repositories: Vec<String>,
}

/// One side's HTTP API.
pub(crate) trait Api: Clone + Send + Sync + 'static {
    /// A recognised method and path.
    type Endpoint: Send + Sync;
    /// A looked-at credential. It is kept until the call ends, however it ends.
    type Auth: Send + Sync;

    fn recognise(&self, method: &Method, path: &str) -> Self::Endpoint;
    fn about(&self, endpoint: &Self::Endpoint, request: &Incoming) -> About;
    fn authenticate(
        &self,
        endpoint: &Self::Endpoint,
        request: &Incoming,
    ) -> (Self::Auth, Option<CredentialUse>);
    fn answer(
        &self,
        endpoint: &Self::Endpoint,
        auth: &Self::Auth,
        request: &Incoming,
        call: CallContext,
    ) -> Reply;
    /// The honest answer of now to a call that changes nothing. It counts against no limit.
    fn truth(
        &self,
        endpoint: &Self::Endpoint,
        auth: &Self::Auth,
        request: &Incoming,
        call: CallContext,
    ) -> Option<Reply>;
    /// How something that such an answer shows is at this moment; nothing if it is not there.
    fn stands(&self, entity: &Shown) -> Option<String>;
    /// The headers that every answer of this side carries, those of faults among them.
    fn common_headers(&self, call: CallId, auth: &Self::Auth) -> Vec<(&'static str, String)>;
}

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
        let request = read(request).await;
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
            Some(Effect::Answer {
                status,
                headers,
                body,
            }) => Some(Reply::scripted(status, headers, body)),
            Some(Effect::NoAnswer) => {
                // The caller's patience ends this future; the drop of `open` records it.
                std::future::pending().await
            }
            Some(_) => None,
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

    /// Asks the faults what becomes of a call, and records what they do.
    fn bend(&self, subject: &Subject<'_>, received: EventId, kinds: fn(&Effect) -> bool) -> Bent {
        let mut bent = Bent {
            delay: Duration::ZERO,
            ending: Ending::Honest,
            as_of_ms: None,
            held: Vec::new(),
            last_event: received,
        };
        for strike in self.faults.strike(subject, kinds) {
            bent.last_event = self.faults.applied(&strike, subject, Some(bent.last_event));
            bent.take(&self.env, strike, subject.entity);
        }
        bent
    }
}

/// Reads a request to its end. A body that breaks off is judged as far as it came, like any other bad body.
async fn read(request: Request<Body>) -> Incoming {
    let (
        Parts {
            method,
            uri,
            headers,
            ..
        },
        body,
    ) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX)
        .await
        .unwrap_or_default();
    let path = uri.path().to_owned();
    let query = uri.query().unwrap_or_default().to_owned();
    Incoming {
        method,
        path,
        query,
        headers,
        body,
    }
}

impl About {
    fn subject<'a>(&'a self, entity: &'a str, call: CallId) -> Subject<'a> {
        let job = self.job.as_ref();
        Subject {
            place: self.name,
            entity,
            job: job.and_then(|(job, name)| Some((*job, name.as_deref()?))),
            job_names: &self.job_names,
            repo: self.repo.as_deref(),
            flavor: self.has_flavor.or(self.flavor.as_deref()),
            call: Some(call),
            hf_job: self.hf_job.as_ref(),
            runner: self.runner,
            run: self.run,
            ..Subject::default()
        }
    }

    /// As the history says it.
    fn said(&self) -> Option<Box<CallAbout>> {
        let about = CallAbout {
            repo: self.repo.clone().or_else(|| self.organization.clone()),
            job: self.job.as_ref().map(|(job, _)| *job),
            run: self.run,
            runner: self.runner,
            hf_job: self.hf_job.clone(),
            flavor: self.flavor.clone(),
            labels: self.labels.clone(),
            runner_name: self.runner_name.clone(),
            installation: self.installation,
            repositories: self.repositories.clone(),
        };
        about.said()
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

enum Ending {
    Honest,
    Instead(Effect),
    Afterwards(Effect),
}

struct Bent {
    delay: Duration,
    ending: Ending,
    as_of_ms: Option<u64>,
    /// The strikes that make up the delay.
    held: Vec<Held>,
    last_event: EventId,
}

impl Bent {
    fn take(&mut self, env: &Env, strike: Strike, entity: &str) {
        match strike.effect {
            Effect::Delay(span) => {
                let purpose = format!("fault{}.delay", strike.fault);
                self.delay += env.within(span, entity, &purpose);
                self.held.push(Held {
                    fault: strike.fault,
                    strike: self.last_event,
                });
            }
            Effect::Stale(by) => {
                let purpose = format!("fault{}.stale", strike.fault);
                let by = env.within(by, entity, &purpose).as_millis() as u64;
                self.as_of_ms = Some(env.clock.elapsed_ms().saturating_sub(by));
            }
            Effect::AfterEffect(inner) => self.ending = Ending::Afterwards(*inner),
            other => self.ending = Ending::Instead(other),
        }
    }
}

/// A call that has been received and not yet answered. Dropped in that state, the caller has given up.
struct OpenCall {
    history: History,
    call: CallId,
    name: &'static str,
    because: EventId,
    open: bool,
}

impl OpenCall {
    fn new(history: History, call: CallContext, name: &'static str) -> Self {
        Self {
            history,
            call: call.call,
            name,
            because: call.received,
            open: true,
        }
    }

    fn lost(&mut self, why: Lost) -> EventId {
        self.open = false;
        let (call, name) = (self.call, self.name.to_owned());
        self.history
            .record(Some(self.because), What::CallLost { call, name, why })
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if self.open {
            self.lost(Lost::TimedOut);
        }
    }
}
