import { describe, expect, it } from 'vitest';
import { matchLog } from '../../../src/diagnosis/logs/index.ts';

const match = (text: string) => matchLog(text.replace(/^\n/, '').split('\n'));

describe('the line that is the cause', () => {
  it('is the last of several', () => {
    const found = match(
      'dial tcp 10.96.0.3:5432: connect: connection refused\nretrying\nError: DATABASE_URL must be set',
    );
    expect(found).toMatchObject({ rule: 'log/missing-env', index: 2 });
  });

  it('counts how often it was said', () => {
    const line = 'dial tcp 10.96.0.3:5432: connect: connection refused';
    expect(match(`${line}\n${line}\n${line}`)?.count).toBe(3);
  });

  it('is not a failed connection that succeeded later', () => {
    expect(match('level=warn msg="connection refused db:5432 (1/5)"\nlevel=info msg="connected"')).toBeUndefined();
    expect(match('Error: getaddrinfo ENOTFOUND db\nServer started\nlistening on :8080')).toBeUndefined();
  });

  it('is still there when another connection succeeded, or success was only waited for', () => {
    expect(match('connect ECONNREFUSED db:5432\nconnected to redis')?.rule).toBe('log/connection-refused');
    expect(match('connect ECONNREFUSED db:5432\nnot connected, giving up')?.rule).toBe('log/connection-refused');
    expect(match("KeyError: 'DB_HOST'\nlistening on :8080")?.rule).toBe('log/missing-env');
  });

  it('is the innermost cause of a Java stack, with the address that the outer ones name', () => {
    const found = match(`
org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'dataSource'
\tat org.springframework.beans.factory.support.Abstract.create(Abstract.java:10)
\tat com.acme.shop.App.main(App.java:12)
Caused by: org.postgresql.util.PSQLException: The connection attempt to db:5432 failed.
\tat org.postgresql.core.v3.ConnectionFactoryImpl.open(ConnectionFactoryImpl.java:331)
\t... 30 common frames omitted
Caused by: java.net.SocketTimeoutException: Connect timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedFinishConnect(NioSocketImpl.java:546)
\t... 41 common frames omitted
2026-06-01 WARN 1 --- [main] o.a.c.loader : stopping`);
    expect(found?.rule).toBe('log/connection-timeout');
    expect(found?.addresses[0]).toEqual({ host: 'db', port: 5432 });
  });

  it('is what a Python traceback ends with', () => {
    const found = match(`
Traceback (most recent call last):
  File "/usr/local/lib/python3.12/site-packages/gunicorn/arbiter.py", line 609, in spawn_worker
    worker.init_process()
  File "/app/settings.py", line 3, in <module>
    url = os.environ["DATABASE_URL"]
          ~~~~~~~~~~^^^^^^^^^^^^^^^^
  File "<frozen os>", line 685, in __getitem__
KeyError: 'DATABASE_URL'`);
    expect(found).toMatchObject({ rule: 'log/missing-env', groups: { name: 'DATABASE_URL' } });
  });

  it('is the traceback itself, with the top frame of the own code, where its end says nothing known', () => {
    const found = match(`
starting
Traceback (most recent call last):
  File "/app/main.py", line 9, in <module>
    run(load())
  File "/app/shop/orders.py", line 42, in run
    return orders[0].total
  File "/usr/local/lib/python3.12/site-packages/lib/x.py", line 3, in total
ValueError: no orders`);
    expect(found).toMatchObject({
      rule: 'log/panic',
      detail: 'ValueError: no orders',
      frame: '/app/shop/orders.py:42 in run',
    });
  });

  it('is the earlier exception of a chain when only that one is known', () => {
    const found = match(`
Traceback (most recent call last):
  File "/app/db.py", line 3, in connect
socket.gaierror: [Errno -2] Name or service not known

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/main.py", line 9, in <module>
acme.StartError: giving up`);
    expect(found?.rule).toBe('dns/name-not-found');
  });

  it('is a Go panic with its first own frame', () => {
    const found = match(`
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a3b1c]

goroutine 1 [running]:
runtime.gopanic({0x1, 0x2})
\t/usr/local/go/src/runtime/panic.go:770 +0x132
github.com/lib/pq.(*conn).query(0x0)
\t/go/pkg/mod/github.com/lib/pq@v1.10.9/conn.go:1 +0x12
main.(*Server).handle(0x0, {0x1, 0x2})
\t/src/server.go:42 +0x1d
main.main()
\t/src/main.go:12 +0x85
exit status 2`);
    expect(found).toMatchObject({ rule: 'log/panic', frame: 'main.(*Server).handle (server.go:42)' });
    expect(found?.detail).toContain('nil pointer dereference');
  });

  it('is what a Go panic says where that is known', () => {
    const found = match(
      'panic: dial tcp: lookup db on 10.96.0.10:53: no such host\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x85',
    );
    expect(found).toMatchObject({ rule: 'dns/name-not-found', groups: { host: 'db' } });
  });

  it('reads crashes of Java, Node.js, Rust, .NET and PHP', () => {
    expect(
      match(
        'Exception in thread "main" java.lang.IllegalStateException: no\n\tat java.base/java.util.Optional.get(Optional.java:1)\n\tat com.acme.App.main(App.java:5)',
      ),
    ).toMatchObject({ rule: 'log/panic', frame: 'com.acme.App.main(App.java:5)' });
    expect(
      match(
        "/app/server.js:10\n    x.id\n      ^\n\nTypeError: Cannot read properties of undefined (reading 'id')\n    at node:internal/x:1:1\n    at handle (/app/server.js:10:5)\n\nNode.js v20.1.0",
      ),
    ).toMatchObject({ rule: 'log/panic', frame: 'handle (/app/server.js:10:5)' });
    expect(
      match("thread 'main' panicked at src/main.rs:4:5:\ncalled `Option::unwrap()` on a `None` value"),
    ).toMatchObject({
      frame: 'src/main.rs:4',
      detail: 'called `Option::unwrap()` on a `None` value',
    });
    expect(
      match(
        'Unhandled exception. System.NullReferenceException: Object reference\n   at System.Linq.X()\n   at Acme.Program.Main(String[] args) in /src/Program.cs:line 12',
      ),
    ).toMatchObject({ frame: 'Acme.Program.Main(String[] args) in /src/Program.cs:line 12' });
    expect(match('PHP Fatal error:  Uncaught Exception: boom in /app/index.php:3')).toMatchObject({
      frame: '/app/index.php:3',
      detail: 'Uncaught Exception: boom',
    });
  });

  it('is not an exception that the program survived', () => {
    const survived = 'Traceback (most recent call last):\n  File "/app/x.py", line 1, in y\nValueError: z';
    const later = Array.from({ length: 40 }, (_, i) => `handled request ${String(i)}`).join('\n');
    expect(match(`${survived}\n${later}`)).toBeUndefined();
    expect(match('Error: shown to the user\nhandled')).toBeUndefined();
  });

  it('prefers what was written as an error over information', () => {
    const found = match(
      'level=error msg="open /etc/a.yml: no such file or directory"\nlevel=info msg="dial tcp 10.0.0.1:80: connect: connection refused"',
    );
    expect(found?.rule).toBe('log/missing-file');
  });

  it('unwraps JSON, with the stack inside it, and colours', () => {
    const record = JSON.stringify({
      level: 'error',
      msg: 'startup failed',
      error: {
        message: 'x',
        stack: 'Error: connect ECONNREFUSED 10.96.0.3:5432\n    at TCP.afterConnect (node:net:1)',
      },
    });
    expect(match(record)).toMatchObject({ rule: 'log/connection-refused', line: record });
    expect(match('\\u{1b}[31mERROR\\u{1b}[0m dial tcp 10.96.0.3:5432: connect: connection refused')?.rule).toBe(
      'log/connection-refused',
    );
    expect(match(JSON.stringify({ level: 30, msg: 'errors=0, ok' }))).toBeUndefined();
  });

  it('finds the name above the words of a two-line message', () => {
    const found = match(
      '1 validation error for Settings\nDATABASE_URL\n  Field required [type=missing, input_value={}]',
    );
    expect(found).toMatchObject({ rule: 'log/missing-env', above: 'DATABASE_URL' });
  });

  it('finds the address that Node.js prints below the error', () => {
    const found = match(
      "SomeError: request failed, code ECONNREFUSED at api:80\n    at x (/app/a.js:1:1) {\n  code: 'ECONNREFUSED'\n}",
    );
    expect(found?.addresses[0]).toEqual({ host: 'api', port: 80 });
  });
});
