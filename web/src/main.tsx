import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { Client } from './api/client';
import { App } from './shell/App';
import { KeyStore } from './shell/keyStore';
import './styles.css';

const keys = new KeyStore(sessionStorage, localStorage);
const client = new Client({
  baseUrl: new URL('./', document.baseURI).toString(),
  fetch: (input, init) => window.fetch(input, init),
  key: () => keys.get(),
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App client={client} keys={keys} />
  </StrictMode>,
);
