//! The end of every act: what it set in motion goes on, and jobs get their runners.

use crate::github::{handle::Github, state::records::State};

impl Github {
    /// Ends an act that changed who goes or who waits. The groups of runs that it ended pass on, in the order in which
    /// the runs ended; a run that begins so may end others, whose groups come last. Then jobs are assigned, once.
    pub(in crate::github) fn settle(&self, state: &mut State) {
        while let Some((run, because)) = state.runs.ended.pop_front() {
            self.pass_group_on(state, run, because);
        }
        self.assign(state);
    }
}
