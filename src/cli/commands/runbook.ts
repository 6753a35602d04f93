import { loadRunbooks, type Runbook } from '../runbooks.ts';
import { nearest, printable } from '../../domain/index.ts';
import type { CliContext } from '../context.ts';
import { UserError } from '../errors.ts';
import { exitCode, type ExitCode } from '../exit-codes.ts';
import { columns } from '../render/layout.ts';

/** `aiops runbook list`. */
export async function runbookListCommand(
  { output }: { readonly output?: 'json' },
  { stdout }: CliContext,
): Promise<ExitCode> {
  const runbooks = await loadRunbooks();
  const rows = runbooks.map((r) => [r.name, r.status, r.title]);
  if (output === 'json')
    stdout.write(
      `${JSON.stringify({ apiVersion: 'aiops/v1', kind: 'RunbookList', items: runbooks.map(({ name, title, status, path }) => ({ name, title, status, path })) }, undefined, 2)}\n`,
    );
  else stdout.write(`${columns([['NAME', 'STATUS', 'TITLE'], ...rows])}\n`);
  return exitCode.ok;
}

/** `aiops runbook show NAME`. */
export async function runbookShowCommand(name: string, { stdout }: CliContext): Promise<ExitCode> {
  const runbooks = await loadRunbooks();
  const wanted = name.replace(/^runbooks\//, '').replace(/\.md$/, '');
  const found: Runbook | undefined = runbooks.find((r) => r.name === wanted);
  if (!found) {
    const near = nearest(
      wanted,
      runbooks.map((r) => r.name),
    );
    throw new UserError(
      `no runbook is called ${name}`,
      near === undefined ? 'see aiops runbook list' : `did you mean ${near}?`,
    );
  }
  if (found.status === 'draft') stdout.write('(draft: not tested yet)\n\n');
  stdout.write(`${printable(found.text.trim())}\n`);
  return exitCode.ok;
}
