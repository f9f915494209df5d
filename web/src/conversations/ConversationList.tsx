import Conversations from '@ant-design/x/es/conversations';
import { App, Typography } from 'antd';

import { useText } from '../i18n/language';
import { describe, failureOf } from '../shell/failures';
import { useServer } from '../shell/ServerContext';
import { DeleteOutlined, PlusOutlined } from '../shell/icons';
import type { History } from './useConversations';

interface Props {
  history: History;
  activeId: string | null;
  onOpen: (id: string) => void;
  onNew: () => void;
  onRemoved: (id: string) => void;
}

export function ConversationList({ history, activeId, onOpen, onNew, onRemoved }: Props) {
  const text = useText();
  const { handled, status } = useServer();
  const { modal, message } = App.useApp();

  const remove = async (id: string) => {
    try {
      await history.remove(id);
      onRemoved(id);
    } catch (error) {
      if (!handled(error)) void message.error(describe(failureOf(error), text).message);
    }
  };
  const confirmRemove = (id: string) =>
    void modal.confirm({
      title: text.deleteConversationAsk,
      okText: text.deleteConversation,
      okButtonProps: { danger: true },
      onOk: () => remove(id),
    });

  return (
    <div className="conversations">
      <div className="brand">
        <img src="./moat.svg" alt="" width={24} height={24} />
        <span>{text.appName}</span>
      </div>
      <Conversations
        items={history.items.map((item) => ({ key: item.id, label: item.title || '…' }))}
        activeKey={activeId ?? ''}
        onActiveChange={onOpen}
        creation={{ label: text.newChat, icon: <PlusOutlined />, onClick: onNew }}
        menu={(item) => ({
          items: [
            { key: 'delete', label: text.deleteConversation, icon: <DeleteOutlined />, danger: true },
          ],
          onClick: ({ domEvent }) => {
            domEvent.stopPropagation();
            confirmRemove(item.key);
          },
        })}
      />
      {history.items.length === 0 && (
        <Typography.Text type="secondary" className="conversations-empty">
          {text.noConversations}
        </Typography.Text>
      )}
      <footer className="about">
        {status && <span>Moat {status.version}</span>}
        <a href="./licences.txt" target="_blank" rel="noopener">
          {text.licences}
        </a>
      </footer>
    </div>
  );
}
