/**
 * Masks secrets in text that a program wrote: passwords, tokens, keys, user info of connection strings. Equal secrets
 * have equal masks, so that a reader can tell one from another. Masking twice changes nothing. Linear in the text.
 */
export function redactLine(text: string, mask: (secret: string) => string = maskOf): string {
  let result = text;
  // Private keys first: nothing inside one may be taken for something smaller.
  for (const { find, secret } of shapes)
    result = result.replace(find, (...found) => {
      const groups = found.at(-1) as Record<string, string | undefined>;
      const whole = found[0];
      const value = groups.secret ?? '';
      if (value === '' || value.includes('‹') || secret?.(value, groups) === false) return whole;
      return `${groups.before ?? ''}${mask(value)}${groups.after ?? ''}`;
    });
  return result;
}

/** Like `redactLine` for consecutive lines: the body of a private key is masked although no line of it says what it is. */
export function redactLines(lines: readonly string[], mask: (secret: string) => string = maskOf): string[] {
  let inKey = false;
  return lines.map((line) => {
    const begins = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(line);
    const ends = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY/.test(line);
    const inside = inKey && !begins;
    // A key that was cut off does not hide what follows it.
    const body = inside && (ends || KEY_BODY.test(line));
    inKey = !ends && (begins || body);
    if (body && !ends) return line.includes('‹') ? line : mask(line.trim());
    return redactLine(line, mask);
  });
}

/** Base64 with what programs put around a line of it, or one of the headers of an encrypted key. */
const KEY_BODY = /^[\s"'|>]{0,80}(?:[A-Za-z0-9+/=\\]{1,200}|(?:Proc-Type|DEK-Info): [\w, -]{1,80})["',\s]{0,8}$/;

/** `‹redacted 3f2a›`: sixteen bits of the secret's hash, enough to tell two apart and too few to find one. */
export function maskOf(secret: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < secret.length; i++) hash = Math.imul(hash ^ secret.charCodeAt(i), 0x01000193);
  const folded = ((hash >>> 16) ^ hash) & 0xffff;
  return `‹redacted ${folded.toString(16).padStart(4, '0')}›`;
}

/** How a mask looks, for those who quote text around it. */
export const MASK = /‹redacted [0-9a-f]{4}›/;

interface Shape {
  /** Named groups: `before` and `after` stay, `secret` is masked. */
  readonly find: RegExp;
  /** False for a value that is none. */
  readonly secret?: (value: string, groups: Readonly<Record<string, string | undefined>>) => boolean;
}

/** The keyword of a setting's name that makes its value a secret; what follows in the name is judged apart. */
const SECRET_NAME =
  'pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|(?:access|account|encryption|signing|shared[_-]?access|master|private|auth)[_-]?key|credentials?|authorization|x-vault-token|sessionid|jsessionid';

/** Words that follow `password:` in prose; a password that is one of them is not masked. */
const PROSE = new Set(
  (
    'a an the is was are be has had not no none nil null undefined unset empty missing required must should cannot could ' +
    'can invalid incorrect wrong expired bad failed failure error unable unknown unexpected expected denied rejected ' +
    'mismatch environment variable field value string true false for in of to from and or authentication auth ' +
    'authorization signature please use using bearer basic digest negotiate token password secret key check validation ' +
    'at with via by on contains malformed revoked unauthorized forbidden never'
  ).split(' '),
);

/** Ends of names whose value is a place or a number, not the secret itself. */
const HARMLESS_REST =
  /^s?[_.-]?(?:file|path|dir|name|ref|type|count|len(?:gth)?|ttl|expir\w*|limit|uri|url|id|field|policy|issuer|version)s?$/i;

function isSecretValue(value: string, groups: Readonly<Record<string, string | undefined>>): boolean {
  const bare = value.trim();
  const name = (groups.name ?? '').toLowerCase();
  if (bare === '' || PROSE.has(bare.toLowerCase().replace(/[.:!]+$/, '')) || /^[*x.]{3,}$/i.test(bare)) return false;
  // `${DB_PASSWORD}`, `$(TOKEN)`, `<password>`: where it comes from, not what it is.
  if (/^(?:\$[{(]?\w+[})]?|<[^>]*>|\{\{.*\}\})$/.test(bare)) return false;
  if (HARMLESS_REST.test(groups.rest ?? '') && !/key/.test(groups.rest ?? '')) return false;
  if (name === 'token' && /^(?:\d{1,7}|[^\w]+)$/.test(bare)) return false;
  // Unquoted prose after `secret:` or `token:`; only what looks made up is a secret there.
  const said = groups.separator ?? '';
  if (/^\s*:\s+$/.test(said) && (groups.quote ?? '') === '' && !/pass|pwd|key/.test(name))
    return bare.length >= 8 && /\d|[A-Z].*[a-z]|[a-z].*[A-Z]|[+/=_-]/.test(bare);
  return true;
}

