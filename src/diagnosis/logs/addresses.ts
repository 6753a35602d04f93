/** Where a program wanted to connect to. */
export interface LogAddress {
  readonly host: string;
  readonly port?: number;
}

/** Ends of file names, which also stand before `:12`. */
const FILE =
  /\.(?:go|js|mjs|cjs|ts|tsx|jsx|py|rb|java|kt|scala|rs|php|c|cc|cpp|h|cs|ex|exs|erl|clj|conf|cfg|ini|ya?ml|json|toml|xml|sh|jar|html?|log|txt|lua|pl|pm|sql|env|properties|so|swift)$/i;

/** Words that stand before a number and name no host. */
const WORDS = new Set(
  (
    'port line code status pid id uid errno at column col exit size count time http https tcp udp error err level retry ' +
    'attempt attempts thread version lineno offset length took duration ms rev node on in of for to is was info warn ' +
    'warning debug trace fatal panic page row step total took user group exitcode statuscode sqlstate'
  ).split(' '),
);

const NAME = String.raw`[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?){0,8}`;
const IPV4 = String.raw`\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`;

const FORMS: readonly RegExp[] = [
  // scheme://user@host:port
  new RegExp(
    String.raw`:\/\/(?:[^\s/@"'<>]{1,256}(?: [0-9a-f]{4}›)?@)?(?<host>${NAME}|\[[0-9a-fA-F:]{2,45}\])(?::(?<port>\d{1,5}))?(?![\w@])`,
    'g',
  ),
  // at "db" (10.96.0.3), port 5432
  new RegExp(
    String.raw`(?:\bat|\bhost|\bto|\bfor) "(?<host>${NAME})"(?: \([^)]{1,64}\))?,?(?: and accepting TCP\/IP connections on)? port (?<port>\d{1,5})`,
    'g',
  ),
  // connect to db port 5432
  new RegExp(String.raw`\bto (?:host )?(?<host>${NAME})(?: \([^)]{1,64}\))? port (?<port>\d{1,5})`, 'g'),
  // host='db', port=5432 and address: '10.0.0.1', port: 5432
  new RegExp(
    String.raw`\b(?:host|address|hostname)["']?[=:] ?["'](?<host>${NAME})["'],? ["']?port["']?[=:] ?(?<port>\d{1,5})`,
    'g',
  ),
  new RegExp(
    String.raw`\b(?:host|address|hostname)["']?[=:] ?["']?(?<host>${IPV4})["']?,? ["']?port["']?[=:] ?(?<port>\d{1,5})`,
    'g',
  ),
  // db/10.96.0.3:5432
  new RegExp(String.raw`(?<![\w./-])(?<host>${NAME})\/${IPV4}:(?<port>\d{1,5})(?![\w.:])`, 'g'),
  new RegExp(String.raw`\[(?<host>[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})\]:(?<port>\d{1,5})(?!\d)`, 'g'),
  new RegExp(String.raw`(?<![\w./-])(?<host>${NAME}):(?<port>\d{2,5})(?!\w|:\S|\.\d)`, 'g'),
  new RegExp(String.raw`(?<![\w./:-])(?<host>${IPV4})(?![\w:]|\.\d)`, 'g'),
];

/** Addresses that a line names, in the order of the line; those of the program itself and of its clients left out. */
export function addressesIn(line: string): readonly LogAddress[] {
  const found = new Map<string, { at: number; address: LogAddress }>();
  for (const form of FORMS)
    for (const match of line.matchAll(form)) {
      const { host = '', port } = match.groups ?? {};
      const number = port === undefined ? undefined : Number(port);
      const at = match.index;
      if (!isHost(host, number) || isOwnSide(line, at, match[0])) continue;
      const address = { host: host.replace(/^\[|\]$/g, ''), ...(number !== undefined && { port: number }) };
      const key = `${address.host}:${port ?? ''}`;
      const covered = number === undefined && [...found.values()].some((f) => f.address.host === address.host);
      if (!found.has(key) && !covered) found.set(key, { at, address });
    }
  return [...found.values()].toSorted((a, b) => a.at - b.at).map((f) => f.address);
}

function isHost(host: string, port: number | undefined): boolean {
  if (port !== undefined && (port < 1 || port > 65_535)) return false;
  if (/^[\d.]+$/.test(host)) {
    const parts = host.split('.');
    return parts.length === 4 && parts.every((part) => Number(part) <= 255) && host !== '0.0.0.0';
  }
  return /[a-z]/i.test(host) && !FILE.test(host) && !WORDS.has(host.toLowerCase());
}

/** `10.1.0.9:41234->`, `client: 10.0.0.1`, and the DNS server of `lookup db on 10.96.0.10:53`. */
function isOwnSide(line: string, at: number, text: string): boolean {
  if (line.startsWith('->', at + text.length)) return true;
  const before = line.slice(Math.max(0, at - 280), at);
  return /(?:client|remote_addr|peer)"?[:=] ?"?$/.test(before.slice(-20)) || /\blookup \S{1,253} on $/.test(before);
}
