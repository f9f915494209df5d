import { Alert, Button, Skeleton, Typography } from 'antd';
import { type ReactNode, useContext } from 'react';

import type { Notice } from '../api/types';
import { LanguageContext, useText } from '../i18n/language';
import { describe } from '../shell/failures';
import { useServer } from '../shell/ServerContext';
import { FolderAddOutlined } from '../shell/icons';

interface Props {
  kb: string | null;
  onDocuments: () => void;
}

// What stands in place of a conversation: what to do first, and what the server wants known.
export function EmptyChat({ kb, onDocuments }: Props) {
  const text = useText();
  const { status, failure, loading, reload } = useServer();

  if (loading) return <Skeleton active className="empty" />;
  if (failure) {
    const { message, remedy } = describe(failure, text);
    const retry = (
      <Button size="small" onClick={() => void reload()}>
        {text.errors.retry}
      </Button>
    );
    return (
      <div className="empty">
        <Alert type="error" showIcon title={message} description={remedy} action={retry} />
      </div>
    );
  }
  return (
    <div className="empty">
      <img src="./moat.svg" alt="" width={56} height={56} />
      <Typography.Title level={1}>{text.empty.title}</Typography.Title>
      <FirstStep kb={kb} onDocuments={onDocuments} />
      {status?.notices.map((notice) => <NoticeLine key={notice.code} notice={notice} />)}
    </div>
  );
}

function FirstStep({ kb, onDocuments }: Props) {
  const text = useText();
  const { bases, status } = useServer();
  const base = bases.find((candidate) => candidate.name === kb);
  const add = (label: string) => (
    <Button type="primary" icon={<FolderAddOutlined />} onClick={onDocuments}>
      {label}
    </Button>
  );

  let body: ReactNode;
  if (bases.length === 0) {
    body = (
      <>
        <p>
          {text.empty.noBase} <code>moat kb add NAME PATH</code>
        </p>
        {add(text.knowledge.createFirst)}
      </>
    );
  } else if (!base) {
    body = <p>{status?.chat_model ? text.empty.chat : text.empty.choose}</p>;
  } else if (base.documents === 0) {
    body = (
      <>
        <p>{text.empty.noDocuments}</p>
        {add(text.empty.addDocuments)}
      </>
    );
  } else {
    body = (
      <>
        <p>{text.empty.body}</p>
        <p className="faint">{text.knowledge.counts(base.documents, base.chunks)}</p>
      </>
    );
  }
  return <div className="first-step">{body}</div>;
}

function NoticeLine({ notice }: { notice: Notice }) {
  const { language } = useContext(LanguageContext);
  return <Alert type="info" showIcon className="notice" title={notice[language]} />;
}
