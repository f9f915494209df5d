// The page, used as a person uses it:  node page_test.mjs MOAT_BINARY SCREENSHOTS
// Exit status 77: no browser on this machine.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { closeAll, findBrowser, openBrowser, openPage, screenshots } from './browser.mjs';
import { MoatServer } from './server.mjs';

const [binary, screenshotFolder] = process.argv.slice(2);
const executable = findBrowser();
if (!executable) {
  console.log('skipped: no Chromium here; Debian has it as the package "chromium"');
  process.exit(77);
}

const shot = screenshots(screenshotFolder);
const browser = await openBrowser(executable);
const example = (name) => fileURLToPath(new URL(`../../examples/documents/${name}`, import.meta.url));
const closeDrawer = (page) => page.locator('.ant-drawer-close').first().click();

const ask = async (page, question) => {
  await page.locator('.composer textarea').fill(question);
  await page.keyboard.press('Enter');
  await page.locator('.answer[aria-busy="false"]').last().waitFor();
  return page.locator('.answer').last();
};

// Every button must have a name that a screen reader can say.
const namelessButtons = (page) =>
  page.locator('button:visible').evaluateAll((buttons) =>
    buttons
      .filter((b) => !(b.innerText.trim() || b.getAttribute('aria-label') || b.title))
      .map((b) => b.outerHTML.slice(0, 120)),
  );

// From an empty server to a cited answer, with nothing but the page.
async function firstSteps(server) {
  const { page, complaints, close } = await openPage(browser, server.url, { locale: 'en-GB' });
  await page.goto(server.url);
  await page.getByRole('heading', { name: 'Ask your documents' }).waitFor();
  await page.getByText('No chat model').first().waitFor(); // the notice of the server
  await shot(page, '1-empty');

  await page.getByRole('button', { name: 'Create a knowledge base' }).click();
  await page.getByPlaceholder('Name of a new knowledge base').fill('Lanhe 澜河仪器: rules & products');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('No documents yet').waitFor();
  const files = [
    'handbook/leave-policy.md',
    'products/LR-200-datasheet.pdf',
    '制度/差旅报销管理办法.md',
    'it/network-security.html',
  ].map(example);
  await page.locator('.drop-zone input[type=file]').first().setInputFiles(files);
  await page.locator('.documents .ant-tag-success').nth(files.length - 1).waitFor({ timeout: 60_000 });
  await shot(page, '2-documents');
  await closeDrawer(page);

  const answer = await ask(page, 'What is the lower limit of detection of the LR-200?');
  await answer.getByText('0.05 NTU').first().waitFor();
  assert.match(await answer.innerText(), /LR-200-datasheet\.pdf/);
  assert.match(await answer.innerText(), /page 1/);
  await shot(page, '3-answer');

  await answer.locator('.chip').first().click();
  const cited = page.locator('.passage-cited');
  await cited.waitFor();
  await cited.locator('mark').first().waitFor();
  assert.match(await cited.locator('mark').allInnerTexts().then((t) => t.join(' ')), /0\.05 NTU/);
  assert.ok(await cited.isVisible());
  await shot(page, '4-source');
  await closeDrawer(page);
  assert.deepEqual(await namelessButtons(page), []);
  assert.deepEqual(complaints, []);
  await close();
}

async function chinese(server) {
  const { page, complaints, close } = await openPage(browser, server.url, {
    locale: 'zh-CN',
    colorScheme: 'dark',
  });
  await page.goto(server.url);
  await page.getByRole('heading', { name: '向您的文档提问' }).waitFor();
  await shot(page, '5-chinese-dark');
  const answer = await ask(page, '去北京出差住宿每晚的上限是多少？');
  assert.match(await answer.innerText(), /650/);
  await shot(page, '6-chinese-answer');
  await answer.locator('.source').first().click();
  await page.locator('.passage-cited').waitFor();
  await shot(page, '7-chinese-source');
  await closeDrawer(page);

  // The language can be changed, and stays changed.
  await page.getByRole('button', { name: 'Switch to English' }).click();
  await page.getByRole('button', { name: 'New chat' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'New chat' }).waitFor();
  assert.deepEqual(complaints, []);
  await close();
}

// The history keeps what was asked, with its sources, and forgets it on request.
async function history(server) {
  const { page, complaints, close } = await openPage(browser, server.url, { locale: 'en-GB' });
  await page.goto(server.url);
  await page.locator('.ant-conversations-item', { hasText: '去北京出差' }).click();
  await page.locator('.answer', { hasText: '650' }).waitFor();
  assert.ok((await page.locator('.source').count()) > 0);

  const item = page.locator('.ant-conversations-item', { hasText: '去北京出差' });
  await item.hover();
  await item.locator('.ant-conversations-menu-icon').click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await item.waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'Ask your documents' }).waitFor();
  assert.deepEqual(complaints, []);
  await close();
}

