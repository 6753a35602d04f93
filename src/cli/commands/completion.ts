import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { exitCode, type ExitCode } from '../exit-codes.ts';

// Each script asks `aiops __complete` for candidates, so that names come from the cluster and flags from the command
// tree. `:files` stands for the names of files, which shells know better.
const scripts: Readonly<Record<string, string>> = {
  bash: `_aiops() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") candidate
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ $candidate == :files ]]; then compopt -o default; return 0; fi
    COMPREPLY+=("$candidate")
  done < <(aiops __complete -- "\${words[@]}" 2>/dev/null)
  return 0
}
complete -F _aiops aiops
`,
  zsh: `#compdef aiops
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
_aiops() {
  local -a candidates
  candidates=(\${(f)"$(aiops __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)"})
  if [[ $candidates[1] == :files ]]; then _files; return; fi
  (( $#candidates )) && compadd -a candidates
}
# Sourced, or loaded as a function of the same name.
if [[ $funcstack[1] == _aiops ]]; then _aiops "$@"; else compdef _aiops aiops; fi
`,
  fish: `function __aiops_complete
  set -l words (commandline -opc)[2..-1] (commandline -ct)
  set -l candidates (aiops __complete -- $words 2>/dev/null)
  if test "$candidates[1]" = :files
    __fish_complete_path (commandline -ct)
  else if test -n "$candidates[1]"
    printf '%s\\n' $candidates
  end
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
