import { useEffect, useState } from 'react';

import type { DocumentRecord, Passage, Source } from '../api/types';
import type { Failure } from '../chat/chatState';
import { failureOf } from '../shell/failures';
import { useServer } from '../shell/ServerContext';

export interface OpenDocument {
  record: DocumentRecord | null;
  passages: Passage[] | null; // null while loading
  failure: Failure | null;
}

const loading: OpenDocument = { record: null, passages: null, failure: null };

// The document a source stands in, all its passages in order.
export function useDocument(source: Source): OpenDocument {
  const { client, handled } = useServer();
  const [state, setState] = useState(loading);
  const { kb, document_id: id } = source;

  useEffect(() => {
    const gone = new AbortController();
    setState(loading);
    Promise.all([client.document(kb, id), client.passages(kb, id, gone.signal)]).then(
      ([record, passages]) => {
        if (!gone.signal.aborted) setState({ record, passages, failure: null });
      },
      (error: unknown) => {
        if (gone.signal.aborted || handled(error)) return;
        setState({ ...loading, failure: failureOf(error) });
      },
    );
    return () => gone.abort();
  }, [client, handled, kb, id]);

  return state;
}