async function nothingFound(server) {
  const { page, complaints, close } = await openPage(browser, server.url, { locale: 'en-GB' });
  await page.goto(server.url);
  const answer = await ask(page, 'How do I bake sourdough bread?');
  assert.ok((await answer.innerText()).trim().length > 0);
  assert.equal(await answer.locator('.source').count(), 0);
  await shot(page, '8-nothing-found');
  assert.deepEqual(complaints, []);
  await close();
}

async function narrow(server) {
  const { page, complaints, close } = await openPage(browser, server.url, {
    locale: 'zh-CN',
    viewport: { width: 390, height: 760 },
  });
  await page.goto(server.url);
  await page.getByRole('button', { name: '显示历史对话' }).click();
  await page.locator('.ant-drawer').getByRole('button', { name: '新对话' }).click();
  await ask(page, 'LR-200的检出限是多少？');
  await shot(page, '9-narrow');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(overflow, false, 'the page must not scroll sideways');
  assert.deepEqual(complaints, []);
  await close();
}

// With a chat model answers come word by word, and can be stopped. The model is tiny and talks
// nonsense without end, which is all this needs.
async function stopping(server) {
  const folder = process.env.MOAT_TEST_MODELS;
  const model = folder && join(folder, 'tiny-chat.gguf');
  if (!model || !existsSync(model)) throw new Skipped('MOAT_TEST_MODELS has no tiny-chat.gguf');
  const modelfile = join(server.data, 'Modelfile');
  writeFileSync(modelfile, `FROM ${model}\nPARAMETER num_predict 4000\nPARAMETER num_ctx 8192\n`);
  server.run('create', 'tiny', '-f', modelfile);

  const { page, complaints, close } = await openPage(browser, server.url, { locale: 'en-GB' });
  await page.goto(server.url);
  await page.getByRole('combobox', { name: 'Knowledge base' }).click();
  await page.locator('.ant-select-item-option', { hasText: 'Chat without documents' }).click();
  await page.locator('.composer textarea').fill('Tell me something');
  await page.keyboard.press('Enter');
  const answer = page.locator('.answer').last();
  await answer.locator('.prose').waitFor({ timeout: 60_000 });
  await shot(page, '11-streaming');
  await page.getByRole('button', { name: 'Stop' }).click();
  await answer.getByText('Stopped.').waitFor();
  const length = (await answer.innerText()).length;
  await page.getByRole('button', { name: 'Send' }).waitFor();
  assert.equal((await answer.innerText()).length, length, 'nothing comes after a stop');
  assert.deepEqual(complaints, []);
  await close();
}

// A server that asks for a key: the page asks, says when it is wrong, and remembers on request.
async function keys() {
  const server = await MoatServer.start(binary);
  const key = /moat_[A-Za-z0-9_-]{32}/.exec(server.run('key', 'create', 'tester'))?.[0];
  assert.ok(key, 'moat key create prints the key');
  const { page, close } = await openPage(browser, server.url, { locale: 'en-GB' });
  try {
    server.child.kill('SIGTERM');
    await server.ended;
    await server.launch(['--require-key']);
    await page.goto(server.url);
    await page.getByLabel('API key').fill('moat_wrong');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('did not accept this key').waitFor();
    await shot(page, '10-key');
    await page.getByLabel('API key').fill(key);
    await page.getByLabel('Remember it').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Ask your documents' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Ask your documents' }).waitFor();
  } finally {
    await close();
    await server.stop();
  }
}

class Skipped extends Error {}

let failed = 0;
async function check(name, work) {
  const start = performance.now();
  try {
    await work();
    console.log(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    if (error instanceof Skipped) return console.log(`skipped ${name}: ${error.message}`);
    failed++;
    console.log(`FAILED  ${name}\n${error.stack}`);
    await closeAll(browser, screenshotFolder, name);
  }
}

const server = await MoatServer.start(binary);
try {
  await check('an empty server leads to a cited answer', () => firstSteps(server));
  await check('the page speaks Chinese and can be switched', () => chinese(server));
  await check('the history opens and forgets', () => history(server));
  await check('a question the documents do not answer shows no sources', () => nothingFound(server));
  await check('a narrow screen shows everything', () => narrow(server));
  await check('an answer streams and can be stopped', () => stopping(server));
  await check('a server with keys asks for one', keys);
} finally {
  await server.stop();
  await browser.close();
}
if (failed > 0) console.log(server.lines.slice(-30).join('\n'));
process.exit(failed > 0 ? 1 : 0);
