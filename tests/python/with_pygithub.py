"""PyGithub as a dispatcher uses it.

It knows JIT configurations of organizations only, and no deliveries of an App: those calls go through its
requester, as its users make them. Objects are lazy: what is not asked for is not fetched.
"""

import time

from github import Auth, GithubIntegration
from lab import APP_ID, BASE_URL, LABEL, OWNER, PRIVATE_KEY, REPO, report


def create_runner(repository, name):
    body = {"name": name, "runner_group_id": 1, "labels": [LABEL]}
    path = f"{repository.url}/actions/runners/generate-jitconfig"
    _, made = repository.requester.requestJsonAndCheck("POST", path, input=body)
    return made["runner"]


def queued_jobs(repository):
    for run in repository.get_workflow_runs(status="queued"):
        yield from (job.name for job in run.jobs() if job.status == "queued")


def redeliver(app):
    def call(verb, path):
        return app.requester.requestJsonAndCheck(verb, path)[1]

    (failed,) = call("GET", "/app/hook/deliveries?status=failure")
    full = call("GET", f"/app/hook/deliveries/{failed['id']}")
    assert full["request"]["payload"]["action"] == "queued", full
    call("POST", f"/app/hook/deliveries/{failed['id']}/attempts")
    while not (delivered := call("GET", "/app/hook/deliveries?status=success")):
        time.sleep(0.1)
    (again,) = delivered
    return {
        "guid": again["guid"],
        "failed": str(failed["id"]),
        "redelivered": str(again["id"]),
        "redelivery": again["redelivery"],
    }


def main():
    app = GithubIntegration(
        auth=Auth.AppAuth(APP_ID, PRIVATE_KEY), base_url=BASE_URL, lazy=True, per_page=2
    )
    authenticated = app.get_app()
    (installation,) = app.get_installations()
    repository = app.get_github_for_installation(installation.id).get_repo(f"{OWNER}/{REPO}", lazy=True)
    made = create_runner(repository, "pygithub-1")
    runners = list(repository.get_self_hosted_runners())
    mine = repository.get_self_hosted_runner(made["id"])
    assert repository.remove_self_hosted_runner(mine)
    report(
        {
            "app": authenticated.id,
            "installation": installation.id,
            "runner": {"id": mine.id, "name": mine.name},
            "runners": [runner.name for runner in runners],
            "queued": list(queued_jobs(repository)),
            "delivery": redeliver(app),
        }
    )


main()
