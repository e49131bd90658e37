//! The properties: each one's name and what it demands, in the order of the reports.

macro_rules! properties {
    ($($property:ident: $name:literal, $demands:literal;)+) => {
        /// A property that a run is judged by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum PropertyName {
            $(#[doc = concat!("*", $name, "*: ", $demands, ".")] $property,)+
        }

        impl PropertyName {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$property,)+];

            /// As scenarios and reports write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$property => $name,)+
                }
            }

            /// What it demands, in one sentence.
            #[must_use]
            pub const fn demands(self) -> &'static str {
                match self {
                    $(Self::$property => $demands,)+
                }
            }
        }

        /// The names of all properties.
        pub const PROPERTIES: &[&str] = &[$($name,)+];
    };
}

properties! {
    ServedOrTold: "served-or-told", "a routed job gets a runner in time, or its user is told why not";
    NoSilentDrop: "no-silent-drop", "a delivery acknowledged with 2xx is acted on as long as its job waits";
    AtMostOne: "at-most-one", "no more HF jobs than jobs and spent HF jobs explain";
    MonotoneState: "monotone-state", "a finished job stays finished, whatever comes late or twice";
    SupplyCoversDemand: "supply-covers-demand", "booting and idle runners become as many as jobs wait, label set by label set";
    NeverKillBusy: "never-kill-busy", "nothing is taken away from under a running job";
    NoLeak: "no-leak", "an HF job without work or a reason ends in time, and so does a registration";
    FreshCredentials: "fresh-credentials", "no credential is used outside its life";
    RightRetry: "right-retry", "failures are retried with patience, refusals are not asked for again, and limits are honoured";
    Signature: "signature", "a delivery that is not signed over its bytes with a secret in force is refused";
    Routing: "routing", "an HF job has the flavor and the runner labels some queued job asked for";
    RestartSafe: "restart-safe", "a crash or a restart costs nobody a job and leaves nothing behind";
    CapsAndSlots: "caps-and-slots", "there are never more HF jobs than a cap allows, and free slots go round";
    Isolation: "isolation", "what is wrong with one lane delays no other";
    RevokedAccess: "revoked-access", "where access is gone nothing more is started or asked";
    CancelBeforeStart: "cancel-before-start", "no compute starts or stays for a job that was cancelled before it started";
    Attempts: "attempts", "a re-run is fresh demand, and events of other attempts do not cancel it out";
    Names: "names", "runner names are at most 64 characters long, and no two living runners share one";
    FastAck: "fast-ack", "a delivery is answered with 2xx before GitHub gives up";
    TolerantParse: "tolerant-parse", "odd payloads do no harm";
    Reconcile: "reconcile", "what a lost delivery would have told is found out by other means";
    WaitingIsNotQueued: "waiting-is-not-queued", "jobs that wait for an approval, their group or their turn burn no runners";
    DeadRun: "dead-run", "no more is spent on a job whose run is over or that is older than a day";
    Truthful: "truthful", "what the dispatcher claims to have done has happened";
    Trust: "trust", "no token is asked of a foreign installation, and nothing is minted or created for what is not served";
}
