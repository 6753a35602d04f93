import type { LabelSelector } from '../domain/index.ts';
import { UsageError } from './errors.ts';

/** `app=web,tier!=db,env in (a,b),!legacy` as kubectl writes label selectors. */
export function parseSelector(text: string): LabelSelector {
  const matchExpressions = text.split(/,(?![^(]*\))/).map((part) => expression(part.trim(), text));
  return { matchExpressions };
}

function expression(part: string, whole: string) {
  const set = /^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(part);
  if (set)
    return {
      key: set[1] ?? '',
      operator: set[2] === 'in' ? 'In' : 'NotIn',
      values: (set[3] ?? '').split(',').map((v) => v.trim()),
    };
  const equal = /^([\w./-]+)\s*(==?|!=)\s*([\w.-]*)$/.exec(part);
  if (equal) return { key: equal[1] ?? '', operator: equal[2] === '!=' ? 'NotIn' : 'In', values: [equal[3] ?? ''] };
  const exists = /^(!?)([\w./-]+)$/.exec(part);
  if (exists) return { key: exists[2] ?? '', operator: exists[1] === '!' ? 'DoesNotExist' : 'Exists' };
  throw new UsageError(`"${whole}" is not a label selector`, 'write it like app=web or "tier in (web,api)"');
}
