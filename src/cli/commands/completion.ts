import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { exitCode, type ExitCode } from '../exit-codes.ts';

// Each script asks `aiops __complete` for candidates, so that names come from the cluster and flags from the command tree.
const scripts: Readonly<Record<string, string>> = {
  bash: `_aiops() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") candidate
  COMPREPLY=()
  while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(aiops __complete -- "\${words[@]}" 2>/dev/null)
  [[ \${COMPREPLY[0]} == */ ]] && compopt -o nospace
  return 0
}
complete -o default -F _aiops aiops
`,
  zsh: `#compdef aiops
_aiops() {
  local -a candidates
  candidates=("\${(@f)$(aiops __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates
}
compdef _aiops aiops
`,
  fish: `function __aiops_complete
  set -l words (commandline -opc)[2..-1] (commandline -ct)
  aiops __complete -- $words 2>/dev/null
end
complete -c aiops -f -a '(__aiops_complete)'
`,
};

/** `aiops completion SHELL`: the script to source. */
export function completionCommand(shell: string, { stdout }: CliContext): ExitCode {
  const script = scripts[shell];
  if (script === undefined)
    throw new UsageError(`no completion for ${shell}`, `shells: ${Object.keys(scripts).join(', ')}`);
  stdout.write(script);
  return exitCode.ok;
}
