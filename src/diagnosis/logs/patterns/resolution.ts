import { wordings } from '../pattern.ts';

export const notAnswered = wordings('dns/resolution-timeout', {
  'dns-timeout-go':
    /lookup (?<host>[\w.-]{1,253})(?: on [\d.:[\]a-f]{3,60})?: (?:(?:read|write|dial) udp .{1,120}: )?(?:i\/o timeout|server misbehaving|read: connection refused|Temporary failure|Try again)/,
  'dns-timeout-node': /(?:getaddrinfo|queryA|queryAaaa) (?:EAI_AGAIN|ETIMEOUT|ESERVFAIL) (?<host>[\w.-]{1,253})/,
  'dns-timeout-java':
    /UnknownHostException: (?<host>[\w.-]{1,253}): (?:Temporary failure in name resolution|Try again)/,
  'dns-timeout-libpq':
    /could not translate host name "(?<host>[^"]{1,253})" to address: (?:Temporary failure|Try again)/,
  'dns-timeout-netty': /DnsNameResolverTimeoutException/,
  'dns-timeout-urllib3': /Failed to resolve '(?<host>[^']{1,253})' \(\[Errno -3\]/,
  'dns-timeout-curl': /Resolving timed out after \d{1,9} milliseconds/,
  'dns-timeout-nginx':
    /(?<!\S)(?<host>\S{1,253}) could not be resolved \((?:110|2): (?:Operation timed out|Server failure)\)/,
  'dns-timeout-dig': /;; connection timed out; no servers could be reached/,
  'dns-timeout-servfail': /server can't find (?<host>[\w.-]{1,253}): SERVFAIL/,
  'dns-timeout-php': /getaddrinfo (?:for (?<host>[\w.-]{1,253}) )?failed: (?:Temporary failure|Try again)/,
  'dns-timeout-rust': /failed to lookup address information: (?:Temporary failure in name resolution|Try again)/,
  'dns-timeout-glibc': /Temporary failure in name resolution|\bEAI_AGAIN\b/,
});

export const notFound = wordings('dns/name-not-found', {
  'dns-go': /lookup (?<host>[\w.-]{1,253})(?: on [\d.:[\]a-f]{3,60})?: no such host/,
  'dns-node': /(?:getaddrinfo|queryA|queryAaaa|querySrv) ENOTFOUND (?<host>[\w.-]{1,253})/,
  'dns-java': /UnknownHostException: (?<host>[\w.-]{1,253})/,
  'dns-netty': /Failed to resolve '(?<host>[^' [\]]{1,253})' \[A/,
  'dns-urllib3': /Failed to resolve '(?<host>[^']{1,253})' \(\[Errno -[25]\]/,
  'dns-requests':
    /HTTPS?ConnectionPool\(host='(?<host>[^']{1,253})', port=(?<port>\d{1,5})\): .{0,600}?\[Errno -[25]\]/,
  'dns-libpq': /could not translate host name "(?<host>[^"]{1,253})" to address: /,
  'dns-nginx': /host not found in (?:upstream|resolver) "(?<host>[^":]{1,253})(?::(?<port>\d{1,5}))?/,
  'dns-nginx-resolver': /(?<!\S)(?<host>\S{1,253}) could not be resolved \(3: Host not found\)/,
  'dns-curl': /Could not resolve host(?:name)?:? (?<host>[\w.-]{1,253})/,
  'dns-busybox': /bad address '(?<host>[^':]{1,253})(?::(?<port>\d{1,5}))?'/,
  'dns-nslookup': /server can't find (?<host>[\w.-]{1,253}): NXDOMAIN/,
  'dns-nslookup-old': /nslookup: can't resolve '(?<host>[^']{1,253})'/,
  'dns-getent':
    /ping: (?:unknown host |bad address )(?<host>[\w.-]{1,253})|ping: (?<name>[\w.-]{1,253}): Name or service not known/,
  'dns-mysql': /Unknown (?:MySQL |MariaDB )?server host '(?<host>[^']{1,253})'/,
  'dns-php': /getaddrinfo (?:for (?<host>[\w.-]{1,253}) )?failed: (?:Name|nodename|No address)/,
  'dns-ruby': /Failed to open TCP connection to (?<host>[\w.-]{1,253}):(?<port>\d{1,5}) \(getaddrinfo: /,
  'dns-dotnet':
    /(?:Name or service not known|No such host is known\.?|nodename nor servname provided, or not known) \((?<host>[\w.-]{1,253}):(?<port>\d{1,5})\)/,
  'dns-redis-py': /Error -[25] connecting to (?<host>[\w.-]{1,253}):(?<port>\d{1,5})\./,
  'dns-kafka': /Couldn't resolve server (?<host>[\w.-]{1,253}):(?<port>\d{1,5}) from bootstrap\.servers/,
  'dns-librdkafka': /Failed to resolve '(?<host>[\w.-]{1,253}):(?<port>\d{1,5})'/,
  'dns-rust': /failed to lookup address information: (?:Name or service not known|Name does not resolve|No address)/,
  'dns-glibc':
    /Name or service not known|nodename nor servname provided, or not known|Name does not resolve|No address associated with hostname/,
});

/** CoreDNS about its own configuration. */
export const corefile = wordings('dns/corefile-broken', {
  'coredns-loop': /plugin\/loop: (?<detail>Loop .{1,120}? detected[^.]{0,80})/,
  'coredns-parse': /Corefile:(?<line>\d{1,6}) - Error during parsing: (?<detail>.{1,200})/,
  'coredns-plugin': /^(?:\[FATAL\] )?plugin\/(?<detail>[a-z0-9_]{1,40}: .{1,200})/,
});
