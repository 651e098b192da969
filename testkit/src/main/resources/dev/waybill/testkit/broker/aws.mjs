// aws.mjs INSTALLATION PORT ADVERTISED_PORT DATA
//
// Runs fauxqs (SNS and SQS) with four changes that make it a stand-in for the AWS SDK for Java.
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [installation, port, advertisedPort, dataDir] = process.argv.slice(2);
const fauxqs = (file) =>
  import(pathToFileURL(path.join(installation, "node_modules", "fauxqs", "dist", file)));

// It listens on all interfaces, without an option: loopback only.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (options, ...rest) {
  const onLoopback =
    options && typeof options === "object" && "port" in options
      ? { ...options, host: "127.0.0.1" }
      : options;
  return listen.call(this, onLoopback, ...rest);
};

// SDK 1 posts JSON to the path of the queue's URL, which would be taken for an S3 bucket.
const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, ...rest) {
  const type = event === "request" ? request.headers["content-type"] : undefined;
  if (type?.includes("x-amz-json-1.0")) {
    request.url = "/";
  }
  return emit.call(this, event, request, ...rest);
};

// Queue URLs name a host that Java cannot resolve.
const { SqsStore } = await fauxqs("sqs/sqsStore.js");
SqsStore.prototype.buildQueueUrl = (queue) =>
  `http://127.0.0.1:${advertisedPort}/000000000000/${queue}`;

// Giving a message back would set its receive count to null, which its own table refuses.
const { PersistenceManager } = await fauxqs("persistence.js");
PersistenceManager.prototype.updateMessageReady = function (messageId) {
  this.db
    .prepare("UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?")
    .run(messageId);
};

const { startFauxqs } = await fauxqs("app.js");
const server = await startFauxqs({ port: Number(port), logger: false, dataDir });
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => server.stop().then(() => process.exit(0)));
}
console.log(`Ready on port ${server.port}`);
