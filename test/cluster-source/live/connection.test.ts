import { createServer, type Server } from 'node:net';
import { writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Unreachable } from '../../../src/cluster/index.ts';
import { proxyFromEnv } from '../../../src/cluster/live/proxy.ts';
import * as certs from './support/certificates.ts';
import {
  base64,
  cleanUp,
  connect,
  failure,
  folder,
  json,
  listen,
  names,
  podList,
  serve,
  status,
  type Handler,
} from './support/server.ts';

afterEach(cleanUp);

const pods: Handler = (_request, response) => {
  json(response, podList(['web']));
};

describe('a connection that cannot be made says why and what to try', () => {
  it('refused', async () => {
    const server = await serve(pods);
    await server.close();
    const error = await failure(names(await connect(server.url)));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error.message).toBe(
      `list pods in all namespaces: connection refused by ${server.url}: is the cluster running, and is context "test" the one you mean?`,
    );
  });

  it('no such name', async () => {
    const error = await failure(names(await connect('https://api.invalid:6443')));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error.message).toMatch(
      /the name of https:\/\/api\.invalid:6443 cannot be resolved \(E\w+\): check the spelling, DNS/,
    );
  });

  it('nobody finishes the handshake', async () => {
    const server = await listen(createServer(), 'https');
    const error = await failure(names(await connect(server.url, {}, { tuning: { connectMs: 50 } })));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error.message).toContain(`${server.url} does not answer (no connection within 0.1 s): check the network`);
  });

  it('certificate expired', async () => {
    const server = await serve(pods, certs.expiredServer);
    expect((await failure(names(await connect(server.url)))).message).toContain(
      `the certificate of ${server.url} has expired: renew it on the server`,
    );
  });

  it('unknown authority', async () => {
    const server = await serve(pods);
    const cluster = { 'certificate-authority-data': base64(certs.otherCa.cert) };
    const error = await failure(names(await connect(server.url, { cluster })));
    expect(error.message).toContain('is signed by an unknown authority');
    expect(error.message).toContain('renew certificate-authority-data in');
  });

  it('certificate for another name, unless tls-server-name says so', async () => {
    const server = await serve(pods, certs.elsewhere);
    const error = await failure(names(await connect(server.url)));
    expect(error.message).toMatch(
      /is for other names \(.*api\.example\.com.*\): use one of them as server, or set tls-server-name/,
    );
    expect(await names(await connect(server.url, { cluster: { 'tls-server-name': 'api.example.com' } }))).toEqual([
      'web',
    ]);
  });

  it('no check where the kubeconfig says so', async () => {
    const server = await serve(pods, certs.expiredServer);
    const cluster = { 'insecure-skip-tls-verify': true, 'certificate-authority-data': undefined };
    expect(await names(await connect(server.url, { cluster }))).toEqual(['web']);
  });

  it('no TLS at the other end', async () => {
    const server = await serve(pods, false);
    const error = await failure(names(await connect(server.url.replace('http:', 'https:'))));
    expect(error.message).toContain('does not speak TLS as expected');
    expect(await names(await connect(server.url))).toEqual(['web']);
  });

  it('client certificate refused', async () => {
    const server = await serve(pods, {
      ...certs.server,
      ca: certs.otherCa.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const user = { 'client-certificate-data': base64(certs.client.cert), 'client-key-data': base64(certs.client.key) };
    expect((await failure(names(await connect(server.url, { user })))).message).toMatch(
      /refused the client certificate|the connection to .* broke/,
    );
  });

  it('certificate and key that do not belong together', async () => {
    const user = { 'client-certificate-data': base64(certs.client.cert), 'client-key-data': base64(certs.server.key) };
    expect((await failure(names(await connect('https://127.0.0.1:1', { user })))).message).toContain('cannot be used');
  });
});

