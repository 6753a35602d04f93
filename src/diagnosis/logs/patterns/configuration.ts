import { wordings } from '../pattern.ts';

export const missingEnv = wordings('log/missing-env', {
  'env-python-keyerror': /^(?:.{0,80}\s)?KeyError: '(?<name>[A-Z][A-Z0-9_]{2,80})'$/,
  'env-python-decouple': /UndefinedValueError: (?<name>\w{2,80}) not found/,
  'env-python-django': /ImproperlyConfigured: Set the (?<name>\w{2,80}) environment variable/,
  'env-python-pydantic': /^\s{0,4}[Ff]ield required (?:\[|\()type=(?:missing|value_error\.missing)/,
  'env-go-envconfig': /required key (?<name>[A-Z][A-Z0-9_]{1,80}) missing value/,
  'env-ruby-fetch': /key not found: "(?<name>[A-Z][A-Z0-9_]{1,80})"/,
  'env-java-placeholder': /Could not resolve placeholder '(?<name>[\w.-]{2,100})' in value/,
  'env-node-schema': /"(?<name>[A-Z][A-Z0-9_]{2,80})" is (?:required|not allowed to be empty)/,
  'env-sh-unbound':
    /(?<![A-Z0-9_])(?<name>[A-Z_][A-Z0-9_]{1,80}): (?:parameter not set|unbound variable|parameter null or not set)/,
  'env-postgres-image': /You must specify (?<name>POSTGRES_PASSWORD) to a non-empty value/,
  'env-mysql-image': /Database is uninitialized and password option is not specified/,
  'env-variable-named':
    /(?:environment variables?|env(?:ironment)? vars?|env) ["'`$]{0,2}(?<name>[A-Z][A-Z0-9_]{2,80})["'`]?,? (?:(?:is|was|are|has) )?(?:not (?:been )?(?:set|found|defined|provided|present|specified)|required|missing|unset|empty|undefined|must be|needs to be set|cannot be empty)/i,
  'env-missing-list':
    /[Mm]issing (?:required |mandatory )?(?:env(?:ironment)?|configuration|setting|config)s?(?: var(?:iable)?s?| keys?| values?)?[:\s]{1,3}["'`[]{0,2}(?<name>[A-Z][A-Z0-9_]{2,80})\b/,
  'env-required-list':
    /[Rr]equired (?:env(?:ironment)?|setting|config(?:uration)?) ?(?:variables?|vars?|keys?|values?)?[:\s]{1,3}["'`$]{0,2}(?<name>[A-Z][A-Z0-9_]{2,80})["'`]? (?:is |was )?(?:not |un|missing)/,
  'env-must-be-set':
    /(?<![A-Za-z0-9_])(?<name>[A-Z][A-Z0-9]{1,40}_[A-Z0-9_]{1,60})["'`}]{0,2}(?: environment variable| env(?:ironment)? var(?:iable)?| variable)? (?:is not set|was not set|not set|must be (?:set|provided|defined|specified)|is required|is missing|is not defined|is undefined|is unset|not defined|is empty|cannot be empty|not found in environment|has not been set|needs to be set)/,
  'env-must-be-set-short':
    /(?<![A-Za-z0-9_])(?!ERROR|FATAL|WARN|INFO|DEBUG|NULL|TRUE|FALSE|SSL|TLS|JSON|HTTP)(?<name>[A-Z][A-Z0-9]{3,40})["'`}]{0,2} (?:environment variable )?(?:is not set|must be set|not set)/,
});

export const unreadable = wordings('log/config-parse', {
  'config-nginx': /\[emerg\](?: \d{1,9}#\d{1,9}:)? (?<detail>.{1,300})/,
  'config-apache': /(?<detail>Syntax error on line \d{1,6} of \S{1,300})/,
  'config-haproxy': /\[ALERT\].{0,60}? parsing \[(?<file>[^\]:]{1,300}):(?<line>\d{1,6})\] ?: (?<detail>.{1,200})/,
  'config-go-yaml':
    /yaml: (?<detail>(?:line \d{1,6}: |unmarshal |did not |mapping |control |found |could not |input error).{0,200})/,
  'config-go-json':
    /^(?=.{0,600}(?:config|settings|\.json)).{0,600}?(?<detail>invalid character '.{1,8}' (?:looking|after|in) .{1,80}|cannot unmarshal \w{1,20} into Go .{1,120})/i,
  'config-go-toml': /toml: (?<detail>(?:line \d{1,6}|cannot|expected|invalid|incompatible).{0,200})/,
  'config-go-strconv': /strconv\.\w{1,20}: parsing (?<detail>"[^"]{0,100}"): invalid syntax/,
  'config-python-yaml': /yaml\.(?:scanner|parser|composer|constructor|reader)\.(?<detail>\w{1,40}Error:? ?.{0,200})/,
  'config-python-json': /json\.decoder\.JSONDecodeError: (?<detail>.{1,200})/,
  'config-python-ini': /configparser\.(?<detail>\w{1,40}Error: .{1,200})/,
  'config-python-toml': /(?:toml|tomllib|tomli)\.(?:decoder\.)?\w{0,10}DecodeError: (?<detail>.{1,200})/,
  'config-java-yaml': /org\.yaml\.snakeyaml\.\w{1,30}\.(?<detail>\w{1,40}Exception: .{0,200})/,
  'config-spring-bind': /Failed to bind properties under '(?<detail>[^']{1,200})'/,
  'config-spring-datasource': /(?<detail>Failed to configure a DataSource: .{1,200})/,
  'config-spring-source': /Failed to load property source from (?<detail>.{1,200})/,
  'config-logback':
    /(?<detail>Could not find a valid logback configuration|Logback configuration error detected.{0,100})/,
  'config-node-json':
    /SyntaxError: (?<detail>(?:Unexpected token .{1,30} in JSON|Expected .{1,80} in JSON|Unexpected end of JSON|.{1,60} is not valid JSON).{0,120})/,
  'config-node-yaml': /YAMLException: (?<detail>.{1,200})/,
  'config-node-options': /error: unknown option '(?<detail>[^']{1,100})'/,
  'config-go-flag': /flag provided but not defined: (?<detail>-[\w-]{1,100})/,
  'config-cobra-flag': /unknown (?:shorthand )?flag: (?<detail>.{1,100})/,
  'config-argparse':
    /error: (?<detail>unrecognized arguments: .{1,200}|the following arguments are required: .{1,200}|argument .{1,80}: invalid .{1,100})/,
  'config-clap':
    /error: (?<detail>unexpected argument '.{1,100}' found|the following required arguments were not provided.{0,100})/,
  'config-getopt': /(?<detail>(?:unrecognized|unknown|invalid|illegal) option (?:-- )?['":]{0,2}-{0,2}[\w-]{1,60}'?)/,
  'config-jvm-option': /(?<detail>Unrecognized (?:VM )?option:? '?[^\s']{1,100}'?)/,
  'config-postgres':
    /(?:FATAL|LOG): {1,2}(?<detail>unrecognized configuration parameter "[^"]{1,100}".{0,100}|syntax error in file "[^"]{1,300}" line \d{1,6}.{0,100}|invalid value for parameter "[^"]{1,100}".{0,100}|configuration file "[^"]{1,300}" contains errors)/,
  'config-mysql': /\[ERROR\].{0,120}? (?<detail>unknown variable '[^']{1,200}'|unknown option '[^']{1,200}')/,
  'config-redis': /\*\*\* FATAL CONFIG FILE ERROR(?<detail>.{0,100})/,
  'config-mongod': /Error parsing (?:YAML|INI) config(?: file)?:? ?(?<detail>.{0,200})/i,
  'config-fluentd': /config error file="(?<file>[^"]{1,300})" .{0,60}?error="(?<detail>.{1,200})/,
  'config-kafka': /ConfigException: (?<detail>.{1,200})/,
  'config-envoy':
    /(?<detail>Unable to parse JSON as proto.{0,200}|error initializing configuration '[^']{1,200}'.{0,200})/,
  'config-prometheus': /(?:Error loading config|error parsing config|Couldn't load configuration)(?<detail>.{0,200})/,
  'config-any':
    /(?:failed|unable|cannot|could not|couldn't|error) (?:to )?(?:pars|load|read|decod|unmarshal|process|validat)\w{0,4} (?:the |your |application )?(?<detail>config(?:uration)?(?: file)?\b.{0,200})/i,
  'config-invalid': /(?<detail>(?:invalid|bad|malformed) config(?:uration)?(?: file)?: .{1,200})/i,
});
