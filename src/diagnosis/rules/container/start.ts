import { oneLine, type Evidence, type Step } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { startErrorKind } from './ends.ts';
import { undo } from './fixes.ts';
import { about, runsOf, type Run } from './runs.ts';
import { capital, endEvidence, titled, who } from './words.ts';

/** The runtime's words about a container that it could not start, and where they stand. */
function refusal(run: Run): { message: string; path: string } | undefined {
  const waiting = run.c.status?.state?.waiting;
  if (/^(RunContainerError|CreateContainerError)$/.test(waiting?.reason ?? '') && waiting?.message !== undefined)
    return { message: waiting.message, path: `${run.c.statusPath}.state.waiting.message` };
  const message = run.end?.message;
  return message !== undefined && run.end ? { message, path: `${run.end.path}.message` } : undefined;
}

/** Containers that fail now because of a kind of start error, told by the runtime or by the exit code of a shell. */
function* notStarting(
  view: ClusterView,
  kind: 'command-not-found' | 'command-not-executable',
): Generator<{ run: Run; said: string | undefined; evidence: readonly [Evidence, ...Evidence[]] }> {
  for (const run of runsOf(view)) {
    const { pod, c } = run;
    const refused = refusal(run);
    const isRefusedNow =
      c.status?.state?.waiting?.reason === 'CreateContainerError' &&
      refused !== undefined &&
      startErrorKind(refused.message, c) === kind;
    if (!isRefusedNow && !(run.isFailing && run.kind === kind)) continue;
    const shape = (['command', 'args', 'workingDir'] as const).filter((key) => c.spec[key] !== undefined);
    const told = refused && startErrorKind(refused.message, c) === kind ? refused : undefined;
    const [first, ...rest] = told ? [field(pod, told.path)] : endEvidence(view, run);
    yield {
      run,
      said: told?.message,
      evidence: [
        first,
        ...rest,
        ...shape.map((key) => field(pod, `${c.specPath}.${key}`)),
        field(pod, `${c.specPath}.image`),
      ],
    };
  }
}

/** What a shell says of a program that it does not find: `sh: serve: not found`, `bash: line 1: serve: command not found`. */
const SHELL_NOT_FOUND = /(?:^|[\s:])([^\s:]+): (?:command )?not found\s*$|exec: "([^"]+)": executable file not found/;

function missingProgram(view: ClusterView, run: Run, said: string | undefined): string | undefined {
  const quoted = /exec: "([^"]+)"/.exec(said ?? '')?.[1];
  if (quoted !== undefined) return quoted;
  for (const line of view.log(run.pod, run.c.name)?.lines.slice(-20) ?? []) {
    const match = SHELL_NOT_FOUND.exec(line);
    if (match) return match[1] ?? match[2];
  }
  return undefined;
}

function showCommand({ pod, c }: Run): Step {
  return {
    text: 'Compare the command with what is in the image',
    command: `kubectl get pod ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} -o jsonpath='{${c.specPath}.command}'`,
  };
}

export const commandNotFound: Rule = {
  id: 'container/command-not-found',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const { run, said, evidence } of notStarting(view, 'command-not-found')) {
      const program = missingProgram(view, run, said);
      const byShell = said === undefined;
      const { steps } = undo(view, run);
      yield {
        ...about(view, run),
        causeKey: program ?? 'command',
        title: titled(
          program === undefined
            ? `${capital(who(run))} runs a program that its image lacks (exit 127)`
            : `${capital(who(run))} cannot start: command "${oneLine(program, 40)}" is not in its image`,
        ),
        cause: byShell
          ? `Its shell ended with 127: it did not find ${program === undefined ? 'a program' : `"${program}"`} in image ${run.c.spec.image ?? ''}.`
          : `The runtime found no "${program ?? 'such program'}" in image ${run.c.spec.image ?? ''}: a typing error, another variant of the image, or a script whose interpreter is missing.`,
        evidence,
        remediation: [showCommand(run), ...steps, { text: 'Correct the command, or use an image that contains it' }],
      };
    }
  },
};

export const commandNotExecutable: Rule = {
  id: 'container/command-not-executable',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const { run, said, evidence } of notStarting(view, 'command-not-executable')) {
      const detail = notExecutable(run, said);
      yield {
        ...about(view, run),
        causeKey: detail.key,
        title: titled(`${capital(who(run))} cannot start: ${detail.title}`),
        cause: detail.cause,
        evidence,
        remediation: [showCommand(run), ...detail.steps],
      };
    }
  },
};

function notExecutable(run: Run, said = ''): { key: string; title: string; cause: string; steps: readonly Step[] } {
  const cwd = /chdir to cwd \("([^"]+)"\)/.exec(said)?.[1] ?? (/mkdir /.test(said) ? run.c.spec.workingDir : undefined);
  if (cwd !== undefined)
    return {
      key: `cwd ${cwd}`,
      title: `its working directory ${cwd} cannot be entered`,
      cause: `workingDir ${cwd} does not exist in the image, is not a directory, or is closed to the user that the container runs as.`,
      steps: [{ text: 'Correct workingDir, or open the directory to the user in the image' }],
    };
  const path = /exec: "([^"]+)"/.exec(said)?.[1] ?? run.c.spec.command?.[0] ?? 'its command';
  const isDirectory = /is a directory/.test(said);
  return {
    key: `exec ${path}`,
    title: `${path} ${isDirectory ? 'is a directory' : 'may not be executed'}`,
    cause: isDirectory
      ? `The command names ${path}, which is a directory in the image.`
      : `${path} has no execute permission for the user that the container runs as.`,
    steps: isDirectory
      ? []
      : [{ text: 'Set the mode in the image; for a script from a ConfigMap set defaultMode: 0755 on the volume' }],
  };
}

export const execFormat: Rule = {
  id: 'container/exec-format',
  severity: 'critical',
  confidence: 'likely',
  needs: ['Pod', 'Log'],
  *check({ view }) {
    for (const run of runsOf(view)) {
      if (!run.isFailing || run.kind !== 'exec-format') continue;
      const { pod, c, workload } = run;
      const node = view.get('Node', undefined, pod.spec?.nodeName ?? '');
      const arch = node?.status?.nodeInfo?.architecture;
      const image = c.spec.image ?? '';
      yield {
        ...about(view, run),
        causeKey: `${image} ${arch ?? ''}`,
        title: titled(`${capital(who(run))} is not built for ${arch ?? 'its node'}: exec format error`),
        cause:
          `Most likely image ${image} of ${workload.name} was built for another CPU architecture, because the kernel of a node ` +
          `${arch === undefined ? '' : `with ${arch} `}refuses its program as of a foreign format. A script without an interpreter line gives the same text.`,
        evidence: [
          ...endEvidence(view, run),
          field(pod, `${c.specPath}.image`),
          ...(node && arch !== undefined ? [field(node, '.status.nodeInfo.architecture')] : []),
        ],
        remediation: [
          { text: 'See which architectures the nodes have', command: 'kubectl get nodes -L kubernetes.io/arch' },
          {
            text: 'Build and push the image for all of them, or select nodes of its architecture with kubernetes.io/arch',
          },
        ],
      };
    }
  },
};
