import { describe, expect, it } from 'vitest';

import { readEvents, SseDecoder } from './sse';

// The examples of the standard: https://html.spec.whatwg.org/multipage/server-sent-events.html
const stock = 'data: YHOO\ndata: +2\ndata: 10\n\n';
const fourBlocks = ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n';
const emptyData = 'data\n\ndata\ndata\n\ndata:';

function eventsOf(text: string) {
  return new SseDecoder().push(text);
}

describe('SseDecoder', () => {
  it('joins data lines with line feeds', () => {
    expect(eventsOf(stock)).toEqual([{ event: 'message', data: 'YHOO\n+2\n10' }]);
  });

  it('skips comments and removes one leading space only', () => {
    const data = eventsOf(fourBlocks).map((event) => event.data);
    expect(data).toEqual(['first event', 'second event', ' third event']);
  });

  it('sends events of empty data and drops an unfinished last block', () => {
    expect(eventsOf(emptyData).map((event) => event.data)).toEqual(['', '\n']);
  });

  it('gives the same events wherever the text is cut', () => {
    const text = '\uFEFFevent: token\r\ndata: {"token":"护城河"}\r\n\r\n: keep\r\rdata: b\r\rdata: c\n\n';
    const whole = [
      { event: 'token', data: '{"token":"护城河"}' },
      { event: 'message', data: 'b' },
      { event: 'message', data: 'c' },
    ];
    for (let cut = 0; cut <= text.length; cut++) {
      const decoder = new SseDecoder();
      const events = [...decoder.push(text.slice(0, cut)), ...decoder.push(text.slice(cut))];
      expect(events, `cut at ${cut}`).toEqual(whole);
    }
  });

  it('forgets the name of an event that carried no data', () => {
    expect(eventsOf('event: done\n\ndata: x\n\n')).toEqual([{ event: 'message', data: 'x' }]);
  });
});

describe('readEvents', () => {
  it('puts characters together that were split between reads', async () => {
    const bytes = new TextEncoder().encode('data: 引用\n\n');
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    const data = [];
    for await (const event of readEvents(stream)) data.push(event.data);
    expect(data).toEqual(['引用']);
  });

  it('cancels the stream when its reader leaves early', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('data: x\n\n'));
      },
      cancel() {
        cancelled = true;
      },
    });
    for await (const _ of readEvents(stream)) break;
    expect(cancelled).toBe(true);
  });
});
