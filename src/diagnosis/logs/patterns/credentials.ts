import { wordings } from '../pattern.ts';

/** How servers log what a client of theirs did wrong. */
const SERVER_SIDE = /\[\d{1,9}\] (?:\S{1,200} )?(?:FATAL|ERROR): |\[(?:Note|Warning)\]|"c":"ACCESS"/;

export const rejected = wordings('log/credentials-rejected', {
  'auth-postgres': { find: /password authentication failed for user "(?<user>[^"]{1,128})"/, unless: SERVER_SIDE },
  'auth-postgres-hba': {
    find: /no pg_hba\.conf entry for (?:host|replication connection from host) "(?<client>[^"]{1,64})", user "(?<user>[^"]{1,128})"/,
    unless: SERVER_SIDE,
  },
  'auth-postgres-scram':
    /SCRAM authentication failed|SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string|The server requested (?:SCRAM-based|password-based) authentication, but no password was provided/,
  'auth-postgres-rights': {
    find: /permission denied for (?:database|schema|relation|table|sequence|function|view) "?(?<object>[\w.-]{1,128})/,
    unless: SERVER_SIDE,
  },
  'auth-mysql': { find: /Access denied for user '(?<user>[^']{0,128})'@'/, unless: SERVER_SIDE },
  'auth-sqlserver': { find: /Login failed for user '(?<user>[^']{1,128})'/, unless: /\bLogon\b/ },
  'auth-redis': /\bWRONGPASS\b|\bNOAUTH\b|ERR invalid password|ERR AUTH <password> called without/,
  'auth-mongo': {
    find: /MongoServerError: Authentication failed|AuthenticationFailed|MongoSecurityException|not authorized on (?<object>[\w-]{1,64}) to execute command/,
    unless: SERVER_SIDE,
  },
  'auth-kafka':
    /SaslAuthenticationException|SASL authentication (?:error|failed)|Authentication failed during authentication due to invalid credentials/,
  'auth-kafka-rights': /(?:Topic|Group|Cluster)AuthorizationException: (?<detail>.{1,160})/,
  'auth-amqp': /ACCESS_REFUSED - /,
  'auth-nats': /nats: (?:'?Authorization Violation'?|authorization violation)/i,
  'auth-aws':
    /\b(?:InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredTokenException|ExpiredToken|UnrecognizedClientException|InvalidClientTokenId)\b/,
  'auth-aws-none':
    /NoCredentialProviders|Unable to locate credentials|Unable to load (?:AWS )?credentials from any|no EC2 IMDS role found/,
  'auth-azure': /AADSTS\d{4,7}: (?<detail>.{1,160})/,
  'auth-google': /could not find default credentials|DefaultCredentialsError/,
  'auth-oauth': /"?error"?[:=] ?"?(?:invalid_client|invalid_grant|unauthorized_client)\b/,
  'auth-token-expired': {
    find: /\b(?:token (?:is |has )?expired|invalid[_ ](?:api[_ ])?(?:token|key)\b|jwt expired)/i,
    unless: /unexpected token|invalid token (?:in|at)|request from|client/i,
  },
  'auth-requests': /40[13] Client Error: (?:Unauthorized|Forbidden) for url: (?<url>\S{1,300})/,
  'auth-axios': /Request failed with status code 40[13]\b/,
  'auth-go-http':
    /(?:unexpected|bad|error|failed|returned|got|response|status)[^\n]{0,60}?\b(?:401 Unauthorized|403 Forbidden)\b/i,
  'auth-spring': /HttpClientErrorException\$(?:Unauthorized|Forbidden)/,
  'auth-git': /Authentication failed for '(?<url>[^']{1,300})'/,
  'auth-ldap': /LDAP: error code 49|ldap_bind: Invalid credentials/,
  'auth-smtp': /\b535[ -]5\.7\.\d{1,3}\b/,
  'auth-vault': /vault.{0,160}?Code: 403/i,
});

export const forbidden = wordings('rbac/app-forbidden', {
  'rbac-api':
    /User "system:serviceaccount:(?<accountNamespace>[^:"]{1,63}):(?<account>[^"]{1,253})" cannot (?<verb>\w{1,20}) (?:resource "(?<resource>[^"]{1,200})" in API group "(?<group>[^"]{0,253})"(?:(?: in the namespace "(?<namespace>[^"]{1,63})")| at the cluster scope)?|path "(?<url>[^"]{1,300})")/,
});
