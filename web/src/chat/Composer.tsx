import Sender, { type SenderProps } from '@ant-design/x/es/sender';
import { useState } from 'react';

import { useText } from '../i18n/language';
import { useServer } from '../shell/ServerContext';

interface Props {
  kb: string | null;
  asking: boolean;
  onAsk: (question: string) => void;
  onStop: () => void;
}

export function Composer({ kb, asking, onAsk, onStop }: Props) {
  const text = useText();
  const { status } = useServer();
  const [draft, setDraft] = useState('');
  const plainChat = !kb && status?.chat_model;

  const submit = (value: string) => {
    const question = value.trim();
    if (question === '' || asking) return;
    setDraft('');
    onAsk(question);
  };

  // The buttons of Ant Design X have no names; ours can be read out.
  const button: SenderProps['suffix'] = (_, { components: { SendButton, LoadingButton } }) =>
    asking ? (
      <LoadingButton aria-label={text.ask.stop} title={text.ask.stop} />
    ) : (
      <SendButton aria-label={text.ask.send} title={text.ask.send} />
    );

  return (
    <div className="composer">
      <Sender
        value={draft}
        onChange={setDraft}
        onSubmit={submit}
        onCancel={onStop}
        loading={asking}
        suffix={button}
        autoSize={{ minRows: 1, maxRows: 8 }}
        placeholder={plainChat ? text.ask.placeholderChat : text.ask.placeholder}
      />
      <p className="hint">{text.ask.hint}</p>
    </div>
  );
}
