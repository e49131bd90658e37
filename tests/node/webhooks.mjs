// A receiver made of @octokit/webhooks. Prints where it listens, then every event its handler saw.

import { createServer } from "node:http";
import { Webhooks, createNodeMiddleware } from "@octokit/webhooks";
import { report, secret } from "./lab.mjs";

const webhooks = new Webhooks({ secret });
webhooks.on("workflow_job.queued", ({ id, name, payload }) => {
  report({ id, name, action: payload.action, job: payload.workflow_job.name, repository: payload.repository.full_name });
});
webhooks.onError(() => {}); // Its default prints whole payloads; the answer's status says enough.

const path = "/webhook";
const server = createServer(createNodeMiddleware(webhooks, { path, log: { debug() {}, info() {}, warn() {}, error() {} } }));
server.listen(0, "127.0.0.1", () => report({ listening: `http://127.0.0.1:${server.address().port}${path}` }));
