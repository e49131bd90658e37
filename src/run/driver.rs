//! The driver: takes the steps of a timeline when they are due or their cue comes, opens and closes the
//! faults, and lets the world run on until it has settled or the bound is reached.

use std::{collections::BTreeMap, time::Duration};

use fakes::{
    World,
    history::{Event, What},
    ids::EventId,
};
use futures_util::future::{self, Either};
use scenarios::plan::{Down, Plan, Trigger};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Spending,
    cue::Cue,
    in_vain::{self, NotTaken},
    news::is_news,
    seen::{It, Seen},
    steps, terms,
    untold::Untold,
};
use crate::{
    properties::Terms,
    target::{LAB_WEBHOOK_SECRET, Target, TargetError},
};

/// How a drive ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Nothing was owed or running any more.
    pub settled: bool,
    /// Steps whose trigger never came, or that found nothing to act on, by the line of the scenario.
    pub steps_not_taken: Vec<NotTaken>,
    /// How long nothing was owed and no news came before the end.
    pub quiet: Duration,
    /// How long that had to be.
    pub settle: Duration,
    /// What the run came to, of what it might.
    pub spending: Spending,
}

impl End {
    /// The lines of the steps that were not taken, but for those that take a dispatcher down or up: a run without those is
    /// compared with this one.
    #[must_use]
    pub fn taken_otherwise(&self) -> Vec<usize> {
        let of_world =
            |step: &&NotTaken| !["crash", "stop", "restart"].contains(&step.step.as_str());
        let steps = self.steps_not_taken.iter().filter(of_world);
        steps.map(|step| step.line).collect()
    }

    /// Of a run whose budget is spent, or that somebody ended. What its timeline still had to come is nobody's omission.
    pub(super) fn spent(plan: &Plan, world: &World, pace: Pace) -> Self {
        world.faults().count();
        world
            .history()
            .record(None, What::WorldEnded { settled: false });
        Self {
            settled: false,
            steps_not_taken: Vec::new(),
            quiet: Duration::ZERO,
            settle: pace.settle_of(plan),
            spending: Spending::of(world.history()),
        }
    }
}

/// How patiently a driver looks at the world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How often it looks whether the world has settled.
    pub(super) look_every: Duration,
    /// How long the world must stay settled without news where the plan says nothing: what comes late still
    /// shows.
    pub(super) settle: Duration,
}

impl Pace {
    /// How long the world of this plan must stay settled.
    fn settle_of(&self, plan: &Plan) -> Duration {
        plan.expect.settle.map_or(self.settle, |settle| settle.0)
    }
}

/// How long the dispatcher is up before the timeline begins, to have its start-up behind it.
const WARM_UP: Duration = Duration::from_secs(10);

/// Something the driver does when its time or cue comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Takes this step of the timeline.
    Step(usize),
    /// Lets this fault strike.
    Open(usize),
    /// Stops this fault.
    Close(usize),
    /// Ends every fault.
    Heal,
    /// Starts a dispatcher that went down for a while.
    ComeBack,
}

