import matter from 'gray-matter';
import { parse } from 'yaml';

const refuse = () => {
  throw new Error('front matter must be YAML');
};

/** Larger front matter is not written by people. */
const MAX_BYTES = 256 * 1024;

/**
 * Splits a Markdown file into its YAML front matter and its text. gray-matter would run `---js` blocks as code, so every
 * engine but YAML refuses.
 */
export function parseFrontMatter(text: string): {
  readonly data: Readonly<Record<string, unknown>>;
  readonly content: string;
} {
  if (text.length > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
  const yaml = { parse: (source: string) => (parse(source, { maxAliasCount: 50 }) ?? {}) as object, stringify: refuse };
  const { data, content } = matter(text, {
    engines: { yaml, js: refuse, javascript: refuse, json: refuse, coffee: refuse, toml: refuse } as never,
    language: 'yaml',
  });
  return { data, content };
}
