import { jsonPath, matchesExpression, type KubeObject } from '../../domain/index.ts';
import type { Scope } from '../source.ts';

/** Does for a recording what the API server does with a scope. */
export function isInScope(object: KubeObject, scope: Scope): boolean {
  if (scope.namespace !== undefined && object.metadata.namespace !== scope.namespace) return false;
  return matchesFields(object, scope.fieldSelector) && matchesLabelText(object, scope.labelSelector);
}

/** `a.b=x,c!=y`. */
function matchesFields(object: KubeObject, selector: string | undefined): boolean {
  return splitOutside(selector).every((part) => {
    const [, path = '', operator, value = ''] = /^([\w.]+?)\s*(!=|==?)\s*(.*)$/.exec(part) ?? [];
    const found = jsonPath(object, `.${path}`);
    const text = typeof found === 'string' || typeof found === 'number' ? String(found) : '';
    return operator !== undefined && (text === value) === (operator !== '!=');
  });
}

/** `a=x,b!=y,c in (x,y),d notin (z),e,!f`. */
function matchesLabelText(object: KubeObject, selector: string | undefined): boolean {
  const labels = object.metadata.labels ?? {};
  return splitOutside(selector).every((part) => {
    const set = /^(\S+)\s+(in|notin)\s+\((.*)\)$/.exec(part);
    if (set) {
      const [, key = '', word, list = ''] = set;
      const values = list.split(',').map((v) => v.trim());
      return matchesExpression({ key, operator: word === 'in' ? 'In' : 'NotIn', values }, labels);
    }
    const [, key = '', operator, value = ''] = /^([^=!\s]+)\s*(!=|==?)\s*(.*)$/.exec(part) ?? [];
    if (operator !== undefined)
      return matchesExpression({ key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] }, labels);
    return part.startsWith('!') ? labels[part.slice(1).trim()] === undefined : labels[part] !== undefined;
  });
}

/** Splits at commas that are not between parentheses. */
function splitOutside(selector: string | undefined): readonly string[] {
  return (selector ?? '')
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
