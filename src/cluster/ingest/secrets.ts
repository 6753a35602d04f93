import { redactLine } from '../../domain/index.ts';

/**
 * Where passwords lie in specs, told by structure: names of variables and flags, places in URLs. What is left of a
 * value is an address, a number or nothing.
 */

const SECRET_WORD =
  'pass(?:word|wd|phrase|code)?|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|account[-_]?key|signing[-_]?key|encryption[-_]?key|credentials?|auth|bearer|cookie|jwt|dsn|salt|license';
/** `db-password`, `GITHUB_TOKEN`, `apiKey`. */
const SECRET_NAME = new RegExp(
  `(?:^|[^a-z]|[a-z](?=[A-Z]))(?:${SECRET_WORD})|(?:password|secret|token|apikey)|key$`,
  'i',
);
/** What says where a secret lies, not what it is: `--token-file`, `secretName`. */
const POINTS_ELSEWHERE = /(?:file|path|dir|name|namespace|ref|mode|type|ttl|timeout|enabled|duration|interval)s?$/i;

/** True when the value behind such a name must not be kept. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !POINTS_ELSEWHERE.test(name);
}

const HOST_NAME =
  /HOST|ADDR|SERVER|SERVICE|SVC|URL|URI|ENDPOINT|BROKER|BOOTSTRAP|NODE|PEER|UPSTREAM|TARGET|BACKEND|DOMAIN|DNS|PROXY|REGISTRY|MASTER|PRIMARY|REPLICA/i;
const PLAIN = /^(?:true|false|yes|no|on|off|-?\d{1,5}(?:\.\d{1,3})?(?:ms|s|m|h)?)$/i;
const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
/** Written as people write host names; a capital letter is more often part of a password. */
const BARE_HOST = /^[^A-Z]+$/;
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*\\.?|\\[[0-9A-Fa-f:.]{2,45}\\])$`);
const HOST_PORT = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*\\.?|\\[[0-9A-Fa-f:.]{2,45}\\]):\\d{1,5}$`);
const CLEARLY_HOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[^.].*\.(?:svc|local|internal)\.?)$/;
const URL_PARTS = /^((?:jdbc:)?[a-z][a-z0-9+.-]{0,20}:\/\/)([^/?#]*)(.*)$/is;

/** What may be kept of an environment variable's value: an address, a switch or a short number; '' otherwise. */
export function safeEnvValue(name: string, value: string): string {
  if (value === '' || value.length > 1024) return '';
  const url = addressOfUrl(value);
  if (url !== undefined) return url;
  if (isSecretName(name)) return '';
  if (PLAIN.test(value)) return value;
  const parts = value.split(',').map((part) => part.trim());
  if (parts.every((part) => HOST_PORT.test(part))) return value;
  const namedHost = HOST_NAME.test(name);
  return parts.every((part) => HOST.test(part) && BARE_HOST.test(part) && (namedHost || CLEARLY_HOST.test(part)))
    ? value
    : '';
}

/** `scheme://host:port` of a URL, '' when it is one that cannot be taken apart safely, undefined when it is none. */
export function addressOfUrl(value: string): string | undefined {
  const [, scheme, authority = '', rest = ''] = URL_PARTS.exec(value) ?? [];
  if (scheme === undefined) return undefined;
  // A password with a slash in it moves the end of the authority: then nobody can tell host from password.
  if (rest.includes('@') || authority.lastIndexOf('@') !== authority.indexOf('@')) return '';
  const hosts = authority.slice(authority.indexOf('@') + 1);
  const isAddress = hosts.split(',').every((host) => HOST.test(host) || HOST_PORT.test(host));
  return isAddress ? `${scheme}${hosts}` : '';
}

const MASK = '***';
const VALUE = `"[^"]*"|'[^']*'|[^\\s"'&;,]+`;
const ASSIGNED = new RegExp(`(^|[^\\w.-])([\\w.-]*(?:${SECRET_WORD})[\\w.-]*)(["']?\\s*[=:]\\s*)(${VALUE})`, 'gi');
const FLAG_AND_VALUE = new RegExp(`(^|\\s)(--?[\\w.-]*(?:${SECRET_WORD})[\\w.-]*)(\\s+)(${VALUE})`, 'gi');
const USER_INFO = /(:\/\/)[^\s'"]*@/g;
const SCHEMES = /\b(bearer|basic|token)\s+[\w.~+/=-]{6,}/gi;
const USER_PASSWORD = /(^|\s)(-u|--user)([\s=]+["']?[^\s:"']+:)[^\s"']+/g;
const CLIENT_PASSWORD = /\b((?:mysql\w*|mariadb\S*)\s(?:.*?\s)?-p|redis-cli\s(?:.*?\s)?-a\s+)([^\s"']+)/g;
const MAY_HOLD_SECRET = new RegExp(`${SECRET_WORD}|basic|@|-u|--user|mysql|mariadb|redis-cli`, 'i');
/** How tokens of well-known services begin, whatever stands before them. */
const KNOWN_TOKEN =
  /eyJ|A[KS]IA|gh[pousr]_|github_pat|glpat|xox|xapp|sk[-_]|AIza|npm_|dckr_pat|hv[sb]\.|SG\.|ya29|hooks\.slack|PRIVATE KEY|sig=/;

/** A command line or script without the passwords that are written in it. */
export function maskSecretsInText(text: string): string {
  const known = KNOWN_TOKEN.test(text) ? redactLine(text) : text;
  return MAY_HOLD_SECRET.test(known) ? maskByPlace(known) : known;
}

function maskByPlace(text: string): string {
  const keep = (whole: string, before: string, name: string, between: string): string =>
    isSecretName(name.replace(/^-+/, '')) ? `${before}${name}${between}${MASK}` : whole;
  return text
    .replace(USER_INFO, `$1${MASK}@`)
    .replace(SCHEMES, `$1 ${MASK}`)
    .replace(ASSIGNED, keep)
    .replace(FLAG_AND_VALUE, keep)
    .replace(USER_PASSWORD, `$1$2$3${MASK}`)
    .replace(CLIENT_PASSWORD, `$1${MASK}`);
}

const FLAG = /^--?([\w.-]+)$/;

/** Masks, in place, what follows a flag such as `--password` and what `--token=x` or a script holds. */
export function maskSecretArgs(args: string[]): void {
  for (const [i, arg] of args.entries()) {
    const before = args[i - 1] ?? '';
    const flag = FLAG.exec(before)?.[1];
    if (flag !== undefined && !arg.startsWith('--') && isSecretName(flag)) args[i] = MASK;
    else if (before === '-a' && args[0] === 'redis-cli') args[i] = MASK;
    else if (before === '-u' || before === '--user') args[i] = arg.replace(/^([^:]*:).+$/s, `$1${MASK}`);
    else args[i] = maskSecretsInText(arg);
  }
}

/** Parameters of a driver: everything but what has a secret's name. Changes the map. */
export function emptySecretValues(map: Record<string, string>): void {
  for (const key of Object.keys(map)) if (isSecretName(key)) map[key] = '';
}
