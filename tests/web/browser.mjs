// The system's Chromium, driven by playwright-core from the packages of web/.

import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const executables = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function findBrowser() {
  return process.env.MOAT_CHROMIUM ?? executables.find((path) => existsSync(path)) ?? null;
}

export async function openBrowser(executablePath) {
  const { chromium } = require('playwright-core');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox', // CI often runs as root
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

// A page in a browser profile of its own that notes what must never happen: an error on the console,
// an exception, a request to anywhere but `origin`, a fault of the server.
export async function openPage(browser, origin, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`${response.status()} ${response.url()}`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    const local = url.protocol === 'blob:' || url.protocol === 'data:';
    if (!local && url.origin !== new URL(origin).origin) complaints.push(`request: ${url.href}`);
  });
  return { page, complaints, close: () => context.close() };
}

// For a failed test: how its pages look, and what they complained of. Closes them.
export async function closeAll(browser, folder, name) {
  for (const [i, context] of browser.contexts().entries()) {
    for (const page of context.pages()) {
      const path = join(folder, `FAILED ${name} ${i}.png`);
      await page.screenshot({ path }).then(
        () => console.log(`        seen in ${path}`),
        () => undefined, // a page that cannot be drawn any more
      );
    }
    await context.close();
  }
}

export function screenshots(folder) {
  mkdirSync(folder, { recursive: true });
  return async (page, name) => {
    await page.waitForTimeout(400); // drawers slide in, which nothing here waits for
    await page.screenshot({ path: join(folder, `${name}.png`) });
  };
}
