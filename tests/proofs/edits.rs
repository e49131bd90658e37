//! Edits of histories: wrong ones, each of which makes a history break one property in one way, and harmless ones, which no
//! property may mind.

mod access;
mod calls;
mod compute;
mod deliveries;
mod ends;
mod harmless;
mod lanes;
mod lives;
mod scenes;
mod served;
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
    /// The property that it breaks; none if it is harmless.
    pub(crate) property: Option<&'static str>,
    /// A scene that it fits.
    pub(crate) scene: Scene,
    edit: fn(&mut Tape<'_>) -> Option<()>,
}

impl Edit {
    const fn wrong(
        property: &'static str,
        name: &'static str,
        scene: Scene,
        edit: fn(&mut Tape<'_>) -> Option<()>,
    ) -> Self {
        Self {
            name,
            property: Some(property),
            scene,
            edit,
        }
    }

    const fn harmless(name: &'static str, edit: fn(&mut Tape<'_>) -> Option<()>) -> Self {
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
        compute::WRONG,
        ends::WRONG,
        lives::WRONG,
        calls::WRONG,
        access::WRONG,
        deliveries::WRONG,
    ];
    files.into_iter().flatten().collect()
}

/// The edits that mean nothing to any property.
pub(crate) const fn harmless() -> &'static [Edit] {
    harmless::HARMLESS
}
