import type { Rule } from '../../rule.ts';
import { cniAgentDown, kubeProxyDown } from './agents.ts';
import { policyBlocksClient, policyBlocksDns, policyBlocksEgress } from './blocks.ts';
import { podDnsConfig } from './dns-config.ts';
import { cniNotReady, ipExhausted, sandboxFailed } from './sandbox.ts';
import { policyPortMismatch, policySelectsNothing } from './selectors.ts';

export const networkRules: readonly Rule[] = [
  sandboxFailed,
  ipExhausted,
  cniNotReady,
  cniAgentDown,
  kubeProxyDown,
  podDnsConfig,
  policyBlocksDns,
  policyBlocksClient,
  policyBlocksEgress,
  policyPortMismatch,
  policySelectsNothing,
];
