"""PyGithub and the runners of an organization, for which it knows every call of a dispatcher."""

from github import Auth, GithubIntegration
from lab import APP_ID, BASE_URL, LABEL, OWNER, PRIVATE_KEY, report


def main():
    app = GithubIntegration(
        auth=Auth.AppAuth(APP_ID, PRIVATE_KEY), base_url=BASE_URL, lazy=True, per_page=2
    )
    (installation,) = app.get_installations()
    organization = app.get_github_for_installation(installation.id).get_organization(OWNER)
    names = [f"pygithub-{number}" for number in (1, 2, 3)]
    made = [organization.create_self_hosted_runner_jitconfig(name, 1, [LABEL]) for name in names]
    assert all(config.encoded_jit_config for config in made)
    registration = organization.create_self_hosted_runner_registration_token()
    assert registration.token and registration.expires_at
    runners = list(organization.get_self_hosted_runners())
    mine = organization.get_self_hosted_runner(made[0].runner.id)
    organization.delete_self_hosted_runner(mine.id)
    report(
        {
            "runner": {"id": mine.id, "name": mine.name},
            "runners": [runner.name for runner in runners],
        }
    )


main()
