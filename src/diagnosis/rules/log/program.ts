import { containersOf, lastEnd, oneLine, type Evidence } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import { causeIn, failingLogs, isFailureLine, quoted, type SeenCause } from '../../logs/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { draftOf, logRule, normalised, readLog, rollBack } from './common.ts';

export const missingModule = logRule('log/missing-module', (seen) => {
  const module = seen.match.groups.module ?? seen.match.groups.library ?? 'a module';
  const image = seen.container.spec.image ?? '';
  const isLibrary = /^lib|\.so|GLIBC|CXX/.test(module);
  return {
    causeKey: `${image} ${module}`,
    title: `${seen.workload.name}: its image lacks ${module}`,
    cause: `Image ${image} was built without ${module}${isLibrary ? ', or for another base system (glibc against musl)' : ''}, so container ${seen.container.name} stops when it is needed.`,
    evidence: [field(seen.pod, `${seen.container.specPath}.image`)],
    remediation: [readLog(seen), ...rollBack(seen), { text: 'Rebuild the image with what is missing' }],
  };
});

export const runtimeOom = logRule('log/runtime-oom', (seen) => {
  const limit = seen.container.spec.resources?.limits?.memory;
  const detail = seen.match.detail ?? 'out of memory';
  const setting = seen.container.spec.env?.find((e) =>
    /JAVA_.*OPT|_JAVA_OPTIONS|NODE_OPTIONS|GOMEMLIMIT|JVM|CATALINA_OPTS|DOTNET_GC/.test(e.name),
  )?.name;
  const inArgs = [...(seen.container.spec.command ?? []), ...(seen.container.spec.args ?? [])].find((a) =>
    /-Xmx|max-old-space-size|MaxRAMPercentage|memory_limit/.test(a),
  );
  const from = setting ?? inArgs;
  return {
    causeKey: detail.replace(/\d+/g, '#').slice(0, 60),
    title: `${seen.workload.name} runs out of its own heap: ${detail}`,
    cause: `The runtime's own limit was reached${limit === undefined ? '' : `, below the container's limit of ${limit}`}: the heap${from === undefined ? '' : ` that ${from} sets`} is too small, or memory leaks.`,
    evidence: [
      ...(limit === undefined ? [] : [field(seen.pod, `${seen.container.specPath}.resources.limits.memory`)]),
      ...(setting === undefined
        ? []
        : [field(seen.pod, `${seen.container.specPath}.env[?(@.name=="${setting}")].name`)]),
    ],
    remediation: [{ text: `Raise the heap within the container's limit, or find the leak` }, readLog(seen)],
  };
});

export const addressInUse = logRule('log/address-in-use', (seen) => {
  const declared = seen.container.spec.ports?.map((p) => p.containerPort) ?? [];
  const named = seen.match.groups.port;
  // Without a port in the words: the one that two containers of the pod declare.
  const port = named ?? declared.find((p) => portSharers(seen, p).length > 0)?.toString();
  const sharers = port === undefined ? [] : portSharers(seen, Number(port));
  const who =
    seen.pod.spec?.hostNetwork === true
      ? `The pod uses the network of node ${seen.pod.spec.nodeName ?? ''}, where another process holds the port.`
      : sharers.length > 0
        ? `Container ${sharers.map((s) => s.name).join(', ')} of the same pod declares port ${port ?? ''}; containers of a pod share one network.`
        : 'Another process of the same pod holds the port; containers of a pod share one network.';
  return {
    causeKey: port ?? 'port',
    title: `${seen.workload.name}: port ${port ?? 'that it listens on'} is already in use`,
    cause: who,
    evidence: [
      ...sharers.map((s) => s.evidence),
      ...(seen.pod.spec?.hostNetwork === true
        ? [field(seen.pod, '.spec.hostNetwork'), field(seen.pod, '.spec.nodeName')]
        : []),
    ],
    ...(sharers.length > 0 && { confidence: 'certain' as const }),
    remediation: [{ text: 'Give each container its own port' }, readLog(seen)],
  };
});

