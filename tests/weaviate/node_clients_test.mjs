// Weaviate's TypeScript clients against the real server: MOAT_HTTP and MOAT_GRPC are its ports,
// MOAT_NODE_MODULES says what is installed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, test } from "node:test";

const require = createRequire(process.env.MOAT_NODE_MODULES + "/");
const now = require("weaviate-client");
const weaviate = now.default ?? now;
const before = require("weaviate-ts-client");

const rows = [
  { title: "red apple", pages: 10, angle: 0 },
  { title: "green apple", pages: 20, angle: 30 },
  { title: "重置密码的方法", pages: 30, angle: 90 },
];
const point = (degrees) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];

test("the client of today", async () => {
  const client = await weaviate.connectToCustom({
    httpHost: "127.0.0.1",
    httpPort: Number(process.env.MOAT_HTTP),
    httpSecure: false,
    grpcHost: "127.0.0.1",
    grpcPort: Number(process.env.MOAT_GRPC),
    grpcSecure: false,
  });
  after(() => client.close());
  assert.ok(await client.isReady());
  await client.collections.create({
    name: "Today",
    vectorizers: weaviate.configure.vectorizer.none(),
    properties: [
      { name: "title", dataType: "text" },
      { name: "pages", dataType: "int" },
    ],
  });
  const today = client.collections.get("Today");
  assert.equal((await today.config.get()).name, "Today");
  const added = await today.data.insertMany(
    rows.map(({ title, pages, angle }) => ({ properties: { title, pages }, vectors: point(angle) })),
  );
  assert.equal(added.hasErrors, false);
  const titles = (answer) => answer.objects.map((o) => o.properties.title);
  const near = await today.query.nearVector([1, 0], { limit: 2, returnMetadata: ["distance"], includeVector: true });
  assert.deepEqual(titles(near), ["red apple", "green apple"]);
  assert.ok(Math.abs(near.objects[1].metadata.distance - (1 - Math.cos(Math.PI / 6))) < 1e-5);
  assert.deepEqual(near.objects[0].vectors.default, [1, 0]);
  assert.deepEqual(titles(await today.query.bm25("密码")), ["重置密码的方法"]);
  const hybrid = await today.query.hybrid("green", { vector: [1, 0], alpha: 0.3, limit: 1 });
  assert.deepEqual(titles(hybrid), ["green apple"]);
  const filtered = await today.query.fetchObjects({
    filters: today.filter.byProperty("pages").greaterThan(10),
    sort: today.sort.byProperty("pages", false),
  });
  assert.deepEqual(titles(filtered), ["重置密码的方法", "green apple"]);
  assert.equal((await today.aggregate.overAll()).totalCount, 3);
  const one = await today.data.insert({ properties: { title: "one", pages: 1 }, vectors: [0, 1] });
  await today.data.update({ id: one, properties: { pages: 2 } });
  assert.deepEqual((await today.query.fetchObjectById(one)).properties, { title: "one", pages: 2 });
  assert.equal(await today.data.deleteById(one), true);
  const gone = await today.data.deleteMany(today.filter.byProperty("pages").lessThan(25));
  assert.equal(gone.successful, 2);
  await client.collections.delete("Today");
  assert.equal(await client.collections.exists("Today"), false);
});

test("the client of before", async () => {
  const client = (before.default ?? before).client({ scheme: "http", host: `127.0.0.1:${process.env.MOAT_HTTP}` });
  assert.equal((await client.misc.liveChecker().do()), true);
  await client.schema.classCreator().withClass({
    class: "Before",
    vectorizer: "none",
    properties: [
      { name: "title", dataType: ["text"] },
      { name: "pages", dataType: ["int"] },
    ],
  }).do();
  let batcher = client.batch.objectsBatcher();
  for (const { title, pages, angle } of rows)
    batcher = batcher.withObject({ class: "Before", properties: { title, pages }, vector: point(angle) });
  const written = await batcher.do();
  assert.deepEqual(written.map((row) => row.result.status), ["SUCCESS", "SUCCESS", "SUCCESS"]);
  const get = () => client.graphql.get().withClassName("Before").withFields("title _additional { distance id }");
  const titles = (answer) => answer.data.Get.Before.map((hit) => hit.title);
  assert.deepEqual(titles(await get().withNearVector({ vector: [1, 0] }).withLimit(2).do()), ["red apple", "green apple"]);
  assert.deepEqual(titles(await get().withBm25({ query: "密码" }).do()), ["重置密码的方法"]);
  const where = { path: ["pages"], operator: "GreaterThan", valueInt: 10 };
  assert.deepEqual(titles(await get().withWhere(where).withSort([{ path: ["pages"], order: "desc" }]).do()), [
    "重置密码的方法",
    "green apple",
  ]);
  const hybrid = await get().withHybrid({ query: "green", vector: [1, 0], alpha: 0.3 }).withLimit(1).do();
  assert.deepEqual(titles(hybrid), ["green apple"]);
  const made = await client.data.creator().withClassName("Before").withProperties({ title: "x" }).do();
  assert.equal((await client.data.getterById().withClassName("Before").withId(made.id).do()).properties.title, "x");
  await client.data.merger().withClassName("Before").withId(made.id).withProperties({ pages: 4 }).do();
  await client.data.deleter().withClassName("Before").withId(made.id).do();
  const counted = await client.graphql.aggregate().withClassName("Before").withFields("meta { count }").do();
  assert.equal(counted.data.Aggregate.Before[0].meta.count, 3);
  await client.schema.classDeleter().withClassName("Before").do();
});
