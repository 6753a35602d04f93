import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { kinds, type Kind } from '../../src/domain/index.ts';
import { dropped } from '../../src/cluster/ingest/dropped.ts';

const models = join(dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node')), 'gen/models');

const modelOf: Partial<Record<Kind, string>> = {
  Event: 'CoreV1Event',
  HorizontalPodAutoscaler: 'V2HorizontalPodAutoscaler',
};

/** Kinds whose shape is not in the client's models, or of which only the metadata is kept. */
const byHand: Partial<Record<Kind, string>> = {
  Secret: 'metadata!:V1ObjectMeta',
  PodMetrics: 'containers:[ContainerMetrics] metadata!:V1ObjectMeta timestamp:s',
  NodeMetrics: 'metadata!:V1ObjectMeta timestamp:s usage:{s}',
};

const helpers: Record<string, string> = { ContainerMetrics: 'name!:s usage!:{s}' };

/** The text of shapes.ts, from the client's own type declarations. */
export async function generateShapes(): Promise<string> {
  const shapes = new Map<string, string>();
  const wanted: string[] = [];
  const roots: string[] = [];
  for (const { kind } of kinds) {
    const hand = byHand[kind];
    const name = hand !== undefined ? kind : (modelOf[kind] ?? `V1${kind}`);
    roots.push(`  ${kind}: '${name}',`);
    if (hand !== undefined) shapes.set(name, hand);
    else wanted.push(name);
  }
  for (const [name, fields] of Object.entries(helpers)) shapes.set(name, fields);
  wanted.push('V1ObjectMeta');
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (shapes.has(name)) continue;
    const { text, uses } = shapeOf(name);
    shapes.set(name, text);
    wanted.push(...uses);
  }
  const lines = [...shapes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => `  ${name}: '${text}',`);
  const text = `/* eslint max-lines: off */
// Generated from the client's models by test/cluster-source/shapes.test.ts: UPDATE_SHAPES=1 npx vitest run that file.
import type { Kind } from '../../domain/index.ts';

/** The shape at which each kind begins. */
export const roots: Readonly<Record<Kind, string>> = {
${roots.join('\n')}
};

/**
 * The fields that are kept of each shape: \`name:type\`, \`!\` after a name that is always there. s is a string, l a long
 * one, n a number, b a boolean, i a number or a string; [x] an array, {x} a map, anything else another shape.
 */
export const shapes: Readonly<Record<string, string>> = {
${lines.join('\n')}
};
`;
  return format(text, { ...(await resolveConfig(import.meta.filename)), parser: 'typescript' });
}

function shapeOf(name: string): { text: string; uses: string[] } {
  const source = readFileSync(join(models, `${name}.d.ts`), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const uses: string[] = [];
  const fields: string[] = [];
  for (const [, rawField = '', optional, type = ''] of source.matchAll(
    /^ {4}'(\w+)'(\?)?: ([^;]*?(?:\{[^}]*\}[^;]*)?);$/gm,
  )) {
    const field = rawField.replace(/^_/, '');
    if (dropped[name]?.includes(field) === true) continue;
    // Objects are given their kind by the reader; references keep theirs.
    if ((field === 'kind' || field === 'apiVersion') && source.includes("'metadata'")) continue;
    const code = field === 'caBundle' ? 'l' : typeCode(type.replace(/\s+/g, ' '), uses);
    if (code !== undefined) fields.push(`${field}${optional === '?' ? '' : '!'}:${code}`);
  }
  return { text: fields.join(' '), uses };
}

/** Undefined for a type that is free-form JSON: nothing can be promised about it. */
function typeCode(type: string, uses: string[]): string | undefined {
  const array = /^(?:Array|Set)<(.*)>$/.exec(type)?.[1];
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  const inner = array ?? map;
  if (inner !== undefined) {
    const code = typeCode(inner, uses);
    return code === undefined ? undefined : array !== undefined ? `[${code}]` : `{${code}}`;
  }
  switch (type) {
    case 'string':
    case 'Date':
    case 'V1MicroTime':
      return 's';
    case 'number':
      return 'n';
    case 'boolean':
      return 'b';
    case 'IntOrString':
      return 'i';
    case 'any':
      return undefined;
    default:
      if (!/^\w+$/.test(type)) throw new Error(`unknown type ${type}`);
      uses.push(type);
      return type;
  }
}
