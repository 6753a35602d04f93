import { wordings } from '../pattern.ts';

const SERVER_SIDE = /\[\d{1,9}\] (?:\S{1,200} )?(?:FATAL|ERROR): /;

export const objects = wordings('log/db-object-missing', {
  'db-postgres': {
    find: /(?<what>database|relation|role|schema|type|extension|table) "(?<name>[^"]{1,128})" does not exist/,
    unless: SERVER_SIDE,
  },
  'db-postgres-column': {
    find: /column "?(?<name>[\w.]{1,128})"? (?:of relation "[^"]{1,128}" )?does not exist/,
    unless: SERVER_SIDE,
  },
  'db-mysql': /Unknown database '(?<name>[^']{1,128})'/,
  'db-mysql-table': /Table '(?<name>[^']{1,200})' doesn't exist/,
  'db-mysql-column': /Unknown column '(?<name>[^']{1,128})' in /,
  'db-sqlite': /no such (?:table|column): (?<name>[\w.]{1,128})/,
  'db-sqlserver':
    /Invalid object name '(?<name>[^']{1,128})'|Cannot open database "(?<database>[^"]{1,128})" requested by the login/,
  'db-cassandra': /Keyspace '?(?<name>\w{1,64})'? does not exist|unconfigured table (?<table>\w{1,64})/,
  'db-elasticsearch': /index_not_found_exception.{0,120}?no such index \[(?<name>[^\]]{1,128})\]/,
  'db-hibernate': /Schema-validation: missing (?:table|column|sequence) \[(?<name>[^\]]{1,128})\]/,
  'db-prisma': /The (?:table|column) `(?<name>[^`]{1,128})` does not exist in the current database/,
  'db-prisma-migrations': /\bP3009\b|following migration\(s\) have failed/,
  'db-golang-migrate': /Dirty database version (?<version>\d{1,18})/,
  'db-flyway':
    /Detected failed migration to version (?<version>[\w.]{1,40})|Validate failed: Migrations have failed validation|Migration (?<name>[\w.]{1,200}\.sql) failed/,
  'db-rails': /ActiveRecord::PendingMigrationError|Migrations are pending/,
  'db-alembic': /Can't locate revision identified by '(?<version>[^']{1,64})'/,
  'db-liquibase': /Could not acquire change log lock|MigrationFailedException/,
});

export const exhausted = wordings('log/connection-limit', {
  'limit-postgres':
    /sorry, too many clients already|remaining connection slots are reserved|too many connections for (?:role|database) "(?<name>[^"]{1,128})"/,
  'limit-mysql': /Too many connections\b|has exceeded the 'max_user_connections' resource/,
  'limit-redis': /ERR max number of clients reached|\bMISCONF\b|OOM command not allowed when used memory/,
  'limit-hikari': /(?<![\w-])(?<name>[\w-]{1,60}) - Connection is not available, request timed out after/,
  'limit-sqlalchemy': /QueuePool limit of size \d{1,6} overflow \d{1,6} reached/,
  'limit-knex': /Timeout acquiring a connection\. The pool is probably full/,
  'limit-prisma': /Timed out fetching a new connection from the connection pool/,
  'limit-rails': /could not obtain a connection from the pool within/,
  'limit-dotnet': /prior to obtaining a connection from the pool/,
  'limit-mongo':
    /Timed out while checking out a connection from connection pool|connection refused because too many open connections/,
  'limit-pgbouncer': /no more connections allowed \(max_client_conn\)|query_wait_timeout/,
  'limit-any':
    /\bconnection pool (?:is )?exhausted\b|\bmaximum number of connections (?:reached|exceeded)\b|\btoo many (?:clients|connections)\b/i,
});
