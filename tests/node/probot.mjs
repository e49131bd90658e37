// A dispatcher's first half as a probot app: on a queued job it makes a JIT runner for it.
// Finds the lab by GHE_HOST and GHE_PROTOCOL, as against a GitHub Enterprise Server.

import { createServer } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";
import { appId, privateKey, report, secret } from "./lab.mjs";

function app(probot) {
  probot.on("workflow_job.queued", async (context) => {
    const { workflow_job: job } = context.payload;
    const { data } = await context.octokit.rest.actions.generateRunnerJitconfigForRepo(
      context.repo({ name: `probot-${job.id}`, runner_group_id: 1, labels: job.labels }),
    );
    report({ id: context.id, name: context.name, job: job.name, runner: data.runner.id });
  });
}

const probot = createProbot({ overrides: { appId, privateKey, secret }, defaults: { logLevel: "fatal" } });
const path = "/webhook";
const server = createServer(await createNodeMiddleware(app, { probot, webhooksPath: path }));
server.listen(0, "127.0.0.1", () => report({ listening: `http://127.0.0.1:${server.address().port}${path}` }));
