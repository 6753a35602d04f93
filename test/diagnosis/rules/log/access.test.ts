import { describe, expect, it } from 'vitest';
import { credentialsRejected, dbObjectMissing, wrongEnvironment } from '../../../../src/diagnosis/rules/log/access.ts';
import { object } from '../../../support/fixtures.ts';
import { checkLog } from '../../../support/failing.ts';

describe('log/credentials-rejected', () => {
  const line =
    'connection to server at "db" (10.96.0.3), port 5432 failed: FATAL:  password authentication failed for user "app"';

  it('names server, user and the Secret that the credentials come from', () => {
    const fields = { 'spec.containers[app].envFrom': [{ secretRef: { name: 'db-login' } }] };
    const [finding] = checkLog(credentialsRejected, line, { fields });
    expect(finding?.title).toBe('web-1 is refused by db:5432: wrong or expired credentials for user app');
    expect(finding?.cause).toContain('Secret db-login');
    expect(finding?.evidence[1]?.value).toBe('db-login');
  });

  it('does not take a client of a database server for its own fault', () => {
    expect(
      checkLog(credentialsRejected, '2026-06-01 UTC [71] FATAL:  password authentication failed for user "x"'),
    ).toEqual([]);
  });
});

describe('log/db-object-missing', () => {
  it('names what is missing and the migration that failed', () => {
    const job = object('Job', 'db-migrate', { 'status.conditions[Failed].status': 'True' });
    const [finding] = checkLog(dbObjectMissing, 'pq: relation "orders" does not exist', { beside: [job] });
    expect(finding?.title).toBe('web-1: relation orders does not exist in its database');
    expect(finding?.causedBy).toEqual([{ kind: 'Job', namespace: 'shop', name: 'db-migrate' }]);
  });

  it('is silent about the query of a client in the log of a server', () => {
    expect(
      checkLog(dbObjectMissing, '2026-06-01 UTC [71] ERROR:  relation "typo" does not exist at character 15'),
    ).toEqual([]);
  });
});

describe('log/wrong-environment', () => {
  const staging = object('Namespace', 'shop', { 'metadata.namespace': undefined, 'metadata.labels.env': 'staging' });

  it('sees that a staging program talks to what production owns', () => {
    const [finding] = checkLog(wrongEnvironment, 'connect ECONNREFUSED db.prod.example.com:5432', {
      beside: [staging],
    });
    expect(finding?.title).toBe('web-1 in shop talks to db.prod.example.com, which belongs to production');
  });

  it('is silent about its own environment, and where the namespace says none', () => {
    expect(
      checkLog(wrongEnvironment, 'connect ECONNREFUSED db.staging.example.com:5432', { beside: [staging] }),
    ).toEqual([]);
    expect(checkLog(wrongEnvironment, 'connect ECONNREFUSED db.prod.example.com:5432')).toEqual([]);
  });
});
