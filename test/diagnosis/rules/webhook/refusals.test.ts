import { describe, expect, it } from 'vitest';
import { callFailed, denied, podSecurity, violations } from '../../../../src/diagnosis/rules/webhook/refusals.ts';
import { check, eventOn, object, owned, type Fields } from '../../../support/fixtures.ts';

/** A Deployment whose ReplicaSet was refused its pods, as the replicaset-controller tells. */
function refused(message: string, fields: Fields = {}) {
  const deployment = object('Deployment', 'invoices');
  const replicaSet = owned(
    object('ReplicaSet', 'invoices-854f7d54cf', { 'status.replicas': 0, ...fields }),
    deployment,
  );
  return [deployment, replicaSet, eventOn(replicaSet, 'FailedCreate', `Error creating: ${message}`)];
}

const notFound =
  'Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: Post "https://gone.ops.svc:443/check?timeout=5s": service "gone" not found';
const configuration = object('ValidatingWebhookConfiguration', 'policies', {
  webhooks: [
    { name: 'check.example.com', failurePolicy: 'Fail', clientConfig: { service: { name: 'gone', namespace: 'ops' } } },
  ],
});

describe('webhook/call-failed', () => {
  it('joins the refused workload to the configuration and its Service', () => {
    const [finding] = check(callFailed, [...refused(notFound), configuration]);
    expect(finding?.title).toMatch(
      /^Webhook check.example.com does not answer \(its Service does not exist\): invoices/,
    );
    expect(finding?.causedBy).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'ValidatingWebhookConfiguration', name: 'policies' }),
        { kind: 'Service', namespace: 'ops', name: 'gone' },
      ]),
    );
  });

  it('takes the Service from the address where configurations may not be read', () => {
    const options = { unread: ['ValidatingWebhookConfiguration' as const] };
    expect(check(callFailed, refused(notFound), options)[0]?.causedBy).toEqual([
      { kind: 'Service', namespace: 'ops', name: 'gone' },
    ]);
  });

  it.each([
    ['no endpoints available for service "gone"', 'no endpoints'],
    ['dial tcp 10.96.0.9:443: connect: connection refused', 'connection refused'],
    ['context deadline exceeded', 'no answer in time'],
    ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'certificate not trusted'],
  ])('tells %s in few words', (text, short) => {
    const [finding] = check(
      callFailed,
      refused(`failed calling webhook "a.example.com": failed to call webhook: ${text}`),
    );
    expect(finding?.title).toContain(`(${short})`);
  });

  it('is over when all wanted pods exist', () => {
    expect(check(callFailed, refused(notFound, { 'status.replicas': 1 }))).toEqual([]);
  });
});

describe('webhook/denied', () => {
  it('quotes a policy of the API server', () => {
    const message = `pods "invoices-854f7d54cf-npqdx" is forbidden: ValidatingAdmissionPolicy 'team-label' with binding 'team-label' denied request: pods must carry a team label`;
    const [finding] = check(denied, refused(message));
    expect(finding?.title).toBe('invoices: policy team-label refuses its pods: pods must carry a team label');
    expect(finding?.causeKey).not.toContain('npqdx');
  });

  it('quotes an admission webhook, and does not take one that did not answer for a no', () => {
    const message = 'admission webhook "validate.example.com" denied the request: image must come from our registry';
    expect(check(denied, refused(message))[0]?.title).toContain('policy validate.example.com refuses its pods');
    expect(check(denied, refused(notFound))).toEqual([]);
  });

  it('judges a Job by what it still wants', () => {
    const job = (fields: Fields) => object('Job', 'once', { 'status.active': 0, ...fields });
    const event = (on: ReturnType<typeof job>) =>
      eventOn(on, 'FailedCreate', 'Error creating: admission webhook "v.example.com" denied the request: no');
    const [open, done] = [job({}), job({ 'status.conditions[Complete].status': 'True' })];
    expect(check(denied, [open, event(open)])).toHaveLength(1);
    expect(check(denied, [done, event(done)])).toEqual([]);
  });
});

describe('webhook/pod-security', () => {
  const text =
    'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true)';

  it('splits the message into what the template lacks', () => {
    const namespace = object('Namespace', 'shop', {
      'metadata.labels[pod-security.kubernetes.io/enforce]': 'restricted',
    });
    const [finding] = check(podSecurity, [
      ...refused(`pods "invoices-854f7d54cf-8xkv8" is forbidden: ${text}`),
      namespace,
    ]);
    expect(finding?.title).toMatch(/^invoices: Pod Security level restricted of shop refuses its pods: allowPriv/);
    expect(finding?.causeKey).toBe(
      'restricted allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true',
    );
    expect(finding?.remediation[0].text).toContain('capabilities.drop: [ALL]');
    expect(finding?.evidence[1]?.value).toBe('restricted');
  });

  it('reads the condition of the ReplicaSet when its events are gone', () => {
    const [deployment, replicaSet] = refused('', {
      'status.conditions[ReplicaFailure].status': 'True',
      'status.conditions[ReplicaFailure].message': `pods "x" is forbidden: ${text}`,
    });
    expect(check(podSecurity, [deployment!, replicaSet!])).toHaveLength(1);
  });

  it('is over when all wanted pods exist', () => {
    expect(check(podSecurity, refused(text, { 'status.replicas': 1 }))).toEqual([]);
  });

  it('keeps violations apart whose explanations hold commas', () => {
    expect(
      violations('hostPath volumes (volumes "a", "b"), privileged (container "x" must not set privileged=true)'),
    ).toEqual(['hostPath volumes', 'privileged']);
  });
});
