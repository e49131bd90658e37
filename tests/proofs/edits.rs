//! Edits of histories: wrong ones, each of which makes a history break one property in one way; their neighbours, which do
//! nearly the same and are within the rule; cuts, after which it cannot be said whether the rule was kept; and harmless ones,
//! which no property may mind.

mod access;
mod calls;
mod compute;
mod cuts;
mod deliveries;
mod ends;
mod harmless;
mod lanes;
mod lives;
mod recorded;
mod scenes;
mod served;
mod slots;
mod tape;

use fakes::history::Event;
use scenarios::plan::Plan;

pub(crate) use self::scenes::Scene;
use self::tape::Tape;

/// An edit of a history.
#[derive(Clone, Copy)]
pub(crate) struct Edit {
    /// What it does, in a few words.
    pub(crate) name: &'static str,
    /// The property that it is about; none if it is about none.
    pub(crate) property: Option<&'static str>,
    /// A scene that it fits.
    pub(crate) scene: Scene,
    edit: Does,
}

/// What makes an edit.
type Does = fn(&mut Tape<'_>) -> Option<()>;

impl Edit {
    /// One about a property.
    const fn of(property: &'static str, name: &'static str, scene: Scene, edit: Does) -> Self {
        Self {
            name,
            property: Some(property),
            scene,
            edit,
        }
    }

    const fn harmless(name: &'static str, edit: Does) -> Self {
        Self {
            name,
            property: None,
            scene: Scene::Plain,
            edit,
        }
    }

    /// Edits the history of a plan, at the place of all fitting ones that `pick` says; false if it fits nowhere, and the
    /// history is as it was.
    pub(crate) fn apply(&self, plan: &Plan, events: &mut Vec<Event>, pick: usize) -> bool {
        let mut tape = Tape::new(plan, events.clone(), pick);
        let done = (self.edit)(&mut tape).is_some();
        if done {
            *events = tape.finish();
        }
        done
    }
}

/// The edits that make a history wrong.
pub(crate) fn wrong() -> Vec<&'static Edit> {
    let files = [
        served::WRONG,
        lanes::WRONG,
        recorded::WRONG,
        compute::WRONG,
        slots::WRONG,
        ends::WRONG,
        lives::WRONG,
        calls::WRONG,
        access::WRONG,
        deliveries::WRONG,
        cuts::WRONG,
    ];
    files.into_iter().flatten().collect()
}

/// The edits that do nearly what a wrong one does, and are within the rule.
pub(crate) const fn neighbours() -> &'static [Edit] {
    slots::NEIGHBOURS
}

/// The edits after which nobody can say whether a rule was kept: the history ends before its bound.
pub(crate) const fn cuts() -> &'static [Edit] {
    cuts::CUTS
}

/// All of them, whatever they do.
pub(crate) fn all() -> Vec<&'static Edit> {
    let others = [neighbours(), cuts(), harmless()];
    wrong()
        .into_iter()
        .chain(others.into_iter().flatten())
        .collect()
}

/// The edits that mean nothing to any property.
pub(crate) const fn harmless() -> &'static [Edit] {
    harmless::HARMLESS
}
