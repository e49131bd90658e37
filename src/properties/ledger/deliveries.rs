//! The life of one attempt to deliver a webhook.

use fakes::{
    history::{Event, Lost, Origin, Signed, What},
    ids::JobId,
};

use super::{Ledger, Moment, moment};

/// One delivery attempt.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    /// `X-GitHub-Event`.
    pub name: &'a str,
    /// `X-GitHub-Delivery`, which a redelivery keeps.
    pub guid: &'a str,
    /// Its `action`, if any.
    pub action: Option<&'a str>,
    /// Its job, if any.
    pub job: Option<JobId>,
    /// Where it came from.
    pub origin: Origin,
    /// How it was signed.
    pub signed: Signed,
    /// When GitHub had it to send.
    pub created: Moment,
    /// When it was sent.
    pub sent: Option<Moment>,
    /// When the dispatcher answered it, with which status after how many milliseconds.
    pub answered: Option<(Moment, u16, u64)>,
    /// What the dispatcher answered.
    pub body: Option<&'a str>,
    /// When and why it was lost.
    pub lost: Option<(Moment, Lost)>,
    /// Whether GitHub's log of deliveries shows it once it was lost.
    pub logged: bool,
    /// True if a fault made the answer or the loss.
    pub faulted: bool,
    /// True if a fault changed its payload before it was signed.
    pub bent: bool,
}

impl Delivery<'_> {
    /// True if the dispatcher answered it with 2xx.
    #[must_use]
    pub fn accepted(&self) -> Option<Moment> {
        let (at, status, _) = self.answered?;
        (200..300).contains(&status).then_some(at)
    }

    /// True if it tells the dispatcher something of a job in GitHub's name: signed, and as it was written.
    #[must_use]
    pub fn announces(&self) -> bool {
        self.signed == Signed::Lab && !self.bent
    }

    /// True if it says that a repository has another name.
    #[must_use]
    pub fn tells_of_a_rename(&self) -> bool {
        self.name == "repository" && matches!(self.action, Some("renamed" | "transferred"))
    }

    /// True if it is what GitHub itself would send: signed with the secret in force, over its own bytes.
    #[must_use]
    pub fn genuine(&self) -> bool {
        self.signed == Signed::Lab && self.origin != Origin::Forged && !self.bent
    }
}

impl<'a> Ledger<'a> {
    pub(super) fn enter_delivery(&mut self, event: &'a Event) {
        let by_fault = self.cause_is(event, |_| true);
        match &event.event {
            What::DeliveryCreated {
                delivery,
                guid,
                name,
                action,
                job,
                origin,
                signed,
                ..
            } => {
                let entry = Delivery {
                    name,
                    guid,
                    action: action.as_deref(),
                    job: *job,
                    origin: *origin,
                    signed: *signed,
                    created: moment(event),
                    sent: None,
                    answered: None,
                    body: None,
                    lost: None,
                    logged: true,
                    faulted: false,
                    bent: self.cause_is(event, |effect| effect == "pretend"),
                };
                self.deliveries.insert(*delivery, entry);
            }
            What::DeliverySent {
                delivery, signed, ..
            } => {
                if let Some(entry) = self.deliveries.get_mut(delivery) {
                    entry.sent = Some(moment(event));
                    entry.signed = signed.unwrap_or(entry.signed);
                }
            }
            What::DeliveryAnswered {
                delivery,
                status,
                took_ms,
                body,
                ..
            } => {
                if let Some(entry) = self.deliveries.get_mut(delivery) {
                    entry.answered = Some((moment(event), *status, *took_ms));
                    entry.body = body.as_deref();
                }
            }
            What::DeliveryLost {
                delivery,
                why,
                logged,
                ..
            } => {
                if let Some(entry) = self.deliveries.get_mut(delivery) {
                    entry.logged = *logged;
                    entry.lost = Some((moment(event), *why));
                    entry.faulted |= by_fault;
                }
            }
            // A fault that bends a payload names the delivery that it bends.
            What::FaultApplied {
                delivery: Some(delivery),
                effect,
                ..
            } if effect == "pretend" => {
                if let Some(entry) = self.deliveries.get_mut(delivery) {
                    entry.bent = true;
                }
            }
            _ => {}
        }
    }

    /// Whether a fault with such an effect made this event.
    fn cause_is(&self, event: &Event, effect: impl Fn(&str) -> bool) -> bool {
        let cause = event.because.and_then(|id| self.event(id));
        match cause.map(|cause| &cause.event) {
            Some(What::FaultApplied { effect: name, .. }) => effect(name),
            _ => false,
        }
    }
}
