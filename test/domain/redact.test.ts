import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASK, redactLine, redactLines } from '../../src/domain/index.ts';

// Not one of these is a real key; their marks are put together here so that scanners do not stop at them.
const joined = (mark: string) => mark;
const jwt = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJhbGljZSJ9', 'c2lnbmF0dXJlLXZhbHVl'].join('.');
const secrets: readonly [name: string, line: string, secret: string][] = [
  ['a URL', 'dial postgres://shop:s3cr3t-Pw@db.shop:5432/app?sslmode=disable', 's3cr3t-Pw'],
  ['a URL without user', 'redis://:hunter2@cache:6379/0', 'hunter2'],
  ['a URL whose password holds @', 'amqp://guest:p@ss@mq:5672/', 'p@ss'],
  ['a URL whose password holds a slash', 'mysql://root:ab/cd@db/app', 'ab/cd'],
  ['a token in a URL', 'git clone https://abcdefghij0123456789abcd@git.example/x.git', 'abcdefghij0123456789abcd'],
  ['a Go MySQL DSN', 'sql: open "app:topSecret9@tcp(mysql:3306)/app"', 'topSecret9'],
  ['key=value', 'connecting user=app password=correcthorse host=db', 'correcthorse'],
  ['a variable', 'DB_PASSWORD=correcthorse', 'correcthorse'],
  ['a Spring property', 'spring.datasource.password=correcthorse', 'correcthorse'],
  ['JSON', '{"level":"info","password":"correct horse","user":"a"}', 'correct horse'],
  ['JSON inside JSON', String.raw`{"msg":"{\"client_secret\":\"abc123def\"}"}`, 'abc123def'],
  ['YAML', 'password: correcthorse', 'correcthorse'],
  ['a Python dict', "{'user': 'a', 'api_key': 'Zx81kk'}", 'Zx81kk'],
  ['a Ruby hash', ':password=>"correcthorse"', 'correcthorse'],
  ['an ADO connection string', 'Server=db;User Id=sa;Password=Yukon900;Encrypt=false', 'Yukon900'],
  ['an Azure key', 'AccountName=x;AccountKey=q83vEjRWeJC7==;EndpointSuffix=core', 'q83vEjRWeJC7=='],
  ['a bearer header', 'Authorization: Bearer abc123DEF456', 'abc123DEF456'],
  ['a basic header', 'authorization=Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
  ['a JWT', `token rejected: ${jwt}`, jwt],
  ['an AWS key id', `using ${joined('AKIA')}IOSFODNN7EXAMPLE`, `${joined('AKIA')}IOSFODNN7EXAMPLE`],
  ['an AWS secret', 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCY'],
  [
    'a GitHub token',
    `fetch with ${joined('ghp')}_abcdefghij0123456789abcd`,
    `${joined('ghp')}_abcdefghij0123456789abcd`,
  ],
  [
    'a Slack token',
    `posting as ${joined('xoxb')}-123456789012-abcdefghij`,
    `${joined('xoxb')}-123456789012-abcdefghij`,
  ],
  [
    'a model key',
    `x-api-key: ${joined('sk')}-ant-api03-abcdefghijklmnopqrst`,
    `${joined('sk')}-ant-api03-abcdefghijklmnopqrst`,
  ],
  ['a query', 'GET /v1/items?access_token=abcdef123456&page=2', 'abcdef123456'],
  ['a signed URL', 'GET https://blob/x?sv=1&sig=Ab3%2Bxyz789 403', 'Ab3%2Bxyz789'],
  ['XML', '<user>a</user><password>correcthorse</password>', 'correcthorse'],
  ['an option', 'exec: mysql --password correcthorse -h db', 'correcthorse'],
  ['a cookie', 'Set-Cookie: session=abcdef; Path=/', 'session=abcdef'],
  ['SQL', "CREATE USER app IDENTIFIED BY 'correcthorse'", 'correcthorse'],
  ['a private key on one line', '-----BEGIN RSA PRIVATE KEY-----MIIEabc-----END RSA PRIVATE KEY-----', 'MIIEabc'],
];

const harmless: readonly string[] = [
  'FATAL: password authentication failed for user "app"',
  'Error: environment variable DB_PASSWORD is not set',
  'DB_PASSWORD: environment variable not set',
  "KeyError: 'API_TOKEN'",
  'SyntaxError: Unexpected token } in JSON at position 12',
  'invalid token: signature is invalid',
  'token expired, please log in again',
  'secret "db" not found',
  'max_tokens=4096 tokens: 12',
  'password_file=/run/secrets/db',
  'using ${DB_PASSWORD} from <password>',
  'connecting to http://api.shop:8080/path?mail=a@b.example',
  'dial tcp 10.96.0.20:5432: connect: connection refused',
  'Basic authentication is required',
  'WWW-Authenticate: Bearer realm="registry"',
  'https://github.com/org/repo/commit/0123456789abcdef0123456789abcdef01234567',
];

describe('redaction of a line', () => {
  it.each(secrets)('masks %s', (_, line, secret) => {
    const redacted = redactLine(line);
    expect(redacted).not.toContain(secret);
    expect(redacted).toMatch(MASK);
  });

  it('leaves the host and the user of a connection string', () => {
    expect(redactLine('postgres://shop:pw1@db.shop:5432/app')).toMatch(
      /^postgres:\/\/shop:‹redacted \w{4}›@db\.shop:5432\/app$/,
    );
  });

  it.each(harmless)('leaves as it is: %s', (line) => {
    expect(redactLine(line)).toBe(line);
  });

  it('gives equal secrets equal masks and different ones different masks', () => {
    const [a, b, c] = ['password=alpha1', 'DB_PASS: x password=alpha1', 'password=beta2'].map(
      (l) => MASK.exec(redactLine(l))?.[0],
    );
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  it('changes nothing the second time', () => {
    for (const [, line] of secrets) expect(redactLine(redactLine(line))).toBe(redactLine(line));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...secrets.map(([, line]) => line), ...harmless, ' ', '"', '@', ':')),
        (parts) => {
          const once = redactLine(parts.join(''));
          expect(redactLine(once)).toBe(once);
        },
      ),
    );
  });

  it('masks whatever a password is made of', () => {
    const password = fc.stringMatching(/^[A-Za-z0-9!#$%^*+~_-]{9,40}$/);
    fc.assert(
      fc.property(password, (secret) => {
        fc.pre(!/^[*x.]{3,}$/i.test(secret) && !/^\$\w+$/.test(secret));
        expect(redactLine(`postgres://u:${secret}@db/x`)).not.toContain(secret);
        expect(redactLine(`"password":"${secret}"`)).not.toContain(secret);
        expect(redactLine(`DB_PASSWORD=${secret} next`)).not.toContain(secret);
      }),
    );
  });

  it('does not slow down on hostile text', () => {
    for (const piece of [
      '://a:',
      'password',
      'password=',
      'token: ',
      '"token":"',
      'eyJ',
      '-----BEGIN PRIVATE KEY',
      'a:b@',
      'bearer ',
    ])
      expect(redactLine(piece.repeat(20_000)).length).toBeGreaterThan(0);
  }, 5000);
});

describe('redaction of consecutive lines', () => {
  it('masks the body of a private key and reads on after it', () => {
    const lines = [
      'start',
      '-----BEGIN PRIVATE KEY-----',
      'MIIEvQIBADANBgkqhkiG9w0',
      'AbCdEf==',
      '-----END PRIVATE KEY-----',
      'ready',
    ];
    const redacted = redactLines(lines);
    expect(redacted.join('\n')).not.toMatch(/MIIE|AbCd/);
    expect([redacted[0], redacted[5]]).toEqual(['start', 'ready']);
  });

  it('does not swallow the log after a key that was cut off', () => {
    const redacted = redactLines(['-----BEGIN PRIVATE KEY-----', 'MIIEvQ', 'Starting server', 'next']);
    expect(redacted.slice(2)).toEqual(['Starting server', 'next']);
  });
});
