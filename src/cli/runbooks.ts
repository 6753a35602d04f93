import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { groupOf, type CatalogueId } from '../domain/index.ts';
import { parseFrontMatter } from '../platform/index.ts';

/** The folder of built-in runbooks, seen from the bundle as from the sources. */
export const runbookFolder = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../runbooks/' : '../../runbooks/', import.meta.url),
);

export interface Runbook {
  /** The group that it is for, e.g. `image`. */
  readonly name: string;
  readonly path: string;
  readonly title: string;
  readonly status: 'draft' | 'tested';
  /** Markdown without its front matter. */
  readonly text: string;
}

/** `runbooks/config.md` for a finding of the group config, when that file ships. */
export function runbookOf({ rule }: { readonly rule: CatalogueId }): string | undefined {
  const file = `${groupOf(rule)}.md`;
  return existsSync(runbookFolder + file) ? `runbooks/${file}` : undefined;
}

/** Every built-in runbook by name; the template is not one. */
export async function loadRunbooks(): Promise<readonly Runbook[]> {
  const files = (await readdir(runbookFolder)).filter((f) => f.endsWith('.md') && !f.startsWith('_')).sort();
  return Promise.all(
    files.map(async (file) => {
      const { data, content } = await parseFrontMatter(await readFile(runbookFolder + file, 'utf8'));
      const name = file.replace(/\.md$/, '');
      return {
        name,
        path: `runbooks/${file}`,
        title: typeof data.title === 'string' ? data.title : name,
        // A file that does not say so has not been tested.
        status: data.status === 'tested' ? ('tested' as const) : ('draft' as const),
        text: content,
      };
    }),
  );
}
