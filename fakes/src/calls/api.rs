//! What a side of the world does for the calls that come to it.

use http::Method;

use super::{About, Headers, Incoming, Reply, readings::Shown};
use crate::{
    history::CredentialUse,
    ids::{CallId, EventId},
};

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
    /// Writes the headers that every answer of this side carries, those of faults among them.
    fn common_headers(&self, call: CallId, auth: &Self::Auth, headers: &mut Headers);
}
