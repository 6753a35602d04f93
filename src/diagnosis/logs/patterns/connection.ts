import { wordings } from '../pattern.ts';

export const refused = wordings('log/connection-refused', {
  'refused-node': /connect ECONNREFUSED (?<host>[\w.-]{1,253}|[0-9a-f:]{2,45}):(?<port>\d{1,5})\b/,
  'refused-jdbc': /Connection to (?<host>[\w.-]{1,253}):(?<port>\d{1,5}) refused/,
  'refused-netty':
    /Connection refused: (?:no further information: )?(?<host>[\w.-]{1,253})(?:\/[\d.]{7,15})?:(?<port>\d{1,5})/,
  'refused-libpq':
    /connection to server at "(?<host>[^"]{1,253})"(?: \([^)]{1,64}\))?, port (?<port>\d{1,5}) failed: Connection refused/,
  'refused-libpq-old': /could not connect to server: Connection refused/,
  'refused-mysql':
    /Can't connect to (?:local )?(?:MySQL |MariaDB )?server on '(?<host>[^':]{1,253})(?::(?<port>\d{1,5}))?' \((?:111|61|\[Errno 111\])/,
  'refused-asyncio': /Connect call failed \('(?<host>[^']{1,253})', (?<port>\d{1,5})/,
  'refused-redis-py': /Error (?:111|61) connecting to (?<host>[\w.-]{1,253}):(?<port>\d{1,5})\. Connection refused/,
  'refused-redis-cli': /Could not connect to Redis at (?<host>[\w.-]{1,253}):(?<port>\d{1,5}): Connection refused/,
  'refused-python': /\[Errno (?:111|61)\] Connection refused/,
  'refused-ruby': /Connection refused - connect\(2\) for "?(?<host>[\w.-]{1,253})"?(?: port |:)(?<port>\d{1,5})/,
  'refused-dotnet': /Connection refused \((?<host>[\w.-]{1,253}):(?<port>\d{1,5})\)/,
  'refused-php': /SQLSTATE\[\w{1,8}\] \[2002\] Connection refused/,
  'refused-nginx':
    /connect\(\) failed \(111: Connection refused\) while connecting to upstream(?:.{0,1200}?upstream: "\w{2,8}:\/\/(?<host>[\w.-]{1,253}):(?<port>\d{1,5}))?/,
  'refused-curl':
    /Failed to connect to (?<host>[\w.-]{1,253}) port (?<port>\d{1,5})(?: after \d{1,9} ms)?: (?:Connection refused|Couldn't connect to server|Could not connect to server)/,
  'refused-busybox-wget': /can't connect to remote host(?: \((?<host>[\d.a-f:]{3,45})\))?: Connection refused/,
  'refused-netcat':
    /nc: connect to (?<host>[\w.-]{1,253})(?: \([^)]{1,64}\))? port (?<port>\d{1,5}) \(tcp\) failed: Connection refused/,
  'refused-kubectl': /The connection to the server (?<host>[\w.-]{1,253}):(?<port>\d{1,5}) was refused/,
  'refused-kafka':
    /Connection to node -?\d{1,12} \((?<host>[\w.-]{1,253})(?:\/[\d.]{7,15})?:(?<port>\d{1,5})\) could not be established/,
  'refused-librdkafka': /Connect to ipv[46]#(?<host>[\w.-]{1,253}):(?<port>\d{1,5}) failed: Connection refused/,
  'refused-java': /java\.net\.ConnectException: (?:Connection refused|Call From)/,
  'refused-rust': /Os \{ code: 111, kind: ConnectionRefused/,
  'refused-go': /connect: connection refused/,
  'refused-any': { find: /\bconnection (?:was )?refused\b|\bECONNREFUSED\b/i, needsAddress: true },
});

export const timedOut = wordings('log/connection-timeout', {
  'timeout-go-dial':
    /dial tcp \[?(?<host>[\w.:-]{1,253}?)\]?:(?<port>\d{1,5}): (?:i\/o timeout|connect: (?:connection timed out|no route to host|network is unreachable|operation timed out))/,
  'timeout-go-read': /->(?<host>[\d.]{7,15}):(?<port>\d{1,5}): (?:read: )?(?:i\/o timeout|connection timed out)/,
  'timeout-node':
    /connect (?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH) (?<host>[\w.-]{1,253}|[0-9a-f:]{2,45}):(?<port>\d{1,5})\b/,
  'timeout-netty':
    /connection timed out(?: after \d{1,9} ms)?: (?<host>[\w.-]{1,253})(?:\/[\d.]{7,15})?:(?<port>\d{1,5})/i,
  'timeout-java-http-client':
    /Connect to (?<host>[\w.-]{1,253}):(?<port>\d{1,5}) \[[^\]]{1,200}\] failed: (?:[Cc]onnect timed out|Read timed out)/,
  'timeout-java': /SocketTimeoutException(?::|$)|NoRouteToHostException|ConnectTimeoutException|HttpTimeoutException/,
  'timeout-libpq':
    /connection to server at "(?<host>[^"]{1,253})"(?: \([^)]{1,64}\))?, port (?<port>\d{1,5}) failed: (?:timeout expired|Connection timed out|Operation timed out|No route to host)/,
  'timeout-mysql':
    /Can't connect to (?:MySQL |MariaDB )?server on '(?<host>[^':]{1,253})(?::(?<port>\d{1,5}))?' \((?:110|113|timed out|\[Errno 11[03]\])/,
  'timeout-python':
    /\[Errno 11[03]\] (?:Connection timed out|Operation timed out|No route to host|Host is unreachable)/,
  'timeout-requests':
    /HTTPS?ConnectionPool\(host='(?<host>[^']{1,253})', port=(?<port>\d{1,5})\): (?:Read timed out|Max retries exceeded.{0,600}?(?:ConnectTimeoutError|timed out))/,
  'timeout-ruby': /(?:Net::OpenTimeout|Errno::ETIMEDOUT|Errno::EHOSTUNREACH)/,
  'timeout-dotnet':
    /SocketException \((?:110|113)\)|HttpClient\.Timeout of [\d.]{1,9} seconds elapsing|Timeout expired\. {1,2}The timeout period elapsed prior to completion/,
  'timeout-php':
    /SQLSTATE\[\w{1,8}\] \[2002\] (?:Connection timed out|Operation timed out|No route to host)|cURL error 28:/,
  'timeout-nginx':
    /upstream timed out \(110: (?:Connection|Operation) timed out\)(?:.{0,1200}?upstream: "\w{2,8}:\/\/(?<host>[\w.-]{1,253}):(?<port>\d{1,5}))?/,
  'timeout-envoy': /upstream request timeout/,
  'timeout-curl':
    /Failed to connect to (?<host>[\w.-]{1,253}) port (?<port>\d{1,5})(?: after \d{1,9} ms)?: (?:Connection timed out|Timeout was reached|Operation timed out|No route to host|Host is unreachable)/,
  'timeout-curl-28': /curl: \(28\) (?:Connection|Operation|Failed|SSL)/,
  'timeout-busybox-wget':
    /can't connect to remote host(?: \((?<host>[\d.a-f:]{3,45})\))?: (?:Connection timed out|Operation timed out|No route to host|Host is unreachable)|wget: download timed out/,
  'timeout-netcat':
    /nc: connect to (?<host>[\w.-]{1,253})(?: \([^)]{1,64}\))? port (?<port>\d{1,5}) \(tcp\) (?:failed: (?:Connection|Operation) )?timed out/,
  'timeout-kafka':
    /org\.apache\.kafka\.common\.errors\.TimeoutException: |Timeout expired while fetching topic metadata|Local: (?:Broker transport failure|Message timed out)/,
  'timeout-mongo':
    /Timed out after \d{1,9} ?ms while waiting (?:for a server|to connect)|Server selection timed out after \d{1,9} ms|No suitable servers found/,
  'timeout-redis': /Timeout connecting to server|RedisTimeoutException|RedisConnectionException: Unable to connect to/,
  'timeout-etcd': /(?:etcdserver: request timed out|failed to dial etcd|no available endpoints: )/,
  'timeout-rust': /Os \{ code: 11[03], kind: (?:TimedOut|HostUnreachable)|deadline has elapsed/,
  'timeout-go-client': {
    find: /context deadline exceeded|Client\.Timeout (?:or context cancellation )?(?:exceeded )?while/,
    needsAddress: true,
  },
  'timeout-grpc': { find: /DEADLINE_EXCEEDED|code = DeadlineExceeded/, needsAddress: true },
  'timeout-any': {
    find: /\b(?:connection|connect|operation) timed out\b|\bno route to host\b|\bETIMEDOUT\b|\bEHOSTUNREACH\b/i,
    needsAddress: true,
  },
});