describe('a credential that is refused', () => {
  const refuse: Handler = (_request, response) => {
    status(response, 401, 'Unauthorized');
  };

  it('is told with its user and file', async () => {
    const server = await serve(refuse);
    const error = await failure(names(await connect(server.url)));
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({ status: 401 });
    expect(error.message).toMatch(
      /^list pods in all namespaces: 401 Unauthorized: Unauthorized – the credentials of user "u" of \/.*config were not accepted: they may have expired, log in/,
    );
    expect(server.seen).toHaveLength(1);
  });

  it('is told with its end where it is a certificate', async () => {
    const server = await serve(refuse);
    const user = {
      'client-certificate-data': base64(certs.expiredClient.cert),
      'client-key-data': base64(certs.expiredClient.key),
    };
    expect((await failure(names(await connect(server.url, { user })))).message).toContain(
      'the client certificate of user "u"',
    );
    expect((await failure(names(await connect(server.url, { user })))).message).toContain('expired on 2020-01-02');
  });

  it('is told as missing where there is none', async () => {
    const server = await serve(refuse);
    expect((await failure(names(await connect(server.url, { user: {} })))).message).toContain(
      'has no credentials in it',
    );
  });

  it('is read again from its file, once', async () => {
    const path = join(folder(), 'token');
    writeFileSync(path, 'old\n');
    const server = await serve((request, response) => {
      if (request.headers.authorization === 'Bearer new') json(response, podList(['web']));
      else {
        writeFileSync(path, 'new\n');
        status(response, 401, 'Unauthorized');
      }
    });
    expect(await names(await connect(server.url, { user: { tokenFile: path } }))).toEqual(['web']);
    expect(server.seen.map((r) => r.headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
  });

  it('is not sent when it could smuggle a header', async () => {
    const server = await serve(pods);
    const error = await failure(names(await connect(server.url, { user: { token: 'a\r\nX-Evil: 1' } })));
    expect(error.message).toContain('holds characters that no token has');
    expect(server.seen).toEqual([]);
  });

  it('of an old kind is refused with what to use instead', async () => {
    const user = { 'auth-provider': { name: 'gcp', config: {} } };
    expect((await failure(names(await connect('https://127.0.0.1:1', { user })))).message).toMatch(
      /logs in with the auth-provider "gcp", which kubectl has given up: install gke-gcloud-auth-plugin/,
    );
  });

  it('whose file cannot be read is told with the path', async () => {
    const user = { 'client-certificate': '/missing/me.crt', 'client-key': '/missing/me.key' };
    expect((await failure(names(await connect('https://127.0.0.1:1', { user })))).message).toContain(
      'client certificate of user "u" cannot be read from /missing/me.crt',
    );
  });
});

/** A CONNECT proxy that writes down where it was asked to go. */
async function proxy(answer?: number) {
  const asked: { to: string; authorization: string | undefined }[] = [];
  const server = http.createServer();
  server.on('connect', (request, socket) => {
    asked.push({ to: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    if (answer !== undefined) {
      socket.end(`HTTP/1.1 ${answer} No\r\n\r\n`);
      return;
    }
    const [host, port] = (request.url ?? '').split(':');
    const upstream = tcpConnect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
  });
  return { ...(await listen(server, 'http')), asked };
}

/** As much of SOCKS 5 as one client needs. */
function socks(asked: number[]): Server {
  return createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.from([5, 0]));
      socket.once('data', (request: Buffer) => {
        const port = request.readUInt16BE(request.length - 2);
        asked.push(port);
        const upstream = tcpConnect(port, '127.0.0.1', () => {
          socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
          upstream.pipe(socket);
          socket.pipe(upstream);
        });
        socket.on('error', () => upstream.destroy());
        upstream.on('error', () => socket.destroy());
      });
    });
  });
}

describe('a proxy', () => {
  it.each(['https', 'http'])('of the kubeconfig is used on the way to %s, with its credentials', async (scheme) => {
    const server = await serve(pods, scheme === 'https' ? certs.server : false);
    const via = await proxy();
    const cluster = { 'proxy-url': via.url.replace('//', '//me:secret@') };
    const source = await connect(server.url, { cluster });
    expect(await names(source)).toEqual(['web']);
    expect(await names(source)).toEqual(['web']);
    const basic = `Basic ${base64('me:secret')}`;
    expect(via.asked).toEqual([{ to: server.url.replace(/^\w+:\/\//, ''), authorization: basic }]);
  });

  it('that speaks SOCKS is used', async () => {
    const server = await serve(pods);
    const asked: number[] = [];
    const via = await listen(socks(asked), 'socks5');
    expect(await names(await connect(server.url, { cluster: { 'proxy-url': via.url } }))).toEqual(['web']);
    expect(asked).toEqual([Number(new URL(server.url).port)]);
  });

  it('that refuses is named without its password', async () => {
    const via = await proxy(407);
    const cluster = { 'proxy-url': via.url.replace('//', '//me:secret@') };
    const { message } = await failure(names(await connect('https://127.0.0.1:1', { cluster })));
    expect(message).toContain(`the proxy ${via.url} answered 407 instead of connecting`);
    expect(message).not.toContain('secret');
  });

  it('that is gone is named', async () => {
    const via = await proxy();
    await via.close();
    const { message } = await failure(
      names(await connect('https://127.0.0.1:1', { cluster: { 'proxy-url': via.url } })),
    );
    expect(message).toContain(`(by way of the proxy ${via.url})`);
  });

  it('that never answers ends at the connect deadline', async () => {
    const via = await listen(createServer(), 'http');
    const source = await connect(
      'https://127.0.0.1:1',
      { cluster: { 'proxy-url': via.url } },
      { tuning: { connectMs: 50 } },
    );
    expect((await failure(names(source))).message).toContain('does not answer');
  });

  it('of the environment is used as other Kubernetes clients do', () => {
    const env = {
      HTTPS_PROXY: 'proxy:3128',
      HTTP_PROXY: 'http://plain:3128',
      NO_PROXY: 'corp.example.com, .svc,10.0.0.0/8,h:8443,*.wild.io',
    };
    const by = (url: string, more = {}) => proxyFromEnv(new URL(url), { ...env, ...more });
    expect(by('https://api.example.com')).toBe('http://proxy:3128');
    expect(by('http://api.example.com')).toBe('http://plain:3128');
    expect(by('https://corp.example.com')).toBeUndefined();
    expect(by('https://k8s.corp.example.com:6443')).toBeUndefined();
    expect(by('https://notcorp.example.com')).toBe('http://proxy:3128');
    expect(by('https://a.svc')).toBeUndefined();
    expect(by('https://10.96.0.1')).toBeUndefined();
    expect(by('https://11.96.0.1')).toBe('http://proxy:3128');
    expect(by('https://h:8443')).toBeUndefined();
    expect(by('https://h:6443')).toBe('http://proxy:3128');
    expect(by('https://x.wild.io')).toBeUndefined();
    expect(by('https://127.0.0.1:6443')).toBeUndefined();
    expect(by('https://localhost')).toBeUndefined();
    expect(by('https://api.example.com', { NO_PROXY: '*' })).toBeUndefined();
    expect(proxyFromEnv(new URL('https://a.example'), { https_proxy: 'socks5://p:1' })).toBe('socks5://p:1');
  });
});
