//! The properties: each one's module, name and demand, in the order of the reports.
//!
//! A row is all that a new one needs here: [`for_each_property`](crate::for_each_property) declares its module among the rules
//! and looks its rule up.

macro_rules! properties {
    (($d:tt) $($module:ident: $property:ident, $name:literal, $demands:literal;)+) => {
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

        /// Hands the module and the [`PropertyName`] of every property to a macro: `served_or_told: ServedOrTold; …`.
        #[macro_export]
        macro_rules! for_each_property {
            ($d rows:ident) => {
                $d rows! { $($module: $property;)+ }
            };
        }
    };
}

properties! {
    ($)
    served_or_told: ServedOrTold, "served-or-told", "a routed job gets a runner in time, or its user is told why not";
    no_silent_drop: NoSilentDrop, "no-silent-drop", "a delivery acknowledged with 2xx is acted on as long as its job waits";
    at_most_one: AtMostOne, "at-most-one", "no more HF jobs than jobs and spent HF jobs explain";
    monotone_state: MonotoneState, "monotone-state", "a finished job stays finished, whatever comes late or twice";
    supply_covers_demand: SupplyCoversDemand, "supply-covers-demand", "booting and idle runners become as many as jobs wait, label set by label set";
    never_kill_busy: NeverKillBusy, "never-kill-busy", "nothing is taken away from under a running job";
    no_leak: NoLeak, "no-leak", "an HF job without work or a reason ends in time, and so does a registration";
    fresh_credentials: FreshCredentials, "fresh-credentials", "no credential is used outside its life";
    right_retry: RightRetry, "right-retry", "failures are retried with patience, refusals are not asked for again, and limits are honoured";
    signature: Signature, "signature", "a delivery that is not signed over its bytes with a secret in force is refused";
    routing: Routing, "routing", "an HF job has the flavor and the runner labels some queued job asked for";
    restart_safe: RestartSafe, "restart-safe", "a crash or a restart costs nobody a job and leaves nothing behind";
    caps_and_slots: CapsAndSlots, "caps-and-slots", "there are never more HF jobs than a cap allows, and free slots go round";
    isolation: Isolation, "isolation", "what is wrong with one lane delays no other";
    revoked_access: RevokedAccess, "revoked-access", "where access is gone nothing more is started or asked";
    cancel_before_start: CancelBeforeStart, "cancel-before-start", "no compute starts or stays for a job that was cancelled before it started";
    attempts: Attempts, "attempts", "a re-run is fresh demand, and events of other attempts do not cancel it out";
    names: Names, "names", "runner names are at most 64 characters long, and no two living runners share one";
    fast_ack: FastAck, "fast-ack", "a delivery is answered with 2xx before GitHub gives up";
    tolerant_parse: TolerantParse, "tolerant-parse", "odd payloads do no harm";
    reconcile: Reconcile, "reconcile", "what a lost delivery would have told is found out by other means";
    waiting_is_not_queued: WaitingIsNotQueued, "waiting-is-not-queued", "jobs that wait for an approval, their group or their turn burn no runners";
    dead_run: DeadRun, "dead-run", "no more is spent on a job whose run is over or that is older than a day";
    truthful: Truthful, "truthful", "what the dispatcher claims to have done has happened";
    trust: Trust, "trust", "no token is asked of a foreign installation, and nothing is minted or created for what is not served";
}
