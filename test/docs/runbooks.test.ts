/** The built-in runbooks: complete, for every group of findings, with commands that their tools take. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rules } from '../../src/diagnosis/index.ts';
import { groupOf } from '../../src/domain/index.ts';
import { parseFrontMatter } from '../../src/platform/index.ts';

const files = readdirSync('runbooks').filter((f) => f.endsWith('.md') && !f.startsWith('_'));
const parsed = new Map<string, Awaited<ReturnType<typeof parseFrontMatter>>>();
for (const file of files) parsed.set(file, await parseFrontMatter(readFileSync(`runbooks/${file}`, 'utf8')));
const read = (file: string) => parsed.get(file) ?? { data: {}, content: '' };

const SECTIONS = ['Symptoms', 'Steps', 'Expected recovery time', 'Prevention'];
/** What a person on call has at hand. */
const TOOLS = new Set(['kubectl', 'aiops', 'curl', 'openssl', 'docker', 'minikube', 'helm', 'eval']);
const VERBS = new Set(
  (
    'annotate api-resources api-versions apply attach auth autoscale certificate cluster-info config cordon cp create debug ' +
    'delete describe diff drain edit events exec explain expose get label logs patch port-forward proxy replace rollout run ' +
    'scale set taint top uncordon version wait'
  ).split(' '),
);

/** Lines of fenced blocks, one command each; a trailing backslash joins the next. */
function commandsOf(text: string): readonly string[] {
  return [...text.matchAll(/^ *```\w*\n([^]*?)^ *```/gm)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
}

const all = files.flatMap((file) => commandsOf(read(file).content).map((command) => ({ file, command })));
const ofKubectl = all.filter(({ command }) => command.startsWith('kubectl '));

/** The words before the first pipe; what stands in quotes counts as one. */
function wordsOf(command: string): readonly string[] {
  const words: string[] = [...(command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [])];
  const pipe = words.indexOf('|');
  return pipe < 0 ? words : words.slice(0, pipe);
}

describe('each runbook', () => {
  it.each(files)('%s says what it is about and whether it was tried', (file) => {
    const { data } = read(file);
    expect(data.title).toEqual(expect.stringMatching(/^\S.{5,80}$/));
    expect(['tested', 'draft']).toContain(data.status);
    const isGeneral = file === 'manual-kubectl-fallback.md';
    expect(data.group).toBe(isGeneral ? 'any' : file.replace(/\.md$/, ''));
  });

  it.each(files)('%s has its sections in order, none of them empty', (file) => {
    const { content } = read(file);
    const parts = content.split(/^## /m).slice(1);
    expect(parts.map((part) => part.split('\n')[0])).toEqual(SECTIONS);
    for (const part of parts) expect(part.split('\n').slice(1).join('').trim()).not.toBe('');
  });

  it.each(files)('%s closes what it opens', (file) => {
    expect((read(file).content.match(/^ *```/gm) ?? []).length % 2).toBe(0);
  });
});

describe('every group of findings', () => {
  it.each([...new Set(rules.map((r) => groupOf(r.id)))])('%s has its runbook', (group) => {
    expect(files).toContain(`${group}.md`);
  });
});

describe('commands of runbooks', () => {
  it('exist at all, in every runbook', () => {
    expect(files.filter((file) => !ofKubectl.some((c) => c.file === file))).toEqual([]);
  });

  it('are of tools that people have', () => {
    expect(all.filter(({ command }) => !TOOLS.has(command.split(' ')[0] ?? ''))).toEqual([]);
  });

  it('use verbs that kubectl has', () => {
    expect(ofKubectl.filter(({ command }) => !VERBS.has(command.split(' ')[1] ?? ''))).toEqual([]);
  });

  it('destroy no data and print no secret', () => {
    const harmful = /delete (pvc|persistentvolume|pv\b|namespace|ns\b|secret|crd)|--force|patch .*finalizers|get secret\S* .*-o (yaml|json)\b/;
    expect(all.filter(({ command }) => harmful.test(command))).toEqual([]);
  });

  it('name a namespace wherever they read or change something that lives in one', () => {
    const namespaced =
      /^kubectl (get|describe|scale|patch|delete|logs) (pods?|deploy|services?|events|configmaps?|ingress|jobs?|pvc)\b/;
    const isScoped = /(^| )(-n|--namespace|-A|--all-namespaces)\b|--raw/;
    expect(ofKubectl.filter(({ command }) => namespaced.test(command) && !isScoped.test(command))).toEqual([]);
  });

  it('have balanced quotes and brackets in what they select', () => {
    for (const { command } of all) {
      expect((command.match(/'/g) ?? []).length % 2, command).toBe(0);
      const [, path] = /jsonpath='([^']*)'/.exec(command) ?? [];
      if (path !== undefined) expect(path.match(/\{/g)?.length, command).toBe(path.match(/\}/g)?.length);
    }
  });

  const kubectl = hasKubectl();
  if (!kubectl) process.stderr.write('\n*** flags of runbooks NOT CHECKED: kubectl is not on the PATH\n\n');
  it.skipIf(!kubectl)('use flags that kubectl has', () => {
    const helps = new Map<string, string>();
    const help = (verbs: readonly string[]) => {
      const key = verbs.join(' ');
      if (!helps.has(key))
        helps.set(key, execFileSync('kubectl', [...verbs, '--help'], { encoding: 'utf8', env: { PATH: process.env.PATH } }));
      return helps.get(key) ?? '';
    };
    const general = execFileSync('kubectl', ['options'], { encoding: 'utf8' });
    const nested = new Set(['rollout', 'set', 'create', 'auth', 'config', 'top', 'cluster-info']);
    const wrong = ofKubectl.filter(({ command }) => {
      const words = wordsOf(command);
      const isNested = nested.has(words[1] ?? '') && words[2] !== undefined && /^[a-z-]+$/.test(words[2]) && !words[2].startsWith('-');
      const known = help(words.slice(1, isNested ? 3 : 2)) + general;
      const end = words.indexOf('--');
      return words
        .slice(2, end < 0 ? undefined : end)
        .filter((word) => /^--?[a-z]/i.test(word))
        // -it is -i and -t.
        .flatMap((word) => (/^-[a-z]{2,}$/.test(word) ? Array.from(word.slice(1), (letter) => `-${letter}`) : [word.split('=')[0] ?? '']))
        .some((flag) => !known.includes(flag.startsWith('--') ? `${flag}=` : `${flag}, --`));
    });
    expect(wrong).toEqual([]);
  });
});

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
