import { parseTime, type KubeEvent, type KubeObject } from '../../domain/index.ts';
import { eventTime } from '../view.ts';

const CLOCK_SKEW_MS = 5 * 60_000;

/** When a recording that does not say so was made: the newest time in it that is not to come. ms since the epoch. */
export function recordedMoment(objects: readonly KubeObject[]): number {
  const latest = Date.now() + CLOCK_SKEW_MS;
  let newest = 0;
  for (const object of objects)
    for (const time of timesOf(object)) if (time !== undefined && time > newest && time <= latest) newest = time;
  return newest > 0 ? newest : Date.now();
}

type States = Readonly<Record<string, { readonly startedAt?: string; readonly finishedAt?: string }>>;

interface Timed {
  readonly spec?: { readonly renewTime?: string };
  readonly status?: {
    readonly conditions?: readonly Readonly<Record<string, unknown>>[];
    readonly containerStatuses?: readonly { readonly state?: States; readonly lastState?: States }[];
  };
}

function* timesOf(object: KubeObject): Generator<number | undefined> {
  const { creationTimestamp, managedFields = [] } = object.metadata;
  yield parseTime(creationTimestamp);
  for (const entry of managedFields) yield parseTime(entry.time);
  if (object.kind === 'Event') {
    yield eventTime(object as KubeEvent);
    return;
  }
  const { spec, status } = object as Timed;
  if (object.kind === 'Lease') yield parseTime(spec?.renewTime);
  for (const condition of status?.conditions ?? [])
    for (const field of ['lastHeartbeatTime', 'lastTransitionTime', 'lastUpdateTime'])
      yield parseTime(condition[field] as string | undefined);
  for (const container of status?.containerStatuses ?? [])
    for (const state of [container.state, container.lastState].flatMap((states) => Object.values(states ?? {}))) {
      const { startedAt, finishedAt } = state;
      yield parseTime(finishedAt ?? startedAt);
    }
}
