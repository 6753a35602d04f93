// The layers of src/, top to bottom. A folder imports only from folders below it, and only their index.ts.
import { dirname, relative, resolve, sep } from 'node:path';

const LAYERS = [
  ['cli', 'ui', 'mcp'],
  ['watch', 'report', 'agent'],
  ['change'],
  ['recommend', 'diagnosis', 'incident', 'notify', 'correlate', 'runbook'],
  ['history', 'usage', 'writer'],
  ['cluster'],
  ['config', 'platform'],
  ['domain'],
];

/** Edges inside one layer that are wanted: from → to. */
const SIDEWAYS = { cli: ['ui'], config: ['platform'] };

/** Folders that only the named ones may import, with the reason. */
const RESERVED = {
  writer: { by: ['change'], why: 'changes reach the cluster through change/ alone, after their record' },
};

/** A second door beside index.ts, with the reason: reads begin before the rules are loaded. */
const DOORS = { diagnosis: ['investigate.ts'] };

const layerOf = (folder) => LAYERS.findIndex((layer) => layer.includes(folder));

function verdict(from, to, inside) {
  if (layerOf(to) < 0) return `src/${to} is in no layer: add it to eslint/layers.js`;
  if (RESERVED[to] && !RESERVED[to].by.includes(from)) return `src/${to} is reserved: ${RESERVED[to].why}`;
  const down = layerOf(to) > layerOf(from) || (SIDEWAYS[from] ?? []).includes(to);
  if (!down)
    return `src/${from} may not import src/${to}: data flows one way, imports point down (domain is the floor)`;
  if (inside !== 'index.ts' && !(DOORS[to] ?? []).includes(inside))
    return `import src/${to}/index.ts: what lies behind a folder's public face is its own`;
  return undefined;
}

/** @type {import('eslint').Rule.RuleModule} */
export const layers = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const root = resolve(context.cwd, 'src');
    const here = relative(root, context.filename);
    if (here.startsWith('..')) return {};
    const from = here.split(sep)[0];
    const check = (node) => {
      const spec = node.source?.value;
      if (typeof spec !== 'string' || !spec.startsWith('.')) return;
      const [to, ...inside] = relative(root, resolve(dirname(context.filename), spec)).split(sep);
      if (to === from || to === '..') return;
      const message = verdict(from, to, inside.join('/'));
      if (message) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};
