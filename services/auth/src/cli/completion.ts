/** Generates the shell completion from the commands themselves. */
import type { Command } from 'commander'

/** @returns a script for bash; zsh reads it through its `bashcompinit` */
export function completionScript(program: Command): string {
  const cases = [...pathsOf(program, '')]
    .sort(([left], [right]) => right.split(' ').length - left.split(' ').length)
    .map(([path, words]) => `    "${path}"${path === '' ? '' : '*'}) words="${words.join(' ')}" ;;`)
  return `[ -n "$ZSH_VERSION" ] && autoload -U +X bashcompinit && bashcompinit
_gatehouse() {
  local path="" words="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "\${COMP_WORDS[index]}" in -*) ;; *) path="\${path:+$path }\${COMP_WORDS[index]}" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _gatehouse gatehouse`
}

/** The words that can follow each command: its options, or the commands of a group. */
function* pathsOf(command: Command, path: string): Generator<[string, string[]]> {
  const options = command.options.flatMap(({ long }) => (long ? [long] : []))
  yield [path, [...command.commands.map(inner => inner.name()), ...options, '--help']]
  for (const inner of command.commands) yield* pathsOf(inner, `${path} ${inner.name()}`.trim())
}
