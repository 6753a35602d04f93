import type { LabelSelector } from './kube.ts';

type Labels = Readonly<Record<string, string>>;

/** Every pair of `wanted` is among `labels`. An empty or absent `wanted` matches nothing: a Service without selector has no pods. */
export function matchesLabels(wanted: Labels | undefined, labels: Labels | undefined): boolean {
  const pairs = Object.entries(wanted ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => labels?.[key] === value);
}

/** A label selector, labels and expressions. An empty selector matches everything, an absent one nothing, as in the API. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (!selector) return false;
  const own = labels ?? {};
  const pairs = Object.entries(selector.matchLabels ?? {});
  return (
    pairs.every(([key, value]) => own[key] === value) &&
    (selector.matchExpressions ?? []).every((e) => matchesExpression(e, own))
  );
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** One requirement of a label selector or of a node selector term (which also knows Gt and Lt). Unknown operators match nothing. */
export function matchesExpression({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** `app=web,tier in (a,b)` for people and for `kubectl -l`. */
export function selectorText(selector: LabelSelector | Labels | undefined): string {
  if (!selector) return '';
  if (!isLabelSelector(selector)) return pairsText(selector);
  const parts = [pairsText(selector.matchLabels ?? {})].filter((part) => part !== '');
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    if (operator === 'In') parts.push(`${key} in (${values.join(',')})`);
    else if (operator === 'NotIn') parts.push(`${key} notin (${values.join(',')})`);
    else if (operator === 'Exists') parts.push(key);
    else parts.push(`!${key}`);
  }
  return parts.join(',');
}

function isLabelSelector(selector: LabelSelector | Labels): selector is LabelSelector {
  const { matchLabels, matchExpressions } = selector as LabelSelector;
  return typeof matchLabels === 'object' || Array.isArray(matchExpressions);
}

function pairsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
