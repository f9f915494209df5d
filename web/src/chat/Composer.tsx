import Sender from '@ant-design/x/es/sender';
import { useState } from 'react';

import { useText } from '../i18n/language';

interface Props {
  kb: string | null;
  asking: boolean;
  onAsk: (question: string) => void;
  onStop: () => void;
}

export function Composer({ kb, asking, onAsk, onStop }: Props) {
  const text = useText();
  const [draft, setDraft] = useState('');

  const submit = (value: string) => {
    const question = value.trim();
    if (question === '' || asking) return;
    setDraft('');
    onAsk(question);
  };

  return (
    <div className="composer">
      <Sender
        value={draft}
        onChange={setDraft}
        onSubmit={submit}
        onCancel={onStop}
        loading={asking}
        autoSize={{ minRows: 1, maxRows: 8 }}
        placeholder={kb ? text.ask.placeholder : text.ask.placeholderChat}
      />
      <p className="hint">{text.ask.hint}</p>
    </div>
  );
}
