// A Moat of its own for a test: a new data folder, a free port, gone at the end.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const readyWithinMs = 20_000;

export class MoatServer {
  // Starts `binary serve` and waits for its ready line. `flags` come after the listener.
  static async start(binary, flags = []) {
    const data = await mkdtemp(join(tmpdir(), 'moat-web-test-'));
    const server = new MoatServer(binary, data);
    await server.launch(flags);
    return server;
  }

  constructor(binary, data) {
    this.binary = binary;
    this.data = data;
    this.lines = [];
  }

  async launch(flags) {
    const words = ['serve', '--data', this.data, '--listen', '127.0.0.1:0', ...flags];
    this.child = spawn(this.binary, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    const ready = new Promise((resolve) => {
      for (const stream of [this.child.stdout, this.child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          this.lines.push(line);
          const match = /ready on (http:\/\/\S+)/.exec(line);
          if (match) resolve(match[1]);
        });
      }
    });
    const late = new Promise((resolve) => setTimeout(resolve, readyWithinMs).unref());
    this.url = await Promise.race([ready, this.ended.then(() => null), late.then(() => null)]);
    if (!this.url) {
      this.child.kill('SIGKILL');
      throw new Error(`the server did not get ready:\n${this.lines.join('\n')}`);
    }
  }

  // Runs a command of the same binary against this server; its standard output.
  run(...words) {
    const env = { ...process.env, MOAT_HOST: this.url, LANG: 'C.UTF-8' };
    const done = spawnSync(this.binary, words, { env, encoding: 'utf8', timeout: 60_000 });
    if (done.status !== 0) throw new Error(`moat ${words.join(' ')}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.ended;
    await rm(this.data, { recursive: true, force: true });
  }
}
