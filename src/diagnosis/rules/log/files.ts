import type { Evidence } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { SeenCause } from '../../logs/index.ts';
import { lastEnd } from '../../../domain/index.ts';
import { logRule, readLog, rollBack } from './common.ts';
import { volumeAt } from './volumes.ts';

/** The path on the line, without what programs put around it. */
function pathOf({ match: { groups } }: SeenCause): string | undefined {
  const path = groups.path ?? groups.directory ?? groups.file;
  return path?.replace(/["'\\,;:]+$/, '');
}

/** The shell's words for a command that is not there or may not run (126, 127): not a file that a program reads. */
function isAboutTheCommand({ container }: SeenCause): boolean {
  return [126, 127].includes(lastEnd(container)?.exitCode ?? 0);
}

export const missingFile = logRule('log/missing-file', (seen) => {
  if (isAboutTheCommand(seen)) return undefined;
  const path = pathOf(seen);
  const name = seen.workload.name;
  if (path === undefined)
    return {
      causeKey: seen.match.pattern.id,
      title: `${name} stops: a file that it needs does not exist`,
      cause: 'Its log does not name the file on that line.',
      remediation: [readLog(seen), ...rollBack(seen)],
    };
  const volume = volumeAt(seen.pod, seen.container, path);
  const mounts = (seen.container.spec.volumeMounts ?? [])
    .map((m) => m.mountPath)
    .filter((m) => !m.startsWith('/var/run/secrets/kubernetes.io'));
  const where = volume
    ? `${volume.text} is mounted at ${volume.mountPath} and does not hold it; it hides what the image has there.`
    : `It is not in the image, and no volume is mounted there${mounts.length === 0 ? '' : `; mounts are ${mounts.join(', ')}`}.`;
  return {
    causeKey: path,
    title: `${name} stops: file ${path} does not exist`,
    cause: `Container ${seen.container.name} opens ${path}. ${where}`,
    ...(volume?.source && { causedBy: [volume.source] }),
    evidence: volume
      ? [volume.evidence]
      : mounts.length === 0
        ? []
        : mounts.map((m) =>
            field(seen.pod, `${seen.container.specPath}.volumeMounts[?(@.mountPath=="${m}")].mountPath`),
          ),
    remediation: [
      volume
        ? { text: `Put the file into ${volume.text}, or mount it with subPath so that the image's directory stays` }
        : { text: 'Mount the file, or correct the path' },
      ...rollBack(seen),
      readLog(seen),
    ],
  };
});

export const permissionDenied = logRule('log/permission-denied', (seen) => {
  if (isAboutTheCommand(seen)) return undefined;
  const name = seen.workload.name;
  const { port, why } = seen.match.groups;
  const user = userOf(seen);
  if (port !== undefined)
    return {
      causeKey: `port ${port}`,
      title: `${name} may not listen on port ${port}${user.text}`,
      cause: `Ports below 1024 need the capability NET_BIND_SERVICE, which container ${seen.container.name} does not have${user.text}.`,
      evidence: user.evidence,
      remediation: [
        { text: 'Let it listen on a port above 1023, or add the capability NET_BIND_SERVICE' },
        readLog(seen),
      ],
    };
  const path = pathOf(seen) ?? 'a file';
  const volume = path.startsWith('/') ? volumeAt(seen.pod, seen.container, path) : undefined;
  const isReadOnly = /read-only|EROFS|readonly/i.test(`${why ?? ''} ${seen.match.text}`);
  const rootReadOnly = seen.container.spec.securityContext?.readOnlyRootFilesystem === true;
  const rootPath = `${seen.container.specPath}.securityContext.readOnlyRootFilesystem`;
  return {
    causeKey: path,
    title: isReadOnly
      ? `${name} cannot write ${path}: its file system is read-only`
      : `${name} may not use ${path}${user.text}`,
    cause: isReadOnly
      ? volume
        ? `${volume.text} is mounted read-only at ${volume.mountPath}.`
        : rootReadOnly
          ? `Container ${seen.container.name} has readOnlyRootFilesystem: true and no volume at ${path}.`
          : `What holds ${path} is mounted read-only.`
      : volume
        ? `${volume.text} at ${volume.mountPath} most likely belongs to another user${seen.pod.spec?.securityContext?.fsGroup === undefined ? ', because no fsGroup is set' : ''}.`
        : `The image's file belongs to another user than the one that container ${seen.container.name} runs as.`,
    ...(isReadOnly && rootReadOnly && !volume && { confidence: 'certain' as const }),
    ...(volume?.source && { causedBy: [volume.source] }),
    evidence: [
      ...(volume ? [volume.evidence] : []),
      ...(isReadOnly && rootReadOnly ? [field(seen.pod, rootPath)] : []),
      ...user.evidence,
    ],
    remediation: [
      isReadOnly
        ? { text: `Mount an emptyDir at the directory of ${path}` }
        : volume
          ? { text: 'Set spec.securityContext.fsGroup of the template to the group that the program runs as' }
          : { text: 'Run as the user of the image, or let the program write to a mounted volume' },
      readLog(seen),
    ],
  };
});

/** ` as user 1000`, with the field that says so. */
function userOf({ pod, container }: SeenCause): { text: string; evidence: readonly Evidence[] } {
  const own = container.spec.securityContext?.runAsUser;
  const uid = own ?? pod.spec?.securityContext?.runAsUser;
  if (uid === undefined) return { text: '', evidence: [] };
  const path =
    own === undefined ? '.spec.securityContext.runAsUser' : `${container.specPath}.securityContext.runAsUser`;
  return { text: ` as user ${uid}`, evidence: [field(pod, path)] };
}

export const refusesRoot = logRule('log/refuses-root', (seen) => {
  const user = userOf(seen);
  // With another user set, the line is about something else.
  if (user.text !== '' && user.text !== ' as user 0') return undefined;
  return {
    causeKey: seen.container.name,
    title: `${seen.workload.name} refuses to run as root`,
    cause: `The program insists on an unprivileged user; container ${seen.container.name} ${user.text === '' ? 'sets no runAsUser and the image starts as root' : 'has runAsUser 0'}.`,
    evidence: user.evidence,
    remediation: [
      { text: 'Set runAsUser to the user that the image is made for, and fsGroup for its data' },
      readLog(seen),
    ],
  };
});

export const noSpace = logRule('log/no-space', (seen) => {
  const path = pathOf(seen);
  const volumes =
    seen.container.spec.volumeMounts?.filter((m) =>
      seen.pod.spec?.volumes?.some((v) => v.name === m.name && v.persistentVolumeClaim),
    ) ?? [];
  const only = volumes.length === 1 ? volumes[0]?.mountPath : undefined;
  const place = path?.startsWith('/') === true ? path : only;
  const volume = place === undefined ? undefined : volumeAt(seen.pod, seen.container, place);
  const claim = volume?.source?.kind === 'PersistentVolumeClaim' ? volume.source : undefined;
  return {
    causeKey: volume?.name ?? path ?? seen.container.name,
    title: `${seen.workload.name} has filled its disk${place === undefined ? '' : ` (${place})`}`,
    cause: volume
      ? `${volume.text} at ${volume.mountPath} is full.`
      : `The file system behind ${place ?? 'its files'} is full: the container's layer or the node's disk.`,
    causedBy: [
      ...(claim ? [claim] : []),
      ...(seen.pod.spec?.nodeName !== undefined ? [{ kind: 'Node', name: seen.pod.spec.nodeName }] : []),
    ],
    evidence: volume ? [volume.evidence] : [],
    remediation: [
      {
        text: 'See how full it is',
        command: `kubectl exec ${seen.pod.metadata.name ?? ''} -n ${seen.namespace} -c ${seen.container.name} -- df -h`,
      },
      claim
        ? {
            text: 'Free space, or expand the claim where its class allows it',
            command: `kubectl get pvc ${claim.name} -n ${seen.namespace}`,
          }
        : { text: 'Free space, or mount a volume of the size that the program needs' },
    ],
  };
});
