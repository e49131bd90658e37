// @huggingface/hub as a dispatcher uses it. The argument names the part of it to do.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import {
  cancelJob,
  createScheduledJob,
  deleteScheduledJob,
  duplicateJob,
  getJob,
  getScheduledJob,
  listJobHardware,
  listJobs,
  listScheduledJobs,
  resumeScheduledJob,
  runJob,
  runScheduledJob,
  streamJobEvents,
  streamJobLogs,
  streamJobMetrics,
  suspendScheduledJob,
} from "@huggingface/hub";
import { hub, report } from "./lab.mjs";

const spec = { dockerImage: "ubuntu", flavor: "cpu-basic" };

function start(script, options = {}) {
  return runJob({ ...hub, ...spec, command: ["sh", "-c", script], ...options });
}

// The first so many things a stream gives, or all of it.
async function taken(stream, count = Infinity) {
  const things = [];
  for await (const thing of stream) {
    things.push(thing);
    if (things.length >= count) break;
  }
  return things;
}

// The same of a stream that does not end by itself: leaving it does not close its connection.
async function firstOf(open, count) {
  const leaving = new AbortController();
  const stream = open({ fetch: (url, init) => fetch(url, { ...init, signal: leaving.signal }) });
  const things = await taken(stream, count);
  leaving.abort();
  return things;
}

async function until(jobId, stage) {
  for (;;) {
    const job = await getJob({ ...hub, jobId });
    if (job.status.stage === stage) return job;
    await sleep(100);
  }
}

async function wholeLife() {
  const made = await start("echo one; sleep 1; echo two", {
    environment: { GREETING: "hello" },
    secrets: { TOKEN: "hunter2" },
    labels: { env: "prod" },
    timeoutSeconds: 600,
    attempts: 2,
  });
  const log = await taken(streamJobLogs({ ...hub, jobId: made.id }));
  assert.ok(log.every(({ timestamp }) => !Number.isNaN(timestamp.getTime())));
  const ended = await until(made.id, "COMPLETED");
  const hardware = await listJobHardware({ hubUrl: hub.hubUrl });
  return {
    job: made.id,
    log: log.map(({ message }) => message),
    labels: ended.labels,
    secrets: ended.secrets,
    listed: (await listJobs(hub)).map((job) => job.id),
    hardware: hardware.length,
  };
}

async function watching() {
  const { id: jobId } = await start("sleep 600");
  await until(jobId, "RUNNING");
  const samples = await firstOf((options) => streamJobMetrics({ ...hub, jobId, ...options }), 2);
  const canceled = await cancelJob({ ...hub, jobId });
  const events = await taken(streamJobEvents({ ...hub, jobId }));
  const again = await duplicateJob({ ...hub, jobId });
  return {
    job: jobId,
    cpus: samples.map((sample) => JSON.parse(sample).cpu_millicores),
    stage: canceled.status.stage,
    events,
    again: again.id,
    initiator: again.initiator,
  };
}

async function schedules() {
  const jobSpec = { ...spec, command: ["sleep", "600"], labels: { env: "prod" } };
  const made = await createScheduledJob({ ...hub, jobSpec, schedule: "@daily" });
  const here = { ...hub, jobId: made.id };
  await suspendScheduledJob(here);
  const suspended = await getScheduledJob(here);
  await resumeScheduledJob(here);
  const listed = await listScheduledJobs(hub);
  const job = await runScheduledJob(here);
  const busy = await runScheduledJob(here);
  await deleteScheduledJob(here);
  const gone = await getScheduledJob(here).catch((error) => error);
  return {
    schedule: made.id,
    suspended: suspended.suspend,
    listed: listed.map((one) => [one.id, one.suspend, one.schedule]),
    job: job.id,
    busy,
    gone: gone.statusCode,
  };
}

async function refusals() {
  const foreign = await listJobs({ ...hub, namespace: "somebody" }).catch((error) => error);
  const nobody = await getJob({ ...hub, jobId: "0123456789abcdef01234567" }).catch((error) => error);
  const stranger = await listJobs({ ...hub, accessToken: "hf_wrong" }).catch((error) => error);
  return [foreign, nobody, stranger].map(({ statusCode, message }) => ({ statusCode, message }));
}

const parts = { "whole-life": wholeLife, watching, schedules, refusals };
report(await parts[process.argv[2]]());
