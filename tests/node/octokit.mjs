// octokit as a dispatcher uses it: the App, its installations, JIT runners, queued jobs, deliveries.
// The argument names the part of it to do.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { App, Octokit } from "octokit";
import { appId, baseUrl, owner, privateKey, repo, report, secret } from "./lab.mjs";

const warnings = [];
const log = {
  debug() {},
  info() {},
  warn: (text) => warnings.push(text),
  error: (text) => warnings.push(text),
};
const app = new App({
  appId,
  privateKey,
  webhooks: { secret },
  log,
  Octokit: Octokit.defaults({ baseUrl, log }),
});
const here = { owner, repo };

async function installed() {
  const found = [];
  await app.eachInstallation(({ octokit, installation }) => {
    found.push({ octokit, installation });
  });
  assert.equal(found.length, 1);
  return found[0];
}

function newRunner(octokit, name, options = {}) {
  return octokit.rest.actions.generateRunnerJitconfigForRepo({
    ...here,
    name,
    runner_group_id: 1,
    labels: ["hf-jobs-cpu-basic"],
    ...options,
  });
}

async function queuedJobs(octokit) {
  const runs = await octokit.paginate(octokit.rest.actions.listWorkflowRunsForRepo, { ...here, status: "queued" });
  const jobs = [];
  for (const run of runs) {
    jobs.push(...(await octokit.paginate(octokit.rest.actions.listJobsForWorkflowRun, { ...here, run_id: run.id })));
  }
  return jobs.filter((job) => job.status === "queued").map((job) => job.name);
}

// Asks for the one failed delivery again, and waits until GitHub lists that attempt as delivered.
async function redeliver() {
  const { rest, paginate } = app.octokit;
  const deliveries = await paginate(rest.apps.listWebhookDeliveries);
  const failed = deliveries.filter((delivery) => delivery.status !== "OK");
  assert.equal(failed.length, 1);
  const [{ id, guid }] = failed;
  const full = await rest.apps.getWebhookDelivery({ delivery_id: id });
  assert.equal(full.data.request.payload.action, "queued");
  await rest.apps.redeliverWebhookDelivery({ delivery_id: id });
  for (;;) {
    const again = (await paginate(rest.apps.listWebhookDeliveries)).find((one) => one.guid === guid && one.status === "OK");
    if (again) return { guid, failed: id, redelivered: again.id, redelivery: again.redelivery };
    await sleep(100);
  }
}

async function everything() {
  const { data: authenticated } = await app.octokit.rest.apps.getAuthenticated();
  const { octokit, installation } = await installed();
  const { data: made } = await newRunner(octokit, "octokit-1");
  const files = JSON.parse(Buffer.from(made.encoded_jit_config, "base64").toString());
  const runners = await octokit.paginate(octokit.rest.actions.listSelfHostedRunnersForRepo, { ...here, per_page: 100 });
  const mine = runners.find((runner) => runner.name === "octokit-1");
  assert.equal(mine.id, made.runner.id);
  await octokit.rest.actions.deleteSelfHostedRunnerFromRepo({ ...here, runner_id: mine.id });
  return {
    app: authenticated.id,
    installation: installation.id,
    runner: { id: mine.id, name: mine.name, files: Object.keys(files) },
    runners: runners.length,
    queued: await queuedJobs(octokit),
    delivery: await redeliver(),
  };
}

// One retry is enough to see that there are some; by default octokit makes three, with growing pauses.
async function nameTaken() {
  const { octokit } = await installed();
  await newRunner(octokit, "twice");
  const refused = await newRunner(octokit, "twice", { request: { retries: 1 } }).catch((error) => error);
  return { status: refused.status, message: refused.response.data.message };
}

async function tokenNotKnownYet() {
  const { octokit } = await installed();
  const { data } = await octokit.rest.actions.listSelfHostedRunnersForRepo(here);
  return { runners: data.total_count, warnings };
}

async function clockWrong() {
  const { data } = await app.octokit.rest.apps.getAuthenticated();
  return { app: data.id, warnings };
}

const parts = {
  everything,
  "name-taken": nameTaken,
  "token-not-known-yet": tokenNotKnownYet,
  "clock-wrong": clockWrong,
};
report(await parts[process.argv[2]]());
