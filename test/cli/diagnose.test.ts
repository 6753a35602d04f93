import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';

const shop = ['diagnose', '--from', 'samples/shop.tar.gz'];
const calm = ['diagnose', '--from', 'samples/healthy.tar.gz'];

interface Data {
  readonly findings: readonly {
    rule: string;
    title: string;
    resource: { kind: string; name: string };
    consequences: { resource: { kind: string; name: string } }[];
  }[];
}

const json = async (args: readonly string[]) => JSON.parse((await runCli([...args, '-o', 'json'])).stdout) as Data;

describe('aiops diagnose of the recorded shop', () => {
  it('prints the cascade once, at its root, with what suffers below it', async () => {
    const { findings } = await json(shop);
    const roots = findings.filter((f) => f.resource.name === 'checkout');
    expect(roots.map((f) => f.rule)).toContain('config/missing-secret');
    const secret = roots.find((f) => f.rule === 'config/missing-secret');
    expect(secret?.title).toBe('checkout needs Secret checkout-dbs, which does not exist in shop');
    expect(secret?.consequences.map((c) => `${c.resource.kind}/${c.resource.name}`)).toEqual(
      expect.arrayContaining(['Deployment/checkout', 'Service/checkout', 'Ingress/shop']),
    );
    expect(
      findings.filter((f) => f.rule === 'service/no-ready-endpoints' || f.rule === 'ingress/backend-unavailable'),
    ).toEqual([]);
  });

  it('puts the client that is refused under the broken pod behind its Service', async () => {
    const { findings } = await json(shop);
    const payments = findings.find((f) => f.resource.name === 'payments');
    expect(payments?.rule).toBe('log/panic');
    expect(payments?.consequences.map((c) => c.resource.name)).toContain('orders');
    expect(findings.some((f) => f.resource.name === 'orders' && f.rule.startsWith('log/'))).toBe(false);
  });

  it('ends each finding with root cause, action and runbook', async () => {
    const { stdout, code } = await runCli(shop);
    const secret = stdout.slice(stdout.indexOf('checkout needs Secret'));
    const order = ['Affects', 'Root cause', 'Recommended action', 'Runbook: runbooks/config.md'].map((text) =>
      secret.indexOf(text),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order.every((at) => at > 0)).toBe(true);
    expect(code).toBe(1);
  });

  it('has its sections in order', async () => {
    const { stdout } = await runCli(shop);
    const at = ['Critical', 'All Clear', 'Summary'].map((heading) => stdout.search(new RegExp(`^${heading}$`, 'm')));
    expect(at.every((i) => i >= 0)).toBe(true);
    expect(at).toEqual([...at].sort((a, b) => a - b));
  });

  it('fits the terminal, but for commands, which stay whole', async () => {
    for (const columns of [80, 40]) {
      const { stdout } = await runCli(shop, { columns });
      const wide = stdout.split('\n').filter((line) => line.length > columns && !line.trimStart().startsWith('$ '));
      // A single word, such as an image reference, is not broken either.
      expect(wide.filter((line) => line.trim().includes(' ') && line.length > columns + 30)).toEqual([]);
    }
  });

  it('writes JSON and YAML of the published shape', async () => {
    const schema = JSON.parse(readFileSync('docs/diagnosis.schema.json', 'utf8')) as object;
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    for (const args of [shop, calm]) {
      const data = await json(args);
      expect(validate(data), JSON.stringify(validate.errors)).toBe(true);
      const yaml = parse((await runCli([...args, '-o', 'yaml'])).stdout) as Data;
      expect(yaml.findings).toEqual(data.findings);
    }
  });

  it('writes a table with a line a finding and a markdown page', async () => {
    const { stdout } = await runCli([...shop, '-o', 'table']);
    expect(stdout.split('\n')[0]).toMatch(/^SEVERITY +OBJECT +RULE +TITLE$/);
    expect(stdout).toMatch(/^Critical +deployment\/checkout +config\/missing-secret/m);
    expect((await runCli([...shop, '-o', 'markdown'])).stdout).toMatch(/^## checkout needs Secret checkout-dbs/m);
  });

  it('answers about one pod with what concerns it, and lists the rest as also seen', async () => {
    const { stdout } = await runCli([...shop, 'pod', 'orders']);
    expect(stdout.indexOf('payments crashes')).toBeGreaterThan(0);
    expect(stdout.indexOf('payments crashes')).toBeLessThan(stdout.indexOf('Also seen'));
    expect(stdout.indexOf('checkout needs Secret')).toBeGreaterThan(stdout.indexOf('Also seen'));
  });

  it('reports what nothing uses only when asked', async () => {
    const rules = async (...more: string[]) => (await json([...shop, ...more])).findings.map((f) => f.rule);
    expect(await rules()).not.toContain('config/unused');
    expect(await rules('--unused')).toContain('config/unused');
  });

  it('narrows to labels', async () => {
    const { findings } = await json([...shop, '-l', 'app=search']);
    expect(new Set(findings.map((f) => f.resource.name))).toEqual(new Set(['search']));
  });

  it('writes no escape sequences into a pipe, and colours on request', async () => {
    const escape = /\u001b\[/;
    expect((await runCli(shop)).stdout).not.toMatch(escape);
    expect((await runCli(shop, { isTTY: true })).stdout).toMatch(escape);
    expect((await runCli(shop, { isTTY: true, env: { NO_COLOR: '1' } })).stdout).not.toMatch(escape);
    expect((await runCli([...shop, '--color', 'always'])).stdout).toMatch(escape);
  });
});

describe('aiops diagnose of a healthy recording', () => {
  it('finds nothing, says what it checked and exits with 0', async () => {
    const { stdout, code } = await runCli(calm);
    expect(stdout).toContain('no fault found in namespace calm');
    expect(stdout).not.toMatch(/^(Critical|Warnings)$/m);
    expect(code).toBe(0);
  });
});

describe('exit codes', () => {
  it('follow --fail-on', async () => {
    expect((await runCli([...shop, '--fail-on', 'never'])).code).toBe(0);
    expect((await runCli([...shop, '--fail-on', 'critical'])).code).toBe(1);
    expect((await runCli([...calm, '--fail-on', 'warning'])).code).toBe(0);
  });

  it.each([
    [['diagnose', 'pood', 'x'], 'did you mean pod?'],
    [['diagnose', 'web-1'], 'diagnose pod web-1'],
    [['diagnose', 'pod', 'a', 'b'], 'one object at a time'],
    [['diagnose', '-n', 'x', '-A'], 'exclude each other'],
    [['diagnose', '-n', '..'], 'cannot be the name of a namespace'],
    [['diagnose', '--timeout', 'soon', '--from', 'samples/shop.tar.gz', '--watch'], 'not a duration'],
    [['diagnose', '--from', 'nowhere.tar.gz'], 'nowhere.tar.gz'],
    [['diagnose', '-o', 'xml'], 'Allowed choices'],
    [['diagnos'], 'Did you mean diagnose'],
    [[...shop, 'deployment', 'chekout'], 'did you mean checkout?'],
    [[...shop, 'pod', 'nobody'], 'not found'],
    [[...shop, '-l', 'a=b=c'], 'not a label selector'],
    [['runbook', 'show', 'imag'], 'no runbook is called imag'],
    [['completion', 'tcsh'], 'bash, zsh, fish'],
  ])('%j is an error that says what to try', async (args, text) => {
    const { code, stderr, stdout } = await runCli(args);
    expect(stderr).toContain(text);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('is 130 when interrupted', async () => {
    const signal = AbortSignal.abort();
    expect((await runCli(shop, { signal })).code).toBe(130);
  });
});

describe('help', () => {
  it('fits 80 columns and names the commands', async () => {
    for (const args of [
      ['--help'],
      ['diagnose', '--help'],
      ['snapshot', '--help'],
      ['config', 'check', '--help'],
      ['runbook', '--help'],
    ]) {
      const { stdout, code } = await runCli(args, { columns: 80 });
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(code).toBe(0);
    }
    expect((await runCli(['--help'])).stdout).toMatch(/diagnose[^]*snapshot[^]*runbook[^]*config[^]*completion/);
  });

  it('speaks of kubectl aiops when it runs as a plugin', async () => {
    expect((await runCli(['diagnose', '--help'], { program: 'kubectl aiops' })).stdout).toContain(
      'kubectl aiops diagnose pod web-1',
    );
  });
});

describe('completion', () => {
  const complete = async (...words: string[]) =>
    (await runCli(['__complete', '--', ...words])).stdout.trim().split('\n');

  it('offers commands, flags, values and kinds', async () => {
    expect(await complete('diag')).toEqual(['diagnose']);
    expect(await complete('diagnose', '--fail')).toEqual(['--fail-on']);
    expect(await complete('diagnose', '--fail-on', '')).toEqual(['critical', 'warning', 'info', 'never']);
    expect(await complete('diagnose', 'dep')).toEqual(['deployment']);
    expect(await complete('runbook', '')).toEqual(['list', 'show', 'help']);
    expect(await complete('runbook', 'show', 'imag')).toEqual(['image']);
  });

  it('stays silent without a cluster', async () => {
    expect(await complete('diagnose', 'pod', '')).toEqual(['']);
  });
});
