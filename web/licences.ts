// A Vite plugin: writes licences.txt, the licences of every package that ended up in the page, as
// those licences demand. A package without a licence text fails the build.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Plugin } from 'vite';

interface Manifest {
  name: string;
  version: string;
  license: string;
}

// Some packages carry no licence file; their package.json and repository name one of these.
const known: Record<string, string> = {
  MIT: 'MIT License; the text is that of the other packages under it.',
};

export function licences(): Plugin {
  return {
    name: 'moat-licences',
    apply: 'build',
    generateBundle() {
      const folders = new Set<string>();
      for (const id of this.getModuleIds()) {
        const folder = packageOf(id);
        if (folder) folders.add(folder);
      }
      const entries = [...folders].map(describe).sort();
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: entries.join(`\n${rule}\n`) });
    },
  };
}

const rule = '='.repeat(80);

// The folder of the package a module is part of: what follows the last node_modules/.
function packageOf(id: string): string | null {
  const match = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replace(/^\0/, ''));
  return match?.[1] ?? null;
}

function describe(folder: string): string {
  const path = join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.|$)/i.test(name));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : known[manifest.license];
  if (!text) throw new Error(`${manifest.name} in ${dirname(path)} carries no licence text`);
  return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text}\n`;
}
