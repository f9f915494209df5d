// Shows or saves the original file of a document.

// What a browser shows without running anything in it. Anything else is saved: an HTML file that
// somebody put into the knowledge base would run with the rights of this page.
const shown = new Map([
  ['application/pdf', 'application/pdf'],
  ['text/plain', 'text/plain; charset=utf-8'],
  ['text/markdown', 'text/plain; charset=utf-8'],
]);

export function canShow(mediaType: string): boolean {
  return shown.has(bare(mediaType));
}

// Opens `content` in a new tab, a PDF at `page`, or saves it as `name`.
export function openOriginal(content: Blob, mediaType: string, name: string, page: number): void {
  const type = shown.get(bare(mediaType));
  const url = URL.createObjectURL(new Blob([content], { type: type ?? 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = page > 0 && bare(mediaType) === 'application/pdf' ? `${url}#page=${page}` : url;
  if (type) {
    link.target = '_blank';
    link.rel = 'noopener';
  } else {
    link.download = name.split('/').at(-1) ?? name;
  }
  link.click();
  // The tab or the download needs the address a little longer than this call lasts.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function bare(mediaType: string): string {
  return (mediaType.split(';')[0] ?? '').trim().toLowerCase();
}
