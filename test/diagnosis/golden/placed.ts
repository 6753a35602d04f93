import { nodeRules } from '../../../src/diagnosis/rules/node/index.ts';
import { schedulingRules } from '../../../src/diagnosis/rules/scheduling/index.ts';
import { storageRules } from '../../../src/diagnosis/rules/storage/index.ts';
import { defaultSettings } from '../../../src/diagnosis/index.ts';
import type { ClusterView } from '../../../src/cluster/index.ts';
import type { KubeObject } from '../../../src/domain/index.ts';
import { NOW, viewOf, type ViewOptions } from '../../support/fixtures.ts';

const rules = [...schedulingRules, ...storageRules, ...nodeRules];

/** What the rules of scheduling, storage and nodes say of these objects. */
export function reportedIn(view: ClusterView): readonly string[] {
  return rules.flatMap((rule) =>
    [...rule.check({ view, settings: defaultSettings, now: view.at })].map(
      (d) => `${d.severity ?? rule.severity} ${rule.id}`,
    ),
  );
}

export const reported = (objects: readonly KubeObject[], options: ViewOptions = {}) =>
  reportedIn(viewOf(objects, options));
/** ISO time so many minutes before the test clock. */
export const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();
