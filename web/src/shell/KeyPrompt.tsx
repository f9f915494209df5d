import { Alert, Button, Card, Checkbox, Form, Input, Typography } from 'antd';
import { useState } from 'react';

import type { Messages } from '../i18n/en';
import { KeyOutlined } from './icons';
import type { KeyStore } from './keyStore';

interface Fields {
  key: string;
  remember: boolean;
}

interface Props {
  keys: KeyStore;
  text: Messages;
  onKey: () => Promise<void>; // tries again with the key that was stored
}

// Stands in place of the page while the server refuses requests without a key. It goes away when
// a request is accepted; while it is still here after a try, the key was wrong.
export default function KeyPrompt({ keys, text, onKey }: Props) {
  const [tried, setTried] = useState(keys.get() !== null);
  const [busy, setBusy] = useState(false);

  const submit = async ({ key, remember }: Fields) => {
    setBusy(true);
    keys.set(key.trim(), remember);
    await onKey();
    setTried(true);
    setBusy(false);
  };

  return (
    <main className="key-prompt">
      <Card>
        <Typography.Title level={1} className="key-title">
          <KeyOutlined /> {text.key.title}
        </Typography.Title>
        <Typography.Paragraph type="secondary">
          {text.key.body} <code>moat key create NAME</code>
        </Typography.Paragraph>
        {tried && !busy && <Alert type="error" showIcon title={text.key.wrong} className="gap" />}
        <Form<Fields> layout="vertical" initialValues={{ remember: false }} onFinish={submit}>
          <Form.Item name="key" label={text.key.label} rules={[{ required: true, whitespace: true }]}>
            <Input.Password autoFocus autoComplete="off" />
          </Form.Item>
          <Form.Item name="remember" valuePropName="checked">
            <Checkbox>{text.key.remember}</Checkbox>
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={busy}>
            {text.key.submit}
          </Button>
        </Form>
      </Card>
    </main>
  );
}
