import { App, Alert, Button, Drawer, Input, Space } from 'antd';
import { useState } from 'react';

import { useText } from '../i18n/language';
import { describe, failureOf } from '../shell/failures';
import { useServer } from '../shell/ServerContext';
import { DocumentTable } from './DocumentTable';
import { DropZone } from './DropZone';
import { useDocuments } from './useDocuments';
import { useUploads } from './useUploads';

interface Props {
  kb: string | null;
  onKb: (kb: string) => void;
  onClose: () => void;
}

// Put documents in, watch them become searchable, take them out.
export default function KnowledgeDrawer({ kb, onKb, onClose }: Props) {
  const text = useText();
  return (
    <Drawer
      open
      size={640}
      onClose={onClose}
      title={kb ? `${text.knowledge.title} · ${kb}` : text.knowledge.title}
    >
      {kb && <Contents key={kb} kb={kb} />}
      <NewKnowledgeBase onCreated={onKb} first={!kb} />
    </Drawer>
  );
}

function Contents({ kb }: { kb: string }) {
  const text = useText();
  const { client, reload, handled } = useServer();
  const { message } = App.useApp();
  const documents = useDocuments(kb, reload);
  const uploads = useUploads(documents.reload);

  const remove = async (id: string) => {
    try {
      await client.removeDocument(kb, id);
      documents.reload();
      await reload();
    } catch (error) {
      if (!handled(error)) void message.error(describe(failureOf(error), text).message);
    }
  };
  const failure = documents.failure && describe(documents.failure, text);
  return (
    <>
      <DropZone onFiles={(files) => uploads.add(kb, files)} />
      {failure && <Alert type="error" showIcon title={failure.message} className="gap" />}
      <DocumentTable documents={documents} uploads={uploads} onRemove={remove} />
    </>
  );
}

interface NewProps {
  first: boolean;
  onCreated: (kb: string) => void;
}

function NewKnowledgeBase({ first, onCreated }: NewProps) {
  const text = useText();
  const { client, reload, handled } = useServer();
  const { message } = App.useApp();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);

  const create = async () => {
    setBusy(true);
    try {
      const base = await client.createKnowledgeBase(name.trim());
      await reload();
      onCreated(base.name);
      setName('');
    } catch (error) {
      if (!handled(error)) void message.error(describe(failureOf(error), text).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Space.Compact className="new-base">
      <Input
        value={name}
        autoFocus={first}
        aria-label={text.knowledge.createPlaceholder}
        placeholder={text.knowledge.createPlaceholder}
        onChange={(event) => setName(event.target.value)}
        onPressEnter={() => name.trim() && void create()}
      />
      <Button
        type={first ? 'primary' : 'default'}
        loading={busy}
        disabled={name.trim() === ''}
        onClick={() => void create()}
      >
        {text.knowledge.create}
      </Button>
    </Space.Compact>
  );
}