function portSharers({ pod, container }: SeenCause, port: number): readonly { name: string; evidence: Evidence }[] {
  return containersOf(pod)
    .filter((c) => c.name !== container.name && c.role !== 'init')
    .flatMap((c) => {
      const index = c.spec.ports?.findIndex((p) => p.containerPort === port) ?? -1;
      return index < 0 ? [] : [{ name: c.name, evidence: field(pod, `${c.specPath}.ports[${index}].containerPort`) }];
    });
}

export const resourceLimit = logRule(
  'log/resource-limit',
  (seen) => {
    const detail = seen.match.detail ?? seen.match.groups.code ?? 'limit reached';
    const isOfNode = /inotify|watch|max_map_count|in system/i.test(detail);
    const node = seen.pod.spec?.nodeName ?? '';
    return {
      causeKey: detail.replace(/\d+/g, '#').slice(0, 60),
      title: `${seen.workload.name} hits an operating-system limit: ${detail}`,
      cause: isOfNode
        ? `A kernel setting of node ${node} is too low for what runs there.`
        : `Files, threads or processes of container ${seen.container.name} are used up: most likely a leak, or the limit of the node is too low.`,
      ...(isOfNode && { evidence: [field(seen.pod, '.spec.nodeName')] }),
      remediation: [
        {
          text: isOfNode ? 'Raise fs.inotify.* or vm.max_map_count on the nodes' : 'Find the leak, or raise the limit',
        },
        readLog(seen),
      ],
    };
  },
  'warning',
);

/** A crash is the end of a run: of a container that only is not ready, a stack in the log is a caught exception. */
export const panic = logRule('log/panic', (seen) => {
  const end = lastEnd(seen.container);
  if (!end || end.exitCode === 0) return undefined;
  const { detail = seen.match.text, frame } = seen.match;
  const said = oneLine(detail, 200);
  return {
    causeKey: normalised(`${frame ?? ''} ${said}`),
    title: `${seen.workload.name} crashes in its own code: ${said}`,
    cause: `The program ends with an error that nothing catches${frame === undefined ? '' : `, at ${frame}`}.`,
    evidence: [...lineWith(seen, detail), ...(frame === undefined ? [] : lineWith(seen, placeIn(frame)))],
    remediation: [readLog(seen, 'Read the whole stack'), ...rollBack(seen)],
  };
});

/** Another line of the log that holds a text of the title or cause. */
function lineWith(seen: SeenCause, text: string): readonly Evidence[] {
  if (seen.match.line.includes(text)) return [];
  const line = seen.slice.lines.findLast((l) => l.includes(text));
  return line === undefined ? [] : [quoted(seen, line, text)];
}

/** The part of a frame that stands in the log as it is: `server.go:42` of `main.f (server.go:42)`. */
function placeIn(frame: string): string {
  const python = /^(?<file>.{1,300}):\d+(?: in .*)?$/.exec(frame)?.groups?.file;
  return (
    /\((?<place>[^()]{1,200}\.go:\d+)\)$/.exec(frame)?.groups?.place ??
    (python?.endsWith('.py') === true ? python : frame)
  );
}

/** Nothing known was recognised: the last words of a container that ended with an error are quoted, not interpreted. */
export const firstError: Rule = {
  id: 'log/first-error',
  severity: 'warning',
  confidence: 'hint',
  needs: ['Pod', 'Log'],
  *check({ view }): Generator<Draft> {
    for (const log of failingLogs(view)) {
      const end = lastEnd(log.container);
      const match = causeIn(log.slice);
      if (!end || end.exitCode === 0 || (match && match.rule !== 'log/panic')) continue;
      if (match?.rule === 'log/panic' || end.reason === 'OOMKilled') continue;
      const lines = log.slice.lines.filter((l) => l.trim() !== '');
      const line = lines.slice(-50).findLast(isFailureLine) ?? lines.at(-1);
      if (line === undefined) continue;
      const evidence = quoted(log, line);
      if (evidence.value === '') continue;
      yield draftOf(log, evidence, {
        causeKey: normalised(evidence.value),
        title: `${log.workload.name} exits ${end.exitCode}; last words: ${evidence.value}`,
        cause: 'Possibly the quoted line tells why; it fits nothing that is known.',
        evidence: [field(log.pod, `${end.path}.exitCode`)],
        remediation: [readLog(log)],
      });
    }
  },
};
