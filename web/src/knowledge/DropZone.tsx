import { Button, Upload } from 'antd';

import { useText } from '../i18n/language';
import { FolderOpenOutlined, InboxOutlined } from '../shell/icons';

const formats = '.pdf,.docx,.md,.markdown,.html,.htm,.txt,.csv';

// Takes files, or a folder with all that is in it. It sends nothing itself.
export function DropZone({ onFiles }: { onFiles: (files: File[]) => void }) {
  const text = useText();
  // Ant Design calls this once for each file with the whole list: act on the first call only.
  const take = (file: File, files: File[]) => {
    if (file === files[0]) onFiles(files);
    return false;
  };
  return (
    <div className="drop-zone">
      <Upload.Dragger multiple showUploadList={false} accept={formats} beforeUpload={take}>
        <p className="drop-icon">
          <InboxOutlined />
        </p>
        <p>{text.knowledge.drop}</p>
        <p className="faint">{text.knowledge.dropHint}</p>
      </Upload.Dragger>
      <Upload directory showUploadList={false} beforeUpload={take}>
        <Button type="link" size="small" icon={<FolderOpenOutlined />}>
          {text.knowledge.folder}
        </Button>
      </Upload>
    </div>
  );
}
