//! What happens to runners, and who gets which job.

pub(in crate::github) mod acquiring;
pub(in crate::github) mod assigning;
pub(in crate::github) mod connecting;
pub(in crate::github) mod duties;
pub(in crate::github) mod life;
pub(in crate::github) mod listening;
pub(in crate::github) mod reconnecting;
pub(in crate::github) mod sessions;
