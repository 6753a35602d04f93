import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const folder = mkdtempSync(join(tmpdir(), 'aiops-certs-'));
const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });

function authority(name: string): Certificate {
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...[
      '-subj',
      `/CN=${name}`,
      '-addext',
      'basicConstraints=critical,CA:TRUE',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    ],
  );
  return read(name);
}

function read(name: string): Certificate {
  return {
    cert: readFileSync(join(folder, `${name}.crt`), 'utf8'),
    key: readFileSync(join(folder, `${name}.key`), 'utf8'),
  };
}

const config = [
  '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nrand_serial=yes\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p',
  'unique_subject=no\n[p]\ncommonName=supplied\n',
].join('\n');
writeFileSync(join(folder, 'index.txt'), '');
writeFileSync(join(folder, 'ca.cnf'), config);

/** A certificate signed by `ca`, valid for two days or expired for years. */
function issue(name: string, extension: string, expired = false): Certificate {
  openssl(
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`],
    ...['-keyout', `${name}.key`, '-out', `${name}.csr`],
  );
  writeFileSync(join(folder, `${name}.ext`), `${extension}\n`);
  const period = expired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '2'];
  openssl(
    ...['ca', '-batch', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key', '-in', `${name}.csr`, '-notext'],
    ...['-extfile', `${name}.ext`, '-out', `${name}.crt`, ...period],
  );
  return read(name);
}

export const ca = authority('ca');
export const otherCa = authority('other');
const local = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
export const server = issue('server', local);
export const expiredServer = issue('expired', local, true);
export const elsewhere = issue('elsewhere', 'subjectAltName=DNS:api.example.com');
export const client = issue('client', 'extendedKeyUsage=clientAuth');
export const expiredClient = issue('expired-client', 'extendedKeyUsage=clientAuth', true);
