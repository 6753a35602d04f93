import type { Rule } from '../rule.ts';
import { configRules } from './config/index.ts';
import { containerRules } from './container/index.ts';
import { controlplaneRules } from './controlplane/index.ts';
import { dnsRules } from './dns/index.ts';
import { hpaRules } from './hpa/index.ts';
import { imageRules } from './image/index.ts';
import { ingressRules } from './ingress/index.ts';
import { jobRules } from './job/index.ts';
import { logRules } from './log/index.ts';
import { networkRules } from './network/index.ts';
import { nodeRules } from './node/index.ts';
import { objectRules } from './object/index.ts';
import { pdbRules } from './pdb/index.ts';
import { podRules } from './pod/index.ts';
import { probeRules } from './probe/index.ts';
import { quotaRules } from './quota/index.ts';
import { rbacRules } from './rbac/index.ts';
import { schedulingRules } from './scheduling/index.ts';
import { serviceRules } from './service/index.ts';
import { storageRules } from './storage/index.ts';
import { tlsRules } from './tls/index.ts';
import { webhookRules } from './webhook/index.ts';
import { workloadRules } from './workload/index.ts';

/** Every rule, group by group. */
export const rules: readonly Rule[] = [
  ...configRules,
  ...containerRules,
  ...controlplaneRules,
  ...dnsRules,
  ...hpaRules,
  ...imageRules,
  ...ingressRules,
  ...jobRules,
  ...logRules,
  ...networkRules,
  ...nodeRules,
  ...objectRules,
  ...pdbRules,
  ...podRules,
  ...probeRules,
  ...quotaRules,
  ...rbacRules,
  ...schedulingRules,
  ...serviceRules,
  ...storageRules,
  ...tlsRules,
  ...webhookRules,
  ...workloadRules,
];