/// Drives one plan through one world.
pub(super) struct Driver<'a> {
    plan: &'a Plan,
    world: &'a World,
    target: &'a mut dyn Target,
    terms: Terms,
    pace: Pace,
    began: tokio::time::Instant,
    /// Due actions by time, then by order of entry, each with what its cue matched.
    due: BTreeMap<(Duration, usize), (Action, It)>,
    entered: usize,
    cues: Vec<(Cue, Action)>,
    /// What was seen so far; only kept while a cue may ask for it.
    seen: Seen,
    /// Steps that found nothing to act on, by their place in the timeline, each with the reason.
    in_vain: Vec<(usize, String)>,
    /// Steps that did.
    acted: Vec<usize>,
    /// How often the webhook's secret was changed.
    rotations: u32,
    healed: bool,
    /// Whether the dispatcher is up.
    is_up: bool,
    untold: Untold,
    /// The last event that was looked at for news.
    heard: EventId,
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        world: &'a World,
        target: &'a mut dyn Target,
        terms: Terms,
        pace: Pace,
    ) -> Self {
        let mut driver = Self {
            plan,
            world,
            target,
            terms,
            pace,
            began: tokio::time::Instant::now() + WARM_UP,
            due: BTreeMap::new(),
            entered: 0,
            cues: Vec::new(),
            seen: Seen::default(),
            in_vain: Vec::new(),
            acted: Vec::new(),
            rotations: 0,
            healed: false,
            is_up: true,
            untold: Untold::default(),
            heard: EventId(0),
        };
        driver.enter_plan();
        driver
    }

    fn enter_plan(&mut self) {
        for (index, fault) in self.plan.faults.iter().enumerate() {
            if let Some(from) = &fault.from {
                self.enter_trigger(from, Action::Open(index));
            }
            if let Some(until) = &fault.until {
                self.enter_trigger(until, Action::Close(index));
            }
        }
        for (index, step) in self.plan.timeline.iter().enumerate() {
            self.enter_trigger(&step.trigger, Action::Step(index));
        }
        if let Some(heal) = self.plan.heal {
            self.enter(heal.0, Action::Heal, It::default());
        }
    }

    fn enter_trigger(&mut self, trigger: &Trigger, action: Action) {
        match trigger {
            Trigger::At(at) => self.enter(*at, action, It::default()),
            Trigger::When(when) => self.cues.push((Cue::new(when.clone()), action)),
        }
    }

    fn enter(&mut self, at: Duration, action: Action, it: It) {
        self.entered += 1;
        self.due.insert((at, self.entered), (action, it));
    }

    /// Takes every step and waits until the world has settled or the bound is reached.
    pub(super) async fn drive(mut self) -> Result<End, TargetError> {
        tokio::time::sleep_until(self.began).await;
        let mut watch = (!self.cues.is_empty()).then(|| self.world.history().watch());
        let settle = self.pace.settle_of(self.plan);
        let mut quiet_since: Option<Duration> = None;
        loop {
            self.act_on_due().await?;
            let now = self.began.elapsed();
            self.note_healed();
            let has_news = self.hear();
            quiet_since = quiet_since.filter(|_| !has_news).or(Some(now));
            quiet_since = quiet_since.filter(|_| self.is_settled());
            let quiet = quiet_since.map_or(Duration::ZERO, |since| now - since);
            let settled = quiet_since.is_some() && quiet >= settle;
            if settled || now >= self.plan.expect.bound.0 {
                return Ok(self.end(settled, quiet, settle));
            }
            self.wait(watch.as_mut(), now).await;
        }
    }

    /// Whether anything new has happened since the last time.
    fn hear(&mut self) -> bool {
        let mut has_news = false;
        let (untold, terms) = (&mut self.untold, &self.terms);
        let read = |event: &Event| {
            has_news |= is_news(event);
            untold.hear(event, terms);
        };
        self.heard = self.world.history().read_after(self.heard, read);
        has_news
    }

    fn end(&self, settled: bool, quiet: Duration, settle: Duration) -> End {
        self.world.faults().count();
        self.world
            .history()
            .record(None, What::WorldEnded { settled });
        End {
            settled,
            steps_not_taken: self.not_taken(),
            quiet,
            settle,
            spending: Spending::of(self.world.history()),
        }
    }

    /// The steps that were never taken, in the order of the scenario.
    fn not_taken(&self) -> Vec<NotTaken> {
        let step = |action: &Action| match action {
            Action::Step(index) => Some(*index),
            Action::Open(_) | Action::Close(_) | Action::Heal | Action::ComeBack => None,
        };
        let waiting = self.cues.iter();
        let waiting = waiting.filter_map(|(cue, action)| Some((step(action)?, cue.why_not())));
        let early = "the run ended before its time had come";
        let due = self.due.values();
        let due = due.filter_map(|(action, _)| Some((step(action)?, early.to_owned())));
        let all: Vec<_> = waiting
            .chain(due)
            .chain(self.in_vain.iter().cloned())
            .collect();
        in_vain::not_taken(&self.plan.timeline, &all, &self.acted)
    }

    /// Sleeps until the next action is due, the next look is, or (with cues) an event comes.
    async fn wait(&mut self, watch: Option<&mut UnboundedReceiver<EventId>>, now: Duration) {
        // Never beyond the bound: a run ends when it says it does.
        let bound = self.plan.expect.bound.0.max(now);
        // As long as something is due there is nothing to look for: the world has not settled.
        let due = self.due.keys().next().map(|(at, _)| *at);
        let next = due.unwrap_or(now + self.pace.look_every).min(bound);
        let sleep = std::pin::pin!(tokio::time::sleep_until(self.began + next));
        let Some(watch) = watch.filter(|_| !self.cues.is_empty()) else {
            return sleep.await;
        };
        let event = {
            let event = std::pin::pin!(watch.recv());
            // `select` of futures-util polls its first future first, always: an event goes before a timer.
            match future::select(event, sleep).await {
                Either::Left((event, _)) => event,
                Either::Right(_) => None,
            }
        };
        if let Some(id) = event {
            self.notice(id);
            while let Ok(id) = watch.try_recv() {
                self.notice(id);
            }
        }
    }

    fn notice(&mut self, id: EventId) {
        let Some(event) = self.world.history().get(id) else {
            return;
        };
        self.seen.enter(&event.event);
        let mut fired = Vec::new();
        let seen = &self.seen;
        self.cues.retain_mut(|(cue, action)| {
            let fires = cue.enter(&event.event, seen);
            if fires {
                fired.push((cue.plus(), *action));
            }
            !fires
        });
        for (plus, action) in fired {
            let it = self.seen.it(&event);
            self.enter(self.began.elapsed() + plus, action, it);
        }
    }

    async fn act_on_due(&mut self) -> Result<(), TargetError> {
        let now = self.began.elapsed();
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let (action, it) = entry.remove();
            self.act(action, it).await?;
        }
        Ok(())
    }

    async fn act(&mut self, action: Action, it: It) -> Result<(), TargetError> {
        match action {
            Action::Open(fault) => self.world.faults().open(fault),
            Action::Close(fault) => self.world.faults().close(fault),
            Action::Heal => self.world.faults().heal(),
            Action::ComeBack => {
                // A step may have brought it back before.
                if !self.is_up {
                    self.come_up().await?;
                }
            }
            Action::Step(index) => {
                let Some(step) = self.plan.timeline.get(index) else {
                    return Ok(());
                };
                let in_vain = match steps::take(self.world, &step.verb, &it) {
                    steps::Taken::Done => None,
                    steps::Taken::InVain(why) => Some(why),
                    steps::Taken::NewSecret => {
                        self.rotations += 1;
                        let secret = format!("{LAB_WEBHOOK_SECRET}-{}", self.rotations + 1);
                        self.world.github().rotate_secret(secret.as_bytes(), None);
                        self.target.tell_secret(&secret);
                        None
                    }
                    steps::Taken::Down { crash, .. } if !self.is_up => {
                        // What is being stopped may not be down yet.
                        if crash {
                            self.target.crash()?;
                        }
                        Some("the dispatcher was down already".to_owned())
                    }
                    steps::Taken::Down { down, crash } => {
                        self.go_down(down, crash)?;
                        None
                    }
                    steps::Taken::ComeUp => {
                        // Whoever starts it again while it is up kills it first, and that is an outage too.
                        if self.is_up {
                            self.kill()?;
                        }
                        self.come_up().await?;
                        None
                    }
                };
                match in_vain {
                    Some(why) => self.in_vain.push((index, why)),
                    None => self.acted.push(index),
                }
            }
        }
        Ok(())
    }

    fn go_down(&mut self, down: Down, crash: bool) -> Result<(), TargetError> {
        if crash {
            self.kill()?;
        } else {
            self.target.stop()?;
            self.is_up = false;
            self.world
                .history()
                .record(None, What::DispatcherStopped {});
        }
        if let Some(after) = down.restart_after {
            self.enter(
                self.began.elapsed() + after.0,
                Action::ComeBack,
                It::default(),
            );
        }
        Ok(())
    }

    fn kill(&mut self) -> Result<(), TargetError> {
        self.target.crash()?;
        self.is_up = false;
        self.world
            .history()
            .record(None, What::DispatcherCrashed {});
        Ok(())
    }

    async fn come_up(&mut self) -> Result<(), TargetError> {
        self.target.start().await?;
        self.is_up = true;
        self.world
            .history()
            .record(None, What::DispatcherStarted {});
        Ok(())
    }

    /// Records the moment from which the world is honest: nothing to do and no fault that could still end.
    fn note_healed(&mut self) {
        let still_to_close = |action: &Action| matches!(action, Action::Close(_) | Action::Heal);
        let pending =
            !self.due.is_empty() || self.cues.iter().any(|(_, action)| still_to_close(action));
        if !self.healed && !pending {
            self.healed = true;
            self.world.history().record(None, What::WorldHealed {});
        }
    }

    /// Nothing is due, under way, running or owed: whatever comes now comes from the dispatcher alone.
    fn is_settled(&self) -> bool {
        self.due.is_empty()
            && self.world.pending() == 0
            && !self.untold.any()
            && terms::is_at_rest(self.world, &self.terms)
    }
}
