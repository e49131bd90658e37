//! A dispatcher without a webhook: whatever it knows it found out by asking, twice a minute.

use dispatchlab::{run::Lab, transport::Transport};

use super::{hosting::Hosted, orders::Habits};

/// A lab in which it is tested.
pub(super) fn lab() -> Lab {
    Lab::of(Transport::Direct, |place, plan| {
        let habits = Habits {
            name: "poll",
            warm: Default::default(),
        };
        Box::new(Hosted::new(place, plan, habits, None))
    })
}