const shapes: readonly Shape[] = [
  {
    find: /(?<before>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)(?<secret>[^‹]*?)(?<after>-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    secret: (value) => value.trim() !== '',
  },
  // scheme://user:password@host; a password may hold @, and a slash where it does not look like a port.
  { find: /(?<before>:\/\/[^\s:/@"'<>]{0,128}:)(?<secret>[^\s/"'<>]{1,256})(?<after>@)/g },
  { find: /(?<before>:\/\/[^\s:/@"'<>]{0,128}:)(?!\d{1,5}(?:[/?#]|$))(?<secret>[^\s@"'<>]{1,256})(?<after>@)/g },
  // scheme://token@host
  { find: /(?<before>:\/\/)(?<secret>[A-Za-z0-9_-]{20,256})(?<after>@)/g },
  // user:password@tcp(host:3306)/db
  { find: /(?<before>\b[\w.-]{1,64}:)(?<secret>[^\s@:/]{1,128})(?<after>@(?:tcp|unix|cloudsql)\()/g },
  // Set-Cookie and Cookie carry sessions.
  { find: /(?<before>\b(?:set-)?cookie["']?\s{0,3}[:=]\s{0,3}["']?)(?<secret>[^"'\s=]{1,128}=[^"'\n]{1,2000})/gi },
  {
    find: /(?<before>\b(?:bearer|basic|token)\s{1,3})(?<secret>[A-Za-z0-9._~+/=-]{8,4096})/gi,
    secret: (value) => /\d|[a-z][A-Z]|=$/.test(value) || /^[A-Z]{2,}.*[a-z]/.test(value),
  },
  { find: /(?<secret>\beyJ[A-Za-z0-9_-]{6,4096}\.[A-Za-z0-9_-]{4,4096}(?:\.[A-Za-z0-9_-]{0,4096})?)/g },
  { find: /(?<secret>\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b)/g },
  {
    find: /(?<secret>\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{16,255}|xox[abeprs]-[\w-]{10,255}|xapp-[\w-]{10,255}|[sr]k_(?:live|test)_\w{10,255}|sk-[A-Za-z0-9][\w-]{18,255}|AIza[\w-]{35}|npm_[A-Za-z0-9]{30,255}|dckr_pat_[\w-]{20,255}|hv[sb]\.[\w-]{20,512}|SG\.[\w-]{16,64}\.[\w-]{16,128}|ya29\.[\w-]{20,1024})\b)/g,
  },
  { find: /(?<before>hooks\.slack\.com\/services\/)(?<secret>[\w/-]{10,200})/g },
  // ?sig=…&
  {
    find: /(?<before>[?&](?:sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|code|key)=)(?<secret>[^\s&"'<>]{6,2048})/gi,
  },
  // <password>…</password>
  { find: /(?<before><(?:password|passwd|secret|token|apiKey)>)(?<secret>[^<\n]{1,1000})(?<after><\/)/gi },
  { find: /(?<before>\bidentified by\s{1,4}['"])(?<secret>[^'"\n]{1,256})(?<after>['"])/gi },
  // "password": "…", password=…, :password=>"…", \"token\":\"…\"
  {
    find: new RegExp(
      `(?<before>(?<name>${SECRET_NAME})(?<rest>[\\w.-]{0,40})(?<close>\\\\{0,3}["'\`\\]]?)(?<separator>\\s{0,3}(?:=>|:=|[:=])\\s{0,3})(?<quote>\\\\{0,3}["'\`]))(?<secret>[^"'\`\\n\\\\]{1,2000})`,
      'gi',
    ),
    secret: isSecretValue,
  },
  {
    find: new RegExp(
      `(?<before>(?<name>${SECRET_NAME})(?<rest>[\\w.-]{0,40})(?<close>["'\`\\]]?)(?<separator>\\s{0,3}(?:=>|:=|[:=])\\s{0,3}))(?<secret>[^\\s"'\`,;&)}\\]|\\\\][^\\s"'\`,;&)}\\]|\\\\]{0,2000})`,
      'gi',
    ),
    secret: isSecretValue,
  },
  // --password value
  {
    find: new RegExp(
      `(?<before>--(?<name>${SECRET_NAME})(?<rest>[\\w-]{0,30})\\s{1,3}["']?)(?<secret>[^\\s"'-][^\\s"']{0,500})`,
      'gi',
    ),
    secret: isSecretValue,
  },
];
