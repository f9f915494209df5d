// The JSON of Moat's own API, as docs/openapi.yaml describes it.

export interface Notice {
  code: string;
  en: string;
  zh: string;
}

export interface Status {
  version: string;
  ollama_version: string;
  chat_model: string | null;
  embedding_model: string | null;
  notices: Notice[];
  auth: { required: boolean; principal: string; role: string };
}

export interface KnowledgeBase {
  id: string;
  name: string;
  documents: number;
  chunks: number;
  embedding_model: string; // empty: found by keywords only
  created_at: string;
}

export type Stage = 'queued' | 'parsing' | 'embedding' | 'indexing' | 'ready' | 'failed';

export interface DocumentRecord {
  id: string;
  name: string;
  media_type: string;
  sha256: string;
  bytes: number;
  stage: Stage;
  error: string;
  attempts: number;
  pages: number;
  chunks: number;
  warnings: string[];
  updated_at: string;
}

// In PDF points, origin at the top left corner of the page.
export interface Region {
  page: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Passage {
  text: string;
  headings: string[];
  first_page: number;
  last_page: number;
  first_block: number;
  last_block: number;
  regions: Region[];
}

// A numbered passage that an answer cites as [index].
export interface Source {
  index: number;
  title: string;
  document: string;
  document_id: string;
  kb: string;
  headings: string[];
  page: number;
  regions: Region[];
  quotes: string[];
  text: string;
  first_block: number;
  last_block: number;
  score: number;
  category: string;
}

export type AnswerMode = 'generated' | 'quoted' | 'nothing_found' | 'chat';

export interface AskRequest {
  question: string;
  kb?: string;
  conversation_id?: string;
  model?: string;
}

export interface Done {
  status: string;
  conversation_id: string;
  answer: string;
  mode: AnswerMode;
  model: string; // empty when no model wrote it
  citations: number[];
  sources: Source[];
  prompt_tokens: number;
  generated_tokens: number;
  retrieve_ms: number;
  first_token_ms: number;
  total_ms: number;
}

// What POST chat/stream sends, in this order: thinking and sources, then tokens, then done.
export type ChatEvent =
  | { type: 'thinking'; status: string; text: string }
  | { type: 'sources'; sources: Source[] }
  | { type: 'token'; token: string }
  | { type: 'done'; done: Done };

export interface Turn {
  role: 'user' | 'assistant';
  text: string;
  at: string;
  sources: Source[];
}

export interface ConversationSummary {
  id: string;
  title: string;
  kb: string;
  updated_at: string;
}

export interface Conversation extends ConversationSummary {
  turns: Turn[];
}
