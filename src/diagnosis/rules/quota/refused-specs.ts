import {
  keyStep,
  listed,
  oneLine,
  templateOf,
  type Container,
  type Evidence,
  type LimitRange,
} from '../../../domain/index.ts';
import { field, inNamespace } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { onset, refusals, subjectOf, type Refusal } from './refusals.ts';

const CONTROLLERS = ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'Event'] as const;
/** Newer servers name the containers: `limits.memory for: web; requests.cpu for: web`; older ones list the fields. */
const MUST_SPECIFY = /failed quota: (\S+): must specify (.+)$/;
const OUT_OF_BOUNDS =
  /(?:(?:maximum|minimum) (\S+) usage per (?:Container|Pod) is|(\S+) max limit to request ratio per (?:Container|Pod) is)[^\],]*(?:, but [^\],]+)?/g;

export const mustSpecify: Rule = {
  id: 'quota/must-specify',
  severity: 'critical',
  confidence: 'certain',
  needs: CONTROLLERS,
  *check({ view }) {
    for (const refusal of refusals(view)) {
      const [, quota, list = ''] = MUST_SPECIFY.exec(refusal.message) ?? [];
      const { namespace = '' } = refusal.controller.metadata;
      if (quota === undefined || view.find('ResourceQuota', namespace, quota).state === 'absent') continue;
      const wanted = wantedFields(list);
      const fields = [...new Set(wanted.map((w) => w.field))];
      const { workload, severity } = refusal;
      const container = lackingContainer(refusal, wanted);
      yield {
        subject: subjectOf(refusal),
        ...(container && { container: container.name }),
        causeKey: `${quota} ${fields.join(',')}`,
        severity,
        title: oneLine(`${workload.name} cannot create pods: quota ${quota} requires ${listed(fields)}`, 90),
        cause: `ResourceQuota ${quota} of ${namespace} counts ${listed(fields)}${container ? `, and container ${container.name} does not set ${fields.length === 1 ? 'it' : 'them all'}` : ''}; no LimitRange fills it in.`,
        ...onset(refusal),
        evidence: [refusal.evidence, ...(container ? [resourcesOf(refusal, container)] : [])],
        remediation: [
          {
            text: 'Set the missing values, from measured usage',
            ...(container && { command: setResources(refusal, container.name, fields) }),
          },
          { text: `Or add a LimitRange with defaults to ${namespace}` },
        ],
      };
    }
  },
};

function wantedFields(list: string): readonly { field: string; containers: readonly string[] }[] {
  return list
    .split(list.includes(' for: ') ? '; ' : ',')
    .map((part) => part.split(' for: '))
    .map(([name = '', names = '']) => ({
      field: name.trim(),
      containers: names.split(',').filter((n) => n !== ''),
    }))
    .filter(({ field }) => field !== '');
}

/** The container that the server names, else the first that lacks one of the fields. */
function lackingContainer(
  { controller }: Refusal,
  wanted: readonly { field: string; containers: readonly string[] }[],
): Container | undefined {
  const containers = templateOf(controller)?.spec?.containers ?? [];
  const named = wanted.flatMap((w) => w.containers);
  return (
    containers.find((c) => named.includes(c.name)) ?? containers.find((c) => wanted.some((w) => !hasField(c, w.field)))
  );
}

function hasField({ resources }: Container, name: string): boolean {
  const [list, resource = list] = name.split('.');
  return resources?.[list === 'limits' ? 'limits' : 'requests']?.[resource ?? ''] !== undefined;
}

function resourcesOf({ controller }: Refusal, { name, resources }: Container): Evidence {
  const at = `.spec.template.spec.containers[?(@.name=="${name}")]`;
  // A path without a value proves nothing when it prints nothing: then the name shows that the container is meant.
  return field(controller, resources && Object.keys(resources).length > 0 ? `${at}.resources` : `${at}.name`);
}

function setResources({ workload }: Refusal, container: string, fields: readonly string[]): string {
  const values = (list: string) =>
    fields
      .filter((f) => (f.startsWith('limits.') ? 'limits' : 'requests') === list)
      .map((f) => `${f.replace(/^(requests|limits)\./, '')}=<value>`)
      .join(',');
  const flags = (['requests', 'limits'] as const)
    .filter((list) => values(list) !== '')
    .map((list) => `--${list}=${values(list)}`);
  return `kubectl set resources ${workload.kind.toLowerCase()}/${workload.name}${inNamespace(workload.namespace)} -c ${container} ${flags.join(' ')}`;
}

export const limitRangeViolation: Rule = {
  id: 'quota/limitrange-violation',
  severity: 'critical',
  confidence: 'certain',
  needs: CONTROLLERS,
  *check({ view }) {
    for (const refusal of refusals(view)) {
      const bounds = [...refusal.message.matchAll(OUT_OF_BOUNDS)].map(([text]) => text.trim());
      const [first] = bounds;
      if (first === undefined) continue;
      const { namespace = '' } = refusal.controller.metadata;
      const ranges = view.inNamespace('LimitRange', namespace);
      if (ranges.length === 0 && view.isComplete('LimitRange', namespace)) continue;
      const { workload, severity } = refusal;
      yield {
        subject: subjectOf(refusal),
        causeKey: bounds.map((b) => b.replace(/, but .*/, '')).join('; '),
        severity,
        title: oneLine(`${workload.name} cannot create pods: ${first.replace(' usage per ', ' per ')}`, 90),
        cause: `The LimitRange of ${namespace} refuses the pods of ${workload.name}: ${bounds.join('; ')}.`,
        ...onset(refusal),
        evidence: [refusal.evidence, ...boundsIn(ranges, bounds), ...sizes(refusal)],
        remediation: [
          {
            text: `Set requests and limits of ${workload.kind.toLowerCase()}/${workload.name} inside the bounds`,
            command: `kubectl describe limitrange${inNamespace(namespace)}`,
          },
          { text: `Or ask the owner of ${namespace} for other bounds` },
        ],
      };
    }
  },
};

/** The very fields of the LimitRanges that the refusal quotes. */
function boundsIn(ranges: readonly LimitRange[], bounds: readonly string[]): readonly Evidence[] {
  const wanted = bounds.flatMap((text) => {
    const [, side, one, other, type] =
      /^(?:(maximum|minimum) (\S+) usage|(\S+) max limit to request ratio) per (Container|Pod)/.exec(text) ?? [];
    const resource = one ?? other;
    if (resource === undefined) return [];
    const list = side === 'maximum' ? 'max' : side === 'minimum' ? 'min' : 'maxLimitRequestRatio';
    return [{ type, list, resource } as const];
  });
  return ranges.flatMap((range) =>
    (range.spec?.limits ?? []).flatMap((limit, i) =>
      wanted
        .filter((w) => w.type === limit.type && limit[w.list]?.[w.resource] !== undefined)
        .map((w) => field(range, `.spec.limits[${i}].${w.list}${keyStep(w.resource)}`)),
    ),
  );
}

function sizes(refusal: Refusal): readonly Evidence[] {
  return (templateOf(refusal.controller)?.spec?.containers ?? [])
    .filter((c) => Object.keys(c.resources ?? {}).length > 0)
    .slice(0, 2)
    .map((c) => resourcesOf(refusal, c));
}
