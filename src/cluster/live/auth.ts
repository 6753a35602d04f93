import { readFileSync, statSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { oneLine } from '../../domain/index.ts';
import type { ClusterConfig } from './config.ts';
import { beside, isFields, reasonOf } from './config-files.ts';
import { ConfigFailure } from './errors.ts';
import { runExecPlugin, type PluginContext } from './exec-plugin.ts';

/** What is shown to the API server. Two credentials are the same when they are the same object. */
export interface Credential {
  /** The value of the Authorization header. */
  readonly authorization?: string;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

interface Held {
  readonly credential: Credential;
  readonly obtainedAt: number;
  readonly expiresAt: number;
  /** True when it replaced a refused one. */
  readonly isRenewed: boolean;
}

export interface CredentialsContext extends PluginContext {
  /** ms since the epoch */
  readonly clock?: () => number;
}

/** A token that expires while it is on its way is of no use. */
const EXPIRY_MARGIN_MS = 5_000;
/** How long a token from a file is believed to be the file's content: the kubelet rotates it. */
const TOKEN_FILE_MS = 10_000;
/** A plugin that has just failed, or whose fresh answer was refused, is not asked again at once. */
const PAUSE_MS = 30_000;

/** The user's credential: obtained when it is first needed, kept while it is valid, renewed once when it is refused. */
export class Credentials {
  private held: Held | undefined;
  private pending: Promise<Credential> | undefined;
  private failure: { readonly error: Error; readonly at: number } | undefined;
  private accepted: Credential | undefined;
  private readonly clock: () => number;

  constructor(
    private readonly config: ClusterConfig,
    private readonly context: CredentialsContext,
  ) {
    this.clock = context.clock ?? Date.now;
  }

  /** Throws ConfigFailure. */
  async current(): Promise<Credential> {
    if (this.held && this.clock() < this.held.expiresAt) return this.held.credential;
    return this.obtain(false);
  }

  /** The server took it: when it is refused later, a new one is worth asking for. */
  accept(credential: Credential): void {
    this.accepted = credential;
  }

  /** Another credential than the one that was refused; undefined where there is none. */
  async renew(refused: Credential): Promise<Credential | undefined> {
    if (this.pending) return this.pending;
    const { held } = this;
    if (held && held.credential !== refused) return held.credential;
    if (held?.isRenewed === true && this.accepted !== refused && this.clock() < held.obtainedAt + PAUSE_MS)
      return undefined;
    if (!this.isRenewable()) return undefined;
    const fresh = await this.obtain(true);
    return fresh.authorization === refused.authorization && sameBytes(fresh.cert, refused.cert) ? undefined : fresh;
  }

  /** What a person should know when this credential is refused. */
  refusedText(credential: Credential | undefined): string {
    const name = oneLine(this.config.user.name);
    const who = this.config.origin === 'service-account' ? `the ${name}` : `user "${name}" of ${this.config.userFile}`;
    const expired = credential?.cert && expiryOf(credential.cert, this.clock());
    if (expired !== undefined)
      return `the client certificate of ${who} expired on ${expired}: get a new kubeconfig from the cluster`;
    if (!credential?.authorization && !credential?.cert)
      return `${who} has no credentials in it: log in to the cluster`;
    const renewed = this.held?.isRenewed === true ? ', also after they were renewed' : '';
    return `the credentials of ${who} were not accepted${renewed}: they may have expired, log in to the cluster again`;
  }

  private isRenewable(): boolean {
    return isSet(this.config.user.exec) || this.tokenFile() !== undefined;
  }

  private obtain(isRenewed: boolean): Promise<Credential> {
    const { failure } = this;
    if (failure && this.clock() < failure.at + PAUSE_MS) return Promise.reject(failure.error);
    this.pending ??= this.read()
      .then(({ credential, expiresAt }) => {
        this.failure = undefined;
        this.held = { credential, expiresAt, obtainedAt: this.clock(), isRenewed };
        return credential;
      })
      .catch((error: unknown) => {
        this.failure = { error: error instanceof Error ? error : new Error(String(error)), at: this.clock() };
        throw this.failure.error;
      })
      .finally(() => {
        this.pending = undefined;
      });
    return this.pending;
  }

  private async read(): Promise<Pick<Held, 'credential' | 'expiresAt'>> {
    const { user } = this.config;
    refuseOldProvider(this.config);
    const certificate = this.certificate();
    const file = this.tokenFile();
    const fixed = file === undefined ? user.token : this.readText(file, 'token').trim();
    if (isSet(user.exec) && !fixed) {
      const { token, cert, key, expiresAt } = await runExecPlugin(this.config, this.context);
      const credential = {
        ...certificate,
        ...(token !== undefined && { authorization: bearer(token, `exec plugin of user "${oneLine(user.name)}"`) }),
        ...(cert !== undefined && key !== undefined && { cert: Buffer.from(cert), key: Buffer.from(key) }),
      };
      return { credential, expiresAt: expiresAt === undefined ? Infinity : expiresAt - EXPIRY_MARGIN_MS };
    }
    const authorization = fixed ? bearer(fixed, file ?? this.config.userFile) : basic(user.username, user.password);
    return {
      credential: { ...certificate, ...(authorization !== undefined && { authorization }) },
      expiresAt: file === undefined ? Infinity : this.clock() + TOKEN_FILE_MS,
    };
  }

  private tokenFile(): string | undefined {
    const { tokenFile } = this.config.userFields;
    return typeof tokenFile === 'string' && tokenFile !== '' ? beside(this.config.userFile, tokenFile) : undefined;
  }

  private certificate(): Pick<Credential, 'cert' | 'key'> {
    const { certFile, certData, keyFile, keyData } = this.config.user;
    // The data wins over the file, as in kubectl.
    const cert = certData
      ? Buffer.from(certData, 'base64')
      : certFile && this.readBytes(certFile, 'client certificate');
    const key = keyData ? Buffer.from(keyData, 'base64') : keyFile && this.readBytes(keyFile, 'client key');
    return cert && key ? { cert, key } : {};
  }

  private readText(file: string, what: string): string {
    return this.readBytes(file, what).toString('utf8');
  }

  private readBytes(file: string, what: string): Buffer {
    try {
      if (statSync(file).size > 1024 * 1024) throw new Error('it is larger than 1 MiB');
      return readFileSync(file);
    } catch (error) {
      const whose = `${what} of user "${oneLine(this.config.user.name)}"`;
      throw new ConfigFailure(`${whose} cannot be read from ${file}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

function bearer(token: string, where: string): string {
  // A line break would start another header.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new ConfigFailure(`the token from ${where} holds characters that no token has`);
  return `Bearer ${token}`;
}

function basic(username: string | undefined, password: string | undefined): string | undefined {
  return username ? `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` : undefined;
}

function refuseOldProvider({ user, userFile }: ClusterConfig): void {
  const provider: unknown = user.authProvider;
  if (!isSet(provider) || isSet(user.exec) || user.token) return;
  const name = isFields(provider) && typeof provider.name === 'string' ? oneLine(provider.name) : '';
  const instead = new Map([
    ['gcp', 'install gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials`'],
    ['azure', 'run `kubelogin convert-kubeconfig`'],
    ['oidc', 'use the kubelogin plugin (`kubectl oidc-login setup`)'],
  ]).get(name);
  throw new ConfigFailure(
    `kubeconfig ${userFile}: user "${oneLine(user.name)}" logs in with the auth-provider "${name}", which kubectl has given up: ` +
      (instead ?? 'use an exec plugin'),
  );
}

/** The day on which a certificate ended, when it has. */
function expiryOf(cert: Buffer, now: number): string | undefined {
  try {
    const until = Date.parse(new X509Certificate(cert).validTo);
    return until < now ? new Date(until).toISOString().slice(0, 10) : undefined;
  } catch {
    return undefined;
  }
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}
