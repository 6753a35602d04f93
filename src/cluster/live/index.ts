import { type Kind } from '../../domain/index.ts';
import { seconds } from '../../platform/index.ts';
import { Credentials } from './auth.ts';
import { loadConfig } from './config.ts';
import { Ended, withoutUserInfo } from './errors.ts';
import type { PluginTimeouts } from './exec-guard.ts';
import { LiveSource } from './live.ts';
import { proxyFromEnv, withScheme } from './proxy.ts';
import { Transport, type Tuning } from './transport.ts';

export { contextNames } from './config.ts';
export { LiveSource, type AccessRules } from './live.ts';

export interface LiveOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly env: NodeJS.ProcessEnv;
  /** For everything that is read through this source together. */
  readonly timeoutMs?: number;
  readonly warn: (text: string) => void;
  /** Whether somebody can answer a login program's questions. */
  readonly isTty: boolean;
  /** Called at each page of a list, with the number of its objects so far. */
  readonly onRead?: (kind: Kind, objects: number) => void;
  /** For tests: shorter deadlines, another place of the service account. */
  readonly tuning?: Partial<Tuning>;
  readonly pluginTimeouts?: PluginTimeouts;
  readonly serviceAccountDir?: string;
}

/** The cluster of a kubeconfig's context. Asks nothing of it yet. Throws ConfigFailure. */
export function openLive(options: LiveOptions): Promise<LiveSource> {
  return Promise.resolve().then(() => open(options));
}

function open(options: LiveOptions): LiveSource {
  const config = loadConfig(options);
  for (const doubt of config.doubts) options.warn(doubt);
  const { cluster } = config;
  const run = new AbortController();
  const proxy = cluster.proxyUrl ? withScheme(cluster.proxyUrl) : proxyFromEnv(new URL(cluster.server), options.env);
  const credentials = new Credentials(config, {
    env: options.env,
    isTty: options.isTty,
    warn: options.warn,
    signal: run.signal,
    ...(options.pluginTimeouts && { timeouts: options.pluginTimeouts }),
  });
  const transport = new Transport({
    config,
    credentials,
    signal: run.signal,
    ...(proxy !== undefined && { proxy }),
    ...(options.tuning && { tuning: options.tuning }),
  });
  const { timeoutMs } = options;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          const advice = `check that ${withoutUserInfo(cluster.server)} answers, or allow more with --timeout`;
          run.abort(new Ended(`the time for this run (${seconds(timeoutMs)}) is over: ${advice}`));
        }, timeoutMs);
  // A run that is done does not wait for its limit.
  timer?.unref();
  return new LiveSource({
    config,
    credentials,
    transport,
    peer: {
      server: withoutUserInfo(cluster.server),
      context: config.context,
      file: config.clusterFile,
      ...(proxy !== undefined && { proxy: withoutUserInfo(proxy) }),
    },
    onRead: options.onRead,
    end: (reason) => {
      clearTimeout(timer);
      run.abort(reason);
    },
  });
}
