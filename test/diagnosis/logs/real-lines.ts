/** Lines as real programs write them, by the wording that they must be recognised by. */
export const realLines: Readonly<Record<string, readonly string[]>> = {
  'refused-node': [
    'Error: connect ECONNREFUSED 10.96.0.21:5432',
    'MongoServerSelectionError: connect ECONNREFUSED mongo:27017',
    '[ioredis] Unhandled error event: Error: connect ECONNREFUSED 127.0.0.1:6379',
  ],
  'refused-jdbc': [
    'org.postgresql.util.PSQLException: Connection to db.shop.svc:5432 refused. Check that the hostname and port are correct and that the postmaster is accepting TCP/IP connections.',
  ],
  'refused-netty': [
    'Caused by: io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: redis/10.96.0.9:6379',
    'Caused by: io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: no further information: orders/10.96.0.9:8080',
  ],
  'refused-libpq': [
    'psycopg2.OperationalError: connection to server at "db" (10.96.14.2), port 5432 failed: Connection refused',
    'psql: error: connection to server at "db.shop" (10.96.14.2), port 5432 failed: Connection refused',
  ],
  'refused-libpq-old': ['psql: could not connect to server: Connection refused'],
  'refused-mysql': [
    "ERROR 2003 (HY000): Can't connect to MySQL server on 'mysql:3306' (111)",
    "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'mysql' ([Errno 111] Connection refused)\")",
  ],
  'refused-asyncio': ["ConnectionRefusedError: [Errno 111] Connect call failed ('10.96.0.3', 5432)"],
  'refused-redis-py': ['redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.'],
  'refused-redis-cli': ['Could not connect to Redis at redis:6379: Connection refused'],
  'refused-python': [
    "requests.exceptions.ConnectionError: HTTPConnectionPool(host='api', port=8080): Max retries exceeded with url: / (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))",
    'pymongo.errors.ServerSelectionTimeoutError: mongo:27017: [Errno 111] Connection refused',
  ],
  'refused-ruby': [
    'Errno::ECONNREFUSED: Failed to open TCP connection to api:80 (Connection refused - connect(2) for "api" port 80)',
    'Redis::CannotConnectError: Connection refused - connect(2) for redis:6379',
  ],
  'refused-dotnet': ['System.Net.Http.HttpRequestException: Connection refused (catalog:8080)'],
  'refused-php': ['PDOException: SQLSTATE[HY000] [2002] Connection refused in /app/index.php:3'],
  'refused-nginx': [
    '2026/06/01 11:59:00 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.1.0.1, server: _, request: "GET / HTTP/1.1", upstream: "http://10.96.0.30:8080/", host: "shop.example"',
  ],
  'refused-curl': [
    'curl: (7) Failed to connect to api port 8080 after 3 ms: Connection refused',
    "curl: (7) Failed to connect to api port 8080 after 0 ms: Couldn't connect to server",
  ],
  'refused-busybox-wget': ["wget: can't connect to remote host (10.96.0.30): Connection refused"],
  'refused-netcat': ['nc: connect to db (10.96.0.3) port 5432 (tcp) failed: Connection refused'],
  'refused-kubectl': [
    'The connection to the server localhost:8080 was refused - did you specify the right host or port?',
  ],
  'refused-kafka': [
    '[Producer clientId=p-1] Connection to node -1 (kafka/10.96.0.4:9092) could not be established. Node may not be available.',
  ],
  'refused-librdkafka': [
    '%3|1717243200.1|FAIL|rdkafka#producer-1| [thrd:kafka:9092/bootstrap]: kafka:9092/bootstrap: Connect to ipv4#10.96.0.4:9092 failed: Connection refused (after 1ms in state CONNECT)',
  ],
  'refused-java': ['Caused by: java.net.ConnectException: Connection refused'],
  'refused-rust': [
    'Error: reqwest::Error { kind: Request, source: hyper::Error(Connect, ConnectError("tcp connect error", Os { code: 111, kind: ConnectionRefused, message: "Connection refused" })) }',
  ],
  'refused-go': [
    '2026/06/01 11:59:00 dial tcp 10.96.0.3:5432: connect: connection refused',
    'Error: Get "http://api:8080/health": dial tcp 10.96.0.9:8080: connect: connection refused',
    '{"level":"error","ts":1717243200.1,"msg":"cannot reach database","error":"dial tcp 10.96.0.3:5432: connect: connection refused"}',
  ],
  'refused-any': ['telnet: db:5432: Connection refused', 'ERROR upstream api.shop:8080 connection refused'],

  'timeout-go-dial': [
    'panic: dial tcp 10.96.0.3:5432: i/o timeout',
    'dial tcp 192.0.2.7:443: connect: no route to host',
    'dial tcp [2001:db8::1]:443: connect: network is unreachable',
  ],
  'timeout-go-read': ['read tcp 10.1.0.9:43210->10.96.0.3:5432: i/o timeout'],
  'timeout-node': ['Error: connect ETIMEDOUT 192.0.2.7:443', 'Error: connect EHOSTUNREACH 10.96.0.3:5432'],
  'timeout-netty': ['io.netty.channel.ConnectTimeoutException: connection timed out: redis/10.96.0.9:6379'],
  'timeout-java-http-client': [
    'org.apache.http.conn.ConnectTimeoutException: Connect to api:8080 [api/10.96.0.9] failed: connect timed out',
  ],
  'timeout-java': [
    'Caused by: java.net.SocketTimeoutException: Connect timed out',
    'java.net.NoRouteToHostException: No route to host (Host unreachable)',
  ],
  'timeout-libpq': ['connection to server at "db" (10.96.14.2), port 5432 failed: timeout expired'],
  'timeout-mysql': ["ERROR 2003 (HY000): Can't connect to MySQL server on 'mysql:3306' (110)"],
  'timeout-python': ['TimeoutError: [Errno 110] Connection timed out', 'OSError: [Errno 113] No route to host'],
  'timeout-requests': [
    "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='api', port=8080): Read timed out. (read timeout=5)",
    "HTTPSConnectionPool(host='api.example', port=443): Max retries exceeded with url: /v1 (Caused by ConnectTimeoutError(<urllib3>, 'Connection to api.example timed out. (connect timeout=3)'))",
  ],
  'timeout-ruby': ['Net::OpenTimeout: Failed to open TCP connection to api:80 (execution expired)'],
  'timeout-dotnet': [
    'System.Net.Sockets.SocketException (110): Connection timed out',
    'System.Threading.Tasks.TaskCanceledException: The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.',
  ],
  'timeout-php': [
    'SQLSTATE[HY000] [2002] Connection timed out',
    'GuzzleHttp\\Exception\\ConnectException: cURL error 28: Connection timed out after 5001 milliseconds for http://api:8080/',
  ],
  'timeout-nginx': [
    '2026/06/01 11:59:00 [error] 29#29: *7 upstream timed out (110: Operation timed out) while reading response header from upstream, client: 10.1.0.1, server: _, request: "GET /slow HTTP/1.1", upstream: "http://10.96.0.30:8080/slow", host: "shop.example"',
  ],
  'timeout-envoy': ['upstream request timeout'],
  'timeout-curl': ['curl: (28) Failed to connect to api port 8080 after 130000 ms: Connection timed out'],
  'timeout-curl-28': ['curl: (28) Operation timed out after 5000 milliseconds with 0 bytes received'],
  'timeout-busybox-wget': [
    "wget: can't connect to remote host (192.0.2.7): No route to host",
    'wget: download timed out',
  ],
  'timeout-netcat': ['nc: connect to db (10.96.0.3) port 5432 (tcp) timed out: Operation now in progress'],
  'timeout-kafka': [
    'org.apache.kafka.common.errors.TimeoutException: Topic orders not present in metadata after 60000 ms.',
    'cimpl.KafkaException: KafkaError{code=_TRANSPORT,val=-195,str="Failed to get metadata: Local: Broker transport failure"}',
  ],
  'timeout-mongo': [
    'com.mongodb.MongoTimeoutException: Timed out after 30000 ms while waiting for a server that matches ReadPreferenceServerSelector',
    'MongooseServerSelectionError: Server selection timed out after 30000 ms',
  ],
  'timeout-redis': ['io.lettuce.core.RedisConnectionException: Unable to connect to redis/<unresolved>:6379'],
  'timeout-etcd': ['etcdserver: request timed out'],
  'timeout-rust': [
    'Error: Os { code: 110, kind: TimedOut, message: "Connection timed out" }',
    'Error: deadline has elapsed',
  ],
  'timeout-go-client': [
    'Get "http://api:8080/v1": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
  ],
  'timeout-grpc': ['rpc error: code = DeadlineExceeded desc = latest balancer error: connection to payments:9090'],
  'timeout-any': ['ssh: connect to host git.shop port 22: Connection timed out', 'ERROR api:8080 operation timed out'],

  'dns-timeout-go': [
    'dial tcp: lookup db on 10.96.0.10:53: read udp 10.1.0.9:41234->10.96.0.10:53: i/o timeout',
    'dial tcp: lookup db.shop.svc on 10.96.0.10:53: server misbehaving',
  ],
  'dns-timeout-node': ['Error: getaddrinfo EAI_AGAIN db'],
  'dns-timeout-java': ['java.net.UnknownHostException: db: Temporary failure in name resolution'],
  'dns-timeout-libpq': ['could not translate host name "db" to address: Temporary failure in name resolution'],
  'dns-timeout-netty': [
    "io.netty.resolver.dns.DnsNameResolverTimeoutException: [10] query '10.96.0.10:53' via UDP timed out after 5000 milliseconds",
  ],
  'dns-timeout-urllib3': [
    "HTTPConnectionPool(host='api', port=80): Max retries exceeded with url: / (Caused by NameResolutionError(\"<urllib3>: Failed to resolve 'api' ([Errno -3] Temporary failure in name resolution)\"))",
  ],
  'dns-timeout-curl': ['curl: (28) Resolving timed out after 5000 milliseconds'],
  'dns-timeout-nginx': [
    '2026/06/01 11:59:00 [error] 29#29: *1 api.shop.svc could not be resolved (110: Operation timed out)',
  ],
  'dns-timeout-dig': [';; connection timed out; no servers could be reached'],
  'dns-timeout-servfail': ["** server can't find db.shop.svc.cluster.local: SERVFAIL"],
  'dns-timeout-php': ['php_network_getaddresses: getaddrinfo for db failed: Temporary failure in name resolution'],
  'dns-timeout-rust': ['failed to lookup address information: Try again'],
  'dns-timeout-glibc': ['socket.gaierror: [Errno -3] Temporary failure in name resolution'],

  'dns-go': [
    'dial tcp: lookup db on 10.96.0.10:53: no such host',
    'Get "http://orders.shop:8080/": dial tcp: lookup orders.shop: no such host',
    '{"level":"fatal","error":"failed to connect to `host=db user=app database=app`: hostname resolving error (lookup db on 10.96.0.10:53: no such host)"}',
  ],
  'dns-node': ['Error: getaddrinfo ENOTFOUND db'],
  'dns-java': [
    'Caused by: java.net.UnknownHostException: db: Name or service not known',
    'java.net.UnknownHostException: db',
  ],
  'dns-netty': [
    "java.net.UnknownHostException: Failed to resolve 'redis' [A(1)] after 4 queries".replace(
      'java.net.UnknownHostException: ',
      'io.netty: ',
    ),
  ],
  'dns-urllib3': ['NameResolutionError("<urllib3>: Failed to resolve \'api\' ([Errno -2] Name or service not known)")'],
  'dns-requests': [
    "HTTPConnectionPool(host='api', port=8080): Max retries exceeded with url: / (Caused by NewConnectionError('<urllib3>: Failed to establish a new connection: [Errno -2] Name or service not known'))",
  ],
  'dns-libpq': ['psql: error: could not translate host name "db" to address: Name does not resolve'],
  'dns-nginx': ['nginx: [emerg] host not found in upstream "api:8080" in /etc/nginx/conf.d/default.conf:3'],
  'dns-nginx-resolver': [
    '2026/06/01 11:59:00 [error] 29#29: *1 api.shop.svc could not be resolved (3: Host not found)',
  ],
  'dns-curl': [
    'curl: (6) Could not resolve host: api',
    'ssh: Could not resolve hostname git.shop: Name or service not known',
  ],
  'dns-busybox': ["wget: bad address 'api:8080'", "ping: bad address 'db'", "nc: bad address 'db'"],
  'dns-nslookup': ["** server can't find db.shop.svc.cluster.local: NXDOMAIN"],
  'dns-nslookup-old': ["nslookup: can't resolve 'db'"],
  'dns-getent': ['ping: unknown host db'],
  'dns-mysql': ["ERROR 2005 (HY000): Unknown MySQL server host 'mysql' (-2)"],
  'dns-php': ['php_network_getaddresses: getaddrinfo for mysql failed: Name or service not known'],
  'dns-ruby': ['Failed to open TCP connection to api:80 (getaddrinfo: Name or service not known)'],
  'dns-dotnet': ['System.Net.Http.HttpRequestException: Name or service not known (catalog:8080)'],
  'dns-redis-py': ['redis.exceptions.ConnectionError: Error -2 connecting to redis:6379. Name or service not known.'],
  'dns-kafka': ["Couldn't resolve server kafka:9092 from bootstrap.servers as DNS resolution failed for kafka"],
  'dns-librdkafka': ["kafka:9092/bootstrap: Failed to resolve 'kafka:9092': Name or service not known (after 12ms)"],
  'dns-rust': ['error: failed to lookup address information: Name or service not known'],
  'dns-glibc': ['socket.gaierror: [Errno -2] Name or service not known'],

  'coredns-loop': [
    '[FATAL] plugin/loop: Loop (127.0.0.1:55953 -> :53) detected for zone ".", see https://coredns.io/plugins/loop#troubleshooting.',
  ],
  'coredns-parse': ["/etc/coredns/Corefile:4 - Error during parsing: Unknown directive 'forwardd'"],
  'coredns-plugin': ['plugin/forward: not an IP address or file: "upstream"'],

  'env-python-keyerror': ["KeyError: 'DATABASE_URL'"],
  'env-python-decouple': [
    'decouple.UndefinedValueError: SECRET_KEY not found. Declare it as envvar or define a default value.',
  ],
  'env-python-django': ['django.core.exceptions.ImproperlyConfigured: Set the DJANGO_SECRET_KEY environment variable'],
  'env-python-pydantic': [
    '1 validation error for Settings\nDATABASE_URL\n  Field required [type=missing, input_value={}, input_type=dict]',
  ],
  'env-go-envconfig': ['required key DATABASE_URL missing value'],
  'env-ruby-fetch': ['config/database.rb:3:in `fetch\': key not found: "DATABASE_URL" (KeyError)'],
  'env-java-placeholder': [
    'java.lang.IllegalArgumentException: Could not resolve placeholder \'PAYMENT_API_KEY\' in value "${PAYMENT_API_KEY}"',
  ],
  'env-node-schema': ['Error: Config validation error: "DATABASE_URL" is required'],
  'env-sh-unbound': ['/start.sh: line 3: DATABASE_URL: unbound variable', 'sh: DATABASE_URL: parameter not set'],
  'env-postgres-image': ['       You must specify POSTGRES_PASSWORD to a non-empty value for the'],
  'env-mysql-image': ['[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified'],
  'env-variable-named': [
    'panic: environment variable "DATABASE_URL" is not set',
    'Error: env var STRIPE_KEY not set',
    'required environment variable "PORT" is not set',
  ],
  'env-missing-list': [
    'Error: Missing required environment variables: DATABASE_URL, REDIS_URL',
    'missing required configuration: API_BASE',
  ],
  'env-required-list': ['Required env variable PAYMENT_HOST was not provided'],
  'env-must-be-set': ['Error: DATABASE_URL must be set', 'DB_HOST is required', '${API_TOKEN_FILE} is not set'],
  'env-must-be-set-short': ['FATAL: DSN_URLS is not set'.replace('DSN_URLS', 'DSNS'), 'TOKEN must be set'],

  'config-nginx': [
    'nginx: [emerg] unknown directive "listenn" in /etc/nginx/conf.d/default.conf:2',
    '2026/06/01 11:59:00 [emerg] 1#1: unexpected "}" in /etc/nginx/nginx.conf:14',
  ],
  'config-apache': ['AH00526: Syntax error on line 12 of /usr/local/apache2/conf/httpd.conf:'],
  'config-haproxy': [
    "[ALERT]    (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:12] : unknown keyword 'foo' in 'frontend' section",
  ],
  'config-go-yaml': [
    'error: yaml: line 7: mapping values are not allowed in this context',
    'ts=2026-06-01T11:59:00Z level=error msg="loading" err="parsing YAML file /etc/prometheus/prometheus.yml: yaml: unmarshal errors:"',
  ],
  'config-go-json': [
    "failed to read /etc/app/settings.json: invalid character '}' looking for beginning of object key string",
  ],
  'config-go-toml': ['toml: line 3: expected value but found "\\n" instead'],
  'config-go-strconv': ['panic: strconv.Atoi: parsing "8080x": invalid syntax'],
  'config-python-yaml': ['yaml.scanner.ScannerError: mapping values are not allowed here'],
  'config-python-json': [
    'json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 3 column 1 (char 20)',
  ],
  'config-python-ini': ["configparser.NoSectionError: No section: 'database'"],
  'config-python-toml': ['tomllib.TOMLDecodeError: Invalid value (at line 3, column 8)'],
  'config-java-yaml': ['org.yaml.snakeyaml.scanner.ScannerException: mapping values are not allowed here'],
  'config-spring-bind': ["Failed to bind properties under 'server.port' to java.lang.Integer:"],
  'config-spring-datasource': [
    "Failed to configure a DataSource: 'url' attribute is not specified and no embedded datasource could be configured.",
  ],
  'config-spring-source': ["Failed to load property source from 'file:/config/application.yml'"],
  'config-logback': ['java.lang.IllegalStateException: Logback configuration error detected:'],
  'config-node-json': [
    'SyntaxError: Unexpected token } in JSON at position 42',
    'SyntaxError: "{a" is not valid JSON'.replace('"{a"', 'Unexpected token a, "{a" '),
  ],
  'config-node-yaml': ['YAMLException: bad indentation of a mapping entry (4:3)'],
  'config-node-options': ["error: unknown option '--prot'"],
  'config-go-flag': ['flag provided but not defined: -prot'],
  'config-cobra-flag': ['Error: unknown flag: --prot', "unknown shorthand flag: 'x' in -x"],
  'config-argparse': [
    'app.py: error: unrecognized arguments: --prot 80',
    'app: error: the following arguments are required: --config',
  ],
  'config-clap': ["error: unexpected argument '--prot' found"],
  'config-getopt': ["httpd: unrecognized option '--prot'", "sleep: invalid option -- 'z'"],
  'config-jvm-option': ["Unrecognized VM option 'UseG2GC'", 'Unrecognized option: -Xmxx'],
  'config-postgres': [
    '2026-06-01 11:59:00.000 UTC [1] LOG:  unrecognized configuration parameter "max_conections" in file "/etc/postgresql.conf" line 3',
  ],
  'config-mysql': ["2026-06-01T11:59:00Z 0 [ERROR] [MY-000067] [Server] unknown variable 'max_conections=10'."],
  'config-redis': ['*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***'],
  'config-mongod': ['Error parsing YAML config: yaml-cpp: error at line 3, column 1'],
  'config-fluentd': [
    '2026-06-01 11:59:00 +0000 [error]: config error file="/fluentd/etc/fluent.conf" error_class=Fluent::ConfigParseError error="unmatched end tag at fluent.conf line 3"',
  ],
  'config-kafka': [
    'org.apache.kafka.common.config.ConfigException: Missing required configuration "bootstrap.servers" which has no default value.',
  ],
  'config-envoy': [
    'Unable to parse JSON as proto (INVALID_ARGUMENT: no such field: listenrs)',
    "error initializing configuration '/etc/envoy/envoy.yaml': no such field",
  ],
  'config-prometheus': [
    'ts=2026-06-01T11:59:00Z caller=main.go:537 level=error msg="Error loading config (--config.file=/etc/p.yml)"',
  ],
  'config-any': [
    'ERROR failed to parse configuration: port must be a number',
    'Error: could not load config file /etc/app.conf',
  ],
  'config-invalid': ['Error: invalid configuration: no server specified'],

  'denied-go': ['panic: open /data/app.log: permission denied', 'mkdir /var/cache/app: read-only file system'],
  'denied-python': [
    "PermissionError: [Errno 13] Permission denied: '/data/app.log'",
    "OSError: [Errno 30] Read-only file system: '/app/tmp'",
  ],
  'denied-node': [
    "Error: EACCES: permission denied, open '/data/app.log'",
    "Error: EROFS: read-only file system, mkdir '/app/cache'",
  ],
  'denied-node-listen': ['Error: listen EACCES: permission denied 0.0.0.0:80'],
  'denied-java': [
    'java.nio.file.AccessDeniedException: /data/node.lock',
    'failed to obtain node locks: AccessDeniedException[/usr/share/elasticsearch/data/nodes]',
  ],
  'denied-java-file': ['java.io.FileNotFoundException: /logs/app.log (Permission denied)'],
  'denied-ruby': ['Errno::EACCES: Permission denied @ rb_sysopen - /app/log/production.log'],
  'denied-dotnet': ["System.UnauthorizedAccessException: Access to the path '/app/data' is denied."],
  'denied-nginx': [
    'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (13: Permission denied)',
    '[emerg] 1#1: open() "/var/run/nginx.pid" failed (30: Read-only file system)',
  ],
  'denied-nginx-bind': ['nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)'],
  'denied-go-listen': ['listen tcp :80: bind: permission denied'],
  'denied-postgres': [
    'initdb: error: could not change permissions of directory "/var/lib/postgresql/data": Operation not permitted',
    'FATAL:  data directory "/var/lib/postgresql/data" has wrong ownership',
  ],
  'denied-mysql': ["mysqld: Can't create/write to file '/var/lib/mysql/is_writable' (OS errno 13 - Permission denied)"],
  'denied-chown': [
    "chown: changing ownership of '/var/lib/postgresql/data': Operation not permitted",
    'chown: /data: Operation not permitted',
  ],
  'denied-redis': [
    "Can't open the append-only file: Permission denied",
    'Failed opening the temp RDB file temp-1.rdb (in server root dir /data) for saving: Permission denied',
  ],
  'denied-busybox': [
    "mkdir: can't create directory '/data/x': Permission denied",
    "sh: can't create /data/x: Read-only file system",
  ],
  'denied-gnu': [
    "mkdir: cannot create directory '/data/x': Permission denied",
    "touch: cannot touch '/data/x': Read-only file system",
  ],
  'denied-sh': ['touch: /data/x: Permission denied', '/bin/sh: 1: /data/x: Read-only file system'],
  'denied-php': ['file_put_contents(/app/storage/x.log): Failed to open stream: Permission denied'],
  'denied-rust': ['Error: Os { code: 13, kind: PermissionDenied, message: "Permission denied" }'],

  'file-go': ['open /etc/app/config.yaml: no such file or directory'],
  'file-python': ["FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/config.yaml'"],
  'file-node': ["Error: ENOENT: no such file or directory, open '/etc/app/config.json'"],
  'file-java': [
    'java.io.FileNotFoundException: /etc/app/keystore.jks (No such file or directory)',
    'java.nio.file.NoSuchFileException: /etc/app/a.yml',
  ],
  'file-ruby': ['Errno::ENOENT: No such file or directory @ rb_sysopen - /etc/app/config.yml'],
  'file-dotnet': [
    "System.IO.FileNotFoundException: Could not find file '/app/appsettings.json'.",
    "The configuration file 'appsettings.json' was not found and is not optional.",
  ],
  'file-php': [
    'PHP Warning:  require(/app/config.php): Failed to open stream: No such file or directory in /app/index.php on line 2',
  ],
  'file-nginx': [
    'nginx: [emerg] open() "/etc/nginx/extra.conf" failed (2: No such file or directory) in /etc/nginx/nginx.conf:3',
    'nginx: [emerg] cannot load certificate "/etc/tls/tls.crt": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)',
  ],
  'file-busybox': ["cat: can't open '/etc/app/config': No such file or directory"],
  'file-gnu': ["ls: cannot access '/etc/app': No such file or directory"],
  'file-postgres': [
    'postgres: could not access the server configuration file "/etc/pg/postgresql.conf": No such file or directory',
  ],
  'file-redis': ["Fatal error, can't open config file '/usr/local/etc/redis.conf': No such file or directory"],
  'file-openssl': [
    "140:error:02001002:system library:fopen:No such file or directory:bss_file.c:69:fopen('/etc/tls/ca.pem','r') No such file",
  ],
  'file-sh': ['cat: /etc/app/config: No such file or directory'],
  'file-rust': ['Error: Os { code: 2, kind: NotFound, message: "No such file or directory" }'],

  'space-python': ["OSError: [Errno 28] No space left on device: '/data/x'"],
  'space-go': ['write /data/wal/0001: no space left on device'],
  'space-node': ['Error: ENOSPC: no space left on device, write'],
  'space-postgres': [
    '2026-06-01 11:59:00 UTC [88] ERROR:  could not extend file "base/16384/16397": No space left on device',
  ],
  'space-mysql': ["Disk is full writing '/var/lib/mysql/binlog.000012' (OS errno 28 - No space left on device)"],
  'space-sh': ['tee: /data/out: No space left on device'],
  'space-temporary': ["FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp']"],
  'space-elasticsearch': [
    'flood stage disk watermark [95%] exceeded on [x][node-1], all indices will be marked read-only',
  ],
  'space-any': [
    'java.io.IOException: No space left on device',
    'Write error saving DB on disk: No space left on device',
  ],

  'module-python': ["ModuleNotFoundError: No module named 'flask'"],
  'module-python-import': [
    "ImportError: cannot import name 'Markup' from 'jinja2'",
    'ImportError: libpq.so.5: cannot open shared object file: No such file or directory',
  ],
  'module-node': [
    "Error: Cannot find module 'express'",
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'pg' imported from /app/index.js",
  ],
  'module-java': [
    'Caused by: java.lang.ClassNotFoundException: org.postgresql.Driver',
    'java.lang.NoClassDefFoundError: javax/xml/bind/JAXBException',
  ],
  'module-java-main': ['Error: Could not find or load main class com.acme.App'],
  'module-java-jar': ['Error: Unable to access jarfile /app/app.jar'],
  'module-java-version': [
    'java.lang.UnsupportedClassVersionError: com/acme/App has been compiled by a more recent version of the Java Runtime',
  ],
  'module-ld': [
    './app: error while loading shared libraries: libssl.so.1.1: cannot open shared object file: No such file or directory',
  ],
  'module-musl': ['Error loading shared library libstdc++.so.6: No such file or directory (needed by /app/app)'],
  'module-musl-symbol': ['Error relocating /app/app: __res_init: symbol not found'],
  'module-glibc': ["./app: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by ./app)"],
  'module-ruby': ["<internal:kernel>:37:in `require': cannot load such file -- sinatra (LoadError)"],
  'module-bundler': ['Could not find rails-7.1.2 in any of the sources (Bundler::GemNotFound)'],
  'module-php': ['PHP Fatal error:  Uncaught Error: Class "App\\Kernel" not found in /app/index.php:9'],
  'module-php-autoload': [
    "PHP Fatal error:  Uncaught Error: Failed opening required '/app/vendor/autoload.php' (include_path='.:/usr/share/php')",
  ],
  'module-dotnet': [
    "System.IO.FileNotFoundException: Could not load file or assembly 'Newtonsoft.Json, Version=13.0.0.0'.",
  ],
  'module-dotnet-framework': ['You must install or update .NET to run this application.'],
  'module-perl': ["Can't locate DBI.pm in @INC (you may need to install the DBI module)"],

  'root-postgres': ['"root" execution of the PostgreSQL server is not permitted.'],
  'root-initdb': ['initdb: error: cannot be run as root'],
  'root-elasticsearch': ['java.lang.RuntimeException: can not run elasticsearch as root'],
  'root-mysql': [
    '[ERROR] [Server] Please read "Security" section of the manual to find out how to run mysqld as root!',
  ],
  'root-chromium': [
    '[0601/115900:ERROR:zygote_host_impl_linux.cc(99)] Running as root without --no-sandbox is not supported.',
  ],
  'root-any': [
    'Error: refusing to run as root',
    'This program must not be run as root',
    'rabbitmq cannot be executed as the root user',
  ],

  'auth-postgres': [
    'FATAL: password authentication failed for user "app"',
    'pq: password authentication failed for user "app"',
  ],
  'auth-postgres-hba': ['FATAL: no pg_hba.conf entry for host "10.1.0.9", user "app", database "app", no encryption'],
  'auth-postgres-scram': ['Error: SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'],
  'auth-postgres-rights': ['pq: permission denied for table orders', 'ERROR: permission denied for schema public'],
  'auth-mysql': ["ERROR 1045 (28000): Access denied for user 'app'@'10.1.0.9' (using password: YES)"],
  'auth-sqlserver': ["Microsoft.Data.SqlClient.SqlException (0x80131904): Login failed for user 'sa'."],
  'auth-redis': [
    'WRONGPASS invalid username-password pair or user is disabled.',
    'ReplyError: NOAUTH Authentication required.',
  ],
  'auth-mongo': ['MongoServerError: Authentication failed.'],
  'auth-kafka': [
    'org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed: Invalid username or password',
  ],
  'auth-kafka-rights': [
    'org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [orders]',
  ],
  'auth-amqp': [
    'pika.exceptions.ProbableAuthenticationError: (403) ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN',
  ],
  'auth-nats': ['nats: Authorization Violation'],
  'auth-aws': [
    'An error occurred (InvalidAccessKeyId) when calling the ListObjects operation: The AWS Access Key Id you provided does not exist',
  ],
  'auth-aws-none': ['botocore.exceptions.NoCredentialsError: Unable to locate credentials'],
  'auth-azure': ['AADSTS7000215: Invalid client secret provided.'],
  'auth-google': ['google: could not find default credentials. See https://cloud.google.com/docs'],
  'auth-oauth': [
    '{"error":"invalid_client","error_description":"Client authentication failed"}'.replace('{', 'oauth2: {'),
  ],
  'auth-token-expired': ['TokenExpiredError: jwt expired', 'Error: invalid token', 'the token is expired'],
  'auth-requests': ['requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://api.example/v1'],
  'auth-axios': ['AxiosError: Request failed with status code 401'],
  'auth-go-http': ['error pulling chart: unexpected status from GET request: 401 Unauthorized'],
  'auth-spring': ['org.springframework.web.client.HttpClientErrorException$Unauthorized: 401 : [no body]'],
  'auth-git': ["fatal: Authentication failed for 'https://git.example/x.git/'"],
  'auth-ldap': ['[LDAP: error code 49 - 80090308: LdapErr]', 'ldap_bind: Invalid credentials (49)'],
  'auth-smtp': ['smtplib.SMTPAuthenticationError: (535, b"535 5.7.8 Error: authentication failed")'],
  'auth-vault': ['Error making API request to vault.shop: Code: 403. Errors: permission denied'],

  'rbac-api': [
    'E0601 11:59:00.000000 1 reflector.go:150] pkg/mod/k8s.io/client-go: Failed to watch *v1.Pod: failed to list *v1.Pod: pods is forbidden: User "system:serviceaccount:shop:worker" cannot list resource "pods" in API group "" in the namespace "shop"',
    'Error from server (Forbidden): deployments.apps "web" is forbidden: User "system:serviceaccount:shop:worker" cannot patch resource "deployments" in API group "apps" in the namespace "shop"',
    'level=error err="nodes is forbidden: User \\"system:serviceaccount:shop:worker\\" cannot list resource \\"nodes\\" in API group \\"\\" at the cluster scope"',
  ],

  'tls-go-x509': [
    'Get "https://api:8443/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
  'tls-go': ['remote error: tls: bad certificate', 'tls: first record does not look like a TLS handshake'],
  'tls-go-plain': ['Get "https://api:8080/": http: server gave HTTP response to HTTPS client'],
  'tls-node': ['Error: certificate problem, code: CERT_HAS_EXPIRED', 'code: UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  'tls-java-pkix': [
    'sun.security.validator.ValidatorException: PKIX path building failed: unable to find valid certification path',
  ],
  'tls-java': ['javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure'],
  'tls-java-plain': ['javax.net.ssl.SSLException: Unsupported or unrecognized SSL message'],
  'tls-python': [
    'ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)',
  ],
  'tls-openssl': [
    'routines:ssl3_get_record:wrong version number',
    'SSL_connect returned=1 errno=0 state=error: certificate verify failed (self signed certificate)',
  ],
  'tls-curl': ['curl: (60) server certificate problem', 'curl: (35) TLS connect error'],
  'tls-dotnet': [
    'The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch',
  ],
  'tls-postgres': ['psql: error: server does not support SSL, but SSL was required'],
  'tls-rust': ['invalid peer certificate: UnknownIssuer'],
  'tls-erlang': ['TLS client: In state wait_cert at ssl_handshake.erl:2113 generated CLIENT ALERT: Fatal - Unknown CA'],

  'db-postgres': [
    'FATAL: database "shop" does not exist',
    'pq: relation "orders" does not exist',
    'role "app" does not exist',
  ],
  'db-postgres-column': ['column orders.total does not exist'],
  'db-mysql': ["ERROR 1049 (42000): Unknown database 'shop'"],
  'db-mysql-table': ["Table 'shop.orders' doesn't exist"],
  'db-mysql-column': ["Unknown column 'o.total' in 'field list'"],
  'db-sqlite': ['sqlite3.OperationalError: no such table: orders'],
  'db-sqlserver': [
    "Invalid object name 'dbo.Orders'.",
    'Cannot open database "shop" requested by the login. The login failed.',
  ],
  'db-cassandra': ["InvalidRequest: Keyspace 'shop' does not exist"],
  'db-elasticsearch': [
    '{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [orders]"}]}}'.slice(1),
  ],
  'db-hibernate': ['Schema-validation: missing table [orders]'],
  'db-prisma': ['The table `public.orders` does not exist in the current database.'],
  'db-prisma-migrations': ['Error: P3009 migrate found failed migrations in the target database'],
  'db-golang-migrate': ['error: Dirty database version 5. Fix and force version.'],
  'db-flyway': [
    'FlywayValidateException: Validate failed: Migrations have failed validation',
    'Detected failed migration to version 3 (add orders).',
  ],
  'db-rails': [
    'ActiveRecord::PendingMigrationError: Migrations are pending. To resolve this issue, run: bin/rails db:migrate',
  ],
  'db-alembic': ["FAILED: Can't locate revision identified by 'a1b2c3'"],
  'db-liquibase': ['liquibase.exception.LockException: Could not acquire change log lock.  Currently locked by web-1'],

  'limit-postgres': [
    'FATAL: sorry, too many clients already',
    'FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute',
  ],
  'limit-mysql': ['ERROR 1040 (HY000): Too many connections'],
  'limit-redis': ['ERR max number of clients reached', "OOM command not allowed when used memory > 'maxmemory'."],
  'limit-hikari': [
    'java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms.',
  ],
  'limit-sqlalchemy': [
    'sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00',
  ],
  'limit-knex': ['KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full.'],
  'limit-prisma': ['Timed out fetching a new connection from the connection pool.'],
  'limit-rails': [
    'ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5.000 seconds',
  ],
  'limit-dotnet': ['Timeout expired.  The timeout period elapsed prior to obtaining a connection from the pool.'],
  'limit-mongo': ['WaitQueueTimeoutError: Timed out while checking out a connection from connection pool'],
  'limit-pgbouncer': ['ERROR: no more connections allowed (max_client_conn)'],
  'limit-any': ['redis: connection pool exhausted', 'maximum number of connections reached'],

  'heap-java': [
    'java.lang.OutOfMemoryError: Java heap space',
    'java.lang.OutOfMemoryError: GC overhead limit exceeded',
  ],
  'heap-node': ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
  'heap-python': ['MemoryError'],
  'heap-numpy': ['numpy.core._exceptions._ArrayMemoryError: Unable to allocate 2.00 GiB for an array with shape (1,)'],
  'heap-go': ['fatal error: runtime: out of memory'],
  'heap-go-cannot-allocate': ['runtime: cannot allocate memory'],
  'heap-php': [
    'PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in /app/x.php on line 3',
  ],
  'heap-cpp': ["terminate called after throwing an instance of 'std::bad_alloc'"],
  'heap-ruby': ['[FATAL] failed to allocate memory (NoMemoryError)'],
  'heap-dotnet': ['Unhandled exception. System.OutOfMemoryException: Array dimensions exceeded supported range.'],
  'heap-rust': ['memory allocation of 4294967296 bytes failed'],
  'heap-erlang': ['eheap_alloc: Cannot allocate 318267840 bytes of memory (of type "heap").'],
  'heap-cuda': ['torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB'],

  'port-go': [
    'listen tcp :8080: bind: address already in use',
    'listen tcp 0.0.0.0:9090: bind: address already in use',
  ],
  'port-node': [
    'Error: listen EADDRINUSE: address already in use :::3000',
    'Error: listen EADDRINUSE: address already in use 0.0.0.0:8080',
  ],
  'port-spring': ['Web server failed to start. Port 8080 was already in use.'],
  'port-nginx': ['nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)'],
  'port-dotnet': ['System.IO.IOException: Failed to bind to address http://[::]:8080: address already in use.'],
  'port-gunicorn': ["[ERROR] Connection in use: ('0.0.0.0', 8000)"],
  'port-redis': ['# Warning: Could not create server TCP listening socket *:6379: bind: Address already in use'],
  'port-uvicorn': [
    "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
  ],
  'port-java-named': ['java.io.IOException: Failed to bind to address /0.0.0.0:9092'],
  'port-envoy': ["cannot bind '0.0.0.0:10000': Address already in use"],
  'port-apache': ['(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:80'],
  'port-any': [
    'OSError: [Errno 98] Address already in use',
    'java.net.BindException: Address already in use (Bind failed)',
  ],

  'limit-watches': [
    "Error: ENOSPC: System limit for number of file watchers reached, watch '/app'",
    'failed to create fsnotify watcher: too many open files',
  ],
  'limit-threads': [
    'java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached',
    "RuntimeError: can't start new thread",
    'runtime: failed to create new OS thread (have 2 already; errno=11)',
  ],
  'limit-fork': [
    'sh: fork: retry: Resource temporarily unavailable',
    "sh: can't fork: Resource temporarily unavailable",
  ],
  'limit-elasticsearch': [
    'max virtual memory areas vm.max_map_count [65530] is too low, increase to at least [262144]',
  ],
  'limit-files': ['accept tcp [::]:8080: accept4: too many open files', "Error: EMFILE, open '/app/x'"],

  'panic-go': ['panic: runtime error: index out of range [3] with length 3'],
  'panic-go-fatal': ['fatal error: all goroutines are asleep - deadlock!'],
  'panic-rust': ["thread 'main' panicked at src/main.rs:4:5:"],
  'panic-python': ['Traceback (most recent call last):'],
  'panic-java': ['Exception in thread "main" java.lang.NullPointerException: name'],
  'panic-spring': ['2026-06-01 11:59:00.000 ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed'],
  'panic-node': [
    '[UnhandledPromiseRejection: This error originated either by throwing inside of an async function]',
    '(node:1) UnhandledPromiseRejectionWarning: Error: boom',
  ],
  'panic-node-throw': [
    "TypeError: Cannot read properties of undefined (reading 'id')\n    at handle (/app/server.js:10:5)",
  ],
  'panic-dotnet': [
    'Unhandled exception. System.NullReferenceException: Object reference not set to an instance of an object.',
  ],
  'panic-php': ['PHP Fatal error:  Uncaught Exception: boom in /app/index.php:3'],
  'panic-ruby': ["/app/server.rb:3:in `<main>': undefined method `foo' for nil:NilClass (NoMethodError)"],
  'panic-segv': ['Segmentation fault (core dumped)', '#  SIGSEGV (0xb) at pc=0x00007f1c, pid=1, tid=7'],
  'panic-elixir': ['** (ArgumentError) argument error: no match'],
  'panic-erlang': ['Kernel pid terminated (application_controller) ({application_start_failure,shop,{...}})'],
  'panic-perl': ['Can\'t call method "x" on an undefined value at /app/run.pl line 3.'],
};

/** Lines of healthy or at least not so failing programs, which no wording may take for a cause. */
export const harmlessLines: readonly string[] = [
  'level=info msg="processed 100 items, errors=0"',
  'INFO errors: 0, failures: 0, refused: 0, timeouts: 0',
  'GET /errors/404.html HTTP/1.1" 200',
  '10.1.0.1 - - [01/Jun/2026:11:59:00 +0000] "GET /permission-denied HTTP/1.1" 200 612',
  '10.1.0.1 - - [01/Jun/2026:11:59:00 +0000] "POST /login HTTP/1.1" 401 23',
  'error_log /var/log/nginx/error.log warn;',
  'registered handler for connection errors',
  'retry policy: on timeout, refused-stream and reset',
  'loaded 12 exception mappers',
  'Setting connection timeout to 30s',
  'idle timeout 60s, read timeout 30s',
  'password authentication enabled for user "app"',
  '2026-06-01 11:59:00.000 UTC [71] FATAL:  password authentication failed for user "intruder"',
  "2026-06-01T11:59:00Z 8 [Note] [MY-010926] [Server] Access denied for user 'x'@'10.1.0.7' (using password: YES)",
  '2026-06-01 11:59:00.000 UTC [71] ERROR:  relation "typo" does not exist at character 15',
  'http: TLS handshake error from 10.1.0.7:51200: remote error: tls: bad certificate',
  'TLS enabled, certificate expires 2027-01-01',
  'KeyError handling enabled',
  'DEBUG_MODE is set',
  'memory limit is 512MB, out of memory killer disabled',
  'checking disk: 40% full',
  'Composer: Do not run Composer as root/super user! See https://getcomposer.org/root for details',
  'npm notice New major version of npm available! 9.6.7 -> 10.8.0',
  'usage: app [--config FILE] [--port PORT]',
  'panic mode is off',
  'recovering from last segment, no fault found',
  'module initialised: connection pool size 10, max connections 100',
  'Listening on 0.0.0.0:8080',
  'database "shop" exists already, skipping',
  'open file limit is 1048576',
  'No module updates found',
  '[error] 29#29: *3 open() "/usr/share/nginx/html/favicon.ico" failed (2: No such file or directory), client: 10.1.0.1, server: _',
  'ErrorPage configured for 500 502 503 504',
  'at com.acme.ErrorHandler.handle(ErrorHandler.java:12)',
];
