// The only module that talks to the server. Paths are relative to the page, so that it works
// below any prefix a reverse proxy adds.

import { readEvents } from './sse';
import type {
  AskRequest,
  ChatEvent,
  Conversation,
  ConversationSummary,
  Done,
  DocumentRecord,
  KnowledgeBase,
  Passage,
  Source,
  Status,
} from './types';

export type ErrorKind = 'unauthorised' | 'unreachable' | 'interrupted' | 'refused';

// What went wrong, with the server's own words where it had any. `status` is 0 when there was no
// answer at all.
export class ApiError extends Error {
  constructor(
    readonly kind: ErrorKind,
    message: string,
    readonly status = 0,
    readonly code = '',
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export interface ClientOptions {
  baseUrl: string; // ends with '/'
  fetch: typeof fetch;
  key: () => string | null; // the API key, read for every request
}

// Errors: every method rejects with ApiError, or with the AbortError of its own signal.
export class Client {
  constructor(private readonly options: ClientOptions) {}

  status(): Promise<Status> {
    return this.json('GET', 'api/status');
  }

  async knowledgeBases(): Promise<KnowledgeBase[]> {
    const body = await this.json<{ knowledge_bases: KnowledgeBase[] }>('GET', 'api/kb');
    return body.knowledge_bases;
  }

  createKnowledgeBase(name: string): Promise<KnowledgeBase> {
    return this.json('POST', 'api/kb', { name });
  }

  async removeKnowledgeBase(name: string): Promise<void> {
    await this.send('DELETE', kbPath(name));
  }

  async documents(kb: string, signal?: AbortSignal): Promise<DocumentRecord[]> {
    const path = `${kbPath(kb)}/documents`;
    const body = await this.json<{ documents: DocumentRecord[] }>('GET', path, undefined, signal);
    return body.documents;
  }

  // `name` is the path inside the knowledge base, with '/' between folders.
  async upload(kb: string, name: string, file: Blob): Promise<DocumentRecord> {
    const path = `${kbPath(kb)}/documents?name=${encodeURIComponent(name)}`;
    const response = await this.send('POST', path, file);
    return (await response.json()) as DocumentRecord;
  }

  async removeDocument(kb: string, id: string): Promise<void> {
    await this.send('DELETE', documentPath(kb, id));
  }

  document(kb: string, id: string): Promise<DocumentRecord> {
    return this.json('GET', documentPath(kb, id));
  }

  async passages(kb: string, id: string, signal?: AbortSignal): Promise<Passage[]> {
    const path = `${documentPath(kb, id)}/passages`;
    const body = await this.json<{ passages: Passage[] }>('GET', path, undefined, signal);
    return body.passages;
  }

  async content(kb: string, id: string): Promise<Blob> {
    const response = await this.send('GET', `${documentPath(kb, id)}/content`);
    return response.blob();
  }

  async conversations(): Promise<ConversationSummary[]> {
    const body = await this.json<{ conversations: ConversationSummary[] }>(
      'GET',
      'api/conversations',
    );
    return body.conversations;
  }

  conversation(id: string): Promise<Conversation> {
    return this.json('GET', `api/conversations/${encodeURIComponent(id)}`);
  }

  async removeConversation(id: string): Promise<void> {
    await this.send('DELETE', `api/conversations/${encodeURIComponent(id)}`);
  }

  // Asks and reports what happens until the answer is complete. A stream that ends without its
  // `done` is an error: half an answer must not pass for a whole one.
  async ask(
    request: AskRequest,
    onEvent: (event: ChatEvent) => void,
    signal: AbortSignal,
  ): Promise<Done> {
    const response = await this.send('POST', 'chat/stream', request, signal);
    if (!response.body) throw new ApiError('interrupted', '');
    try {
      for await (const { event, data } of readEvents(response.body)) {
        const parsed = chatEvent(event, data);
        if (!parsed) continue;
        onEvent(parsed);
        if (parsed.type === 'done') return parsed.done;
      }
    } catch (error) {
      if (error instanceof ApiError || signal.aborted) throw error;
      throw new ApiError('interrupted', messageOf(error));
    }
    throw new ApiError('interrupted', '');
  }

  private async json<T>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    const response = await this.send(method, path, body, signal);
    return (await response.json()) as T;
  }

  private async send(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> {
    const headers = new Headers();
    const key = this.options.key();
    if (key) headers.set('Authorization', `Bearer ${key}`);
    const init: RequestInit = { method, headers, signal: signal ?? null };
    if (body instanceof Blob) {
      headers.set('Content-Type', 'application/octet-stream');
      init.body = body;
    } else if (body !== undefined) {
      headers.set('Content-Type', 'application/json');
      init.body = JSON.stringify(body);
    }
    const url = new URL(path, this.options.baseUrl).toString();
    const response = await this.options.fetch(url, init).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new ApiError('unreachable', messageOf(error));
    });
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

function kbPath(kb: string): string {
  return `api/kb/${encodeURIComponent(kb)}`;
}

function documentPath(kb: string, id: string): string {
  return `${kbPath(kb)}/documents/${encodeURIComponent(id)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// {"error":{"code","message"}} of Moat, {"error":"..."} of the Ollama side, or plain text of
// something between us and the server.
async function refusal(response: Response): Promise<ApiError> {
  const kind = response.status === 401 ? 'unauthorised' : 'refused';
  const text = await response.text().catch(() => '');
  const fallback = text.trim().slice(0, 300) || response.statusText;
  const { message, code } = errorIn(text) ?? { message: fallback, code: '' };
  return new ApiError(kind, message, response.status, code);
}

function errorIn(text: string): { message: string; code: string } | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null; // not JSON: the caller shows the text itself
  }
  const error = (body as { error?: unknown } | null)?.error;
  if (typeof error === 'string') return { message: error, code: '' };
  if (typeof error !== 'object' || error === null) return null;
  const { message, code } = error as { message?: unknown; code?: unknown };
  return {
    message: typeof message === 'string' ? message : '',
    code: typeof code === 'string' ? code : '',
  };
}

// An event of a name we do not know is skipped, so that a newer server still works.
function chatEvent(event: string, data: string): ChatEvent | null {
  switch (event) {
    case 'thinking': {
      const { status = '', text = '' } = JSON.parse(data) as { status?: string; text?: string };
      return { type: 'thinking', status, text };
    }
    case 'sources':
      return { type: 'sources', sources: (JSON.parse(data) as { sources: Source[] }).sources };
    case 'token':
      return { type: 'token', token: (JSON.parse(data) as { token: string }).token };
    case 'done':
      return { type: 'done', done: JSON.parse(data) as Done };
    case 'error': {
      const { error, code = '' } = JSON.parse(data) as { error: string; code?: string };
      throw new ApiError('refused', error, 0, code);
    }
    default:
      return null;
  }
}
