//! `dispatchlab check`: is a scenario well-formed? Every file gets its one clear error.

use scenarios::{Choices, Document};

use super::{CommandFailure, Ended, args::CheckArgs, note, print, source};
use crate::exit::ExitStatus;

pub(super) fn check(args: &CheckArgs) -> Ended {
    let mut status = ExitStatus::Held;
    for (name, place, text) in source::texts(&args.files)? {
        // A scenario that parses can still name a job that does not exist: that is seen when it is planned.
        let planned =
            Document::parse(&place, &text).and_then(|document| document.plan(&Choices::default()));
        match planned {
            Ok(plan) if args.json => {
                let json =
                    serde_json::json!({ "file": place, "ok": true, "steps": plan.timeline.len() });
                print(&format!("{json}\n"))?;
            }
            Ok(plan) => print(&format!(
                "{name}: well-formed, {} steps\n",
                plan.timeline.len()
            ))?,
            Err(error) => {
                status = ExitStatus::Usage;
                if args.json {
                    let (line, column) = error.place();
                    let json = serde_json::json!({
                        "file": place, "ok": false, "line": line, "column": column, "error": error.to_string(),
                    });
                    print(&format!("{json}\n"))?;
                } else {
                    note(&format!("{:?}", CommandFailure::usage(error).report));
                }
            }
        }
    }
    Ok(status)
}
