import type { ObjectRef } from './refs.ts';

/**
 * A typed change that a finding or a recommendation proposes: data, never command text. `path` and `value` name one
 * field of `target`, as the JSONPath that evidence uses, and its new value; verbs are the catalogue's.
 */
export type Action =
  | { readonly verb: 'restart-pod' | 'rollout-restart' | 'rollout-resume' | 'rollout-undo'; readonly target: ObjectRef }
  | { readonly verb: 'scale'; readonly target: ObjectRef; readonly replicas: number }
  | {
      readonly verb: 'set-resources';
      readonly target: ObjectRef;
      readonly container: string;
      readonly requests?: Readonly<Record<string, string>>;
      readonly limits?: Readonly<Record<string, string>>;
    }
  | {
      readonly verb:
        | 'set-image'
        | 'set-reference'
        | 'set-probe'
        | 'set-port'
        | 'set-selector'
        | 'set-ingress'
        | 'set-autoscaler'
        | 'set-config-key'
        | 'set-strategy'
        | 'set-budget'
        | 'set-job';
      readonly target: ObjectRef;
      readonly path: string;
      readonly value: string | number | boolean | Readonly<Record<string, string>>;
    };
