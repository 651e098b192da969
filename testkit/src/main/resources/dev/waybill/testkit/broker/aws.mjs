// aws.mjs INSTALLATION PORT ADVERTISED_PORT [DATA]
//
// Runs fauxqs (SNS and SQS) with changes that make it a stand-in for AWS and its SDK for Java;
// without DATA in memory only.
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
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

// SDK 1 posts JSON to the path of the queue's URL, which would be taken for an S3 bucket. Whatever is
// done for a request knows its response.
const responses = new AsyncLocalStorage();
const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, ...rest) {
  if (event !== "request") {
    return emit.call(this, event, request, ...rest);
  }
  if (request.headers["content-type"]?.includes("x-amz-json-1.0")) {
    request.url = "/";
  }
  return responses.run(rest[0], () => {
    const on = request.on;
    request.on = function (name, listener) {
      return on.call(this, name, AsyncResource.bind(listener));
    };
    return emit.call(this, event, request, ...rest);
  });
};

// Queue URLs name a host that Java cannot resolve.
const { SqsStore } = await fauxqs("sqs/sqsStore.js");
SqsStore.prototype.buildQueueUrl = (queue) =>
  `http://127.0.0.1:${advertisedPort}/000000000000/${queue}`;

// A poll whose client is gone would wait on, and get messages for nobody.
const { SqsQueue } = await fauxqs("sqs/sqsStore.js");
const waitForMessages = SqsQueue.prototype.waitForMessages;
SqsQueue.prototype.waitForMessages = function (seconds) {
  const others = new Set(this.pollWaiters);
  const waiting = waitForMessages.call(this, seconds);
  const waiter = this.pollWaiters.find((one) => !others.has(one));
  responses.getStore()?.once("close", () => {
    if (this.pollWaiters.includes(waiter)) {
      clearTimeout(waiter.timer);
      this.pollWaiters.splice(this.pollWaiters.indexOf(waiter), 1);
      this.stopPollTimerIfEmpty();
    }
  });
  return waiting;
};

// It takes messages that AWS refuses, and refuses characters above U+FFFF, which AWS takes.
const { SqsError } = await fauxqs("common/errors.js");
const { INVALID_MESSAGE_BODY_CHAR } = await fauxqs("sqs/sqsTypes.js");
const illegal = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
INVALID_MESSAGE_BODY_CHAR.test = (text) => illegal.test(text);
const isId = (id) => id === undefined || /^[\x21-\x7E]{1,128}$/.test(id);
const isName = (name) => /^(?!aws\.|amazon\.|\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)$/i.test(name);
const isText = (text) => text === undefined || (text !== "" && !illegal.test(text));
const createMessage = SqsStore.createMessage;
SqsStore.createMessage = (body, attributes = {}, delaySeconds = 0, groupId, deduplicationId) => {
  const names = Object.keys(attributes);
  const texts = Object.values(attributes).map((attribute) => attribute.StringValue);
  if (names.length > 10 || !names.every(isName) || !texts.every(isText)) {
    throw new SqsError("InvalidParameterValue", `AWS does not take the attributes ${names}`);
  }
  if (!isId(groupId) || !isId(deduplicationId) || delaySeconds < 0 || delaySeconds > 900) {
    throw new SqsError(
      "InvalidParameterValue",
      `AWS does not take group ${groupId}, deduplication id ${deduplicationId}, delay ${delaySeconds}`,
    );
  }
  return createMessage(body, attributes, delaySeconds, groupId, deduplicationId);
};

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
