import { ageOf, count, groupBy, listed, oneLine, parseTime, ref, refOf, type Ingress } from '../../../domain/index.ts';
import { grace } from '../../settings.ts';
import { absence, field, inNamespace } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { classOf, serviceBackends, type ServiceBackend } from './paths.ts';

const CERTIFICATE_MAKER = /^(cert-manager\.io\/|kubernetes\.io\/tls-acme$|certmanager\.k8s\.io\/)/;

export const tlsSecretMissing: Rule = {
  id: 'ingress/tls-secret-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Ingress', 'Secret'],
  *check({ view, now }) {
    for (const ingress of view.all('Ingress')) {
      const { name = '', namespace, annotations } = ingress.metadata;
      const maker = Object.keys(annotations ?? {}).find((key) => CERTIFICATE_MAKER.test(key));
      // A certificate is issued after the Ingress that asks for it.
      if (ageOf(ingress, now) < (maker === undefined ? grace.newObject : grace.address)) continue;
      for (const [i, tls] of (ingress.spec?.tls ?? []).entries()) {
        const secret = tls.secretName;
        if (secret === undefined || secret === '' || view.find('Secret', namespace, secret).state !== 'absent')
          continue;
        const hosts = tls.hosts ?? [];
        yield {
          subject: refOf(ingress),
          causeKey: secret,
          title: oneLine(
            `Ingress ${name}: TLS Secret ${secret} for ${listed(hosts) || 'all hosts'} does not exist`,
            90,
          ),
          cause: `There is no Secret ${secret} in ${namespace ?? ''}${
            maker === undefined ? '' : `; ${maker} asks cert-manager to write it`
          }. Until it exists the controller serves its default certificate, which browsers refuse.`,
          causedBy: [ref('Secret', namespace, secret), ref('Certificate', namespace, secret)],
          evidence: [
            field(ingress, `.spec.tls[${i}].secretName`),
            absence('Secret', namespace, secret),
            ...hosts.slice(0, 3).map((_, j) => field(ingress, `.spec.tls[${i}].hosts[${j}]`)),
            ...(maker === undefined ? [] : [field(ingress, `.metadata.annotations.${maker.replaceAll('.', '\\.')}`)]),
          ],
          remediation: [
            maker === undefined
              ? { text: `Create Secret ${secret} of type kubernetes.io/tls, or correct the name` }
              : {
                  text: 'See why the certificate was not issued',
                  command: `kubectl describe certificate${inNamespace(namespace)}`,
                },
          ],
        };
      }
    }
  },
};

/** Annotations with which two Ingresses share a path on purpose. */
function sharesOnPurpose({ metadata: { annotations } }: Ingress): boolean {
  return Object.entries(annotations ?? {}).some(
    ([key, value]) => (/\/canary$/.test(key) && value === 'true') || /mergeable-ingress-type$|\/canary-by-/.test(key),
  );
}

function age({ ingress }: ServiceBackend): number {
  return parseTime(ingress.metadata.creationTimestamp) ?? 0;
}

export const duplicateRoute: Rule = {
  id: 'ingress/duplicate-route',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Ingress'],
  *check({ view }) {
    const paths = view
      .all('Ingress')
      .filter((ingress) => !sharesOnPurpose(ingress))
      .flatMap((ingress) => [...serviceBackends(ingress)].filter((b) => b.urlPath !== ''));
    const same = groupBy(paths, (b) => [b.host, b.urlPath, b.pathType, classOf(b.ingress)?.name ?? ''].join(' '));
    for (const claims of same.values()) {
      const byIngress = [...new Map(claims.map((claim) => [claim.ingress, claim])).values()];
      const [winner, ...others] = byIngress.sort((a, b) => age(a) - age(b));
      if (!winner || others.length === 0) continue;
      const target = ({ ingress, service, port }: ServiceBackend): string =>
        `${ingress.metadata.namespace ?? ''}/${service}:${port.name ?? port.number ?? ''}`;
      const isHarmless = others.every((other) => target(other) === target(winner));
      const loser = others.at(-1) ?? winner;
      const names = listed(byIngress.map(({ ingress: { metadata: m } }) => `${m.namespace ?? ''}/${m.name ?? ''}`));
      yield {
        subject: refOf(loser.ingress),
        causeKey: winner.url,
        ...(isHarmless && { severity: 'info' as const }),
        title: oneLine(`${winner.url} is claimed by ${count(byIngress.length, 'Ingress', 'Ingresses')}: ${names}`, 90),
        cause: isHarmless
          ? `${names} lead ${winner.url} to the same Service; one of them is enough.`
          : `${names} lead ${winner.url} to different Services; the controller follows only one, as a rule the oldest (${winner.ingress.metadata.name ?? ''}).`,
        affects: byIngress.map((b) => refOf(b.ingress)),
        evidence: [
          field(winner.ingress, `${winner.at}.name`),
          ...byIngress
            .slice(0, 3)
            .flatMap((b) => [
              field(b.ingress, `${b.at.replace(/\.backend\.service$/, '')}.path`),
              ...(b.host === '*' ? [] : [field(b.ingress, `${b.at.replace(/\.http\.paths.*$/, '')}.host`)]),
              field(b.ingress, '.metadata.creationTimestamp'),
            ]),
        ],
        remediation: [{ text: `Remove or change one of the paths of ${names}`, command: 'kubectl get ingress -A' }],
      };
    }
  },
};
