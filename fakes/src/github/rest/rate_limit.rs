//! `GET /rate_limit`: what is left of each limit. It is free.

use super::{
    route::{Access, Ask, Route},
    versions::ApiVersion,
};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::refusal::Answer,
        state::usage::{account::Resource, ledger::Bucket},
    },
    json_text::push_display,
};

pub(in crate::github) const ROUTES: &[Route] = &[Route::get(
    "/rate_limit",
    "github.rate-limit",
    Access::Public(Github::rate_limit),
)];

/// Limits in an hour or a minute of what this fake does not answer: nothing of them is ever used.
const UNUSED: [(&str, u32, i64); 7] = [
    ("search", 30, 60),
    ("code_search", 10, 60),
    ("graphql", 5_000, 3600),
    ("source_import", 100, 60),
    ("scim", 15_000, 3600),
    ("dependency_snapshots", 100, 60),
    ("code_scanning_autofix", 10, 60),
];

impl Github {
    fn rate_limit(&self, ask: &Ask<'_>) -> Answer {
        let account = self.state().apps.account_of(Ok(ask.caller));
        let now_s = self.now().as_second();
        let core = self.bucket(account, Resource::Core);
        let mut body = String::from("{\"resources\":{");
        push_bucket(&mut body, "core", core);
        for resource in [Resource::RunnerRegistration, Resource::Manifest] {
            body.push(',');
            let bucket = self.bucket(account, resource);
            push_bucket(&mut body, resource.as_str(), bucket);
        }
        for (name, limit, length_s) in UNUSED {
            let reset_s = now_s + length_s;
            body.push(',');
            push_bucket(
                &mut body,
                name,
                Bucket {
                    limit,
                    used: 0,
                    reset_s,
                },
            );
        }
        body.push('}');
        if ask.version == ApiVersion::V2022_11_28 {
            body.push(',');
            push_bucket(&mut body, "rate", core);
        }
        body.push('}');
        Ok(Reply::text(200, body))
    }
}

fn push_bucket(out: &mut String, key: &str, bucket: Bucket) {
    let Bucket {
        limit,
        used,
        reset_s,
    } = bucket;
    let remaining = bucket.remaining();
    push_display(
        out,
        format_args!(
            "\"{key}\":{{\"limit\":{limit},\"used\":{used},\"remaining\":{remaining},\"reset\":{reset_s}}}"
        ),
    );
}
