import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

import { licences } from './licences';

// The page is served from the binary, maybe below a path: every address in it is relative, and
// nothing is loaded from anywhere else.
export default defineConfig({
  base: './',
  plugins: [react(), licences()],
  build: {
    outDir: process.env['MOAT_WEB_OUT'] ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 900,
    rollupOptions: {
      output: {
        // React changes least often: kept apart, it stays in the browser's cache.
        manualChunks: (id) => (/node_modules\/(react|react-dom|scheduler)\//.test(id) ? 'react' : null),
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/chat', '/v1'].map((path) => [
        path,
        process.env['MOAT_HOST'] ?? 'http://127.0.0.1:11434',
      ]),
    ),
  },
});
