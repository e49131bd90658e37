//! `dispatchlab plan`: the explicit plan of a scenario and a seed.

use super::{Ended, args::PlanArgs, print, source};
use crate::exit::ExitStatus;

pub(super) fn plan(args: &PlanArgs) -> Ended {
    let source = source::one(&args.file)?;
    let parameters = &args.parameters;
    source::drawn_anew(std::slice::from_ref(&source), args.seed, None, parameters)?;
    let set = source::settings(&args.parameters, std::slice::from_ref(&source))?;
    let plan = source.plan(args.seed.unwrap_or(1), args.vary, &set)?;
    print(&plan.to_json())?;
    Ok(ExitStatus::Held)
}
