import type { ListOfItems } from './items.ts';
import { LimitError, MAX_YAML_BYTES, megabytes } from './limits.ts';

/** Like `readItems` for a file of `kubectl … -o yaml`. */
export async function readYaml(content: AsyncIterable<Buffer>, onItem: (item: unknown) => void): Promise<ListOfItems> {
  const parts: Buffer[] = [];
  let length = 0;
  let problem: string | undefined;
  try {
    for await (const chunk of content) {
      length += chunk.length;
      if (length <= MAX_YAML_BYTES) parts.push(chunk);
    }
  } catch (error) {
    if (error instanceof LimitError) throw error;
    problem = error instanceof Error ? error.message : 'it could not be read';
  }
  if (length > MAX_YAML_BYTES) problem = `YAML of more than ${megabytes(MAX_YAML_BYTES)}; record with -o json`;
  if (problem !== undefined) return { head: undefined, isList: false, problem };
  const head = await parseYaml(Buffer.concat(parts).toString());
  if (head instanceof Error) return { head: undefined, isList: false, problem: `it is no YAML (${head.message})` };
  const items = Array.isArray(head) ? (head as unknown[]) : (head as { items?: unknown } | null)?.items;
  if (!Array.isArray(items)) return { head, isList: false };
  for (const item of items) onItem(item);
  return { head: undefined, isList: true };
}

async function parseYaml(text: string): Promise<unknown> {
  const { parseAllDocuments } = await import('yaml');
  try {
    const documents = parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: false, schema: 'core' });
    const [document] = Array.isArray(documents) ? documents : [];
    if (!document) return null;
    const [error] = document.errors;
    // An alias is nothing that kubectl writes; a file with many of them is made to fill the memory.
    return error ?? (document.toJS({ maxAliasCount: 0 }) as unknown);
  } catch (error) {
    return error instanceof Error ? error : new Error('it is nested too deeply');
  }
}
