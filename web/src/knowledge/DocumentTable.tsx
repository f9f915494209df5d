import { Button, Empty, Popconfirm, Progress, Skeleton, Tag } from 'antd';

import type { DocumentRecord, Stage } from '../api/types';
import { useText } from '../i18n/language';
import { describe } from '../shell/failures';
import { CloseOutlined, DeleteOutlined } from '../shell/icons';
import { type Documents, isWorking } from './useDocuments';
import type { Upload, Uploads } from './useUploads';

// How far along each stage is, for a bar that only ever moves forward.
const percentAt: Record<Stage, number> = {
  queued: 10,
  parsing: 30,
  embedding: 60,
  indexing: 85,
  ready: 100,
  failed: 100,
};

interface Props {
  documents: Documents;
  uploads: Uploads;
  onRemove: (id: string) => Promise<void>;
}

export function DocumentTable({ documents, uploads, onRemove }: Props) {
  const text = useText();
  if (documents.loading) return <Skeleton active title={false} />;
  if (documents.items.length === 0 && uploads.items.length === 0) {
    return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={text.knowledge.empty} />;
  }
  return (
    <ul className="documents">
      {uploads.items.map((upload) => (
        <UploadLine key={`u${upload.key}`} upload={upload} onDismiss={uploads.dismiss} />
      ))}
      {documents.items.map((document) => (
        <DocumentLine key={document.id} document={document} onRemove={onRemove} />
      ))}
    </ul>
  );
}

function UploadLine({ upload, onDismiss }: { upload: Upload; onDismiss: (key: number) => void }) {
  const text = useText();
  const failure = upload.failure && describe(upload.failure, text);
  return (
    <li>
      <div className="document-head">
        <span className="document-name">{upload.name}</span>
        <Tag color={failure ? 'error' : 'processing'}>
          {failure ? text.knowledge.uploadFailed : text.knowledge.uploading}
        </Tag>
        {failure && (
          <Button
            type="text"
            size="small"
            icon={<CloseOutlined />}
            aria-label={text.knowledge.dismiss}
            onClick={() => onDismiss(upload.key)}
          />
        )}
      </div>
      {failure && <p className="document-error">{`${failure.message} ${failure.remedy}`}</p>}
    </li>
  );
}

interface LineProps {
  document: DocumentRecord;
  onRemove: (id: string) => Promise<void>;
}

function DocumentLine({ document, onRemove }: LineProps) {
  const text = useText();
  const working = isWorking(document);
  const failed = document.stage === 'failed';
  return (
    <li>
      <div className="document-head">
        <span className="document-name">{document.name}</span>
        <Tag color={colorOf(document)}>
          {text.knowledge.stage[document.stage]}
        </Tag>
        <Popconfirm
          title={text.knowledge.removeAsk(document.name)}
          okText={text.knowledge.remove}
          onConfirm={() => onRemove(document.id)}
        >
          <Button
            type="text"
            size="small"
            icon={<DeleteOutlined />}
            aria-label={`${text.knowledge.remove} ${document.name}`}
          />
        </Popconfirm>
      </div>
      {working && <Progress percent={percentAt[document.stage]} showInfo={false} size="small" />}
      {failed && <p className="document-error">{document.error}</p>}
      {document.stage === 'ready' && <p className="faint">{factsOf(document, text.knowledge)}</p>}
      {document.warnings.map((warning) => (
        <p key={warning} className="document-warning">
          {warning}
        </p>
      ))}
    </li>
  );
}

// Ready with nothing to find in it is no success.
function colorOf(document: DocumentRecord): string {
  if (document.stage === 'failed') return 'error';
  if (isWorking(document)) return 'processing';
  return document.chunks === 0 ? 'warning' : 'success';
}

function factsOf(document: DocumentRecord, words: ReturnType<typeof useText>['knowledge']): string {
  const pages = document.pages > 0 ? words.pages(document.pages) : '';
  const facts = [sizeOf(document.bytes), pages, words.passages(document.chunks)];
  return facts.filter((fact) => fact !== '').join(' · ');
}

function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
