import { refOf, type Evidence } from '../../../domain/index.ts';
import { event } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { mountingPods, type Complaint, type MountingPod } from './mounting.ts';

type Shape = Pick<Draft, 'causeKey' | 'title' | 'cause' | 'remediation' | 'causedBy'> & {
  readonly evidence?: readonly Evidence[];
};

/** A rule about FailedMount events whose text matches: what the newest one about a volume says is how it is now. */
export function mountRule(
  id: Rule['id'],
  words: RegExp,
  shape: (mounting: MountingPod, complaint: Complaint, context: RuleContext) => Shape | undefined,
): Rule {
  return {
    id,
    severity: 'critical',
    confidence: 'certain',
    needs: ['Pod', 'Event'],
    *check(context) {
      for (const mounting of mountingPods(context.view))
        for (const complaint of mounting.complaints) {
          if (!words.test(complaint.message)) continue;
          const made = shape(mounting, complaint, context);
          if (!made) continue;
          yield {
            subject: refOf(mounting.pod),
            ...(mounting.since !== undefined && { since: mounting.since }),
            ...made,
            evidence: [event(complaint.event), ...(made.evidence ?? [])],
          };
        }
    },
  };
}

export const WORDS = {
  hostPath: /hostPath type check failed/,
  driver: /driver name .* not found in the list of registered CSI drivers|CSINode .* does not contain driver/,
  secretsStore: /secrets-store\.csi|SecretProviderClass|failed to mount secrets store objects/,
  token: /failed to fetch token|serviceaccounts? "[^"]*" not found|failed to sync (?:configmap|secret) cache/,
  missingReference: /(?:configmap|secret) "[^"]+" not found|references non-existent (?:config|secret) key/,
  backend:
    /MountVolume\.(?:SetUp|MountDevice|WaitForAttach|NewMounter initialization) failed[\s\S]*(?:mount failed|wrong fs type|unknown filesystem type|bad superblock|can't read superblock|fsck|[Cc]onnection (?:timed out|refused)|access denied by server|No such file or directory|does not exist|Stale file handle|[Pp]ermission denied|missing codepage)/,
} as const;

/** What others look at: these volumes are not a storage backend's. */
export const ELSEWHERE = [WORDS.hostPath, WORDS.driver, WORDS.secretsStore, WORDS.token, WORDS.missingReference];

/** The kubelet's directories hold the pod's uid and tell nothing. */
export function withoutPaths(text: string): string {
  return text.replace(/\S*\/pods\/[0-9a-f-]{36}\/\S*/g, '…');
}
