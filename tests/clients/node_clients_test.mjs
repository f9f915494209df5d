// The official JavaScript clients against the real server: MOAT_URL says where, MOAT_NODE_MODULES what
// is installed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(process.env.MOAT_NODE_MODULES + "/");
const { Ollama } = require("ollama");
const OpenAI = require("openai").default;
const Anthropic = require("@anthropic-ai/sdk").default;

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

const openai = new OpenAI({ baseURL: `${process.env.MOAT_URL}/v1`, apiKey: "unused", maxRetries: 0 });
const short = { temperature: 0, seed: 1, max_tokens: 6 };
const yes = {
  type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"], additionalProperties: false,
};
const sky = {
  type: "function",
  function: {
    name: "sky",
    parameters: { type: "object", properties: { day: { type: "boolean" } }, required: ["day"], additionalProperties: false },
  },
};
// What a call looks like in the template of these tests.
const call = {
  type: "object",
  properties: { name: { const: "sky" }, arguments: sky.function.parameters },
  required: ["name", "arguments"],
  additionalProperties: false,
};

test("openai: chats whole and in pieces", async () => {
  const ask = { model: "tiny", messages: question, ...short };
  await openai.chat.completions.create(ask);
  const whole = await openai.chat.completions.create(ask);
  assert.equal(whole.choices[0].finish_reason, "length");
  assert.equal(whole.usage.completion_tokens, 6);
  let text = "";
  for await (const chunk of await openai.chat.completions.create({ ...ask, stream: true }))
    text += chunk.choices[0]?.delta?.content ?? "";
  assert.equal(text, whole.choices[0].message.content);
});

test("openai: calls tools, in deltas", async () => {
  const runner = openai.chat.completions.stream({
    model: "tools", messages: question, tools: [sky], tool_choice: "required", temperature: 0, max_tokens: 100,
    response_format: { type: "json_schema", json_schema: { name: "call", schema: call } },
  });
  const { choices } = await runner.finalChatCompletion();
  assert.equal(choices[0].finish_reason, "tool_calls");
  const [made] = choices[0].message.tool_calls;
  assert.equal(made.function.name, "sky");
  assert.equal(typeof JSON.parse(made.function.arguments).day, "boolean");
});

test("openai: keeps to a format", async () => {
  const answer = await openai.chat.completions.create({
    model: "tiny", messages: question, temperature: 0, max_tokens: 100,
    response_format: { type: "json_schema", json_schema: { name: "yes", schema: yes, strict: true } },
  });
  assert.equal(typeof JSON.parse(answer.choices[0].message.content).ok, "boolean");
});

test("openai: responds, whole and in events", async () => {
  const ask = { model: "tiny", input: "Why?", temperature: 0, max_output_tokens: 6 };
  await openai.responses.create(ask);
  const whole = await openai.responses.create(ask);
  assert.equal(whole.status, "incomplete");
  let text = "";
  const types = [];
  for await (const event of await openai.responses.create({ ...ask, stream: true })) {
    types.push(event.type);
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  assert.equal(text, whole.output_text);
  assert.deepEqual([types[0], types.at(-1)], ["response.created", "response.incomplete"]);
});

test("openai: embeds and lists", async () => {
  const { data } = await openai.embeddings.create({ model: "encoder", input: ["one", "two"], dimensions: 16 });
  assert.deepEqual(data.map((one) => one.embedding.length), [16, 16]);
  const names = [];
  for await (const model of openai.models.list()) names.push(model.id);
  assert.ok(names.includes("tiny:latest"));
  await assert.rejects(openai.models.retrieve("none"), { status: 404 });
});

test("anthropic: sends messages whole and in events", async () => {
  const client = new Anthropic({ baseURL: process.env.MOAT_URL, apiKey: "unused", maxRetries: 0 });
  const ask = { model: "tiny", max_tokens: 6, messages: question, top_k: 1 };
  await client.messages.create(ask);
  const whole = await client.messages.create(ask);
  assert.equal(whole.stop_reason, "max_tokens");
  const final = await client.messages.stream(ask).finalMessage();
  assert.equal(final.content[0].text, whole.content[0].text);
  const { input_tokens } = await client.messages.countTokens({ model: "tiny", messages: question });
  assert.equal(whole.usage.input_tokens + whole.usage.cache_read_input_tokens, input_tokens);
});
