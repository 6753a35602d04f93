import type { Command, Option } from 'commander';
import { contextNames, openLiveSource, openRecording, type ClusterSource } from '../../cluster/index.ts';
import { kindFromWord, kinds, printable, type Kind } from '../../domain/index.ts';
import type { CliContext } from '../context.ts';
import { exitCode, type ExitCode } from '../exit-codes.ts';

/** A shell that waits longer than this for names feels broken. */
const DEADLINE_MS = 2000;

/** Kinds that `diagnose` takes, as people type them. */
const subjects = [
  'pod',
  'deployment',
  'statefulset',
  'daemonset',
  'job',
  'cronjob',
  'service',
  'ingress',
  'pvc',
  'hpa',
  'node',
  'namespace',
  'cluster',
];

/** Answers that the value is a file: the shell completes those itself. */
const FILES = ':files';

/** Candidates for the last of `words`, one a line. Whatever fails, completion stays silent. */
export async function completeCommand(
  typed: readonly string[],
  program: Command,
  context: CliContext,
): Promise<ExitCode> {
  const { words, prefix } = separated(typed);
  try {
    const candidates = await complete(words, program, context);
    const last = words.at(-1) ?? '';
    for (const c of candidates)
      if (c === FILES || c.startsWith(last)) context.stdout.write(`${c === FILES ? '' : prefix}${printable(c)}\n`);
  } catch {
    // No cluster, no permission: nothing to offer.
  }
  return exitCode.ok;
}

/**
 * `--flag=value` as two words, the last one too: `prefix` is what a shell wants to see again before the value. bash
 * breaks words at `=` itself.
 */
function separated(typed: readonly string[]): { words: readonly string[]; prefix: string } {
  const words: string[] = [];
  let prefix = '';
  for (const [i, word] of typed.entries()) {
    const isLast = i === typed.length - 1;
    const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    if (word === '=' && words.at(-1)?.startsWith('--') === true) {
      if (isLast) words.push('');
    } else if (flag !== undefined && value !== undefined) {
      words.push(flag, value);
      if (isLast) prefix = `${flag}=`;
    } else words.push(word);
  }
  return { words, prefix };
}

async function complete(words: readonly string[], program: Command, context: CliContext): Promise<readonly string[]> {
  const { command, rest } = descend(program, words.slice(0, -1));
  const last = words.at(-1) ?? '';
  const previous = optionNamed(command, rest.at(-1));
  if (previous && takesValue(previous)) return valuesOf(previous, rest, context);
  if (last.startsWith('-')) return command.options.flatMap((o) => (o.hidden || o.long === undefined ? [] : [o.long]));
  if (command.commands.length > 0) return visible(command);
  const given = argumentsOf(command, rest);
  if (command.name() === 'diagnose') return diagnoseArguments(given, last, rest, context);
  if (command.name() === 'show')
    return (await import('../runbooks.ts')).loadRunbooks().then((all) => all.map((r) => r.name));
  if (command.name() === 'completion') return ['bash', 'zsh', 'fish'];
  return [];
}

function descend(program: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  let command = program;
  for (const [i, word] of words.entries()) {
    const next = command.commands.find((c) => c.name() === word);
    if (!next) return { command, rest: words.slice(i) };
    command = next;
  }
  return { command, rest: [] };
}

function visible(command: Command): readonly string[] {
  return [...command.createHelp().visibleCommands(command)].map((c) => c.name());
}

function optionNamed(command: Command, word: string | undefined): Option | undefined {
  return word === undefined ? undefined : command.options.find((o) => o.long === word || o.short === word);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** Words that are neither flags nor their values. */
function argumentsOf(command: Command, rest: readonly string[]): readonly string[] {
  return rest.filter((word, i) => {
    const before = optionNamed(command, rest[i - 1]);
    return !word.startsWith('-') && !(before && takesValue(before));
  });
}

async function valuesOf(option: Option, rest: readonly string[], context: CliContext): Promise<readonly string[]> {
  if (option.argChoices) return option.argChoices;
  if (option.long === '--namespace') return namesOf('Namespace', rest, context);
  if (option.long === '--context') {
    const kubeconfig = flag(rest, '--kubeconfig');
    return contextNames({ ...(kubeconfig !== undefined && { kubeconfig }), env: context.env });
  }
  return /<(file|path)>/.test(option.flags) ? [FILES] : [];
}

async function diagnoseArguments(
  given: readonly string[],
  last: string,
  rest: readonly string[],
  context: CliContext,
): Promise<readonly string[]> {
  const [word, ...more] = given;
  if (word === undefined) {
    const slash = last.indexOf('/');
    if (slash < 0) return subjects;
    const kind = kindFromWord(last.slice(0, slash));
    return kind ? (await namesOf(kind, rest, context)).map((name) => `${last.slice(0, slash)}/${name}`) : [];
  }
  const kind = kindFromWord(word);
  return kind && more.length === 0 ? namesOf(kind, rest, context) : [];
}

async function namesOf(kind: Kind, rest: readonly string[], context: CliContext): Promise<readonly string[]> {
  const isNamespaced = kinds.find((k) => k.kind === kind)?.namespaced === true;
  return withSource(rest, context, async (source) => {
    const isAll = rest.includes('-A') || rest.includes('--all-namespaces');
    const namespace = isAll ? undefined : (flag(rest, '-n', '--namespace') ?? source.currentNamespace);
    const names: string[] = [];
    for await (const page of source.list(kind, isNamespaced && namespace !== undefined ? { namespace } : {}))
      names.push(...page.map((o) => o.metadata.name ?? ''));
    return names;
  });
}

async function withSource(
  rest: readonly string[],
  context: CliContext,
  use: (source: ClusterSource) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const from = flag(rest, '--from');
  const kubeconfig = flag(rest, '--kubeconfig');
  const contextName = flag(rest, '--context');
  const live = {
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(contextName !== undefined && { context: contextName }),
    env: context.env,
    timeoutMs: DEADLINE_MS,
    warn: () => undefined,
    isTty: false,
  };
  const source: ClusterSource = from === undefined ? await openLiveSource(live) : await openRecording(from);
  try {
    return await use(source);
  } finally {
    source.close();
  }
}

function flag(words: readonly string[], ...names: readonly string[]): string | undefined {
  const i = words.findIndex((w) => names.includes(w));
  return i < 0 ? undefined : words[i + 1];
}
