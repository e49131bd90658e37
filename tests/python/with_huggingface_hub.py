"""HfApi of huggingface_hub as a dispatcher uses it. The argument names the part of it to do."""

import sys
from itertools import islice

from huggingface_hub import HfApi, JobStage
from lab import report

api = HfApi()


def start(script, **options):
    return api.run_job(image="ubuntu", command=["sh", "-c", script], **options)


def lines(job, **options):
    return list(api.fetch_job_logs(job_id=job.id, **options))


def whole_life():
    started = start(
        "echo begun; sleep 600",
        env={"GREETING": "hello"},
        secrets={"TOKEN": "hunter2"},
        timeout="10m",
        labels={"env": "test"},
    )
    assert started.status.stage == JobStage.SCHEDULING, started
    running = api.wait_for_job(started.id, stages=[JobStage.RUNNING])
    assert running.started_at >= running.created_at and running.finished_at is None, running
    (sample,) = api.fetch_job_metrics(job_id=started.id)
    assert sample["memory_used_bytes"] <= sample["memory_total_bytes"], sample
    samples = islice(api.fetch_job_metrics(job_id=started.id, follow=True), 2)
    assert [one["replica"] for one in samples] == [sample["replica"]] * 2
    labelled = api.update_job_labels(job_id=started.id, labels={"env": "prod", "team": "ml"})
    found = [job.id for job in api.list_jobs(labels={"env": "prod", "team": "ml"}, status="RUNNING")]
    assert not list(api.list_jobs(labels={"env": "test"}))
    exposed = api.update_job_expose(job_id=started.id, expose=[8000], expose_public=[9000])
    api.cancel_job(job_id=started.id)
    ended = api.wait_for_job(started.id)
    assert list(api.fetch_job_metrics(job_id=started.id)) == []
    again = api.rerun_job(job_id=started.id)
    assert again.labels == labelled.labels and again.environment == {"GREETING": "hello"}, again
    report(
        {
            "job": started.id,
            "found": found,
            "secrets": ended.secrets,
            "ports": exposed.expose,
            "public_ports": exposed.expose_public,
            "urls": exposed.status.expose_urls,
            "stage": ended.status.stage,
            "running_secs": ended.durations.running_secs,
            "again": again.id,
            "initiator": [again.initiator.type, again.initiator.id],
        }
    )


def pages():
    jobs = list(api.list_jobs())
    (seventh,) = api.list_jobs(labels={"number": "7"})
    assert seventh.id in [job.id for job in jobs]
    report([job.labels["number"] for job in jobs])


def follow_a_log():
    job = start("echo one; echo two; sleep 1; echo three; sleep 1; echo four")
    followed = lines(job, follow=True)
    assert api.inspect_job(job_id=job.id).status.stage == JobStage.COMPLETED
    report({"followed": followed, "replayed": lines(job)})


def follow_the_tail_of_a_log():
    job = start("echo one; echo two; sleep 3; echo three; sleep 1; echo four")
    api.wait_for_job(job.id, stages=[JobStage.RUNNING])
    report({"followed": lines(job, follow=True, tail=1), "last": lines(job, tail=1)})


def uv():
    job = api.run_uv_job(
        "https://example.org/train.py", script_args=["--fast"], dependencies=["numpy"], timeout=60
    )
    ended = api.wait_for_job(job.id)
    report({"image": ended.docker_image, "command": ended.command, "stage": ended.status.stage})


def schedules():
    made = api.create_scheduled_job(
        image="ubuntu", command=["sleep", "600"], schedule="@daily", labels={"env": "prod"}
    )
    assert made.suspend is False and made.status.next_job_run_at > made.created_at, made
    uv_made = api.create_scheduled_uv_job("https://example.org/train.py", schedule="0 9 * * 1")
    (found,) = api.list_scheduled_jobs(labels={"env": "prod"})
    assert found.id == made.id
    assert {one.id for one in api.list_scheduled_jobs()} == {made.id, uv_made.id}
    api.suspend_scheduled_job(scheduled_job_id=made.id)
    suspended = api.inspect_scheduled_job(scheduled_job_id=made.id)
    api.resume_scheduled_job(scheduled_job_id=made.id)
    moved = api.update_scheduled_job_schedule(scheduled_job_id=made.id, schedule="@hourly")
    assert moved.status.next_job_run_at < made.status.next_job_run_at, moved
    labelled = api.update_scheduled_job_labels(scheduled_job_id=made.id, labels={"env": "test"})
    job = api.trigger_scheduled_job(scheduled_job_id=made.id)
    triggered = api.inspect_scheduled_job(scheduled_job_id=made.id)
    assert triggered.status.last_job.id == job.id, triggered
    refused = refusal(lambda: api.trigger_scheduled_job(scheduled_job_id=made.id))
    api.delete_scheduled_job(scheduled_job_id=uv_made.id)
    assert [one.id for one in api.list_scheduled_jobs()] == [made.id]
    report(
        {
            "schedule": made.id,
            "suspended": suspended.suspend,
            "moved": moved.schedule,
            "labels": labelled.job_spec.labels,
            "job": job.id,
            "initiator": [job.initiator.type, job.initiator.id],
            "refused": refused,
        }
    )


def refusal(call):
    try:
        call()
    except Exception as error:
        return error.response.status_code
    raise AssertionError("it was not refused")


PARTS = {
    "whole-life": whole_life,
    "pages": pages,
    "follow-a-log": follow_a_log,
    "follow-the-tail-of-a-log": follow_the_tail_of_a_log,
    "uv": uv,
    "schedules": schedules,
}
PARTS[sys.argv[1]]()
