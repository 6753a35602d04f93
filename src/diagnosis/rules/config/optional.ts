import { oneLine, refOf, type Evidence, type Pod } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { absence, field } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { keyNames, keysOf } from './keys.ts';
import { configReferences, type ConfigReference } from './references.ts';

export const optionalRefAbsent: Rule = {
  id: 'config/optional-ref-absent',
  severity: 'info',
  confidence: 'certain',
  needs: ['Pod', 'ConfigMap'],
  *check({ view }) {
    for (const pod of livePods(view)) {
      const told = new Set<string>();
      for (const reference of configReferences(pod)) {
        const shows = reference.optional ? whatIsAbsent(view, pod, reference) : undefined;
        const what = reference.key === undefined ? reference.name : `${reference.name}/${reference.key}`;
        if (!shows || told.has(`${reference.kind}/${what}`)) continue;
        told.add(`${reference.kind}/${what}`);
        const workload = view.workload(pod);
        yield {
          subject: refOf(pod),
          ...(reference.container !== undefined && { container: reference.container }),
          causeKey: `${reference.kind}/${what}`,
          title: oneLine(`${workload.name} started without optional ${reference.kind} ${what}`, 90),
          cause: `${reference.kind} ${what} does not exist in ${pod.metadata.namespace ?? ''}; the reference is optional, so the variable or file is silently missing.`,
          evidence: [field(pod, reference.path), shows],
          remediation: [{ text: `Create it if ${workload.name} needs it, then restart the pods` }],
        };
      }
    }
  },
};

/** The line that shows the absence; undefined where the object is there or was not seen. */
function whatIsAbsent(view: ClusterView, pod: Pod, { kind, name, key }: ConfigReference): Evidence | undefined {
  const { namespace } = pod.metadata;
  if (view.find(kind, namespace, name).state === 'absent') return absence(kind, namespace, name);
  const map = kind === 'ConfigMap' && key !== undefined ? view.get('ConfigMap', namespace, name) : undefined;
  return map && key !== undefined && !keysOf(map).includes(key) ? keyNames(map) : undefined;
}
