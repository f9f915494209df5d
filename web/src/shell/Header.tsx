import { Button, Dropdown, Select, Tooltip } from 'antd';
import { type ReactNode, useContext } from 'react';

import { LanguageContext, useText } from '../i18n/language';
import type { Appearance } from './appearance';
import { useServer } from './ServerContext';
import {
  BulbOutlined,
  FolderOpenOutlined,
  GlobalOutlined,
  MoonOutlined,
  SunOutlined,
} from './icons';

interface Props {
  menu: ReactNode;
  kb: string | null;
  onKb: (kb: string | null) => void;
  onDocuments: () => void;
  appearance: Appearance;
  onAppearance: (next: Appearance) => void;
}

const icons: Record<Appearance, ReactNode> = {
  auto: <BulbOutlined />,
  light: <SunOutlined />,
  dark: <MoonOutlined />,
};

export function Header({ menu, kb, onKb, onDocuments, appearance, onAppearance }: Props) {
  const text = useText();
  const { toggle, language } = useContext(LanguageContext);
  const { bases, status } = useServer();
  // Without a chat model there is nobody to talk to but the documents.
  const canChat = status !== null && status.chat_model !== null;
  const none = { value: '', label: canChat ? text.plainChat : text.noKnowledgeBase };
  const options = [
    ...bases.map((base) => ({ value: base.name, label: base.name })),
    ...(canChat || kb === null ? [none] : []),
  ];
  const appearances = (['auto', 'light', 'dark'] as const).map((key) => ({
    key,
    label: text.theme[key],
    icon: icons[key],
  }));

  return (
    <header className="header">
      {menu}
      <Select
        className="kb-select"
        aria-label={text.knowledgeBase}
        variant="filled"
        value={kb ?? ''}
        options={options}
        onChange={(value) => onKb(value || null)}
        popupMatchSelectWidth={false}
      />
      <Button icon={<FolderOpenOutlined />} onClick={onDocuments} aria-label={text.documents}>
        <span className="wide-only">{text.documents}</span>
      </Button>
      <span className="grow" />
      <Tooltip title={text.language}>
        <Button type="text" icon={<GlobalOutlined />} onClick={toggle} aria-label={text.language}>
          {language === 'zh' ? 'EN' : '中文'}
        </Button>
      </Tooltip>
      <Dropdown
        trigger={['click']}
        menu={{
          items: appearances,
          selectable: true,
          selectedKeys: [appearance],
          onClick: ({ key }) => onAppearance(key as Appearance),
        }}
      >
        <Button type="text" icon={icons[appearance]} aria-label={text.theme.label} />
      </Dropdown>
    </header>
  );
}
