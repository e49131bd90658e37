//! `dispatchlab list` and `dispatchlab schema`: what there is, and how it is written.

use scenarios::{Choices, Document};

use super::{CommandFailure, Ended, args::ListArgs, print};
use crate::{exit::ExitStatus, properties};

pub(super) fn list(args: &ListArgs) -> Ended {
    let rows = if args.properties {
        properties()
    } else if args.fragments {
        fragments()
    } else {
        corpus()?
    };
    if args.json {
        let json: Vec<_> = rows
            .iter()
            .map(|(name, about)| serde_json::json!({ "name": name, "about": about }))
            .collect();
        print(&format!("{:#}\n", serde_json::Value::from(json)))?;
        return Ok(ExitStatus::Held);
    }
    let width = rows
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default();
    for (name, about) in rows {
        print(&format!("{name:<width$}  {about}\n"))?;
    }
    Ok(ExitStatus::Held)
}

fn properties() -> Vec<(String, String)> {
    let rows = properties::ALL.iter();
    rows.map(|property| (property.name.to_owned(), property.demands.to_owned()))
        .collect()
}

fn fragments() -> Vec<(String, String)> {
    let rows = scenarios::fragments().iter();
    rows.map(|fragment| (fragment.name.to_owned(), fragment.title()))
        .collect()
}

fn corpus() -> Result<Vec<(String, String)>, CommandFailure> {
    let title = |entry: &scenarios::Entry| {
        let document = Document::parse(entry.file, entry.text).map_err(CommandFailure::internal)?;
        let plan = document
            .plan(&Choices::default())
            .map_err(CommandFailure::internal)?;
        Ok((entry.name.to_owned(), plan.title))
    };
    scenarios::corpus().iter().map(title).collect()
}

pub(super) fn schema() -> Ended {
    print(&format!("{:#}\n", scenarios::json_schema()))?;
    Ok(ExitStatus::Held)
}
