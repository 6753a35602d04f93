import { describe, expect, it } from 'vitest';
import {
  configError,
  createError,
  hookFailed,
  runsAsRootRefused,
} from '../../../../src/diagnosis/rules/container/create.ts';
import { commandNotExecutable, commandNotFound, execFormat } from '../../../../src/diagnosis/rules/container/start.ts';
import { check, eventOn, logOf, object, pod, type Fields } from '../../../support/fixtures.ts';

const OCI =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ' +
  'unable to start container process: ';

const held: Fields = {
  'status.containerStatuses[web].ready': false,
  'status.containerStatuses[web].restartCount': 2,
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
};

/** As containerd writes a container that it could not start. */
const startError = (message: string): Fields => ({
  ...held,
  'status.containerStatuses[web].lastState.terminated': {
    exitCode: 128,
    reason: 'StartError',
    message: OCI + message,
    startedAt: '1970-01-01T00:00:00Z',
  },
  'status.containerStatuses[web].lastState.terminated.finishedAt': 'now-20s',
});

const exited = (exitCode: number): Fields => ({
  ...held,
  'status.containerStatuses[web].lastState.terminated': { exitCode, reason: 'Error' },
  'status.containerStatuses[web].lastState.terminated.finishedAt': 'now-20s',
});

const refused = (reason: string, message: string): Fields => ({
  'status.phase': 'Pending',
  'status.containerStatuses[web].ready': false,
  'status.containerStatuses[web].state.waiting.reason': reason,
  'status.containerStatuses[web].state.waiting.message': message,
});

const NOT_FOUND = 'exec: "serve-http": executable file not found in $PATH: unknown';

describe('container/command-not-found', () => {
  it('names the program that containerd does not find', () => {
    const web = pod('web-1', { ...startError(NOT_FOUND), 'spec.containers[web].command': ['serve-http'] });
    const [finding] = check(commandNotFound, [web]);
    expect(finding?.title).toBe('Container web of web-1 cannot start: command "serve-http" is not in its image');
    expect(finding?.evidence.map((e) => e.value)).toEqual([OCI + NOT_FOUND, '["serve-http"]', 'example.com/web:1']);
  });

  it('accepts the words of CRI-O, which refuses to create the container', () => {
    const web = pod('web-1', refused('CreateContainerError', NOT_FOUND));
    expect(check(commandNotFound, [web])[0]?.causeKey).toBe('serve-http');
    expect(check(createError, [web])).toEqual([]);
  });

  it('names the program that a shell did not find from its log', () => {
    const web = pod('web-1', exited(127));
    const log = logOf(web, 'web', 'sh: exec: line 0: serve-http: not found');
    expect(check(commandNotFound, [web], { logs: [log] })[0]?.causeKey).toBe('serve-http');
    expect(check(commandNotFound, [web])[0]?.title).toBe(
      'Container web of web-1 runs a program that its image lacks (exit 127)',
    );
  });

  it('is silent when a mount, not the command, is missing', () => {
    const message = 'error mounting "/data" to rootfs at "/data": no such file or directory: unknown';
    expect(check(commandNotFound, [pod('web-1', startError(message))])).toEqual([]);
  });
});

describe('container/command-not-executable', () => {
  it('names the file that may not be executed', () => {
    const web = pod('web-1', startError('exec: "/etc/passwd": permission denied: unknown'));
    expect(check(commandNotExecutable, [web])[0]?.title).toBe(
      'Container web of web-1 cannot start: /etc/passwd may not be executed',
    );
  });

  it('names a working directory that cannot be entered or made', () => {
    const entered = pod('web-1', startError('chdir to cwd ("/srv/app") set in config.json failed: permission denied'));
    const made = pod('web-2', {
      ...startError('error during container init: mkdir /etc/passwd: not a directory: unknown'),
      'spec.containers[web].workingDir': '/etc/passwd/app',
    });
    expect(check(commandNotExecutable, [entered, made]).map((f) => f.causeKey)).toEqual([
      'cwd /srv/app',
      'cwd /etc/passwd/app',
    ]);
  });

  it('is silent when the program runs and is denied a file later', () => {
    expect(check(commandNotExecutable, [pod('web-1', exited(1))])).toEqual([]);
  });
});

