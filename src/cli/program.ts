import { Command, CommanderError, Option } from 'commander';
import { printable } from '../domain/index.ts';
import { withClusterOptions } from './cluster-options.ts';
import type { CliContext } from './context.ts';
import { errorText } from './errors.ts';
import { exitCode, type ExitCode } from './exit-codes.ts';
import { diagnosisFormats } from './render/formats.ts';
import { version } from './version.ts';

/** Runs one command line; the exit code is the answer, never a call of process.exit. */
export async function run(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const program = commandTree(context, (result) => {
    code = result;
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await interruptible(program.parseAsync([...args], { from: 'user' }), context.signal);
    return code;
  } catch (error) {
    // commander has printed help or the usage error already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.error;
    if (context.signal.aborted) return exitCode.interrupted;
    context.stderr.write(errorText(error, context.env));
    return exitCode.error;
  }
}

/** Ctrl-C ends the wait for a command, wherever it is. */
async function interruptible(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(new Error('interrupted'));
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Every command with its flags. Each loads its own code when it runs. */
export function commandTree(context: CliContext, done: (code: ExitCode) => void): Command {
  const program = new Command(context.program)
    .description(
      'Names the root cause of what is wrong in a Kubernetes cluster, with the evidence.\nReads only; needs no model, no key and no configuration.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(printable(text)),
    })
    .configureHelp({ helpWidth: Math.min(context.stdout.columns ?? 80, 100) })
    .showSuggestionAfterError()
    .exitOverride();
  addDiagnose(program, context, done);
  addSnapshot(program, context, done);
  addRunbook(program, context, done);
  addConfig(program, context, done);
  addCompletion(program, context, done);
  program
    .command('version')
    .description('print the version of aiops, and with -o json that of Node')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json']))
    .action((options: { output?: 'json' }) => {
      context.stdout.write(
        options.output === 'json'
          ? `${JSON.stringify({ apiVersion: 'aiops/v1', kind: 'Version', version, node: process.versions.node })}\n`
          : `${version}\n`,
      );
    });
  return program;
}

type Done = (code: ExitCode) => void;

function addDiagnose(program: Command, context: CliContext, done: Done): void {
  withClusterOptions(program.command('diagnose'))
    .description('find what is wrong, and why')
    .argument('[what...]', 'a kind and a name, as kubectl writes them (pod web-1, deploy/web, node), or cluster')
    .option('-l, --selector <labels>', 'only what carries these labels, e.g. app=web')
    .addOption(
      new Option('-o, --output <format>', 'output format (default: a report for people)').choices(diagnosisFormats),
    )
    .option('--json', 'the same as -o json')
    .option('--since <duration>', 'only findings that began within this time')
    .option('--unused', 'also report what nothing uses')
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 from this severity on')
        .choices(['critical', 'warning', 'info', 'never'])
        .default('warning'),
    )
    .option(
      '-w, --watch',
      'a deploy gate: look again until rollouts are done and nothing is found, or --timeout (here 5m) is over',
    )
    .addOption(new Option('--interval <duration>', 'time between two looks with --watch').default('5s', '5s'))
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'))
    .addHelpText('after', diagnoseExamples(context.program))
    .action(async (words: string[], options) => {
      const { diagnoseCommand } = await import('./commands/diagnose.ts');
      done(await diagnoseCommand(words, options as Parameters<typeof diagnoseCommand>[1], context));
    });
}

function diagnoseExamples(program: string): string {
  return `
Examples:
  ${program} diagnose                       the current namespace
  ${program} diagnose pod web-1 -n shop     one pod (or how its name begins)
  ${program} diagnose deployment/web        one workload and what it depends on
  ${program} diagnose cluster               everything
  ${program} diagnose -l app=web --watch    wait until a deploy is healthy

Kinds: pod, deployment, statefulset, daemonset, job, cronjob, service, ingress,
pvc, hpa, node, namespace, cluster.
Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 could not tell,
130 interrupted.`;
}

function addSnapshot(program: Command, context: CliContext, done: Done): void {
  withClusterOptions(program.command('snapshot'))
    .description('record what diagnosis reads, without secrets, for --from')
    .requiredOption('-o, --output <file>', 'where to write, e.g. shop.tar.gz')
    .option('--force', 'overwrite the file')
    .action(async (options) => {
      const { snapshotCommand } = await import('./commands/snapshot.ts');
      done(await snapshotCommand(options as Parameters<typeof snapshotCommand>[0], context));
    });
}

function addRunbook(program: Command, context: CliContext, done: Done): void {
  const runbook = program.command('runbook').description('show the built-in runbooks');
  const output = () => new Option('-o, --output <format>', 'output format').choices(['json']);
  runbook
    .command('list')
    .description('list runbooks')
    .addOption(output())
    .action(async (options: { output?: 'json' }) => {
      const { runbookListCommand } = await import('./commands/runbook.ts');
      done(await runbookListCommand(options, context));
    });
  runbook
    .command('show')
    .description('print one runbook')
    .argument('<name>', 'group of the finding, e.g. image')
    .action(async (name: string) => {
      const { runbookShowCommand } = await import('./commands/runbook.ts');
      done(await runbookShowCommand(name, context));
    });
}

function addConfig(program: Command, context: CliContext, done: Done): void {
  const config = program.command('config').description('check the set-up');
  withClusterOptions(config.command('check'))
    .description('check what aiops needs: the cluster, its permissions, metrics')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['json']))
    .option('--json', 'the same as -o json')
    .action(async (options) => {
      const { configCheckCommand } = await import('./commands/config-check.ts');
      done(await configCheckCommand(options as Parameters<typeof configCheckCommand>[0], context));
    });
}

function addCompletion(program: Command, context: CliContext, done: Done): void {
  const installation = `
Load it at every start of the shell:
  bash  source <(aiops completion bash)   in ~/.bashrc
  zsh   source <(aiops completion zsh)    in ~/.zshrc
  fish  aiops completion fish | source    in ~/.config/fish/config.fish`;
  program
    .command('completion')
    .description('print the completion script of a shell')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', installation)
    .action(async (shell: string) => {
      const { completionCommand } = await import('./commands/completion.ts');
      done(completionCommand(shell, context));
    });
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const { completeCommand } = await import('./commands/complete.ts');
      done(await completeCommand(words, program, context));
    });
}
