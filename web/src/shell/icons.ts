// The icons of the page, each from its own file: the package's index is 1,700 modules to read.

export { default as BulbOutlined } from '@ant-design/icons/es/icons/BulbOutlined';
export { default as CheckOutlined } from '@ant-design/icons/es/icons/CheckOutlined';
export { default as CloseOutlined } from '@ant-design/icons/es/icons/CloseOutlined';
export { default as CopyOutlined } from '@ant-design/icons/es/icons/CopyOutlined';
export { default as DeleteOutlined } from '@ant-design/icons/es/icons/DeleteOutlined';
export { default as DownloadOutlined } from '@ant-design/icons/es/icons/DownloadOutlined';
export { default as ExportOutlined } from '@ant-design/icons/es/icons/ExportOutlined';
export { default as FileTextOutlined } from '@ant-design/icons/es/icons/FileTextOutlined';
export { default as FolderAddOutlined } from '@ant-design/icons/es/icons/FolderAddOutlined';
export { default as FolderOpenOutlined } from '@ant-design/icons/es/icons/FolderOpenOutlined';
export { default as GlobalOutlined } from '@ant-design/icons/es/icons/GlobalOutlined';
export { default as InboxOutlined } from '@ant-design/icons/es/icons/InboxOutlined';
export { default as KeyOutlined } from '@ant-design/icons/es/icons/KeyOutlined';
export { default as LoadingOutlined } from '@ant-design/icons/es/icons/LoadingOutlined';
export { default as MenuOutlined } from '@ant-design/icons/es/icons/MenuOutlined';
export { default as MoonOutlined } from '@ant-design/icons/es/icons/MoonOutlined';
export { default as PlusOutlined } from '@ant-design/icons/es/icons/PlusOutlined';
export { default as ReloadOutlined } from '@ant-design/icons/es/icons/ReloadOutlined';
export { default as SunOutlined } from '@ant-design/icons/es/icons/SunOutlined';
