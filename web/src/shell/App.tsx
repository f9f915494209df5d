import { App as AntApp, ConfigProvider, theme } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';

import type { Client } from '../api/client';
import { initialLanguage, LanguageContext, messages, rememberLanguage } from '../i18n/language';
import { useAppearance } from './appearance';
import type { KeyStore } from './keyStore';
import { ServerContext, useServerState } from './ServerContext';
import { Shell } from './Shell';
import { ThemeColours } from './ThemeColours';

// Most never see it.
const KeyPrompt = lazy(() => import('./KeyPrompt'));

// Fonts of the system only: a page of a closed network fetches none.
const fontFamily =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', " +
  "'Noto Sans CJK SC', 'Noto Sans SC', sans-serif";

export function App({ client, keys }: { client: Client; keys: KeyStore }) {
  const [language, setLanguage] = useState(() =>
    initialLanguage(localStorage, navigator.languages),
  );
  const { appearance, dark, choose } = useAppearance();
  const server = useServerState(client);

  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
  }, [language, dark]);

  const languages = useMemo(() => {
    const toggle = () => {
      const next = language === 'zh' ? 'en' : 'zh';
      rememberLanguage(localStorage, next);
      setLanguage(next);
    };
    return { language, toggle };
  }, [language]);

  return (
    <ConfigProvider
      locale={language === 'zh' ? zhCN : enUS}
      button={{ autoInsertSpace: false }}
      theme={{
        algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: { fontFamily, borderRadius: 8 },
      }}
    >
      <ThemeColours />
      <LanguageContext.Provider value={languages}>
        <ServerContext.Provider value={server}>
          <AntApp className="app">
            {server.needsKey ? (
              <Suspense>
                <KeyPrompt keys={keys} text={messages[language]} onKey={server.reload} />
              </Suspense>
            ) : (
              <Shell appearance={appearance} onAppearance={choose} />
            )}
          </AntApp>
        </ServerContext.Provider>
      </LanguageContext.Provider>
    </ConfigProvider>
  );
}
