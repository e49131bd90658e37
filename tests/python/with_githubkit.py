"""githubkit as a dispatcher uses it. It parses every answer into models of API version 2026-03-10."""

import time

from githubkit import AppAuthStrategy, GitHub
from lab import APP_ID, BASE_URL, LABEL, OWNER, PRIVATE_KEY, REPO, report


def queued_jobs(github):
    runs = github.rest.paginate(
        github.rest.actions.list_workflow_runs_for_repo,
        map_func=lambda page: page.parsed_data.workflow_runs,
        owner=OWNER,
        repo=REPO,
        status="queued",
    )
    for run in runs:
        yield from github.rest.paginate(
            github.rest.actions.list_jobs_for_workflow_run,
            map_func=lambda page: page.parsed_data.jobs,
            owner=OWNER,
            repo=REPO,
            run_id=run.id,
        )


def redeliver(app):
    (failed,) = app.rest.apps.list_webhook_deliveries(status="failure").parsed_data
    full = app.rest.apps.get_webhook_delivery(failed.id).parsed_data
    assert full.request.payload.action == "queued", full
    app.rest.apps.redeliver_webhook_delivery(failed.id)
    while not (delivered := app.rest.apps.list_webhook_deliveries(status="success").parsed_data):
        time.sleep(0.1)
    (again,) = delivered
    return {
        "guid": again.guid,
        "failed": str(failed.id),
        "redelivered": str(again.id),
        "redelivery": again.redelivery,
    }


def main():
    app = GitHub(AppAuthStrategy(APP_ID, PRIVATE_KEY), base_url=BASE_URL, http_cache=False)
    authenticated = app.rest.apps.get_authenticated().parsed_data
    (installation,) = app.rest.paginate(app.rest.apps.list_installations)
    github = app.with_auth(app.auth.as_installation(installation.id))
    actions = github.rest.actions
    made = actions.generate_runner_jitconfig_for_repo(
        OWNER, REPO, name="githubkit-1", runner_group_id=1, labels=[LABEL]
    ).parsed_data
    runners = list(
        github.rest.paginate(
            actions.list_self_hosted_runners_for_repo,
            map_func=lambda page: page.parsed_data.runners,
            owner=OWNER,
            repo=REPO,
            per_page=2,
        )
    )
    actions.delete_self_hosted_runner_from_repo(OWNER, REPO, made.runner.id)
    report(
        {
            "app": authenticated.id,
            "installation": installation.id,
            "runner": {"id": made.runner.id, "name": made.runner.name},
            "runners": [runner.name for runner in runners],
            "queued": [job.name for job in queued_jobs(github) if job.status == "queued"],
            "delivery": redeliver(app),
        }
    )


main()
