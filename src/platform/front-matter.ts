const refuse = () => {
  throw new Error('front matter must be YAML');
};

/** Larger front matter is not written by people. */
const MAX_BYTES = 256 * 1024;

/**
 * Splits a Markdown file into its YAML front matter and its text. gray-matter would run `---js` blocks as code, so every
 * engine but YAML refuses.
 */
export async function parseFrontMatter(
  text: string,
): Promise<{ readonly data: Readonly<Record<string, unknown>>; readonly content: string }> {
  if (text.length > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
  // Loaded here: every command loads this folder, few read Markdown.
  const [{ default: matter }, { parse }] = await Promise.all([import('gray-matter'), import('yaml')]);
  const yaml = { parse: (source: string) => (parse(source, { maxAliasCount: 50 }) ?? {}) as object, stringify: refuse };
  const { data, content } = matter(text, {
    engines: { yaml, js: refuse, javascript: refuse, json: refuse, coffee: refuse, toml: refuse } as never,
    language: 'yaml',
  });
  return { data, content };
}
