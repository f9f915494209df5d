// Server-Sent Events over any byte stream (WHATWG HTML, 9.2.6), since EventSource cannot POST.

export interface SseEvent {
  event: string; // "message" when the stream names none
  data: string;
}

// Feed it text as it arrives, cut anywhere; it returns the events that are complete.
// What follows the last blank line when the stream ends is no event, as the standard says.
export class SseDecoder {
  private buffer = '';
  private started = false;
  private event = '';
  private data: string[] = [];

  push(text: string): SseEvent[] {
    this.buffer += text;
    if (!this.started && this.buffer.length > 0) {
      this.started = true;
      if (this.buffer.startsWith('\uFEFF')) this.buffer = this.buffer.slice(1);
    }
    const events: SseEvent[] = [];
    for (let line = this.takeLine(); line !== null; line = this.takeLine()) {
      const event = this.readLine(line);
      if (event) events.push(event);
    }
    return events;
  }

  // A line ends with LF, CR LF or CR. A CR at the very end may be half of a CR LF: wait.
  private takeLine(): string | null {
    const end = this.buffer.search(/[\r\n]/);
    if (end < 0) return null;
    const isCr = this.buffer[end] === '\r';
    if (isCr && end + 1 === this.buffer.length) return null;
    const line = this.buffer.slice(0, end);
    const width = isCr && this.buffer[end + 1] === '\n' ? 2 : 1;
    this.buffer = this.buffer.slice(end + width);
    return line;
  }

  private readLine(line: string): SseEvent | null {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return null; // a comment, used to keep the connection open
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'event') this.event = value;
    if (field === 'data') this.data.push(value);
    return null;
  }

  private dispatch(): SseEvent | null {
    const event = { event: this.event || 'message', data: this.data.join('\n') };
    const hasData = this.data.length > 0;
    this.event = '';
    this.data = [];
    return hasData ? event : null;
  }
}

export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  const reader = stream.getReader();
  const text = new TextDecoder('utf-8', { ignoreBOM: true });
  const decoder = new SseDecoder();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield* decoder.push(text.decode(value, { stream: true }));
    }
  } finally {
    // Leaving early (an error event, a reader that stops) must end the request, too. The stream
    // may have failed already, and then cancelling it fails the same way: nothing is lost.
    await reader.cancel().catch(() => undefined);
  }
}
