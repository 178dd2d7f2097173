import type { CompletionTable } from './completion-table.js';

/** `path` is a word of zsh's own, so the way to the command is called `at`. */
export function renderZshCompletion({ commands, options }: CompletionTable): string {
  const known = commands.flatMap(({ path }) => (path === '' ? [] : [`"${path}"`]));
  const cases = commands.map(
    ({ path, words, names }) => `    "${path}") offered=(${words.join(' ')}); names="${names ?? ''}" ;;`,
  );
  const values = options.map(({ flags, values: given }) => {
    const pattern = flags.join('|');
    if (given === 'folders') return `    ${pattern}) _files -/; return ;;`;
    if (typeof given === 'string') return `    ${pattern}) offered=(); names=${given} ;;`;
    return `    ${pattern}) offered=(${given.join(' ')}); names="" ;;`;
  });
  return `#compdef bay
# zsh completion for bay: source <(bay completion zsh), after compinit
_bay() {
  local at="" names="" i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${known.join('|')}) at="$at \${words[i]}" ;;
    esac
  done
  case "$at" in
${cases.join('\n')}
  esac
  case "\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  if [[ -n $names && \${words[CURRENT]} != -* ]]; then
    offered+=(\${(f)"$(bay completion-names $names 2>/dev/null)"})
  fi
  compadd -- $offered
}
compdef _bay bay
`;
}
