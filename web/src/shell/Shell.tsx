import { Button, Drawer } from 'antd';
import { lazy, Suspense, useState } from 'react';

import type { Source } from '../api/types';
import { ChatPage } from '../chat/ChatPage';
import { useChat } from '../chat/useChat';
import { ConversationList } from '../conversations/ConversationList';
import { useConversations } from '../conversations/useConversations';
import { useText } from '../i18n/language';
import type { Appearance } from './appearance';
import { Header } from './Header';
import { useServer } from './ServerContext';
import { MenuOutlined } from './icons';
import { useKnowledgeBase } from './useKnowledgeBase';

// Neither is needed for the first question, so neither delays the first load.
const SourceDrawer = lazy(() => import('../sources/SourceDrawer'));
const KnowledgeDrawer = lazy(() => import('../knowledge/KnowledgeDrawer'));

interface Props {
  appearance: Appearance;
  onAppearance: (next: Appearance) => void;
}

// The frame: conversations at the left, header above, the chat, and the drawers.
export function Shell({ appearance, onAppearance }: Props) {
  const text = useText();
  const server = useServer();
  const { kb, choose } = useKnowledgeBase(server.bases, !server.loading);
  const history = useConversations();
  const chat = useChat(kb, history.reload);
  const [listOpen, setListOpen] = useState(false);
  const [documentsOpen, setDocumentsOpen] = useState(false);
  const [source, setSource] = useState<Source | null>(null);

  const open = async (id: string) => {
    setListOpen(false);
    const conversation = await chat.open(id);
    if (conversation) choose(conversation.kb || null);
  };
  const startNew = () => {
    setListOpen(false);
    chat.clear();
  };
  const list = (
    <ConversationList
      history={history}
      activeId={chat.state.conversationId}
      onOpen={open}
      onNew={startNew}
      onRemoved={(id) => id === chat.state.conversationId && chat.clear()}
    />
  );

  return (
    <div className="shell">
      <nav className="side" aria-label={text.conversations}>
        {list}
      </nav>
      <Header
        menu={
          <Button
            type="text"
            className="narrow-only"
            icon={<MenuOutlined />}
            aria-label={text.openConversations}
            onClick={() => setListOpen(true)}
          />
        }
        kb={kb}
        onKb={choose}
        onDocuments={() => setDocumentsOpen(true)}
        appearance={appearance}
        onAppearance={onAppearance}
      />
      <ChatPage
        chat={chat}
        kb={kb}
        onSource={setSource}
        onDocuments={() => setDocumentsOpen(true)}
      />
      <Drawer
        open={listOpen}
        placement="left"
        size={300}
        title={text.appName}
        onClose={() => setListOpen(false)}
      >
        {list}
      </Drawer>
      <Suspense>
        {source && <SourceDrawer source={source} onClose={() => setSource(null)} />}
        {documentsOpen && (
          <KnowledgeDrawer kb={kb} onKb={choose} onClose={() => setDocumentsOpen(false)} />
        )}
      </Suspense>
    </div>
  );
}
