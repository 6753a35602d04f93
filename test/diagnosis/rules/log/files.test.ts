import { describe, expect, it } from 'vitest';
import { missingFile, noSpace, permissionDenied, refusesRoot } from '../../../../src/diagnosis/rules/log/files.ts';
import { checkLog } from '../../../support/failing.ts';

const claim = {
  'spec.volumes': [{ name: 'data', persistentVolumeClaim: { claimName: 'db-data' } }],
  'spec.containers[app].volumeMounts': [{ name: 'data', mountPath: '/data' }],
};

describe('log/missing-file', () => {
  it('says that a mounted volume hides what the image has there', () => {
    const fields = {
      'spec.volumes': [{ name: 'conf', configMap: { name: 'app-conf' } }],
      'spec.containers[app].volumeMounts': [{ name: 'conf', mountPath: '/etc/app' }],
    };
    const [finding] = checkLog(missingFile, 'open /etc/app/config.yaml: no such file or directory', { fields });
    expect(finding?.title).toBe('web-1 stops: file /etc/app/config.yaml does not exist');
    expect(finding?.cause).toContain('ConfigMap app-conf is mounted at /etc/app');
    expect(finding?.evidence[1]?.value).toBe('/etc/app');
  });

  it('says where volumes are mounted instead', () => {
    expect(
      checkLog(missingFile, 'open /etc/app/config.yaml: no such file or directory', { fields: claim })[0]?.cause,
    ).toContain('mounts are /data');
  });

  it('leaves the program that is not there to the container rules', () => {
    const fields = { 'status.containerStatuses[app].lastState.terminated.exitCode': 127 };
    expect(checkLog(missingFile, '/bin/sh: /app/run.sh: No such file or directory', { fields })).toEqual([]);
  });
});

describe('log/permission-denied', () => {
  it('is certain about a read-only root', () => {
    const fields = { 'spec.containers[app].securityContext.readOnlyRootFilesystem': true };
    const [finding] = checkLog(permissionDenied, 'touch: /data.txt: Read-only file system', { fields });
    expect(finding).toMatchObject({
      title: 'web-1 cannot write /data.txt: its file system is read-only',
      confidence: 'certain',
    });
    expect(finding?.evidence[1]?.value).toBe('true');
  });

  it('points at fsGroup for a volume of another user', () => {
    const [finding] = checkLog(permissionDenied, 'open /data/db.lock: permission denied', {
      fields: { ...claim, 'spec.securityContext.runAsUser': 1000 },
    });
    expect(finding?.title).toBe('web-1 may not use /data/db.lock as user 1000');
    expect(finding?.cause).toContain('claim db-data at /data');
    expect(finding?.cause).toContain('no fsGroup is set');
  });

  it('knows a low port from a file', () => {
    expect(checkLog(permissionDenied, 'listen tcp :80: bind: permission denied')[0]?.title).toBe(
      'web-1 may not listen on port 80',
    );
  });

  it('leaves a script that may not be executed to the container rules', () => {
    const fields = { 'status.containerStatuses[app].lastState.terminated.exitCode': 126 };
    expect(checkLog(permissionDenied, '/bin/sh: /app/run.sh: Permission denied', { fields })).toEqual([]);
  });
});

describe('log/refuses-root', () => {
  it('sees a server that insists on another user', () => {
    expect(checkLog(refusesRoot, 'initdb: error: cannot be run as root')[0]?.title).toBe(
      'web-1 refuses to run as root',
    );
  });

  it('is silent when the template sets another user', () => {
    expect(
      checkLog(refusesRoot, 'initdb: error: cannot be run as root', {
        fields: { 'spec.securityContext.runAsUser': 999 },
      }),
    ).toEqual([]);
  });
});

describe('log/no-space', () => {
  it('names the claim behind the path', () => {
    const [finding] = checkLog(noSpace, 'write /data/wal/0001: no space left on device', { fields: claim });
    expect(finding?.title).toBe('web-1 has filled its disk (/data/wal/0001)');
    expect(finding?.causedBy?.[0]).toEqual({ kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'db-data' });
  });

  it('does not take a limit of watches for a full disk', () => {
    expect(checkLog(noSpace, 'Error: ENOSPC: System limit for number of file watchers reached')).toEqual([]);
    expect(checkLog(noSpace, 'inotify_add_watch(/app) failed: No space left on device')).toEqual([]);
  });
});
