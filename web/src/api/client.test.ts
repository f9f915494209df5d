import { describe, expect, it } from 'vitest';

import { ApiError, Client } from './client';
import type { ChatEvent } from './types';

interface Call {
  url: string;
  init: RequestInit;
}

// A client whose network is one canned response.
function clientFor(response: Response | Error, key: string | null = null) {
  const calls: Call[] = [];
  const fakeFetch = (url: unknown, init?: RequestInit) => {
    calls.push({ url: String(url), init: init ?? {} });
    return response instanceof Error ? Promise.reject(response) : Promise.resolve(response);
  };
  const client = new Client({
    baseUrl: 'http://moat.test/ui/',
    fetch: fakeFetch as typeof fetch,
    key: () => key,
  });
  return { client, calls };
}

function stream(text: string): Response {
  return new Response(text, { headers: { 'Content-Type': 'text/event-stream' } });
}

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

const never = new AbortController().signal;

describe('Client', () => {
  it('stays below the path of the page and sends the key', async () => {
    const { client, calls } = clientFor(Response.json({ documents: [] }), 'moat_secret');
    await client.documents('人事 部');
    expect(calls[0]?.url).toBe('http://moat.test/ui/api/kb/%E4%BA%BA%E4%BA%8B%20%E9%83%A8/documents');
    expect(new Headers(calls[0]?.init.headers).get('Authorization')).toBe('Bearer moat_secret');
  });

  it('keeps the folders of an uploaded name in the query', async () => {
    const { client, calls } = clientFor(Response.json({ id: '1' }, { status: 202 }));
    await client.upload('hr', 'leave/年假.md', new Blob(['x']));
    expect(new URL(calls[0]?.url ?? '').searchParams.get('name')).toBe('leave/年假.md');
  });

  it.each([
    ['{"error":{"code":"not_found","message":"no such knowledge base"}}', 404, 'no such knowledge base'],
    ['{"error":"model \'x\' not found"}', 404, "model 'x' not found"],
    ['Bad gateway', 502, 'Bad gateway'],
  ])('reads the message of %s', async (body, status, message) => {
    const { client } = clientFor(new Response(body, { status }));
    const error = await failureOf(client.status());
    expect([error.kind, error.status, error.message]).toEqual(['refused', status, message]);
  });

  it('tells a missing key from other refusals', async () => {
    const { client } = clientFor(new Response('{}', { status: 401 }));
    expect((await failureOf(client.status())).kind).toBe('unauthorised');
  });

  it('reports a server that cannot be reached', async () => {
    const { client } = clientFor(new TypeError('Failed to fetch'));
    expect((await failureOf(client.status())).kind).toBe('unreachable');
  });
});

describe('Client.ask', () => {
  it('passes on events in order and returns the last', async () => {
    const { client, calls } = clientFor(
      stream(
        'event: thinking\ndata: {"status":"retrieving"}\n\n' +
          'event: sources\ndata: {"count":0,"sources":[]}\n\n' +
          'event: token\ndata: {"token":"Twenty"}\n\n' +
          'event: later\ndata: {}\n\n' +
          'event: done\ndata: {"status":"completed","answer":"Twenty","mode":"quoted"}\n\n',
      ),
    );
    const events: ChatEvent[] = [];
    const done = await client.ask({ question: 'q', kb: 'hr' }, (event) => events.push(event), never);
    expect(events.map((event) => event.type)).toEqual(['thinking', 'sources', 'token', 'done']);
    expect(done.mode).toBe('quoted');
    expect(JSON.parse(String(calls[0]?.init.body))).toEqual({ question: 'q', kb: 'hr' });
  });

  it('rejects with the words of an error event', async () => {
    const { client } = clientFor(stream('event: error\ndata: {"error":"model crashed","code":"internal"}\n\n'));
    const error = await failureOf(client.ask({ question: 'q' }, () => undefined, never));
    expect([error.message, error.code]).toEqual(['model crashed', 'internal']);
  });

  it('does not take half an answer for a whole one', async () => {
    const { client } = clientFor(stream('event: token\ndata: {"token":"Twen"}\n\n'));
    const error = await failureOf(client.ask({ question: 'q' }, () => undefined, never));
    expect(error.kind).toBe('interrupted');
  });

  it('rejects when an event is not JSON', async () => {
    const { client } = clientFor(stream('event: token\ndata: {"tok\n\n'));
    const error = await failureOf(client.ask({ question: 'q' }, () => undefined, never));
    expect(error.kind).toBe('interrupted');
  });
});
