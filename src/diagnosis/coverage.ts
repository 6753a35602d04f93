import { catalogueIds, groupBy, groupOf } from '../domain/index.ts';
import type { Rule } from './rule.ts';

/** `docs/coverage.md`: which entries of the catalogue are implemented, group by group, and which are not. */
export function coverageMarkdown(rules: readonly Rule[]): string {
  const done = new Set(rules.map((r) => r.id));
  const groups = [...groupBy(catalogueIds, groupOf)].map(([group, ids]) => ({
    group,
    ids,
    missing: ids.filter((id) => !done.has(id)),
  }));
  const rows = groups.map(({ group, ids, missing }) => {
    const names = missing.map((id) => id.slice(group.length + 1)).join(', ');
    return `| ${group} | ${ids.length - missing.length} of ${ids.length} | ${names === '' ? '–' : names} |`;
  });
  return [
    '# Coverage of the failure catalogue',
    '',
    'Generated from the rules by `npm run docs`; a test fails when it is out of date.',
    '',
    `**${done.size} of ${catalogueIds.length} entries implemented.**`,
    '',
    '| group | implemented | missing |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
