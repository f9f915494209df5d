// The official JavaScript client against the real server: MOAT_URL says where, MOAT_NODE_MODULES what
// is installed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(process.env.MOAT_NODE_MODULES + "/");
const { Ollama } = require("ollama");

const client = new Ollama({ host: process.env.MOAT_URL });
const greedy = { temperature: 0, seed: 1, num_predict: 16 };
const question = [{ role: "user", content: "Why is the sky blue?" }];

test("lists and shows models", async () => {
  const { models } = await client.list();
  const tiny = models.find((model) => model.name === "tiny:latest");
  assert.equal(tiny.details.family, "qwen2");
  const shown = await client.show({ model: "tiny" });
  assert.ok(shown.capabilities.includes("completion"));
  assert.equal(shown.model_info["general.architecture"], "qwen2");
});

test("chats whole and in pieces", async () => {
  // The second answer: the prompt is cached by then, and rounding is the same from there on.
  await client.chat({ model: "tiny", messages: question, options: greedy });
  const whole = await client.chat({ model: "tiny", messages: question, options: greedy });
  assert.equal(whole.message.role, "assistant");
  assert.equal(whole.eval_count, 16);
  let text = "";
  let last;
  for await (const part of await client.chat({ model: "tiny", messages: question, options: greedy, stream: true })) {
    text += part.message.content;
    last = part;
  }
  assert.equal(text, whole.message.content);
  assert.equal(last.done, true);
  assert.equal(last.done_reason, "length");
});

test("generates, and keeps to a format", async () => {
  const format = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] };
  const answer = await client.generate({
    model: "tiny", prompt: "Yes?", format, options: { temperature: 0, num_predict: 100 },
  });
  assert.equal(typeof JSON.parse(answer.response).ok, "boolean");
});

test("embeds", async () => {
  const { embeddings } = await client.embed({ model: "encoder", input: ["one", "two"] });
  assert.equal(embeddings.length, 2);
  assert.equal(embeddings[0].length, 64);
});

test("makes, copies and deletes a model", async () => {
  await client.create({ model: "from-node", from: "tiny", system: "Short." });
  await client.copy({ source: "from-node", destination: "from-node:2" });
  assert.equal((await client.show({ model: "from-node:2" })).system, "Short.");
  await client.delete({ model: "from-node" });
  await client.delete({ model: "from-node:2" });
  await assert.rejects(client.show({ model: "from-node" }), { message: "model 'from-node' not found" });
});

test("an unknown model is an error with its status", async () => {
  await assert.rejects(client.chat({ model: "none", messages: question }), (error) => {
    assert.equal(error.status_code, 404);
    assert.equal(error.message, "model 'none' not found");
    return true;
  });
});

test("an aborted stream ends, and the server goes on", async () => {
  const stream = await client.generate({
    model: "tiny", prompt: "Go on", stream: true, options: { temperature: 1, num_predict: 5000, num_ctx: 2048 },
  });
  await assert.rejects(async () => {
    for await (const part of stream) {
      assert.equal(part.done, false);
      stream.abort();
    }
  });
  const answer = await client.generate({ model: "tiny", prompt: "Hi", options: greedy });
  assert.equal(answer.done, true);
});
