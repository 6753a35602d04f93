import { eventTime, type LogSlice } from '../cluster/index.ts';
import {
  jsonPath,
  jsonPathText,
  kindInfo,
  isKind,
  oneLine,
  ref,
  refOf,
  type Evidence,
  type Kind,
  type KubeEvent,
  type KubeObject,
  type ObjectRef,
  type Pod,
} from '../domain/index.ts';

/** A shell word: bare where that is safe, else in single quotes. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** ` -n shop`, or nothing for a cluster-scoped object. */
export function inNamespace(namespace: string | undefined): string {
  return namespace === undefined ? '' : ` -n ${shellWord(namespace)}`;
}

/** `kubectl get pod web-1 -n shop`. */
export function getCommand(object: ObjectRef): string {
  return `kubectl get ${object.kind.toLowerCase()} ${shellWord(object.name)}${inNamespace(object.namespace)}`;
}

/**
 * A field of an object that was read; the value is taken from the object by the very path that the command prints.
 * `path` is JSONPath from the object, e.g. `.status.phase`.
 */
export function field(object: KubeObject, path: string, at?: string): Evidence {
  const subject = refOf(object);
  return {
    object: subject,
    what: fieldText(path),
    value: jsonPathText(jsonPath(object, path)),
    ...(at !== undefined && { at }),
    command: `${getCommand(subject)} -o jsonpath=${shellWord(`{${path}}`)}`,
  };
}

/** A path as people say it: `container app: state.waiting.reason`, `condition Ready: message`. */
function fieldText(path: string): string {
  return path
    .slice(1)
    .replace(
      /^(?:status\.(?:initC|c)ontainerStatuses|spec\.(?:initC|c)ontainers)\[\?\(@\.name=="([^"]*)"\)\]\.?/,
      'container $1: ',
    )
    .replace(/^status\.conditions\[\?\(@\.type=="([^"]*)"\)\]\.?/, 'condition $1: ')
    .replace(/\[\?\(@\.\w+=="([^"]*)"\)\]/g, '[$1]');
}

/** The message of an event. */
export function event(e: KubeEvent): Evidence {
  const { kind = '', namespace, name = '', uid } = e.involvedObject;
  const time = eventTime(e);
  const selector =
    kind === 'Node' || uid === undefined
      ? `involvedObject.kind=${kind},involvedObject.name=${name}`
      : `involvedObject.uid=${uid}`;
  // The table of `kubectl get events` ends a message at its first line break.
  const whole = (e.message ?? '').trim().includes('\n') ? ` -o jsonpath='{.items[*].message}'` : '';
  return {
    object: ref(kind, namespace, name),
    what: `event ${e.reason ?? ''}`,
    value: oneLine(e.message ?? '', 1000),
    ...(time !== undefined && { at: new Date(time).toISOString() }),
    command: `kubectl get events -n ${e.metadata.namespace ?? 'default'} --field-selector ${selector}${whole}`,
  };
}

/** That an object does not exist. Only for a 404 or a name that is not in a complete list. */
export function absence(kind: Kind, namespace: string | undefined, name: string): Evidence {
  const missing = ref(kind, namespace, name);
  return { object: missing, what: 'existence', value: 'not found', command: getCommand(missing) };
}

/** One line of a container's log. */
export function logLine(pod: Pod, slice: LogSlice, line: string): Evidence {
  return {
    object: refOf(pod),
    what: `log of container ${slice.ref.container}${slice.previous ? ' (previous run)' : ''}`,
    value: line,
    command: `kubectl logs ${slice.ref.pod} -n ${slice.ref.namespace} -c ${slice.ref.container}${slice.previous ? ' --previous' : ''} --tail=1000`,
  };
}

/** The endpoints behind a Service; `value` is something that `kubectl get endpointslices` prints for it. */
export function endpoints(service: ObjectRef, value: string): Evidence {
  return {
    object: service,
    what: 'endpoints',
    value,
    command: `kubectl get endpointslices${inNamespace(service.namespace)} -l kubernetes.io/service-name=${service.name}`,
  };
}

/** A fact that another kubectl line shows; `value` must occur in its output. */
export function shown(object: ObjectRef, what: string, value: string, command: string): Evidence {
  return { object, what, value, command };
}

/** `kubectl get nodes`-like listing of a kind by its plural. */
export function listCommand(kind: string, namespace: string | undefined): string {
  return `kubectl get ${isKind(kind) ? kindInfo(kind).resource : kind.toLowerCase()}${inNamespace(namespace)}`;
}
