import { describe, expect, it } from 'vitest';
import {
  addressInUse,
  firstError,
  missingModule,
  panic,
  resourceLimit,
  runtimeOom,
} from '../../../../src/diagnosis/rules/log/program.ts';
import { check, logOf, pod } from '../../../support/fixtures.ts';
import { checkLog } from '../../../support/failing.ts';

describe('log/missing-module', () => {
  it('names module and image', () => {
    const [finding] = checkLog(missingModule, "ModuleNotFoundError: No module named 'flask'");
    expect(finding?.title).toBe('web-1: its image lacks flask');
    expect(finding?.evidence[1]?.value).toBe('example.com/app:1');
  });

  it('is not a file that is missing', () => {
    expect(checkLog(missingModule, "FileNotFoundError: [Errno 2] No such file or directory: '/etc/a'")).toEqual([]);
  });
});

describe('log/runtime-oom', () => {
  it('names the heap setting beside the limit of the container', () => {
    const fields = {
      'spec.containers[app].resources.limits': { memory: '1Gi' },
      'spec.containers[app].env': [{ name: 'JAVA_OPTS', value: '' }],
    };
    const [finding] = checkLog(runtimeOom, 'java.lang.OutOfMemoryError: Java heap space', { fields });
    expect(finding?.title).toBe('web-1 runs out of its own heap: Java heap space');
    expect(finding?.cause).toContain('limit of 1Gi');
    expect(finding?.cause).toContain('JAVA_OPTS');
  });

  it('is not the lack of threads that Java words alike', () => {
    expect(checkLog(runtimeOom, 'java.lang.OutOfMemoryError: unable to create native thread')).toEqual([]);
  });
});

const trace =
  'panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\nmain.price(...)\n\t/src/price.go:42 +0x1d';

describe('log/panic', () => {
  it('names the first words and the frame in the own code, both in evidence', () => {
    const [finding] = checkLog(panic, trace);
    expect(finding?.title).toBe('web-1 crashes in its own code: runtime error: index out of range [3] with length 3');
    expect(finding?.cause).toContain('main.price (price.go:42)');
    expect(finding?.evidence.map((e) => e.value)).toEqual([trace.split('\n')[0], '/src/price.go:42 +0x1d']);
  });

  it('has one cause for all pods, whatever numbers they print', () => {
    const [a, b] = ['0xc000123456', '0xc000ffff00'].map((at) => checkLog(panic, `panic: bad value ${at}`)[0]?.causeKey);
    expect(a).toBe(b);
  });

  it('gives way to the cause that its own stack names', () => {
    expect(checkLog(panic, 'panic: dial tcp 10.0.0.1:80: connect: connection refused')).toEqual([]);
  });

  it('is silent about a container that goes on running', () => {
    const web = pod('web-1', { 'spec.containers[app].image': 'x', 'status.containerStatuses[app].ready': false });
    expect(check(panic, [web], { logs: [logOf(web, 'app', trace, false)] })).toEqual([]);
  });
});

describe('log/address-in-use', () => {
  it('finds the container of the pod that declares the same port', () => {
    const fields = { 'spec.containers[side].ports': [{ containerPort: 8080 }] };
    const [finding] = checkLog(addressInUse, 'listen tcp :8080: bind: address already in use', { fields });
    expect(finding).toMatchObject({ title: 'web-1: port 8080 is already in use', confidence: 'certain' });
    expect(finding?.cause).toContain('Container side');
  });

  it('looks at the node for a pod on its network', () => {
    const [finding] = checkLog(addressInUse, 'listen tcp :8080: bind: address already in use', {
      fields: { 'spec.hostNetwork': true },
    });
    expect(finding?.cause).toContain('network of node node-1');
  });

  it('is not a mere mention of the address', () => {
    expect(checkLog(addressInUse, 'using address 0.0.0.0:8080')).toEqual([]);
  });
});

describe('log/resource-limit', () => {
  it('names the limit, and the node for a setting of the kernel', () => {
    expect(checkLog(resourceLimit, 'accept4: too many open files')[0]?.title).toContain('too many open files');
    expect(checkLog(resourceLimit, 'max virtual memory areas vm.max_map_count [65530] is too low')[0]?.cause).toContain(
      'node node-1',
    );
  });

  it('is not the limit that a program prints at start', () => {
    expect(checkLog(resourceLimit, 'open file limit is 1048576')).toEqual([]);
  });
});

describe('log/first-error', () => {
  it('quotes the last error of a container that ended with one, and nothing else', () => {
    const [finding] = checkLog(firstError, 'ERROR old\nstarting\nERROR the frobnicator is out of tune\nbye');
    expect(finding?.title).toBe('web-1 exits 1; last words: ERROR the frobnicator is out of tune');
    expect(firstError).toMatchObject({ confidence: 'hint', severity: 'warning' });
  });

  it('quotes the last line where none is an error', () => {
    expect(checkLog(firstError, 'starting\nbye')[0]?.title).toContain('last words: bye');
  });

  it('is silent where the cause is known, and where nothing ended', () => {
    expect(checkLog(firstError, 'listen tcp :8080: bind: address already in use')).toEqual([]);
    const web = pod('web-1', { 'spec.containers[app].image': 'x', 'status.containerStatuses[app].ready': false });
    expect(check(firstError, [web], { logs: [logOf(web, 'app', 'ERROR x', false)] })).toEqual([]);
    expect(
      checkLog(firstError, 'ERROR x', {
        fields: { 'status.containerStatuses[app].lastState.terminated.reason': 'OOMKilled' },
      }),
    ).toEqual([]);
  });
});
