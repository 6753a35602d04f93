import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, connect, failure, serve, status } from './support/server.ts';

afterEach(cleanUp);

const ref = { namespace: 'shop', pod: 'web', container: 'app' };
const options = { previous: false, maxLines: 100, maxBytes: 10_000 };

async function read(text: string | readonly (string | Buffer)[], wanted: Partial<typeof options> = {}) {
  const server = await serve((_request, response) => {
    if (typeof text === 'string') response.end(text);
    else {
      let delay = 0;
      for (const piece of text) setTimeout(() => response.write(piece), (delay += 15));
      setTimeout(() => response.end(), delay + 15);
    }
  });
  const slice = await (await connect(server.url)).logs(ref, { ...options, ...wanted });
  return { server, slice };
}

describe('a log', () => {
  it('is asked for by container, run and number of lines, not by bytes: the server cuts off the newest', async () => {
    const { server, slice } = await read('one\ntwo\n', { previous: true });
    expect(slice).toEqual({ ref, previous: true, lines: ['one', 'two'], truncated: false });
    const url = new URL(server.seen[0]!.url, 'https://x');
    expect(url.pathname).toBe('/api/v1/namespaces/shop/pods/web/log');
    expect(Object.fromEntries(url.searchParams)).toEqual({ container: 'app', tailLines: '100', previous: 'true' });
  });

  it('keeps empty lines, and a last line without an end', async () => {
    expect((await read('one\r\n\ntwo')).slice.lines).toEqual(['one', '', 'two']);
  });

  it('that is empty has no lines', async () => {
    expect((await read('')).slice).toMatchObject({ lines: [], truncated: false });
  });

  it('keeps the newest lines when a server sends more than was asked for', async () => {
    const text = Array.from({ length: 300 }, (_, i) => `line ${i}\n`).join('');
    const { slice } = await read(text);
    expect(slice.lines).toHaveLength(100);
    expect(slice.lines.at(-1)).toBe('line 299');
    expect(slice.truncated).toBe(true);
  });

  it('keeps the newest lines that fit into the bytes', async () => {
    const text = Array.from({ length: 50 }, (_, i) => `${String(i).padStart(99, '.')}\n`).join('');
    const { slice } = await read(text, { maxBytes: 1000 });
    expect(slice.lines.map(Number.parseFloat)).toHaveLength(10);
    expect(slice.lines.at(-1)).toMatch(/49$/);
    expect(slice.truncated).toBe(true);
  });

  it('is not read on for ever: the connection is closed, and fewer lines are asked for to see the newest', async () => {
    let sent = 0;
    const server = await serve((request, response) => {
      if (request.url.includes('tailLines=64')) {
        response.end('the newest\n');
        return;
      }
      const block = Buffer.alloc(65_536, 'x\n');
      const write = () => {
        while (!response.destroyed && response.write(block)) sent += block.length;
        sent += block.length;
      };
      response.on('drain', write);
      write();
    });
    const slice = await (await connect(server.url)).logs(ref, options);
    expect(slice.lines).toEqual(['the newest']);
    expect(sent).toBeLessThan(20_000_000);
    expect(server.seen).toHaveLength(2);
  });

  it('has lines of at most 2 KiB, and says how much is missing', async () => {
    const { slice } = await read(`${'a'.repeat(10_000)}\nshort\n`, { maxBytes: 100_000 });
    expect(slice.lines[0]).toBe(`${'a'.repeat(2048)}… cut, 7952 bytes omitted`);
    expect(slice.lines[1]).toBe('short');
  });

  it('shows control bytes and broken text as escapes, also where they are split', async () => {
    const bytes = Buffer.from('grün \u001b[31mred\u009b\n');
    const pieces = [...bytes].map((byte) => Buffer.from([byte]));
    const { slice } = await read([...pieces, Buffer.from([0xc3, 0x28, 0x0a])]);
    expect(slice.lines).toEqual(['grün \\u{1b}[31mred\\u{9b}', '\ufffd(']);
  });

  it('has its secrets masked, also one that the cut falls into', async () => {
    const { slice } = await read(`DB_PASSWORD=hunter2hunter2\n${'a'.repeat(2040)} password=hunter2hunter2\n`);
    expect(slice.lines[0]).toMatch(/^DB_PASSWORD=‹redacted [0-9a-f]{4}›$/);
    expect(slice.lines.join()).not.toContain('hunter2');
  });

  it('that trickles for ever ends at the deadline with what came', async () => {
    const server = await serve((_request, response) => {
      response.write('first\nsec');
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    const slice = await (await connect(server.url, {}, { tuning: { callMs: 300 } })).logs(ref, options);
    expect(slice.lines[0]).toBe('first');
    expect(slice.lines[1]).toMatch(/^sec\.*$/);
    expect(slice.truncated).toBe(true);
  });

  it('that says nothing until the deadline is a failure', async () => {
    const server = await serve(() => undefined);
    const source = await connect(server.url, {}, { tuning: { callMs: 50 } });
    expect((await failure(source.logs(ref, options))).message).toBe(
      'read log of web/app in shop: not finished within 0.1 s',
    );
  });

  it('that broke half way is read anew, without the first half', async () => {
    const server = await serve((_request, response, nth) => {
      if (nth > 1) response.end('one\ntwo\n');
      else {
        response.write('one\n');
        setTimeout(() => response.socket?.destroy(), 20);
      }
    });
    expect((await (await connect(server.url)).logs(ref, options)).lines).toEqual(['one', 'two']);
  });

  it('of a container that has not started is the 400 of the server', async () => {
    const server = await serve((_request, response) => {
      status(response, 400, 'container "app" in pod "web" is waiting to start: ContainerCreating', {
        reason: 'BadRequest',
      });
    });
    const error = await failure((await connect(server.url)).logs(ref, options));
    expect(error).toMatchObject({ name: 'ReadFailure', reason: 'failed', status: 400 });
    expect(error.message).toContain('is waiting to start: ContainerCreating');
  });
});
