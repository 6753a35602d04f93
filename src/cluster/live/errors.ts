import { oneLine, redactLine } from '../../domain/index.ts';
import { HttpFailure, type HttpAnswer } from '../../platform/index.ts';
import { ReadFailure, Unreachable } from '../source.ts';

/** What is wrong on our side: the kubeconfig, a credential, the program that should give one. */
export class ConfigFailure extends Unreachable {
  constructor(message: string, options?: ErrorOptions) {
    super(message, undefined, options);
  }
}

/** A call, a list or the whole run has used up its time, or the source was closed. */
export class Ended extends Error {
  override readonly name = 'Ended';
}

/** What messages say about the peer. */
export interface Peer {
  /** The API server's URL. */
  readonly server: string;
  readonly context: string;
  readonly file: string;
  /** Without its password. */
  readonly proxy?: string;
}

/** The failure as a ReadFailure that says what was read, from whom, why it failed and what to try. */
export function failureOf(what: string, error: unknown, peer: Peer): ReadFailure {
  if (error instanceof ConfigFailure) return new ConfigFailure(`${what}: ${error.message}`, { cause: error });
  if (error instanceof ReadFailure) return error;
  if (error instanceof HttpFailure) {
    const { text, isGeneral } = transportText(error, peer);
    if (isGeneral) return new Unreachable(`${what}: ${text}`, undefined, { cause: error });
    return new ReadFailure('failed', `${what}: ${text}`, undefined, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ReadFailure('failed', `${what}: ${oneLine(reason)}`, undefined, { cause: error });
}

/** A connection that could not be made concerns every read; one that broke concerns this one. */
function transportText(error: HttpFailure, peer: Peer): { text: string; isGeneral: boolean } {
  const address = peer.server;
  switch (error.kind) {
    case 'connect-timeout':
      return { text: `${address} does not answer (${error.message}): ${advice.network}`, isGeneral: true };
    case 'first-byte-timeout':
    case 'silence':
      return { text: `${address} accepted the request, but ${error.message}`, isGeneral: false };
    case 'reset':
      return { text: `the connection to ${address} broke: ${oneLine(error.message)}`, isGeneral: false };
    case 'too-large':
      return { text: error.message, isGeneral: false };
    case 'refused':
      return { text: refusedText(error, peer, address), isGeneral: true };
  }
}

const advice = {
  network: 'check the network, the VPN and that the server of the context is right',
  authority: (peer: Peer) =>
    `renew certificate-authority-data in ${peer.file}, or put the authority of your proxy there`,
};

function refusedText(error: HttpFailure, peer: Peer, address: string): string {
  const code = error.code ?? '';
  const said = oneLine(error.message);
  const [, proxyStatus] = /^Bad response: (\d+)$/.exec(error.message) ?? [];
  if (proxyStatus !== undefined)
    return `the proxy ${peer.proxy ?? ''} answered ${proxyStatus} instead of connecting to ${peer.server}: check proxy-url, HTTPS_PROXY and NO_PROXY`;
  const via = peer.proxy === undefined ? '' : ` (by way of the proxy ${peer.proxy})`;
  switch (code) {
    case 'ECONNREFUSED':
      return `connection refused by ${address}${via}: is the cluster running, and is context "${peer.context}" the one you mean?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name of ${address}${via} cannot be resolved (${code}): check the spelling, DNS and the VPN`;
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
      return `${address}${via} cannot be reached (${code}): ${advice.network}`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${address} has expired: renew it on the server, and check the clock of this machine`;
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${address} is not valid yet: check the clock of this machine`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return `the certificate of ${address} is signed by an unknown authority (${code}): ${advice.authority(peer)}`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${address} is for other names${certifiedNames(error)}: use one of them as server, or set tls-server-name`;
    default:
      if (
        /alert (?:number )?(?:42|43|44|45|46|48|116)|ALERT_(?:BAD_CERT|CERT|UNKNOWN_CA|UNSUPPORTED_CERT)/i.test(
          `${code} ${said}`,
        )
      )
        return `${address} refused the client certificate (${code || said}): get a new kubeconfig from the cluster`;
      if (code === 'EPROTO' || /WRONG_VERSION_NUMBER|packet length too long|ERR_SSL/i.test(`${code} ${said}`))
        return `${address} does not speak TLS as expected (${code || said}): check the server's scheme and port`;
      return `no connection to ${address}${via}: ${said}`;
  }
}

/** ` (api.example.com)` */
function certifiedNames(error: HttpFailure): string {
  const { cert } = (error.cause ?? {}) as { cert?: { subjectaltname?: string } };
  const names = (cert?.subjectaltname ?? '').replace(/\b(?:DNS|IP Address):/g, '');
  return names === '' ? '' : ` (${oneLine(names, 200)})`;
}

/** An answer that is no success, as a failure with the status and the server's own words. */
export function answerFailure(what: string, answer: HttpAnswer, peer: Peer, credentials: () => string): ReadFailure {
  const { status } = answer;
  const head = `${what}: ${status} ${oneLine(answer.statusText, 60) || (STATUS_NAMES.get(status) ?? '')}`.trimEnd();
  const said = serverMessage(answer);
  const text = said === '' ? head : `${head}: ${said}`;
  if (status >= 300 && status < 400) {
    const to = oneLine(withoutUserInfo(answer.headers.location ?? ''), 200);
    return new Unreachable(
      `${head}: ${peer.server} sends elsewhere${to && ` (${to})`}, which is not followed: is it the address of an API server?`,
      status,
    );
  }
  if (status === 401) return new Unreachable(`${text} – ${credentials()}`, status);
  if (status === 403) return new ReadFailure('forbidden', text, status);
  if (status === 404) return new ReadFailure('absent', text, status);
  if (status === 503) return new ReadFailure('unavailable', text, status);
  return new ReadFailure('failed', text, status);
}

const STATUS_NAMES = new Map([
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [410, 'Gone'],
  [429, 'Too Many Requests'],
  [500, 'Internal Server Error'],
  [503, 'Service Unavailable'],
]);

/** What the server says about a refusal: the message of its Status, or what else it wrote. Data like any other. */
export function serverMessage(answer: HttpAnswer): string {
  const text = answer.body.subarray(0, 65_536).toString('utf8');
  const { message } = statusOf(answer) ?? {};
  if (message !== undefined) return shown(message);
  if (/^\s*</.test(text)) {
    const [, title] = /<title>([^<]{1,200})/i.exec(text) ?? [];
    return `a web page${title === undefined ? '' : ` "${shown(title)}"`}, not the words of an API server`;
  }
  return shown(text);
}

function shown(text: string): string {
  return oneLine(redactLine(text), 500);
}

/** The parts of a Kubernetes Status that are read. */
export interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly name?: string };
}

export function statusOf(answer: HttpAnswer): Status | undefined {
  if (answer.body.length > 1024 * 1024) return undefined;
  try {
    const value = JSON.parse(answer.body.toString('utf8')) as { kind?: unknown; message?: unknown } | null;
    if (value?.kind !== 'Status') return undefined;
    const { message, ...rest } = value;
    return { ...(rest as Status), ...(typeof message === 'string' && { message }) };
  } catch {
    return undefined;
  }
}

/** A URL as it may be shown. */
export function withoutUserInfo(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
