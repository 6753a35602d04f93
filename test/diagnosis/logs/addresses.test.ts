import { describe, expect, it } from 'vitest';
import { addressesIn } from '../../../src/diagnosis/logs/index.ts';

const table: readonly [line: string, addresses: readonly string[]][] = [
  ['dial tcp 10.96.0.3:5432: connect: connection refused', ['10.96.0.3:5432']],
  ['Get "http://api.shop:8080/v1": dial tcp 10.96.0.9:8080: i/o timeout', ['api.shop:8080', '10.96.0.9:8080']],
  ['connection to server at "db" (10.96.14.2), port 5432 failed', ['db:5432', '10.96.14.2:']],
  [
    'Is the server running on host "db" (10.96.0.3) and accepting TCP/IP connections on port 5432?',
    ['db:5432', '10.96.0.3:'],
  ],
  ['nc: connect to db port 5432 (tcp) failed', ['db:5432']],
  ["HTTPConnectionPool(host='api', port=8080): Max retries", ['api:8080']],
  ["{ code: 'ECONNREFUSED', address: '10.96.0.3', port: 5432 }", ['10.96.0.3:5432']],
  ['Connection to node -1 (kafka/10.96.0.4:9092) could not', ['kafka:9092']],
  ['postgres://app:‹redacted 3f2a›@db.shop.svc.cluster.local:5432/app', ['db.shop.svc.cluster.local:5432']],
  ['amqp://guest:guest@mq:5672/', ['mq:5672']],
  ['dial tcp [2001:db8::1]:443: connect', ['2001:db8::1:443']],
  ['read tcp 10.1.0.9:43210->10.96.0.3:5432: i/o timeout', ['10.96.0.3:5432']],
  ['lookup db on 10.96.0.10:53: no such host', []],
  ['client: 10.1.0.1, upstream: "http://10.96.0.30:8080/"', ['10.96.0.30:8080']],
  ['2026-06-01 11:59:00 main.go:42 error code:111 line:12 at com.acme.App.main(App.java:5)', []],
  ['listening on 0.0.0.0:8080, version 1.2.3.4000, image nginx:1.25', []],
  ['at handle (/app/src/server.js:10:5)', []],
];

describe('addresses in a line', () => {
  it.each(table)('%s', (line, expected) => {
    expect(addressesIn(line).map((a) => `${a.host}:${String(a.port ?? '')}`)).toEqual(expected);
  });
});
