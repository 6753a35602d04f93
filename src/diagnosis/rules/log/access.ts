import { conditionOf, ref, type Evidence, type ObjectRef } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import { failingLogs, causeIn, quoted, serviceOf, type SeenCause } from '../../logs/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { configReferences } from '../config/references.ts';
import { draftOf, logRule, readLog } from './common.ts';
import { dependencyOf } from './dependency.ts';

/** Secrets that the failing container takes its settings from. */
function secretsOf({ pod, container }: SeenCause): readonly { ref: ObjectRef; evidence: Evidence }[] {
  const found = configReferences(pod).filter(
    (r) => r.kind === 'Secret' && (r.container === undefined || r.container === container.name),
  );
  return found.map((r) => ({ ref: ref('Secret', pod.metadata.namespace, r.name), evidence: field(pod, r.path) }));
}

export const credentialsRejected = logRule('log/credentials-rejected', (seen, { view }) => {
  const name = seen.workload.name;
  const target = dependencyOf(view, seen);
  const { user, object, url } = seen.match.groups;
  const secrets = secretsOf(seen);
  const who = user === undefined ? '' : ` for user ${user}`;
  const [first] = secrets;
  const from = secrets.length === 1 && first ? ` They most likely come from Secret ${first.ref.name}.` : '';
  const server = target?.text ?? url;
  return {
    causeKey: `${server ?? seen.match.pattern.id} ${user ?? object ?? ''}`.trim(),
    title:
      object !== undefined
        ? `${name} lacks rights on ${object}: permission denied`
        : `${name} is refused by ${server ?? 'its server'}: wrong or expired credentials${who}`,
    cause:
      object !== undefined
        ? `The account that ${name} uses may not use ${object}: grant it, or configure another account.`
        : `The server does not accept the credentials${who}: they do not match, were rotated after the pod started, or lack rights.${from}`,
    causedBy: [...secrets.map((s) => s.ref), ...(target?.objects ?? [])],
    evidence: secrets.slice(0, 2).map((s) => s.evidence),
    remediation: [
      readLog(seen),
      first
        ? {
            text: 'See when the Secret changed; if after the pod started, restart',
            command: `kubectl get secret ${first.ref.name} -n ${seen.namespace} --show-managed-fields -o jsonpath='{.metadata.managedFields[*].time}'`,
          }
        : { text: 'Correct the credentials where they are configured' },
    ],
  };
});

export const dbObjectMissing = logRule('log/db-object-missing', (seen, { view }) => {
  const name = seen.workload.name;
  const { groups } = seen.match;
  const missing = groups.name ?? groups.database ?? groups.table;
  const what =
    groups.what ??
    (/table/i.test(seen.match.text)
      ? 'table'
      : /column/i.test(seen.match.text)
        ? 'column'
        : /database/i.test(seen.match.text)
          ? 'database'
          : 'object');
  const jobs = view
    .inNamespace('Job', seen.namespace)
    .filter(
      (job) =>
        conditionOf(job, 'Failed')?.status === 'True' &&
        /migrat|schema|db|init|flyway|liquibase/i.test(job.metadata.name ?? ''),
    );
  const version = groups.version === undefined ? '' : ` (version ${groups.version})`;
  return {
    causeKey: missing ?? seen.match.pattern.id,
    title:
      missing === undefined
        ? `${name}: a migration of its database failed${version}`
        : `${name}: ${what} ${missing} does not exist in its database`,
    cause: `The schema is most likely older than the code, because a migration did not run or failed; or the wrong database is configured.${jobs[0] ? ` Job ${jobs[0].metadata.name ?? ''} failed.` : ''}`,
    causedBy: jobs.map((job) => ref('Job', seen.namespace, job.metadata.name ?? '')),
    evidence: jobs.slice(0, 1).map((job) => field(job, '.metadata.name')),
    remediation: [
      {
        text: 'Look at the migration Job; run it before the application starts',
        command: `kubectl get jobs -n ${seen.namespace}`,
      },
      readLog(seen),
    ],
  };
});

/** Words that name an environment, each with the name that stands for its like. */
const ENVIRONMENTS: Readonly<Record<string, string>> = {
  dev: 'development',
  develop: 'development',
  development: 'development',
  test: 'test',
  testing: 'test',
  qa: 'test',
  uat: 'test',
  stage: 'staging',
  staging: 'staging',
  stg: 'staging',
  preprod: 'staging',
  prod: 'production',
  production: 'production',
  prd: 'production',
  live: 'production',
};

function environmentIn(text: string): { word: string; environment: string } | undefined {
  for (const word of text.toLowerCase().split(/[^a-z]+/)) {
    const environment = Object.hasOwn(ENVIRONMENTS, word) ? ENVIRONMENTS[word] : undefined;
    if (environment !== undefined) return { word, environment };
  }
  return undefined;
}

function environmentOf(view: ClusterView, namespace: string): string | undefined {
  const labels = view.get('Namespace', undefined, namespace)?.metadata.labels ?? {};
  const labelled = labels['environment'] ?? labels['env'] ?? labels['app.kubernetes.io/environment'];
  return environmentIn(labelled ?? namespace)?.environment;
}

/** A failing program that talks to what another environment owns: its configuration is not this environment's. */
export const wrongEnvironment: Rule = {
  id: 'log/wrong-environment',
  severity: 'warning',
  confidence: 'likely',
  needs: ['Pod', 'Log'],
  *check({ view }): Generator<Draft> {
    for (const log of failingLogs(view)) {
      const own = environmentOf(view, log.namespace);
      const match = own === undefined ? undefined : causeIn(log.slice);
      if (!match || own === undefined) continue;
      const names = [
        ...match.addresses.map((a) => a.host),
        match.groups.database ?? '',
        match.groups.what === 'database' ? (match.groups.name ?? '') : '',
      ];
      const foreign = names.find(
        (n) => (environmentIn(n)?.environment ?? own) !== own && !isOwnService(view, log.namespace, n),
      );
      const other = foreign === undefined ? undefined : environmentIn(foreign);
      if (foreign === undefined || !other) continue;
      yield draftOf(log, quoted(log, log.slice.lines.findLast((l) => l.includes(foreign)) ?? match.line, foreign), {
        causeKey: foreign,
        title: `${log.workload.name} in ${log.namespace} talks to ${foreign}, which belongs to ${other.environment}`,
        cause: `${foreign} carries the word ${other.word} while namespace ${log.namespace} is ${own}: most likely the configuration of another environment was loaded here, because the log shows errors with it.`,
        evidence: [field(log.pod, '.metadata.namespace')],
        remediation: [{ text: 'Restore the configuration of this environment, then restart' }, readLog(log)],
      });
    }
  },
};

function isOwnService(view: ClusterView, namespace: string, host: string): boolean {
  const target = serviceOf(view, namespace, host);
  return target?.found.state === 'present' && target.ref.namespace === namespace;
}
