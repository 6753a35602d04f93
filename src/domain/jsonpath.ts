/**
 * The part of kubectl's JSONPath that evidence needs: `.a.b`, `['key']`, `[0]`, `[?(@.name=="x")]`, `\.` for a dot in a
 * key. The same text works after `kubectl get -o jsonpath=`.
 */
export function jsonPath(object: unknown, path: string): unknown {
  let at = object;
  for (const step of steps(path)) {
    if (at === null || typeof at !== 'object') return undefined;
    if (step.kind === 'key') at = (at as Record<string, unknown>)[step.key];
    else if (step.kind === 'index') at = (at as readonly unknown[])[step.index];
    else
      at = Array.isArray(at)
        ? at.find((e: unknown) => String((e as Record<string, unknown> | null)?.[step.key]) === step.value)
        : undefined;
  }
  return at;
}

type PathStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'match'; readonly key: string; readonly value: string };

function* steps(path: string): Generator<PathStep> {
  const token = /\.((?:\\.|[^.[\\])+)|\['([^']+)'\]|\[(\d+)\]|\[\?\(@\.(\w+)=="([^"]*)"\)\]/gy;
  let end = 0;
  for (const [whole, key, quoted, index, matchKey, matchValue] of path.matchAll(token)) {
    end += whole.length;
    if (index !== undefined) yield { kind: 'index', index: Number(index) };
    else if (matchKey !== undefined) yield { kind: 'match', key: matchKey, value: matchValue ?? '' };
    else yield { kind: 'key', key: quoted ?? (key ?? '').replace(/\\(.)/g, '$1') };
  }
  if (end !== path.length) throw new Error(`not a JSON path: ${path}`);
}

/** A key as a path step: `app` → `.app`, `kubernetes.io/x` → `.kubernetes\.io/x`. */
export function keyStep(key: string): string {
  return `.${key.replace(/[.\\[]/g, '\\$&')}`;
}

/** A value as kubectl prints it: text bare, anything else as JSON the way Go writes it. */
export function jsonPathText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  const escaped: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };
  return JSON.stringify(value, sortedKeys).replace(/[<>&]/g, (c) => escaped[c] ?? c);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