describe('container/exec-format', () => {
  it('names the architecture of the node that refused the program', () => {
    const web = pod('web-1', exited(1));
    const node = object('Node', 'node-1');
    const log = logOf(web, 'web', 'exec /app/server: exec format error');
    const [finding] = check(execFormat, [web, node], { logs: [log] });
    expect(finding?.title).toBe('Container web of web-1 is not built for amd64: exec format error');
    expect(finding?.evidence.map((e) => e.value)).toContain('exec /app/server: exec format error');
  });

  it('is silent without that line', () => {
    expect(check(execFormat, [pod('web-1', exited(1))])).toEqual([]);
  });
});

describe('container/config-error', () => {
  it('quotes the kubelet without what differs between pods', () => {
    const message = 'container has no value for X (pod: "web-1_shop(0a1b)", container: web)';
    const [finding] = check(configError, [pod('web-1', refused('CreateContainerConfigError', message))]);
    expect(finding?.title).toBe('Container web of web-1 cannot be created: container has no value for X');
  });

  it('is silent for errors of the runtime', () => {
    expect(check(configError, [pod('web-1', refused('CreateContainerError', 'missing value for X'))])).toEqual([]);
  });
});

describe('container/create-error', () => {
  it('quotes the runtime, and points at the node', () => {
    const message = 'failed to create containerd container: cannot load seccomp profile "/x/none.json"';
    const [finding] = check(createError, [pod('web-1', refused('CreateContainerError', message))]);
    expect(finding?.cause).toContain('cannot load seccomp profile');
    expect(finding?.causedBy).toEqual([{ kind: 'Node', name: 'node-1' }]);
  });

  it('knows a runtime that is merely slow', () => {
    const message = 'failed to reserve container name "web_web-1_shop_0": name is reserved for "4f5e"';
    const [finding] = check(createError, [pod('web-1', refused('CreateContainerError', message))]);
    expect(finding?.causeKey).toBe('slow runtime');
  });

  it('is silent for errors of the configuration', () => {
    expect(check(createError, [pod('web-1', refused('CreateContainerConfigError', 'secret "x" not found'))])).toEqual(
      [],
    );
  });
});

describe('container/runs-as-root-refused', () => {
  it('names the user of the image, and the field that forbids it', () => {
    const web = pod('web-1', {
      ...refused(
        'CreateContainerConfigError',
        'container has runAsNonRoot and image will run as root (pod: "web-1_shop(0a1b)", container: web)',
      ),
      'spec.securityContext.runAsNonRoot': true,
    });
    const [finding] = check(runsAsRootRefused, [web]);
    expect(finding?.title).toBe('Container web of web-1 is refused: runAsNonRoot is set, its image runs as root');
    expect(finding?.evidence[1]?.command).toContain('{.spec.securityContext.runAsNonRoot}');
  });

  it('names a user that is not a number', () => {
    const message =
      'container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root (pod: "x")';
    const [finding] = check(runsAsRootRefused, [pod('web-1', refused('CreateContainerConfigError', message))]);
    expect(finding?.causeKey).toBe('app');
  });

  it('is silent for other refusals', () => {
    const web = pod('web-1', refused('CreateContainerConfigError', 'configmap "x" not found'));
    expect(check(runsAsRootRefused, [web])).toEqual([]);
  });
});

describe('container/hook-failed', () => {
  const aboutWeb = { 'involvedObject.fieldPath': 'spec.containers{web}' };
  const hook = { 'spec.containers[web].lifecycle.postStart.exec.command': ['warm-up'] };

  it('tells a failing postStart hook by the kubelet’s own kill', () => {
    const web = pod('web-1', { ...exited(143), ...hook });
    const said = eventOn(web, 'FailedPostStartHook', 'PostStartHook failed', aboutWeb);
    const killing = eventOn(web, 'Killing', 'FailedPostStartHook', { ...aboutWeb, type: 'Normal' });
    const [finding] = check(hookFailed, [web, said, killing]);
    expect(finding?.title).toBe('The postStart hook of container web of web-1 fails, so the container is killed');
    expect(finding?.evidence.map((e) => e.value)).toContain('PostStartHook failed');
  });

  it('tells a preStop hook only when the pod stays past its deletion', () => {
    const going = (due: string) => pod('web-1', { 'metadata.deletionTimestamp': due });
    const late = going('now-10m');
    const inTime = going('now-10s');
    const failed = (of: typeof late) => eventOn(of, 'FailedPreStopHook', 'PreStopHook failed', aboutWeb);
    expect(check(hookFailed, [late, failed(late)])).toHaveLength(1);
    expect(check(hookFailed, [inTime, failed(inTime)])).toEqual([]);
  });
});
